/**
 * LightClient: believes what the validators of an epoch have made final, and nothing that a node merely says.
 *
 *     trusted set of epoch E ──signs──> certificate ──> header h+1 ──app hash──> state after h ──proof──> record
 *                                          │
 *                        last header of E ─┴─names──> set of E+1, and so on
 *
 * Who starts it says which set he trusts: of several nodes that agree (`askTrust`), of a checkpoint that
 * somebody names (`trustCheckpoint`), or of an earlier run. Validators whose stake has been paid out risk nothing
 * by signing another history, so what it starts from must be younger than the trusting period.
 */
import { equalBytes, type Hex } from '../base/bytes.js';
import type { Codec } from '../bcs/codec.js';
import { InvalidInput } from '../base/errors.js';
import { PastEpoch } from '../types/staking.js';
import { Certificate, ValidatorSet, type BlockHeader } from '../types/chain.js';
import type { CallOptions, Client, ResultOf } from '../rpc/client.js';
import { TimedOut } from '../rpc/errors.js';
import { blockId, validatorsHash, verifyCertificate } from './certificate.js';
import { pastEpochKey } from './state_keys.js';
import { ProofError, verifyStateProof } from './state_proof.js';

/** What a light client starts from; to be stored and used again. */
export interface Trust {
  chain_id: Hex;
  /** Whose set this is. */
  epoch: bigint;
  set: ValidatorSet;
  /** The latest time at which it was known to be right: of a header, or of whoever said so. */
  time_ms: bigint;
}

/** A header that a quorum has made final. */
export interface FinalHeader {
  id: Hex;
  header: BlockHeader;
}

/** A record as it is after `height`, or null where there is none. */
export interface Proved<T> {
  value: T | null;
  height: bigint;
  /** Of the header that has the state's root. */
  time_ms: bigint;
}

export interface LightOptions extends CallOptions {
  /** How long to wait for the block that names the state's root, which comes with the next transaction. Default 30 000. */
  waitMs?: number;
}

/** So many headers may stand between one and the certificate that made it final: a node takes over that many at once. */
const kHeadersMax = 1_024;
const kBatch = 64;
/** DESIGN's default of staking.trusting_period_ms: ten days. */
const kTrustingPeriodMs = 10n * 24n * 3_600_000n;

/**
 * The present set, as all these nodes say. Only as good as they are: name several that do not belong to the
 * same people. Throws {@link ProofError} if they disagree.
 */
export async function askTrust(...nodes: [Client, ...Client[]]): Promise<Trust> {
  const answers = await Promise.all(nodes.map(async (node) => {
    const [status, epoch] = await Promise.all([node.call('chain_status'), node.call('staking_epoch')]);
    return { chain_id: status.chain_id, epoch: epoch.epoch.epoch, set: epoch.set, time_ms: BigInt(Date.now()) };
  }));
  const [first, ...others] = answers as [Trust, ...Trust[]];
  for (const other of others) {
    const same = other.chain_id === first.chain_id && other.epoch === first.epoch &&
      equalBytes(ValidatorSet.encode(other.set), ValidatorSet.encode(first.set));
    if (!same) throw new ProofError('the nodes disagree on the chain, its epoch or its validators; ask again, then find out why');
  }
  return first;
}

/**
 * The set after a checkpoint, the last block of an epoch: `chain_checkpoint` of a node that is trusted tells
 * height and block. The rest comes from `client` and is checked.
 */
export async function trustCheckpoint(client: Client, { height, block }: { height: bigint; block: Hex }): Promise<Trust> {
  const { header } = await client.call('chain_header', { height });
  if (blockId(header) !== block) throw new ProofError(`the node's block ${height} is not ${block}`);
  if (header.next_validators_hash === null) throw new InvalidInput(`block ${height} is not the last of its epoch`);
  const set = await setOf(client, header.epoch + 1n, header.next_validators_hash, {});
  return { chain_id: header.chain_id, epoch: header.epoch + 1n, set, time_ms: header.time_ms };
}

/** The set of an epoch with this hash, wherever the node has it. */
async function setOf(client: Client, epoch: bigint, hash: Hex, options: CallOptions): Promise<ValidatorSet> {
  const now = await client.call('staking_epoch', {}, options);
  let set = now.epoch.epoch === epoch ? now.set : now.epoch.epoch + 1n === epoch ? now.next_set : undefined;
  if (!set) {
    const { values: [record] } = await client.call('state_get', { keys: [pastEpochKey(epoch)] }, options);
    if (!record) throw new ProofError(`the node no longer knows the validators of epoch ${epoch}; start from a newer checkpoint`);
    set = PastEpoch.decode(record).set;
  }
  if (validatorsHash(set) !== hash) throw new ProofError(`the node's validators of epoch ${epoch} are not those that were signed`);
  return set;
}

export class LightClient {
  readonly #client: Client;
  readonly #trustingPeriodMs: bigint;
  #trust: Trust;

  /** `trustingPeriodMs`: the chain's staking.trusting_period_ms. Default ten days. */
  constructor(client: Client, trust: Trust, { trustingPeriodMs = kTrustingPeriodMs }: { trustingPeriodMs?: bigint } = {}) {
    this.#client = client;
    this.#trust = trust;
    this.#trustingPeriodMs = trustingPeriodMs;
  }

