// A new passphrase, twice; and words in their order.
import { Text } from "../ui/parts.tsx";
import { passphraseMin } from "../wallet/keys.ts";

export function passphraseTrouble(first: string, second: string): string | null {
  if (first.length < passphraseMin) return `At least ${passphraseMin} characters: it is all that guards the keys in this browser`;
  if (first !== second) return "The two are not the same";
  return null;
}

export function Passphrases(props: { first: string; second: string; setFirst: (value: string) => void; setSecond: (value: string) => void; error: string | null }) {
  return (
    <div class="fields">
      <Text label="Passphrase" id="new-passphrase" type="password" complete="new-password" value={props.first} set={props.setFirst} error={props.error} help={`At least ${passphraseMin} characters. It encrypts the keys in this browser.`} />
      <Text label="The same again" id="new-passphrase-again" type="password" complete="new-password" value={props.second} set={props.setSecond} />
    </div>
  );
}

export function WordList({ mnemonic }: { mnemonic: string }) {
  return (
    <ol class="words-grid" aria-label="The words, in order">
      {mnemonic.split(" ").map((word, i) => (
        <li key={i}>{word}</li>
      ))}
    </ol>
  );
}
