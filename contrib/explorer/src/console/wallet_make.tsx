// Making the wallet of this browser: new, from words, from a backup file.
import { useMemo, useRef, useState } from "preact/hooks";
import { batch, FogError } from "../node/rpc.ts";
import type { AccountInfo } from "../node/types.ts";
import { Button, Card, Note, Page, Text } from "../ui/parts.tsx";
import { addresses, createMnemonic, isMnemonic, make, restoreBackup } from "../wallet/keys.ts";
import { Passphrases, passphraseTrouble, WordList } from "./passphrases.tsx";

export function Welcome() {
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
