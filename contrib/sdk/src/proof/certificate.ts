/** Headers and certificates: what the validators of an epoch have signed. (chain/types/vote.h, block.h) */
import { fromHex, toHex, type Hex } from '../base/bytes.js';
import { taggedHash } from '../keys/hash.js';
import { verifySchnorr } from '../keys/keys.js';
import { BlockHeader, ValidatorSet, Vote, type Certificate } from '../types/chain.js';
import { ProofError } from './state_proof.js';

/** The tagged hash "fog/block" of BCS of the header. */
export function blockId(header: BlockHeader): Hex {
  return toHex(taggedHash('fog/block', BlockHeader.encode(header)));
}

/** The tagged hash "fog/validators" of BCS of the set. */
export function validatorsHash(set: ValidatorSet): Hex {
  return toHex(taggedHash('fog/validators', ValidatorSet.encode(set)));
}

/** What a validator signs: the tagged hash "fog/vote" of the chain id and BCS of the vote. */
export function voteDigest(chainId: Hex, vote: Vote): Uint8Array {
  return taggedHash('fog/vote', fromHex(chainId), Vote.encode(vote));
}

/** Whether more than two thirds of the stake agree. A total of 0 has no quorum. */
export function isQuorum(stake: bigint, total: bigint): boolean {
  return 3n * stake > 2n * total;
}

/** Throws {@link ProofError} unless indexes ascend, the stake behind them is a quorum, and every signature verifies. */
export function verifyCertificate(chainId: Hex, set: ValidatorSet, certificate: Certificate): void {
  // The cheap part first: a certificate short of a quorum costs no signature check.
  let stake = 0n;
  let last = -1;
  for (const { index } of certificate.signatures) {
    const validator = set.validators[index];
    if (index <= last || !validator) throw new ProofError('the certificate\'s signers are not ascending members of the set');
    last = index;
    stake += validator.stake;
  }
  const total = set.validators.reduce((sum, validator) => sum + validator.stake, 0n);
  if (!isQuorum(stake, total)) {
    throw new ProofError(`the certificate has ${stake} of ${total} droplets of stake behind it, which is no quorum`);
  }
  const digest = voteDigest(chainId, certificate.vote);
  for (const { index, signature } of certificate.signatures) {
    if (!verifySchnorr(set.validators[index]!.key, digest, signature)) {
      throw new ProofError(`the signature of validator ${index} does not verify`);
    }
  }
}
