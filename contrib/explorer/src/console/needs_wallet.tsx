import type { ComponentChildren } from "preact";
import { useWallet, type WalletAccount } from "../wallet/state.ts";
import { Card } from "../ui/parts.tsx";

/** What needs an account to sign with, or the way to one. */
export function NeedsWallet({ why, children }: { why: string; children: (account: WalletAccount) => ComponentChildren }) {
  const wallet = useWallet();
  if (wallet.account) return <>{children(wallet.account)}</>;
  return (
    <Card title="First a wallet">
      <div class="card-body">
        <p>{why}</p>
        <div class="buttons">
          <a class="button main" href="#/wallet">
            Make or restore a wallet
          </a>
        </div>
      </div>
    </Card>
  );
}
