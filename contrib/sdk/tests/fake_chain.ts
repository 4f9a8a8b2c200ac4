/** A chain of a few blocks over two epochs, with keys of its own, and a node that answers from it: to be lied with. */
import { schnorr } from '@noble/curves/secp256k1.js';
import * as sdk from '@fogcoin/sdk';

const kZero = `0x${'00'.repeat(32)}` as sdk.Hex;
const kChainId = sdk.toHex(sdk.sha256(sdk.utf8('a fake chain')));

type Leaf = [path: Uint8Array, value: sdk.Hex];

function bit(path: Uint8Array, depth: number): number {
  return (path[depth >> 3]! >> (7 - (depth & 7))) & 1;
}

/** The tree by recursion over all leaves of a place. */
function rootOf(leaves: Leaf[], depth = 0): Uint8Array {
  if (leaves.length === 0) return new Uint8Array(32);
  if (leaves.length === 1) return sdk.sha256(Uint8Array.of(0), leaves[0]![0], sdk.sha256(sdk.fromHex(leaves[0]![1])));
  const [left, right] = [0, 1].map((side) => leaves.filter(([path]) => bit(path, depth) === side));
  return sdk.sha256(Uint8Array.of(1), rootOf(left!, depth + 1), rootOf(right!, depth + 1));
}

export interface Validators {
  set: sdk.ValidatorSet;
  secrets: Uint8Array[];
}

export function validators(name: string, ...stakes: bigint[]): Validators {
  const secrets = stakes.map((_, i) => sdk.sha256(sdk.utf8(`${name} ${i}`)));
  return { secrets, set: { validators: stakes.map((stake, i) => ({ key: sdk.toHex(schnorr.getPublicKey(secrets[i]!)), stake })) } };
}

export class FakeChain {
  readonly state = new Map<sdk.Hex, sdk.Hex>();
  readonly headers: { id: sdk.Hex; header: sdk.BlockHeader; finalization: sdk.Certificate | null }[] = [];
  readonly first = validators('first', 10n, 20n, 30n, 40n);
  readonly second = validators('second', 5n, 5n);
  readonly epochLength: bigint;

  constructor(epochLength = 4n) {
    this.epochLength = epochLength;
  }

  setOf(epoch: bigint): Validators {
    return epoch === 0n ? this.first : this.second;
  }

  leaves(): Leaf[] {
    return [...this.state].map(([key, value]) => [sdk.sha256(sdk.fromHex(key)), value]);
  }

  sign(header: sdk.BlockHeader, by: Validators, kind: sdk.Vote['kind'] = 'finalize', signers = by.secrets.map((_, i) => i)): sdk.Certificate {
    const vote: sdk.Vote = { epoch: header.epoch, view: header.height, kind, parent_view: header.height - 1n, block: sdk.blockId(header) };
    const digest = sdk.voteDigest(header.chain_id, vote);
    return { vote, signatures: signers.map((index) => ({ index, signature: sdk.toHex(schnorr.sign(digest, by.secrets[index]!)) })) };
  }

  /** The header of the block after the present state. */
  next(): sdk.BlockHeader {
    const height = BigInt(this.headers.length) + 1n;
    const epoch = (height - 1n) / this.epochLength;
    return {
      chain_id: kChainId, height, epoch, time_ms: BigInt(Date.now()) - 1_000_000n + height, parent: this.headers.at(-1)?.id ?? kZero,
      app_hash: sdk.toHex(rootOf(this.leaves())), tx_root: kZero, validators_hash: sdk.validatorsHash(this.setOf(epoch).set),
      proposer: kZero, beacon: null,
      next_validators_hash: height % this.epochLength === 0n ? sdk.validatorsHash(this.setOf(epoch + 1n).set) : null, certificate_hash: kZero,
    };
  }

  /** `certified`: whether the block has a certificate of its own. */
  add(certified = true): void {
    const header = this.next();
    this.headers.push({ id: sdk.blockId(header), header, finalization: certified ? this.sign(header, this.setOf(header.epoch)) : null });
  }

  prove(key: sdk.Hex): sdk.StateProof {
    let leaves = this.leaves();
    const path = sdk.sha256(sdk.fromHex(key));
    const proof: sdk.StateProof = { height: BigInt(this.headers.length), root: sdk.toHex(rootOf(leaves)), key, value: null, siblings: [], other_leaf: null };
    for (let depth = 0; leaves.length > 1; ++depth) {
      const beside = leaves.filter(([other]) => bit(other, depth) !== bit(path, depth));
      proof.siblings.unshift(sdk.toHex(rootOf(beside, depth + 1)));
      leaves = leaves.filter(([other]) => bit(other, depth) === bit(path, depth));
    }
    const [leaf] = leaves;
    if (leaf && sdk.equalBytes(leaf[0], path)) proof.value = leaf[1];
    else if (leaf) proof.other_leaf = { path: sdk.toHex(leaf[0]), value_hash: sdk.toHex(sdk.sha256(sdk.fromHex(leaf[1]))) };
    return proof;
  }

  /** A node that answers from this chain; `lie` may change what it says. */
  client(lie: (method: string, result: any) => unknown = (_, result) => result): sdk.Client {
    const answer = (method: string, params: any): unknown => {
      switch (method) {
        case 'chain_header': return this.headers[Number(params.height) - 1];
        case 'chain_wait_height': {
          // The root of the state after the last block stands in the next one.
          if (this.headers.length < Number(params.height)) this.add();
          return this.status();
        }
        case 'chain_status': return this.status();
        case 'state_proof': return this.prove(params.key);
        case 'params_get': return { chain: { epoch_length: this.epochLength } };
        case 'staking_epoch': return { epoch: { epoch: 1n }, set: this.second.set, next_set: this.second.set };
        case 'state_get': return { values: [null] };
        default: throw new Error(method);
      }
    };
    const one = ({ id, method, params }: sdk.Request): unknown => {
      const honest = answer(method, params);
      if (honest === undefined) return { id, error: { code: -32001, message: 'no such block', data: { error: 'not_found' } } };
      return { id, jsonrpc: '2.0', result: lie(method, structuredClone(sdk.toJson(honest))) };
    };
    return new sdk.Client({ send: async (request) => (Array.isArray(request) ? request.map(one) : one(request)) });
  }

  status(): unknown {
    return { chain_id: kChainId, height: BigInt(this.headers.length) };
  }

  trust(): sdk.Trust {
    return { chain_id: kChainId, epoch: 0n, set: this.first.set, time_ms: BigInt(Date.now()) };
  }
}
