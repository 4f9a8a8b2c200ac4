// The secret part of the wallet: a mnemonic, encrypted in this browser's storage by a key that scrypt makes of the
// passphrase; in memory only while it is unlocked. Nothing here talks to anybody.
import { scryptAsync } from "@noble/hashes/scrypt.js";
import { accountsOfMnemonic, createMnemonic, isMnemonic, type KeySigner } from "@fogcoin/sdk";
import { fromHex, toHex } from "../ui/format.ts";
import { wallet, type Vault, type WalletAccount } from "./state.ts";

export { createMnemonic, isMnemonic };

/** 64 MiB and most of a second for each guess, here as for whoever has the file. */
const cost = { n: 2 ** 16, r: 8, p: 1 };
const lockAfterMs = 15 * 60_000;
export const passphraseMin = 10;

let words: string | null = null;
let derive: ((index: number) => KeySigner) | null = null;
let lastUse = 0;

/** Whether a wallet may be kept here: the browser gives its cryptography only to pages nobody could have changed on the way. */
export function isSafePlace(): boolean {
  return isSecureContext && crypto.subtle !== undefined;
}

async function keyOf(passphrase: string, kdf: Vault["kdf"]): Promise<CryptoKey> {
  const bytes = await scryptAsync(new TextEncoder().encode(passphrase.normalize("NFKD")), fromHex(kdf.salt), {
    N: kdf.n,
    r: kdf.r,
    p: kdf.p,
    dkLen: 32,
    asyncTick: 20,
  });
  return crypto.subtle.importKey("raw", bytes as BufferSource, "AES-GCM", false, ["encrypt", "decrypt"]);
}

async function seal(mnemonic: string, passphrase: string, accounts: WalletAccount[]): Promise<Vault> {
  const kdf = { name: "scrypt" as const, ...cost, salt: toHex(crypto.getRandomValues(new Uint8Array(16))) };
  const iv = crypto.getRandomValues(new Uint8Array(12));
  const key = await keyOf(passphrase, kdf);
  const text = await crypto.subtle.encrypt({ name: "AES-GCM", iv }, key, new TextEncoder().encode(mnemonic));
  return { version: 1, accounts, kdf, cipher: { name: "AES-GCM", iv: toHex(iv), text: toHex(new Uint8Array(text)) } };
}

/** The mnemonic; null for a wrong passphrase. */
async function open(vault: Vault, passphrase: string): Promise<string | null> {
  const key = await keyOf(passphrase, vault.kdf);
  try {
    const text = await crypto.subtle.decrypt({ name: "AES-GCM", iv: fromHex(vault.cipher.iv) }, key, fromHex(vault.cipher.text));
    return new TextDecoder().decode(text);
  } catch {
    return null;
  }
}

function tidy(mnemonic: string): string {
  return mnemonic.trim().toLowerCase().split(/\s+/).join(" ");
}

function hold(mnemonic: string) {
  words = mnemonic;
  derive = accountsOfMnemonic(mnemonic);
  lastUse = Date.now();
  wallet.setUnlocked(true);
}

export function lock() {
  words = null;
  derive = null;
  wallet.setUnlocked(false);
}
setInterval(() => {
  if (words !== null && Date.now() - lastUse > lockAfterMs) lock();
}, 5_000);

/** Makes the wallet of this browser from a mnemonic and unlocks it. */
export async function make(mnemonic: string, passphrase: string, indexes: number[] = [0]): Promise<void> {
  const plain = tidy(mnemonic);
  const all = accountsOfMnemonic(plain);
  const accounts = indexes.map((index) => ({ index, address: all(index).address as string, label: "Account " + (index + 1) }));
  wallet.keep(await seal(plain, passphrase, accounts));
  hold(plain);
}

/** The addresses of the first accounts of a mnemonic. */
export function addresses(mnemonic: string, count: number): string[] {
  const all = accountsOfMnemonic(tidy(mnemonic));
  return Array.from({ length: count }, (_, index) => all(index).address as string);
}

/** False for a wrong passphrase. */
export async function unlock(passphrase: string): Promise<boolean> {
  if (!wallet.vault) return false;
  const mnemonic = await open(wallet.vault, passphrase);
  if (mnemonic === null) return false;
  hold(mnemonic);
  return true;
}

/** The mnemonic, asked for with the passphrase again even while unlocked; null for a wrong one. */
export async function revealWords(passphrase: string): Promise<string | null> {
  return wallet.vault ? open(wallet.vault, passphrase) : null;
}

export async function changePassphrase(before: string, after: string): Promise<boolean> {
  if (!wallet.vault) return false;
  const mnemonic = await open(wallet.vault, before);
  if (mnemonic === null) return false;
  wallet.keep(await seal(mnemonic, after, wallet.vault.accounts));
  return true;
}

/** Needs the wallet unlocked. */
export function addAccount(): void {
  if (!wallet.vault || !derive) return;
  const index = Math.max(-1, ...wallet.vault.accounts.map((one) => one.index)) + 1;
  const account = { index, address: derive(index).address as string, label: "Account " + (index + 1) };
  wallet.keep({ ...wallet.vault, accounts: [...wallet.vault.accounts, account] });
  wallet.choose(wallet.vault.accounts.length - 1);
}

export function signer(): KeySigner {
  if (!derive || !wallet.account) throw new Error("The wallet is locked.");
  lastUse = Date.now();
  return derive(wallet.account.index);
}

/** An encrypted backup: the vault as it stands in this browser. */
export function backupText(): string {
  return JSON.stringify({ fogcoin_wallet: wallet.vault }, null, 2);
}

/** Takes a backup over after trying the passphrase on it; a sentence when that fails. */
export async function restoreBackup(text: string, passphrase: string): Promise<string | null> {
  let vault: Vault;
  try {
    vault = JSON.parse(text).fogcoin_wallet;
    const { kdf, cipher, accounts } = vault;
    const bounded = kdf.name === "scrypt" && kdf.n <= 2 ** 20 && kdf.r <= 16 && kdf.p <= 4 && cipher.name === "AES-GCM";
    if (vault.version !== 1 || !bounded || !Array.isArray(accounts) || accounts.length === 0) throw new Error();
  } catch {
    return "This file is not a backup of a FogCoin wallet.";
  }
  const mnemonic = await open(vault, passphrase);
  if (mnemonic === null) return "The passphrase does not open this backup.";
  // Addresses are derived again: the file could name somebody else's.
  const all = accountsOfMnemonic(mnemonic);
  const accounts = vault.accounts.slice(0, 100).map((one) => {
    const index = Number(one.index);
    return { index, address: all(index).address as string, label: String(one.label).slice(0, 40) };
  });
  wallet.keep({ ...vault, accounts });
  hold(mnemonic);
  return null;
}
