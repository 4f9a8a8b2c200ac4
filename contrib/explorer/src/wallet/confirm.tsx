// The one door through which this browser signs: what a transaction does, all of it, before anybody signs it.
import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";
import { link } from "../router.ts";
import { memoText, whole } from "../ui/format.ts";
import { Account, Button, Choice, Dialog, Facts, Fog, Height, Note, Text, When } from "../ui/parts.tsx";
import { unlock } from "./keys.ts";
import { draft, finality, submit, type Draft, type Order, type Sent, type Speed } from "./send.ts";
import { useWallet, wallet } from "./state.ts";

export interface Wish {
  title: string;
  orders: Order[];
  /** Every effect, in words. */
  effects: ComponentChildren[];
  /** Droplets that leave the balance beside the fee. */
  spends: bigint;
  memo?: string;
  /** Whether a first payment to an address burns the price of its account. */
  mayCreate?: string[];
}

type Stage = { is: "look" } | { is: "signing" } | { is: "waiting"; id: string } | { is: "done"; sent: Sent } | { is: "failed"; why: string; id?: string };

export function Confirm({ wish, close, done }: { wish: Wish; close: () => void; done?: (sent: Sent) => void }) {
  const state = useWallet();
  const [speed, setSpeed] = useState<Speed>("normal");
  const [plan, setPlan] = useState<Draft | null>(null);
  const [trouble, setTrouble] = useState<string | null>(null);
  const [stage, setStage] = useState<Stage>({ is: "look" });
  const [passphrase, setPassphrase] = useState("");
  const [wrong, setWrong] = useState<string | null>(null);

  useEffect(() => {
    let gone = false;
    setTrouble(null);
    draft(wish.orders, speed, wish.memo).then(
      (made) => !gone && setPlan(made),
      (error) => !gone && setTrouble((error as Error).message),
    );
    return () => {
      gone = true;
    };
  }, [speed, state.account?.address]);

  const sign = async () => {
    if (!plan) return;
    setWrong(null);
    setStage({ is: "signing" });
    if (!wallet.unlocked && !(await unlock(passphrase))) {
      setStage({ is: "look" });
      setWrong("That is not this wallet's passphrase.");
      return;
    }
    let id: string | undefined;
    try {
      const ready = await submit(plan.body);
      id = ready.id;
      setStage({ is: "waiting", id });
      const sent = await finality(ready);
      void wallet.refresh();
      if (sent.outcome.fault.number !== 0) {
        setStage({ is: "failed", id, why: `Block ${whole(sent.height)} included it, but it failed: ${sent.outcome.fault.help ?? sent.outcome.fault.name}. Only the fee was paid.` });
        return;
      }
      setStage({ is: "done", sent });
      done?.(sent);
    } catch (error) {
      setStage({ is: "failed", why: (error as Error).message, id });
    }
  };

  const short = plan !== null && wish.spends + plan.feeMax > plan.balance;
  const busy = stage.is === "signing" || stage.is === "waiting";
  return (
    <Dialog title={wish.title} close={close}>
      {stage.is === "done" ? (
        <>
          <Note tone="good">
            Final in block <Height value={stage.sent.height} />. It cannot be undone.
          </Note>
          <Facts
            rows={[
              ["Transaction", <a class="mono words" href={link("tx", stage.sent.id)}>{stage.sent.id}</a>],
              ["Fee paid", <Fog value={BigInt(stage.sent.outcome.fee_burned) + BigInt(stage.sent.outcome.fee_tip)} />],
            ]}
          />
          <div class="buttons">
            <Button tone="main" onClick={close}>
              Close
            </Button>
          </div>
        </>
      ) : stage.is === "failed" ? (
        <>
          <Note tone="bad">{stage.why}</Note>
          <div class="buttons">
            <Button tone="main" onClick={() => setStage({ is: "look" })}>
              Back
            </Button>
            {stage.id && (
              <a class="button" href={link("tx", stage.id)} onClick={close}>
                Look at it
              </a>
            )}
          </div>
        </>
      ) : (
        <>
          <ul class="effects" aria-label="What this does">
            {wish.effects.map((effect, i) => (
              <li key={i}>
                <span>{effect}</span>
              </li>
            ))}
          </ul>
          {trouble && <Note tone="bad">{trouble}</Note>}
          {plan && (
            <Facts
              rows={[
                ["From", <Account address={state.account!.address} copy={false} />],
                ...(wish.memo ? ([["Public memo", memoText(plan.body.memo).text]] as [string, ComponentChildren][]) : []),
                ["Fee", <><Fog value={plan.fee} /> <span class="muted">now, at most <Fog value={plan.feeMax} /></span></>],
                ["Balance", <><Fog value={plan.balance} /> <span class="muted">then</span> <Fog value={plan.balance - wish.spends - plan.fee} /></>],
                ["On", <>{plan.chainName} <span class="muted">lane {plan.body.lane}, sequence {whole(plan.body.sequence)}</span></>],
                ["Valid until", <When ms={String(plan.body.expiry_ms)} />],
              ]}
            />
          )}
          {short && (
            <Note tone="bad">
              This account holds <Fog value={plan!.balance} />: too little for it and the highest fee.
            </Note>
          )}
          {plan && !short && (
            <form
              class="form"
              onSubmit={(event) => {
                event.preventDefault();
                void sign();
              }}
            >
              <Choice
                label="Fee"
                id="confirm-speed"
                value={speed}
                set={(value) => setSpeed(value as Speed)}
                options={[
                  ["normal", "Normal: a tip of a tenth of the base price"],
                  ["fast", "Urgent: a tip as high as the base price"],
                ]}
              />
              {!state.unlocked && (
                <Text label="Passphrase of this wallet" id="confirm-passphrase" type="password" complete="current-password" value={passphrase} set={setPassphrase} error={wrong} />
              )}
              <div class="buttons">
                <Button tone="main" type="submit" busy={busy} disabled={!state.unlocked && passphrase === ""}>
                  {stage.is === "waiting" ? "Waiting for a block …" : "Sign and send"}
                </Button>
                <Button onClick={close}>{busy ? "Close" : "Cancel"}</Button>
              </div>
              <p class="unseen" role="status">
                {stage.is === "waiting" ? "Sent. Waiting until a block is final." : ""}
              </p>
            </form>
          )}
          {!plan && !trouble && <p class="muted">Reading the account …</p>}
        </>
      )}
    </Dialog>
  );
}

/** `ask(wish)` opens the dialog; `dialog` is to be drawn. */
export function useConfirm(): { ask: (wish: Wish, done?: (sent: Sent) => void) => void; dialog: ComponentChildren } {
  const [open, set] = useState<{ wish: Wish; done?: (sent: Sent) => void } | null>(null);
  return {
    ask: (wish, done) => set({ wish, done }),
    dialog: open && <Confirm wish={open.wish} done={open.done} close={() => set(null)} />,
  };
}
