// Sending and receiving.
import { isAddress as hasChecksum } from "@fogcoin/sdk";
import { encode } from "uqr";
import { useMemo, useState } from "preact/hooks";
import { rpc } from "../node/rpc.ts";
import type { AccountInfo } from "../node/types.ts";
import { fog, parseFog } from "../ui/format.ts";
import { Account, Button, Dialog, Fog, Id, Text } from "../ui/parts.tsx";
import { isAddress } from "../pages/people.tsx";
import { readParams } from "../pages/market_parts.tsx";
import type { Wish } from "../wallet/confirm.tsx";
import { useWallet } from "../wallet/state.ts";

export function SendForm({ to, close, send }: { to: string; close: () => void; send: (wish: Wish) => void }) {
  const state = useWallet();
  const [address, setAddress] = useState(isAddress(to) ? to : "");
  const [amount, setAmount] = useState("");
  const [memo, setMemo] = useState("");
  const [errors, setErrors] = useState<{ address?: string; amount?: string; memo?: string }>({});
  const [busy, setBusy] = useState(false);
  const submit = async () => {
    const value = parseFog(amount);
    const target = address.trim();
    const wrong: typeof errors = {};
    if (!hasChecksum(target)) wrong.address = "This is not an address: it begins with fog1, and a mistyped letter is found by its checksum.";
    if (typeof value === "string") wrong.amount = value;
    else if (value === 0n) wrong.amount = "Write how much to send";
    if (new TextEncoder().encode(memo).length > 128) wrong.memo = "A memo has at most 128 bytes";
    setErrors(wrong);
    if (Object.keys(wrong).length > 0 || typeof value === "string") return;
    setBusy(true);
    try {
      const [receiver, params] = await Promise.all([rpc<AccountInfo>("account_get", { address: target }), readParams()]);
      const burn = BigInt(params.chain.account_creation_burn);
      if (!receiver.exists && value < burn) {
        setErrors({ amount: `This address has no account yet: a first payment must cover the ${fog(burn)} that its creation burns` });
        return;
      }
      send({
        title: "Send FOG",
        orders: [{ name: "transfer", body: { outputs: [{ to: target, amount: String(value) }] } }],
        effects: [
          <>
            <Fog value={value} /> go to <Account address={target} copy={false} whole />
          </>,
          ...(receiver.exists
            ? []
            : [
                <>
                  it is the first payment to this address: <Fog value={burn} /> of it are burned to create its account, so <Fog value={value - burn} /> arrive
                </>,
              ]),
          ...(state.vault?.accounts.some((one) => one.address === target) ? ["the address is one of this wallet's own"] : []),
        ],
        spends: value,
        memo: memo || undefined,
      });
    } catch (error) {
      setErrors({ address: (error as Error).message });
    } finally {
      setBusy(false);
    }
  };
  return (
    <Dialog title="Send FOG" close={close}>
      <form class="form" onSubmit={(event) => (event.preventDefault(), void submit())}>
        <Text label="To" id="send-to" mono placeholder="fog1…" value={address} set={setAddress} error={errors.address} />
        <Text label="Amount" id="send-amount" unit="FOG" value={amount} set={setAmount} error={errors.amount} help={state.balance === null ? undefined : `This account holds ${fog(state.balance)}`} />
        <Text label="Memo (public, optional)" id="send-memo" value={memo} set={setMemo} error={errors.memo} />
        <div class="buttons">
          <Button tone="main" type="submit" busy={busy}>
            Continue
          </Button>
          <Button onClick={close}>Cancel</Button>
        </div>
      </form>
    </Dialog>
  );
}

function Qr({ text }: { text: string }) {
  const code = useMemo(() => encode(text, { border: 0 }), [text]);
  const squares = code.data.flatMap((row, y) => row.map((black, x) => (black ? `M${x},${y}h1v1h-1z` : ""))).join("");
  return (
    <div class="qr">
      <svg viewBox={`0 0 ${code.size} ${code.size}`} role="img" aria-label="The address as a QR code" shape-rendering="crispEdges">
        <path d={squares} fill="#000" />
      </svg>
    </div>
  );
}

export function Receive({ address, close }: { address: string; close: () => void }) {
  return (
    <Dialog title="Receive FOG" close={close}>
      <p>Give this address to whoever pays you. A first payment to it burns the price of creating an account.</p>
      <Qr text={address} />
      <p>
        <Id value={address} what="address" whole />
      </p>
    </Dialog>
  );
}
