/**
 * Signed messages: text that the holder of an address has signed, so that others can see who said it. What is signed
 * is the tagged hash "fog/message" of the text in UTF-8, so such a signature is never one of a transaction. It is
 * bound to no chain: where that matters, the text must say it. `fogcoin message` signs and verifies the same.
 */
import { concat, toBytes, toHex, utf8, type Hex } from '../base/bytes.js';
import { addressOf, type Address } from './address.js';
import { taggedHash } from './hash.js';
import { verifyEcdsa, type Signer } from './keys.js';

const kKeyBytes = 33;
const kBytes = kKeyBytes + 64;

export function messageDigest(text: string): Uint8Array {
  return taggedHash('fog/message', utf8(text));
}

/** The compressed public key and 64 bytes of compact ECDSA, as one. */
export async function signMessage(text: string, signer: Signer): Promise<Hex> {
  return toHex(concat(toBytes(signer.publicKey), toBytes(await signer.sign(messageDigest(text)))));
}

/** Whether the holder of this address signed exactly this text. False for whatever is no signature. */
export function verifyMessage(address: Address, text: string, signature: Uint8Array | Hex): boolean {
  let bytes: Uint8Array;
  try {
    bytes = toBytes(signature);
  } catch {
    return false;
  }
  if (bytes.length !== kBytes) return false;
  const key = bytes.subarray(0, kKeyBytes);
  return addressOf(key) === address && verifyEcdsa(key, messageDigest(text), bytes.subarray(kKeyBytes));
}
