/**
 * Keys and signatures on secp256k1. Accounts sign with 64-byte compact ECDSA: low S, RFC 6979 nonces; the
 * chain refuses anything else. Validators sign votes with BIP-340.
 */
import { schnorr, secp256k1 } from '@noble/curves/secp256k1.js';
import { toBytes, toHex, type Hex } from '../base/bytes.js';
import { InvalidInput } from '../base/errors.js';
import { addressOf, type Address } from './address.js';

/** Whoever holds a secret key and signs digests with it: in memory, in a wallet, in hardware. */
export interface Signer {
  /** Compressed, 33 bytes. */
  readonly publicKey: Hex;
  readonly address: Address;
  /** 64-byte compact ECDSA, low S, of a tagged hash. */
  sign(digest: Uint8Array): Hex | Promise<Hex>;
}

/** Signs with a key that it holds in memory. */
export class KeySigner implements Signer {
  readonly publicKey: Hex;
  readonly address: Address;
  readonly #secret: Uint8Array;

  /** Throws {@link InvalidInput} unless these are 32 bytes of a number in [1, n). */
  constructor(secret: Uint8Array | Hex) {
    const bytes = toBytes(secret);
    if (!secp256k1.utils.isValidSecretKey(bytes)) {
      throw new InvalidInput('not a secret key: expected 32 bytes below the order of secp256k1');
    }
    this.#secret = Uint8Array.from(bytes);
    this.publicKey = toHex(secp256k1.getPublicKey(this.#secret, true));
    this.address = addressOf(this.publicKey);
  }

  /** A fresh key from the system's randomness. */
  static random(): KeySigner {
    return new KeySigner(secp256k1.utils.randomSecretKey());
  }

  sign(digest: Uint8Array): Hex {
    if (digest.length !== 32) throw new InvalidInput('a digest has 32 bytes');
    return toHex(secp256k1.sign(digest, this.#secret, { prehash: false, lowS: true, format: 'compact' }));
  }

  /** For whoever stores keys. */
  secretKey(): Hex {
    return toHex(this.#secret);
  }
}

/** Whether the bytes are a compressed point. */
export function isPublicKey(key: Uint8Array | Hex): boolean {
  try {
    return secp256k1.utils.isValidPublicKey(toBytes(key), true);
  } catch {
    return false;
  }
}

/** False for an invalid key, a high S, zero or out-of-range r or s, or a signature that does not match. */
export function verifyEcdsa(publicKey: Uint8Array | Hex, digest: Uint8Array, signature: Uint8Array | Hex): boolean {
  try {
    const key = toBytes(publicKey);
    return key.length === 33 &&
      secp256k1.verify(toBytes(signature), digest, key, { prehash: false, lowS: true, format: 'compact' });
  } catch {
    return false;
  }
}

/** BIP-340. */
export function verifySchnorr(xOnlyKey: Uint8Array | Hex, message: Uint8Array, signature: Uint8Array | Hex): boolean {
  try {
    return schnorr.verify(toBytes(signature), message, toBytes(xOnlyKey));
  } catch {
    return false;
  }
}
