/**
 * Building and signing transactions. Nothing here talks to a node (send.ts does), so all of it works offline.
 */
import { toHex, utf8, type Hex } from '../base/bytes.js';
import { kU64Max } from '../base/amount.js';
import { InvalidInput } from '../base/errors.js';
import { taggedHash } from '../keys/hash.js';
import { addressOf, type Address } from '../keys/address.js';
import { verifyEcdsa, type Signer } from '../keys/keys.js';
import { kLanes, kMemoBytesMax, kTxBytesMax, kTxMessagesMax, SignedTx, TxBody,
  type MultiAuth, type MultisigPolicy, type RawMessage, type TxId } from '../types/transaction.js';
import { addressOfPolicy, checkMultiAuth } from './multisig.js';

/** Droplets per unit: the most that will be paid, base price and tip together, and the tip. */
export interface FeeTerms {
  price_max: bigint;
  tip: bigint;
}

/** Terms that hold while the base price doubles; what it does not need is not charged. The tip is a tenth, at least 1. */
export function suggestFee(basePrice: bigint): FeeTerms {
  const tip = basePrice / 10n > 1n ? basePrice / 10n : 1n;
  const price = basePrice * 2n + tip;
  return { price_max: price > kU64Max ? kU64Max : price, tip };
}

/** Everything that a body needs. */
export interface TxPlan {
  chain_id: Hex;
  sender: Address;
  /** 0 to 15; lanes do not wait for each other. Default 0. */
  lane?: number;
  /** The lane's next. */
  sequence: bigint;
  /** The last block time (ms) at which it may be included. */
  expiry_ms: bigint;
  fee: FeeTerms;
  messages: RawMessage[];
  /** At most 128 bytes. */
  memo?: string;
}

/** Throws {@link InvalidInput} for what every node would refuse. */
export function buildBody(plan: TxPlan): TxBody {
  const { chain_id, sender, lane = 0, sequence, expiry_ms, fee, messages, memo = '' } = plan;
  if (messages.length < 1 || messages.length > kTxMessagesMax) {
    throw new InvalidInput(`a transaction has 1 to ${kTxMessagesMax} messages, not ${messages.length}`);
  }
  if (!Number.isInteger(lane) || lane < 0 || lane >= kLanes) throw new InvalidInput(`lanes are 0 to ${kLanes - 1}`);
  if (fee.tip > fee.price_max) {
    throw new InvalidInput(`the tip of ${fee.tip} droplets per unit exceeds the highest price of ${fee.price_max}`);
  }
  const memoBytes = utf8(memo);
  if (memoBytes.length > kMemoBytesMax) {
    throw new InvalidInput(`a memo has at most ${kMemoBytesMax} bytes; this one has ${memoBytes.length}`);
  }
  const body: TxBody = {
    chain_id, sender, lane, sequence, expiry_ms, price_max: fee.price_max, tip: fee.tip, messages: [...messages],
    memo: toHex(memoBytes),
  };
  TxBody.encode(body);  // throws for what is out of its type
  return body;
}

/** The transaction's id, which is the digest that is signed: the tagged hash "fog/tx" of BCS of the body. */
export function txDigest(body: TxBody): Uint8Array {
  return taggedHash('fog/tx', TxBody.encode(body));
}

export function txId(body: TxBody): TxId {
  return toHex(txDigest(body));
}

/** A transaction ready to submit. */
export interface ReadyTx {
  id: TxId;
  body: TxBody;
  /** BCS of SignedTx. */
  encoded: Hex;
  /** What it weighs. */
  units: bigint;
  /** units x price_max: what the sender's balance must cover. */
  fee_max: bigint;
}

function ready(tx: SignedTx): ReadyTx {
  const encoded = SignedTx.encode(tx);
  if (encoded.length > kTxBytesMax) {
    throw new InvalidInput(`the transaction has ${encoded.length} bytes; at most ${kTxBytesMax} are allowed, so split it`);
  }
  const units = txUnits(tx, encoded.length);
  return { id: txId(tx.body), body: tx.body, encoded: toHex(encoded), units, fee_max: units * tx.body.price_max };
}

