// Unlocking, backing up, renaming and removing the wallet.
import { useEffect, useState } from "preact/hooks";
import { Button, Dialog, Note, Text } from "../ui/parts.tsx";
import { changePassphrase, lock, revealWords, unlock } from "../wallet/keys.ts";
import { useWallet, wallet } from "../wallet/state.ts";
import { Passphrases, passphraseTrouble, WordList } from "./passphrases.tsx";

export function Unlock({ close }: { close: () => void }) {
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

export function ShowWords({ close }: { close: () => void }) {
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

export function ChangePassphrase({ close }: { close: () => void }) {
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

export function Forget({ close }: { close: () => void }) {
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

export function Rename({ close }: { close: () => void }) {
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
