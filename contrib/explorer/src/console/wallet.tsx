// The wallet's page: make, restore, unlock; balance, send, receive; backup.
import { isAddress as hasChecksum } from "@fogcoin/sdk";
import { encode } from "uqr";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { batch, FogError, or, rpc } from "../node/rpc.ts";
import type { AccountInfo, StakeView, TxStatus } from "../node/types.ts";
import { fog, parseFog } from "../ui/format.ts";
import { useAsk } from "../ui/hooks.ts";
import { Account, Age, Badge, Button, Card, Dialog, Empty, Fog, Height, Id, Note, Page, Stat, Stats, Table, Text, TxLink } from "../ui/parts.tsx";
import { link } from "../router.ts";
import { isAddress } from "../pages/people.tsx";
import { readParams } from "../pages/market_parts.tsx";
import { addAccount, addresses, backupText, changePassphrase, createMnemonic, isMnemonic, isSafePlace, lock, make, passphraseMin, restoreBackup, revealWords, unlock } from "../wallet/keys.ts";
import { useConfirm } from "../wallet/confirm.tsx";
import { sentFromHere } from "../wallet/send.ts";
import { useWallet, wallet } from "../wallet/state.ts";

export function WalletPage({ query }: { query: URLSearchParams }) {
  const state = useWallet();
  if (!isSafePlace()) {
    return (
      <Page title="Wallet">
        <Note tone="warn">
          This page came over a connection that others could have changed on the way, so no wallet is kept here. Open the node on its own computer (
          <code>http://127.0.0.1</code>), through an SSH tunnel, or behind a proxy with HTTPS.
        </Note>
      </Page>
    );
  }
  return state.account ? <Own to={query.get("to") ?? ""} /> : <Welcome />;
}

// ---- making one ----

function Welcome() {
  const [way, setWay] = useState<"" | "create" | "words" | "backup">("");
  return (
    <Page title="Wallet" lead="Its keys are made and kept in this browser, encrypted by your passphrase. The node never sees them: transactions are signed here.">
      {way === "" && (
        <div class="path-cards">
          <button class="path-card" onClick={() => setWay("create")}>
            <strong>Make a new wallet</strong>
            <span>24 words that you write down are all that is ever needed to have it back.</span>
          </button>
          <button class="path-card" onClick={() => setWay("words")}>
            <strong>Restore from words</strong>
            <span>12 to 24 words of this console, of the command line or of another wallet.</span>
          </button>
          <button class="path-card" onClick={() => setWay("backup")}>
            <strong>Restore from a backup file</strong>
            <span>An encrypted file that this console saved, and its passphrase.</span>
          </button>
        </div>
      )}
      {way === "create" && <Create back={() => setWay("")} />}
      {way === "words" && <FromWords back={() => setWay("")} />}
      {way === "backup" && <FromBackup back={() => setWay("")} />}
    </Page>
  );
}

function passphraseTrouble(first: string, second: string): string | null {
  if (first.length < passphraseMin) return `At least ${passphraseMin} characters: it is all that guards the keys in this browser`;
  if (first !== second) return "The two are not the same";
  return null;
}

function Passphrases(props: { first: string; second: string; setFirst: (value: string) => void; setSecond: (value: string) => void; error: string | null }) {
  return (
    <div class="fields">
      <Text label="Passphrase" id="new-passphrase" type="password" complete="new-password" value={props.first} set={props.setFirst} error={props.error} help={`At least ${passphraseMin} characters. It encrypts the keys in this browser.`} />
      <Text label="The same again" id="new-passphrase-again" type="password" complete="new-password" value={props.second} set={props.setSecond} />
    </div>
  );
}

function WordList({ mnemonic }: { mnemonic: string }) {
  return (
    <ol class="words-grid" aria-label="The words, in order">
      {mnemonic.split(" ").map((word, i) => (
        <li key={i}>{word}</li>
      ))}
    </ol>
  );
}

function Create({ back }: { back: () => void }) {
  const mnemonic = useMemo(() => createMnemonic(24), []);
  const asked = useMemo(() => {
    const places = [...crypto.getRandomValues(new Uint32Array(24))].map((value, i) => [value, i] as const).sort((a, b) => a[0] - b[0]);
    return places.slice(0, 3).map(([, i]) => i).sort((a, b) => a - b);
  }, []);
  const [step, setStep] = useState(0);
  const [answers, setAnswers] = useState(["", "", ""]);
  const [first, setFirst] = useState("");
  const [second, setSecond] = useState("");
  const [error, setError] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const words = mnemonic.split(" ");
  const finish = async () => {
    const trouble = passphraseTrouble(first, second);
    setError(trouble);
    if (trouble) return;
    setBusy(true);
    await make(mnemonic, first);
  };
  const steps = ["Write the words down", "Show that you have them", "Choose a passphrase"];
  return (
    <Card>
      <div class="card-body">
        <ol class="steps" aria-label="Steps">
          {steps.map((name, i) => (
            <li key={name} class={i === step ? "now" : i < step ? "done" : ""} aria-current={i === step ? "step" : undefined}>
              {name}
            </li>
          ))}
        </ol>
        {step === 0 && (
          <>
            <Note tone="warn">Whoever has these words has the FOG. Write them on paper, in order; nobody can give them back to you.</Note>
            <WordList mnemonic={mnemonic} />
            <div class="buttons">
              <Button tone="main" onClick={() => setStep(1)}>
                I have written them down
              </Button>
              <Button onClick={back}>Cancel</Button>
            </div>
          </>
        )}
        {step === 1 && (
          <form
            class="form"
            onSubmit={(event) => {
              event.preventDefault();
              const right = asked.every((place, i) => answers[i]!.trim().toLowerCase() === words[place]);
              setError(right ? null : "That is not what was shown. Look again, or go back to the words.");
              if (right) setStep(2);
            }}
          >
            <div class="fields">
              {asked.map((place, i) => (
                <Text
                  key={place}
                  label={`Word ${place + 1}`}
                  id={"word-" + i}
                  mono
                  value={answers[i]!}
                  set={(value) => setAnswers(answers.map((old, at) => (at === i ? value : old)))}
                  error={i === 0 ? error : null}
                />
              ))}
            </div>
            <div class="buttons">
              <Button tone="main" type="submit">
                Continue
              </Button>
              <Button onClick={() => (setError(null), setStep(0))}>Back to the words</Button>
            </div>
          </form>
        )}
        {step === 2 && (
          <form class="form" onSubmit={(event) => (event.preventDefault(), void finish())}>
            <Passphrases first={first} second={second} setFirst={setFirst} setSecond={setSecond} error={error} />
            <div class="buttons">
              <Button tone="main" type="submit" busy={busy}>
                Make the wallet
              </Button>
              <Button onClick={back}>Cancel</Button>
            </div>
          </form>
        )}
      </div>
    </Card>
  );
}

/** Accounts in use: until five in a row have never been paid. */
async function inUse(mnemonic: string): Promise<number[]> {
  const list = addresses(mnemonic, 25);
  const answers = await batch<AccountInfo>(list.map((address) => ["account_get", { address }]));
  const out = [0];
  let gap = 0;
  for (const [i, answer] of answers.entries()) {
    if (answer instanceof FogError) break;
    if (answer.exists) {
      if (i > 0) out.push(i);
      gap = 0;
    } else if (++gap >= 5) break;
  }
  return out;
}

function FromWords({ back }: { back: () => void }) {
  const [text, setText] = useState("");
  const [first, setFirst] = useState("");
  const [second, setSecond] = useState("");
  const [error, setError] = useState<string | null>(null);
  const [passError, setPassError] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const finish = async () => {
    const good = isMnemonic(text);
    setError(good ? null : "These are not the words of a wallet: one is not in the list, one is missing, or two have changed places.");
    const trouble = passphraseTrouble(first, second);
    setPassError(trouble);
    if (!good || trouble) return;
    setBusy(true);
    await make(text, first, await inUse(text).catch(() => [0]));
  };
  return (
    <Card title="Restore from words">
      <form class="card-body" onSubmit={(event) => (event.preventDefault(), void finish())}>
        <Text label="The words, in order" id="restore-words" rows={3} mono value={text} set={setText} error={error} />
        <Passphrases first={first} second={second} setFirst={setFirst} setSecond={setSecond} error={passError} />
        <div class="buttons">
          <Button tone="main" type="submit" busy={busy}>
            Restore
          </Button>
          <Button onClick={back}>Cancel</Button>
        </div>
      </form>
    </Card>
  );
}

function FromBackup({ back }: { back: () => void }) {
  const file = useRef<HTMLInputElement>(null);
  const [passphrase, setPassphrase] = useState("");
  const [error, setError] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const finish = async () => {
    const chosen = file.current?.files?.[0];
    if (!chosen) return setError("Choose the backup file");
    if (chosen.size > 1_000_000) return setError("This file is not a backup of a FogCoin wallet.");
    setBusy(true);
    const trouble = await restoreBackup(await chosen.text(), passphrase);
    setBusy(false);
    setError(trouble);
  };
  return (
    <Card title="Restore from a backup file">
      <form class="card-body" onSubmit={(event) => (event.preventDefault(), void finish())}>
        <div class="field">
          <label for="backup-file">Backup file</label>
          <input id="backup-file" ref={file} type="file" accept=".json,application/json" />
        </div>
        <Text label="Its passphrase" id="backup-passphrase" type="password" complete="current-password" value={passphrase} set={setPassphrase} error={error} />
        <div class="buttons">
          <Button tone="main" type="submit" busy={busy}>
            Restore
          </Button>
          <Button onClick={back}>Cancel</Button>
        </div>
      </form>
    </Card>
  );
}

// ---- having one ----

function Own({ to }: { to: string }) {
  const state = useWallet();
  const account = state.account!;
  const [open, setOpen] = useState<"" | "send" | "receive" | "unlock" | "words" | "passphrase" | "forget" | "rename">(isAddress(to) ? "send" : "");
  const { ask, dialog } = useConfirm();
  const stake = useAsk(() => rpc<StakeView>("staking_stake", { delegator: account.address }), [account.address], true).data;
  const staked = stake?.delegations.reduce((sum, one) => sum + BigInt(one.amount), 0n);
  const rewards = stake?.delegations.reduce((sum, one) => sum + BigInt(one.rewards), 0n);
  const leaving = stake?.unbonding.reduce((sum, one) => sum + BigInt(one.amount), 0n);
  const close = () => {
    setOpen("");
    if (to) history.replaceState(null, "", "#/wallet");
  };
  return (
    <Page
      title="Wallet"
      actions={
        <>
          {state.vault!.accounts.length > 1 && (
            <select
              class="button"
              aria-label="Account"
              value={String(state.vault!.accounts.indexOf(account))}
              onChange={(event) => wallet.choose(Number(event.currentTarget.value))}
            >
              {state.vault!.accounts.map((one, i) => (
                <option key={one.address} value={String(i)}>
                  {one.label}
                </option>
              ))}
            </select>
          )}
          {state.unlocked ? (
            <Button icon="lock" onClick={lock}>
              Lock
            </Button>
          ) : (
            <Button icon="lock" onClick={() => setOpen("unlock")}>
              Unlock
            </Button>
          )}
        </>
      }
    >
      <Card>
        <div class="card-body">
          <div>
            <p class="muted">
              {account.label} <Badge tone={state.unlocked ? "good" : "plain"}>{state.unlocked ? "unlocked" : "locked"}</Badge>
            </p>
            <p class="balance" data-balance={String(state.balance ?? "")}>
              {state.balance === null ? "…" : <Fog value={state.balance} />}
            </p>
            <Id value={account.address} to={link("account", account.address)} what="address" whole />
          </div>
          <div class="buttons">
            <Button tone="main" icon="send" onClick={() => setOpen("send")}>
              Send
            </Button>
            <Button icon="receive" onClick={() => setOpen("receive")}>
              Receive
            </Button>
            <a class="button" href="#/stake">
              Stake
            </a>
            <a class="button" href="#/deployments">
              Deployments
            </a>
          </div>
        </div>
      </Card>
      <Stats>
        <Stat label="In stake" sub={leaving ? <><Fog value={leaving} /> on its way out</> : " "}>
          {staked === undefined ? "…" : <Fog value={staked} />}
        </Stat>
        <Stat label="Rewards to collect">{rewards === undefined ? "…" : <Fog value={rewards} />}</Stat>
        <Stat label="Accounts of this wallet">{state.vault!.accounts.length}</Stat>
      </Stats>
      <SentList address={account.address} />
      <Card title="Keep it safe">
        <div class="card-body">
          <p class="muted">
            The words bring everything back on any computer, here or with <code>fogcoin wallet restore</code>. The backup file also holds labels and needs the passphrase.
          </p>
          <div class="buttons">
            <Button onClick={() => setOpen("words")}>Show the words</Button>
            <Button onClick={download}>Save a backup file</Button>
            <Button onClick={() => setOpen("passphrase")}>Change the passphrase</Button>
            <Button onClick={() => (state.unlocked ? addAccount() : setOpen("unlock"))}>Add an account</Button>
            <Button onClick={() => setOpen("rename")}>Rename this account</Button>
            <Button tone="danger" onClick={() => setOpen("forget")}>
              Remove from this browser
            </Button>
          </div>
        </div>
      </Card>
      {open === "send" && (
        <SendForm
          to={to}
          close={close}
          send={(wish) => {
            close();
            ask(wish);
          }}
        />
      )}
      {open === "receive" && <Receive address={account.address} close={close} />}
      {open === "unlock" && <Unlock close={close} />}
      {open === "words" && <ShowWords close={close} />}
      {open === "passphrase" && <ChangePassphrase close={close} />}
      {open === "forget" && <Forget close={close} />}
      {open === "rename" && <Rename close={close} />}
      {dialog}
    </Page>
  );
}

function download() {
  const place = URL.createObjectURL(new Blob([backupText()], { type: "application/json" }));
  const anchor = document.createElement("a");
  anchor.href = place;
  anchor.download = "fogcoin-wallet-backup.json";
  anchor.click();
  setTimeout(() => URL.revokeObjectURL(place), 10_000);
}

function SentList({ address }: { address: string }) {
  const list = sentFromHere().filter((one) => one.account === address).slice(0, 12);
  const found = useAsk(
    async () => {
      const answers = await batch<TxStatus>(list.map((one) => ["tx_get", { id: one.id }]));
      return list.map((one, i) => ({ ...one, status: or<TxStatus | null>(answers[i]!, null) }));
    },
    [list.map((one) => one.id)],
    true,
  );
  const rows = found.data ?? [];
  return (
    <Card title="Sent from this browser" side={<a href={link("account", address)}>All that the chain knows of this account</a>}>
      {rows.length === 0 ? (
        <Empty>Nothing yet.</Empty>
      ) : (
        <Table
          caption="Transactions sent from this browser"
          rows={rows}
          rowKey={(row) => row.id}
          columns={[
            { name: "Transaction", cell: (row) => <TxLink id={row.id} copy /> },
            { name: "Sent", cell: (row) => <Age ms={row.ms} /> },
            { name: "Block", cell: (row) => (row.status?.place === "final" ? <Height value={row.status.height!} /> : "–") },
            {
              name: "State",
              cell: (row) =>
                row.status?.place === "final" ? (
                  row.status.outcome!.fault.number === 0 ? (
                    <Badge tone="good">final</Badge>
                  ) : (
                    <Badge tone="bad">failed</Badge>
                  )
                ) : row.status?.place === "pending" ? (
                  <Badge tone="info">waits for a block</Badge>
                ) : (
                  <Badge tone="warn">unknown to the node</Badge>
                ),
            },
          ]}
        />
      )}
    </Card>
  );
}

function SendForm({ to, close, send }: { to: string; close: () => void; send: (wish: import("../wallet/confirm.tsx").Wish) => void }) {
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

function Receive({ address, close }: { address: string; close: () => void }) {
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

function Unlock({ close }: { close: () => void }) {
  const [passphrase, set] = useState("");
  const [error, setError] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  return (
    <Dialog title="Unlock the wallet" close={close}>
      <form
        class="form"
        onSubmit={async (event) => {
          event.preventDefault();
          setBusy(true);
          const good = await unlock(passphrase);
          setBusy(false);
          if (good) close();
          else setError("That is not this wallet's passphrase.");
        }}
      >
        <Text label="Passphrase" id="unlock-passphrase" type="password" complete="current-password" value={passphrase} set={set} error={error} help="It locks itself after 15 minutes without use." />
        <div class="buttons">
          <Button tone="main" type="submit" busy={busy}>
            Unlock
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

function ShowWords({ close }: { close: () => void }) {
  const [passphrase, set] = useState("");
  const [words, setWords] = useState<string | null>(null);
  const [error, setError] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  useEffect(() => () => setWords(null), []);
  return (
    <Dialog title="The words of this wallet" close={close} wide>
      {words ? (
        <>
          <Note tone="warn">Whoever sees these words can take everything.</Note>
          <WordList mnemonic={words} />
        </>
      ) : (
        <form
          class="form"
          onSubmit={async (event) => {
            event.preventDefault();
            setBusy(true);
            const found = await revealWords(passphrase);
            setBusy(false);
            setWords(found);
            setError(found ? null : "That is not this wallet's passphrase.");
          }}
        >
          <Text label="Passphrase" id="words-passphrase" type="password" complete="current-password" value={passphrase} set={set} error={error} />
          <div class="buttons">
            <Button tone="main" type="submit" busy={busy}>
              Show them
            </Button>
          </div>
        </form>
      )}
    </Dialog>
  );
}

function ChangePassphrase({ close }: { close: () => void }) {
  const [before, setBefore] = useState("");
  const [first, setFirst] = useState("");
  const [second, setSecond] = useState("");
  const [error, setError] = useState<string | null>(null);
  const [beforeError, setBeforeError] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  return (
    <Dialog title="Change the passphrase" close={close}>
      <form
        class="form"
        onSubmit={async (event) => {
          event.preventDefault();
          const trouble = passphraseTrouble(first, second);
          setError(trouble);
          if (trouble) return;
          setBusy(true);
          const good = await changePassphrase(before, first);
          setBusy(false);
          if (good) close();
          else setBeforeError("That is not this wallet's passphrase.");
        }}
      >
        <Text label="Passphrase until now" id="old-passphrase" type="password" complete="current-password" value={before} set={setBefore} error={beforeError} />
        <Passphrases first={first} second={second} setFirst={setFirst} setSecond={setSecond} error={error} />
        <p class="muted">Backup files saved before still open with the old one.</p>
        <div class="buttons">
          <Button tone="main" type="submit" busy={busy}>
            Change it
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

function Forget({ close }: { close: () => void }) {
  const [sure, setSure] = useState(false);
  return (
    <Dialog title="Remove the wallet from this browser" close={close}>
      <Note tone="bad">Without the words or a backup file nobody can ever reach its FOG again.</Note>
      <label class="tick">
        <input type="checkbox" checked={sure} onChange={(event) => setSure(event.currentTarget.checked)} />
        <span>I have the words or a backup file with its passphrase.</span>
      </label>
      <div class="buttons">
        <Button
          tone="danger"
          disabled={!sure}
          onClick={() => {
            lock();
            wallet.remove();
            close();
          }}
        >
          Remove it
        </Button>
        <Button onClick={close}>Keep it</Button>
      </div>
    </Dialog>
  );
}

function Rename({ close }: { close: () => void }) {
  const state = useWallet();
  const [name, set] = useState(state.account?.label ?? "");
  return (
    <Dialog title="Rename this account" close={close}>
      <form
        class="form"
        onSubmit={(event) => {
          event.preventDefault();
          const vault = wallet.vault!;
          const label = name.trim().slice(0, 40);
          if (label) wallet.keep({ ...vault, accounts: vault.accounts.map((one) => (one === wallet.account ? { ...one, label } : one)) });
          close();
        }}
      >
        <Text label="Name, for this browser only" id="rename" value={name} set={set} />
        <div class="buttons">
          <Button tone="main" type="submit">
            Save
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
