// Top up, resize, close.
import { useState } from "preact/hooks";
import type { BidOwnerProps } from "./bid_actions.tsx";
import { fog, parseFog, plural } from "../ui/format.ts";
import { Button, Card, Dialog, Fog, Text } from "../ui/parts.tsx";
import { useConfirm } from "../wallet/confirm.tsx";
import { useWallet } from "../wallet/state.ts";

export function BidOwner({ bid, again }: BidOwnerProps) {
  const wallet = useWallet();
  const { ask, dialog } = useConfirm();
  const [open, setOpen] = useState<"" | "topup" | "resize">("");
  const [amount, setAmount] = useState("");
  const [least, setLeast] = useState(String(bid.terms.replicas_min));
  const [most, setMost] = useState(String(bid.terms.replicas_max));
  const [wrong, setWrong] = useState<string | null>(null);
  const own = wallet.account?.address === bid.owner;

  const topUp = () => {
    const value = parseFog(amount);
    if (typeof value === "string") return setWrong(value);
    if (value === 0n) return setWrong("Write how much to add");
    setOpen("");
    ask(
      {
        title: "Top up the escrow",
        orders: [{ name: "top_up_bid", body: { bid: bid.id, amount: String(value) } }],
        effects: [
          <>
            <Fog value={value} /> go from your account into the escrow of this bid for {bid.terms.service}
          </>,
          "what is not spent comes back to its depositors in proportion when the bid closes",
          ...(own ? [] : ["the bid is somebody else's: only its owner can close it"]),
        ],
        spends: value,
      },
      again,
    );
  };
  const resize = () => {
    const [low, high] = [Number(least), Number(most)];
    if (!Number.isInteger(low) || !Number.isInteger(high) || low < 0 || high < 1 || low > high || high > 1024) {
      return setWrong("Replicas are whole numbers: the fewest from 0, the most from 1 to 1,024, and not below the fewest");
    }
    setOpen("");
    const terms = { ...bid.terms, replicas_min: low, replicas_max: high, warm: Math.min(bid.terms.warm, high - low), demands_per_hour: low === high ? bid.terms.demands_per_hour : bid.terms.demands_per_hour || 60 };
    ask(
      {
        title: "Change the replicas",
        orders: [{ name: "update_bid", body: { bid: bid.id, terms } }],
        effects: [
          `from ${bid.terms.replicas_min}–${bid.terms.replicas_max} to ${low}–${high} replicas of ${bid.terms.service}`,
          high < bid.replicas_held ? `${plural(bid.replicas_held - high, "replica")} beyond that close at once` : "what runs now goes on at its price",
          "more replicas are searched for from the next block on, each locking a slice of the escrow",
          ...(low !== high && bid.terms.demands_per_hour === 0 ? ["each gateway may ask for more replicas up to 60 times an hour, at a fee from the escrow"] : []),
        ],
        spends: 0n,
      },
      again,
    );
  };
  const close = () =>
    ask(
      {
        title: "Close the bid",
        orders: [{ name: "close_bid", body: { bid: bid.id } }],
        effects: [
          bid.replicas_held > 0 ? `${plural(bid.replicas_held, "replica")} of ${bid.terms.service} stop` : `nobody runs ${bid.terms.service} for this bid any more`,
          <>
            what the last receipts leave of <Fog value={BigInt(bid.free) + BigInt(bid.locked)} /> comes back to the depositors after their windows
          </>,
          "it cannot be opened again; a new bid can be made at any time",
        ],
        spends: 0n,
      },
      again,
    );

  return (
    <Card title={own ? "This is your bid" : "You can add to this bid"}>
      <div class="card-body">
        <div class="buttons">
          <Button icon="plus" onClick={() => (setWrong(null), setOpen("topup"))}>
            Top up
          </Button>
          {own && (
            <>
              <Button icon="deployments" onClick={() => (setWrong(null), setOpen("resize"))}>
                Change replicas
              </Button>
              <Button tone="danger" onClick={close}>
                Stop and close
              </Button>
            </>
          )}
        </div>
      </div>
      {open === "topup" && (
        <Dialog title="Top up the escrow" close={() => setOpen("")}>
          <form class="form" onSubmit={(event) => (event.preventDefault(), topUp())}>
            <Text label="Amount" id="topup-amount" unit="FOG" value={amount} set={setAmount} error={wrong} help={wallet.balance === null ? undefined : `Your account holds ${fog(wallet.balance)}`} />
            <div class="buttons">
              <Button tone="main" type="submit">
                Continue
              </Button>
            </div>
          </form>
        </Dialog>
      )}
      {open === "resize" && (
        <Dialog title="Change the replicas" close={() => setOpen("")}>
          <form class="form" onSubmit={(event) => (event.preventDefault(), resize())}>
            <div class="fields">
              <Text label="At least" id="resize-least" type="number" value={least} set={setLeast} help="0: only on demand" error={wrong} />
              <Text label="At most" id="resize-most" type="number" value={most} set={setMost} />
            </div>
            <div class="buttons">
              <Button tone="main" type="submit">
                Continue
              </Button>
            </div>
          </form>
        </Dialog>
      )}
      {dialog}
    </Card>
  );
}
