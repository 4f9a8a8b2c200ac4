/**
 * Multisig: k of n keys act as one account. Each holder signs the same transaction body by itself; k of these
 * shares make the transaction's authorization.
 */
import { compareBytes, fromHex, type Hex } from '../base/bytes.js';
import { InvalidInput } from '../base/errors.js';
import { addressFromBytes, type Address } from '../keys/address.js';
import { ripemd160, taggedHash } from '../keys/hash.js';
import { isPublicKey, verifyEcdsa, type Signer } from '../keys/keys.js';
import { kMultisigKeysMax, MultisigPolicy, TxBody, type IndexedSignature, type MultiAuth } from '../types/transaction.js';

/** The policy of `threshold` of these keys, in any order. Throws {@link InvalidInput}. */
export function makePolicy(threshold: number, keys: readonly Hex[]): MultisigPolicy {
  if (keys.length < 1 || keys.length > kMultisigKeysMax) {
    throw new InvalidInput(`a multisig account has 1 to ${kMultisigKeysMax} keys, not ${keys.length}`);
  }
  if (!Number.isInteger(threshold) || threshold < 1 || threshold > keys.length) {
    throw new InvalidInput(`of ${keys.length} keys, 1 to ${keys.length} can be required, not ${threshold}`);
  }
  const bad = keys.find((key) => !isPublicKey(key));
  if (bad !== undefined) throw new InvalidInput(`${bad} is not a compressed public key`);
  const sorted = keys.map((key) => key.toLowerCase() as Hex).sort((a, b) => compareBytes(fromHex(a), fromHex(b)));
  const twin = sorted.find((key, i) => key === sorted[i + 1]);
  if (twin !== undefined) throw new InvalidInput(`the key ${twin} comes twice`);
  return { threshold, keys: sorted };
}

/** RIPEMD160 of the tagged hash "fog/multisig" of BCS(threshold, keys). */
export function addressOfPolicy(policy: MultisigPolicy): Address {
  return addressFromBytes(ripemd160(taggedHash('fog/multisig', MultisigPolicy.encode(policy))));
}

function digestOf(body: TxBody): Uint8Array {
  return taggedHash('fog/tx', TxBody.encode(body));
}

function checkSender(policy: MultisigPolicy, body: TxBody): void {
  const account = addressOfPolicy(policy);
  if (account !== body.sender) {
    throw new InvalidInput(`the transaction is sent by ${body.sender}, but this policy is the account ${account}`);
  }
}

/** This signer's share. Throws {@link InvalidInput} if the sender is another account or the signer has no part in it. */
export async function signShare(policy: MultisigPolicy, body: TxBody, signer: Signer): Promise<IndexedSignature> {
  checkSender(policy, body);
  const index = policy.keys.indexOf(signer.publicKey);
  if (index < 0) throw new InvalidInput(`the key ${signer.publicKey} is not one of the multisig account's`);
  return { index, signature: await signer.sign(digestOf(body)) };
}

/**
 * The authorization out of shares in any order, repeated or more than enough: exactly `threshold` of them,
 * ascending. Throws {@link InvalidInput} that names a share that does not verify, or says how many are missing.
 */
export function combineShares(policy: MultisigPolicy, body: TxBody, shares: readonly IndexedSignature[]): MultiAuth {
  checkSender(policy, body);
  const digest = digestOf(body);
  const byIndex = new Map<number, IndexedSignature>();
  for (const share of shares) {
    const key = policy.keys[share.index];
    if (key === undefined || !verifyEcdsa(key, digest, share.signature)) {
      throw new InvalidInput(`the signature for key number ${share.index} does not belong to this transaction; ` +
        'was the transaction changed after it was signed?');
    }
    if (!byIndex.has(share.index)) byIndex.set(share.index, share);
  }
  if (byIndex.size < policy.threshold) {
    throw new InvalidInput(`${byIndex.size} of ${policy.threshold} required signatures are here; ` +
      `${policy.threshold - byIndex.size} more key holders must sign`);
  }
  const ascending = [...byIndex.values()].sort((a, b) => a.index - b.index);
  return { policy, signatures: ascending.slice(0, policy.threshold) };
}

/** Throws {@link InvalidInput} unless the chain would take this authorization for this body. */
export function checkMultiAuth(body: TxBody, auth: MultiAuth): void {
  makePolicy(auth.policy.threshold, auth.policy.keys);
  const ascends = auth.policy.keys.every((key, i) => i === 0 || auth.policy.keys[i - 1]! < key);
  if (!ascends) throw new InvalidInput('the policy\'s keys are not ascending');
  const indexesAscend = auth.signatures.every((one, i) => i === 0 || auth.signatures[i - 1]!.index < one.index);
  if (auth.signatures.length !== auth.policy.threshold || !indexesAscend) {
    throw new InvalidInput('expected exactly `threshold` signatures, their indexes ascending');
  }
  combineShares(auth.policy, body, auth.signatures);
}
