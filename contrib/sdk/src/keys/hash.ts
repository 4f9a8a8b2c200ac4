/** The hashes of the chain. Pure. */
import { sha256 as nobleSha256 } from '@noble/hashes/sha2.js';
import { ripemd160 as nobleRipemd160 } from '@noble/hashes/legacy.js';
import { concat, utf8 } from '../base/bytes.js';

export function sha256(...parts: Uint8Array[]): Uint8Array {
  return nobleSha256(parts.length === 1 ? parts[0]! : concat(...parts));
}

export function ripemd160(bytes: Uint8Array): Uint8Array {
  return nobleRipemd160(bytes);
}

/** SHA256(SHA256(tag) || SHA256(tag) || parts...), as in BIP-340; what every signature and id is over. */
export function taggedHash(tag: string, ...parts: Uint8Array[]): Uint8Array {
  const tagHash = sha256(utf8(tag));
  return sha256(tagHash, tagHash, ...parts);
}
