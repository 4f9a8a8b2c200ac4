/** Mnemonics (BIP-39, English) and the keys derived from them (BIP-32, m/44'/118'/0'/0/i). */
import { HDKey } from '@scure/bip32';
import { generateMnemonic, mnemonicToSeedSync, validateMnemonic } from '@scure/bip39';
import { wordlist } from '@scure/bip39/wordlists/english.js';
import { InvalidInput } from '../base/errors.js';
import { KeySigner } from './keys.js';

/** 24 fresh words, or 12, 15, 18 or 21. */
export function createMnemonic(words: 12 | 15 | 18 | 21 | 24 = 24): string {
  return generateMnemonic(wordlist, (words / 3) * 32);
}

/** The words in their usual form: lower case, single spaces. */
function tidy(mnemonic: string): string {
  return mnemonic.trim().toLowerCase().split(/\s+/u).join(' ');
}

/** Whether all words are in the list, their number is right and the checksum matches. */
export function isMnemonic(mnemonic: string): boolean {
  return validateMnemonic(tidy(mnemonic), wordlist);
}

export interface DeriveOptions {
  /** Number of the account, 0 to 2^31 - 1. Default 0. */
  index?: number;
  /** The "25th word"; part of the secret. Default none. */
  passphrase?: string;
}

/** The path of an account's key. */
export function derivationPath(index: number): string {
  if (!Number.isInteger(index) || index < 0 || index >= 2 ** 31) {
    throw new InvalidInput(`accounts are numbered 0 to 2147483647, not ${index}`);
  }
  return `m/44'/118'/0'/0/${index}`;
}

/**
 * The key of an account of a mnemonic. Throws {@link InvalidInput} for words that are no mnemonic. Takes a
 * while (2 048 rounds of HMAC-SHA-512); for several accounts use `accountsOfMnemonic`.
 */
export function signerFromMnemonic(mnemonic: string, { index = 0, passphrase = '' }: DeriveOptions = {}): KeySigner {
  return accountsOfMnemonic(mnemonic, passphrase)(index);
}

/** Gives the key of each account of one mnemonic. */
export function accountsOfMnemonic(mnemonic: string, passphrase = ''): (index: number) => KeySigner {
  const words = tidy(mnemonic);
  if (!validateMnemonic(words, wordlist)) {
    throw new InvalidInput('not a mnemonic: a word is not in the list, one is missing, or the checksum does not match');
  }
  const root = HDKey.fromMasterSeed(mnemonicToSeedSync(words, passphrase));
  return (index) => {
    const { privateKey } = root.derive(derivationPath(index));
    if (!privateKey) throw new InvalidInput(`account ${index} has no key; take another`);
    return new KeySigner(privateKey);
  };
}
