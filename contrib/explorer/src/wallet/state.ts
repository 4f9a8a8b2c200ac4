// What every page may know of the wallet in this browser: its public part. The secret is vault.ts's, and only while it
// is unlocked in keys.ts's memory.
import { useEffect, useState } from "preact/hooks";
import { rpc } from "../node/rpc.ts";
import { live } from "../node/live.ts";
import type { AccountInfo } from "../node/types.ts";

export interface WalletAccount {
  index: number;
  address: string;
  label: string;
}

/** As it is kept in this browser: accounts in the open, the mnemonic encrypted. */
export interface Vault {
  version: 1;
  accounts: WalletAccount[];
  kdf: { name: "scrypt"; n: number; r: number; p: number; salt: string };
  cipher: { name: "AES-GCM"; iv: string; text: string };
}

const vaultKey = "fog.vault";
const chosenKey = "fog.account";

function read(): Vault | null {
  try {
    const vault = JSON.parse(localStorage.getItem(vaultKey) ?? "null");
    return vault?.version === 1 && Array.isArray(vault.accounts) && vault.accounts.length > 0 ? vault : null;
  } catch {
    return null;
  }
}

class WalletState {
  vault = read();
  chosen = Number(localStorage.getItem(chosenKey) ?? 0);
  unlocked = false;
  balance: bigint | null = null;
  private listeners = new Set<() => void>();

  get account(): WalletAccount | null {
    return this.vault?.accounts[this.chosen] ?? this.vault?.accounts[0] ?? null;
  }

  subscribe(listener: () => void) {
    this.listeners.add(listener);
    return () => {
      this.listeners.delete(listener);
    };
  }
  tell() {
    for (const listener of [...this.listeners]) listener();
  }

  keep(vault: Vault) {
    localStorage.setItem(vaultKey, JSON.stringify(vault));
    this.vault = vault;
    this.tell();
    void this.refresh();
  }
  remove() {
    localStorage.removeItem(vaultKey);
    localStorage.removeItem(chosenKey);
    this.vault = null;
    this.chosen = 0;
    this.balance = null;
    this.tell();
  }
  choose(at: number) {
    this.chosen = at;
    this.balance = null;
    localStorage.setItem(chosenKey, String(at));
    this.tell();
    void this.refresh();
  }
  setUnlocked(unlocked: boolean) {
    this.unlocked = unlocked;
    this.tell();
  }

  async refresh() {
    const account = this.account;
    if (!account) return;
    try {
      const info = await rpc<AccountInfo>("account_get", { address: account.address });
      if (this.account?.address !== account.address) return;
      const balance = BigInt(info.balance);
      if (balance !== this.balance) {
        this.balance = balance;
        this.tell();
      }
    } catch {
      // The page's head says that the node does not answer.
    }
  }
}

export const wallet = new WalletState();

let height = "";
let watchers = 0;
let stop = () => {};
/** The wallet's public state; its balance follows the chain while anything shows it. */
export function useWallet(): WalletState {
  const [, draw] = useState(0);
  useEffect(() => {
    const off = wallet.subscribe(() => draw((n) => n + 1));
    if (watchers++ === 0) {
      void wallet.refresh();
      stop = live.subscribe(() => {
        if (live.status && live.status.height !== height) {
          height = live.status.height;
          void wallet.refresh();
        }
      });
    }
    return () => {
      off();
      if (--watchers === 0) stop();
    };
  }, []);
  return wallet;
}

export function walletNames(): Map<string, string> {
  return new Map(wallet.vault?.accounts.map((one) => [one.address, one.label]) ?? []);
}
// Another tab made, changed or removed the wallet.
addEventListener("storage", (event) => {
  if (event.key !== vaultKey && event.key !== null) return;
  wallet.vault = read();
  wallet.tell();
});
