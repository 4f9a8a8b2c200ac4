/**
 * Proofs that a key has a value in the state, or has none.
 *
 * The tree is ICS-23's sparse Merkle tree (SmtSpec): SHA-256; path = SHA256(key), its bits from the most
 * significant; leaf = H(00 || path || SHA256(value)); inner = H(01 || left || right); an empty child is 32 zero
 * bytes; a leaf stands at the highest place where it is alone. (chain/types/state_proof.h)
 */
import { equalBytes, fromHex, type Hex } from '../base/bytes.js';
import { FogError } from '../base/errors.js';
import { sha256 } from '../keys/hash.js';

/** As state_proof answers. */
export interface StateProof {
  /** Of the state: its root stands in the header of height + 1. */
  height: bigint;
  root: Hex;
  key: Hex;
  /** null: the proof is one of absence. */
  value: Hex | null;
  /** From the leaf's level to the root: siblings, the leaf's own first. */
  siblings: Hex[];
  /** For absence: the other leaf that stands where the key's would. */
  other_leaf: { path: Hex; value_hash: Hex } | null;
}

/** What was answered is not proved. `code` is "unproved". */
export class ProofError extends FogError {
  override readonly name = 'ProofError';
  constructor(message: string) {
    super('unproved', message);
  }
}

const kPathBits = 256;
const kLeaf = Uint8Array.of(0);
const kInner = Uint8Array.of(1);
const kEmpty = new Uint8Array(32);

function bit(path: Uint8Array, depth: number): boolean {
  return ((path[depth >> 3]! >> (7 - (depth & 7))) & 1) !== 0;
}

function samePrefix(a: Uint8Array, b: Uint8Array, bits: number): boolean {
  for (let depth = 0; depth < bits; ++depth) {
    if (bit(a, depth) !== bit(b, depth)) return false;
  }
  return true;
}

function bytesOf(text: Hex): Uint8Array {
  try {
    return fromHex(text);
  } catch {
    throw new ProofError('the proof has something else where bytes should be');
  }
}

function hashOf(text: Hex): Uint8Array {
  const bytes = bytesOf(text);
  if (bytes.length !== 32) throw new ProofError('a hash of the proof does not have 32 bytes');
  return bytes;
}

/**
 * Throws {@link ProofError} unless the proof leads from its key and value (or their absence) to `root`, which
 * the caller has from a header that he trusts. The proof's own `root` and `height` count for nothing.
 */
export function verifyStateProof(proof: StateProof, root: Hex): void {
  if (!Array.isArray(proof.siblings)) throw new ProofError('the proof has no siblings, not even none');
  const depth = proof.siblings.length;
  if (depth > kPathBits) throw new ProofError('the proof is deeper than a path');
  const path = sha256(bytesOf(proof.key));
  let hash: Uint8Array = kEmpty;  // of an empty place, until a leaf is found to stand there
  if (proof.value !== null) {
    if (proof.other_leaf !== null) throw new ProofError('the proof shows two leaves in one place');
    hash = sha256(kLeaf, path, sha256(bytesOf(proof.value)));
  } else if (proof.other_leaf !== null) {
    const other = hashOf(proof.other_leaf.path);
    // It must be another leaf, and it must stand where the key's would.
    if (equalBytes(other, path) || !samePrefix(other, path, depth)) {
      throw new ProofError('the leaf that is shown does not stand in the key\'s place');
    }
    hash = sha256(kLeaf, other, hashOf(proof.other_leaf.value_hash));
  }
  // A place beside an empty one would have been lifted: no such tree exists.
  if (depth > 0 && equalBytes(hashOf(proof.siblings[0]!), kEmpty)) {
    throw new ProofError('the proof is of a tree that cannot exist');
  }
  proof.siblings.forEach((text, i) => {
    const sibling = hashOf(text);
    hash = bit(path, depth - 1 - i) ? sha256(kInner, sibling, hash) : sha256(kInner, hash, sibling);
  });
  if (!equalBytes(hash, hashOf(root))) throw new ProofError('the proof does not lead to the root');
}