  /** What to start from next time. */
  get trust(): Trust {
    return this.#trust;
  }

  /**
   * The header of a final block of the trusted epoch or a later one (then it goes on to that). Throws
   * {@link ProofError} if the node's answer is not what the validators have signed; the client's errors.
   */
  async header(height: bigint, options: CallOptions = {}): Promise<FinalHeader> {
    const chain = [await this.#client.call('chain_header', { height }, options)];
    while (!chain.at(-1)!.finalization) {
      if (chain.length >= kHeadersMax) throw new ProofError(`none of ${kHeadersMax} blocks from ${height} on has a certificate`);
      chain.push(...await this.#more(height + BigInt(chain.length), Math.min(chain.length, kBatch), options));
    }
    await this.#catchUp(chain[0]!.header, options);
    return this.#believe(chain, height);
  }

  /** At most `count` further headers, up to the first with a certificate. */
  async #more(height: bigint, count: number, options: CallOptions): Promise<ResultOf<'chain_header'>[]> {
    const calls = Array.from({ length: count }, (_, i) =>
      ({ method: 'chain_header' as const, params: { height: height + BigInt(i) } }));
    const out: ResultOf<'chain_header'>[] = [];
    for (const one of await this.#client.batch(calls, options)) {
      if (one.status === 'rejected') throw one.reason;
      out.push(one.value);
      if (one.value.finalization) break;
    }
    return out;
  }

  /** From the header with the certificate back to the first: each names its parent by its id. */
  #believe(chain: ResultOf<'chain_header'>[], height: bigint): FinalHeader {
    const { chain_id, epoch, set, time_ms } = this.#trust;
    if (BigInt(Date.now()) > time_ms + this.#trustingPeriodMs) {
      throw new ProofError('what this client trusts is older than the trusting period; start from a newer checkpoint');
    }
    const { finalization } = chain.at(-1)!;
    if (!finalization || finalization.vote.kind !== 'finalize' || finalization.vote.epoch !== epoch) {
      throw new ProofError(`block ${height} is not of epoch ${epoch}, whose validators are trusted`);
    }
    Certificate.encode(finalization);  // throws for what is none
    verifyCertificate(chain_id, set, finalization);
    let expected = finalization.vote.block;
    for (let i = chain.length - 1; i >= 0; --i) {
      const { header } = chain[i]!;
      if (blockId(header) !== expected) throw new ProofError(`header ${header.height} is not the one that was made final`);
      if (header.chain_id !== chain_id || header.epoch !== epoch || header.height !== height + BigInt(i)) {
        throw new ProofError(`header ${header.height} is of another chain, epoch or height than was asked for`);
      }
      expected = header.parent;
    }
    const { header } = chain[0]!;
    if (header.time_ms > time_ms) this.#trust = { ...this.#trust, time_ms: header.time_ms };
    return { id: finalizedId(chain), header };
  }

  /** Goes on from epoch to epoch to that of a header that a node has shown; each epoch's last header names the next set. */
  async #catchUp(shown: BlockHeader, options: CallOptions): Promise<void> {
    if (shown.epoch <= this.#trust.epoch) return;
    const { chain } = await this.#client.call('params_get', {}, options);
    while (this.#trust.epoch < shown.epoch) {
      const { epoch } = this.#trust;
      const height = (epoch + 1n) * chain.epoch_length;
      // The last block of an epoch has a certificate of its own.
      const last = await this.#client.call('chain_header', { height }, options);
      const { header } = this.#believe([last], height);
      if (header.next_validators_hash === null) throw new ProofError(`block ${height} is not the last of epoch ${epoch}`);
      const set = await setOf(this.#client, epoch + 1n, header.next_validators_hash, options);
      this.#trust = { ...this.#trust, epoch: epoch + 1n, set };
    }
  }

  /**
   * A record with proof: the key's value after the newest final block, decoded. The root of that state stands in
   * the header of the block after it, so this waits for one. Throws {@link ProofError}; TimedOut when no block came.
   */
  async read<T>(key: Hex, codec: Codec<T>, options: LightOptions = {}): Promise<Proved<T>> {
    const { waitMs = 30_000, ...call } = options;
    const proof = await this.#client.call('state_proof', { key }, call);
    if (proof.key !== key) throw new ProofError('the node proved another key than was asked for');
    const next = proof.height + 1n;
    const status = await this.#client.call('chain_wait_height', { height: next, timeout_ms: waitMs }, call);
    if (status.height < next) {
      throw new TimedOut(`no block after ${proof.height} within ${waitMs} ms: the root of this state is not final yet`);
    }
    const { header } = await this.header(next, call);
    verifyStateProof(proof, header.app_hash);
    return {
      value: proof.value === null ? null : codec.decode(proof.value),
      height: proof.height,
      time_ms: header.time_ms,
    };
  }
}

function finalizedId(chain: ResultOf<'chain_header'>[]): Hex {
  return chain.length === 1 ? chain[0]!.finalization!.vote.block : chain[1]!.header.parent;
}