/** Throws {@link InvalidInput} if the signer's address is not the body's sender. */
export async function signTx(body: TxBody, signer: Signer): Promise<ReadyTx> {
  if (signer.address !== body.sender) {
    throw new InvalidInput(`the transaction is sent by ${body.sender}, but the key is that of ${signer.address}`);
  }
  const digest = txDigest(body);
  const signature = await signer.sign(digest);
  if (!verifyEcdsa(signer.publicKey, digest, signature)) {
    throw new InvalidInput('the signer gave a signature that does not verify: is it compact, low S, of the digest itself?');
  }
  return ready({ body, auth: { key: signer.publicKey, signature } });
}

/** With an authorization from `combineShares`. */
export function assembleTx(body: TxBody, auth: MultiAuth): ReadyTx {
  checkMultiAuth(body, auth);
  return ready({ body, auth });
}

/** Whether its authorization is its sender's and all signatures verify; says nothing of the chain's state. */
export function verifyTx(tx: SignedTx): boolean {
  if ('policy' in tx.auth) {
    try {
      checkMultiAuth(tx.body, tx.auth);
      return true;
    } catch {
      return false;
    }
  }
  return addressOf(tx.auth.key) === tx.body.sender && verifyEcdsa(tx.auth.key, txDigest(tx.body), tx.auth.signature);
}

// ---- units: what a transaction costs the network, before price (chain/types/transaction.cc) ----

const kHeaviest = 20_000n;
const kUnits: ReadonlyMap<number, bigint> = /* @__PURE__ */ new Map([
  ...[40, 41, 42].map((kind): [number, bigint] => [kind, 1_000n]),
  [67, 2_000n] as [number, bigint],
  ...[64, 65, 66, 62, 61, 69, 13, 14, 15, 16, 17, 31, 32, 45, 34, 44, 11, 19].map(
    (kind): [number, bigint] => [kind, 5_000n]),
]);

/** The weight of one message. */
export function messageUnits(kind: number, payloadBytes: number): bigint {
  if (kind === 1) return 200n + 20n * BigInt(payloadBytes);
  if (kind === 43) return 1_000n + 10n * BigInt(payloadBytes);
  return kUnits.get(kind) ?? kHeaviest;
}

/** Bytes + 2 000 a signature + the messages' own weight. */
export function txUnits(tx: SignedTx, encodedBytes: number): bigint {
  const signatures = 'policy' in tx.auth ? tx.auth.signatures.length : 1;
  return tx.body.messages.reduce(
    (units, message) => units + messageUnits(message.kind, message.payload.length / 2 - 1),
    BigInt(encodedBytes) + 2_000n * BigInt(signatures));
}

/** What a transaction would weigh and cost, signed by one key or by a policy's threshold of keys. */
export function quote(body: TxBody, policy?: MultisigPolicy): Pick<ReadyTx, 'units' | 'fee_max'> {
  const signature: Hex = `0x${'00'.repeat(64)}`;
  if (policy && addressOfPolicy(policy) !== body.sender) throw new InvalidInput('the policy is not the sender\'s');
  const auth = policy
    ? { policy, signatures: Array.from({ length: policy.threshold }, (_, index) => ({ index, signature })) }
    : { key: `0x${'00'.repeat(33)}` as Hex, signature };
  const { units, fee_max } = ready({ body, auth });
  return { units, fee_max };
}

/** What it pays at this base price: units x min(price_max, base + tip). */
export function feeAt(tx: Pick<ReadyTx, 'units'>, body: TxBody, basePrice: bigint): bigint {
  const wanted = basePrice + body.tip;
  return tx.units * (wanted < body.price_max ? wanted : body.price_max);
}
