/**
 * Transactions: a sender's signed order to the ledger: one or more messages, a lane and sequence against
 * replay, an expiry, and the most it will pay. (chain/types/transaction.h)
 */
import { amount, bytes, Codec, fixed, hash32, list, struct, structParts, u16, u64, u8, variant,
  type CodecParts, type Infer } from '../bcs/codec.js';
import { toHex, type Hex } from '../base/bytes.js';
import { BcsError } from '../base/errors.js';
import { address } from '../keys/address.js';

export const kTxBytesMax = 128 * 1024;
export const kTxMessagesMax = 64;
export const kMessageBytesMax = 64 * 1024;
export const kMemoBytesMax = 128;
export const kLanes = 16;
export const kMultisigKeysMax = 16;
export const kTransferOutputsMax = 256;

/** A message as it stands in a transaction: its kind's number and BCS of the kind's struct. */
export const RawMessage = struct('RawMessage', { kind: u16, payload: bytes(kMessageBytesMax) });
export interface RawMessage extends Infer<typeof RawMessage> {}

/** The codec of one kind of message. `Transfer.message({outputs})` makes one for a transaction. */
export class MessageCodec<N extends string, T> extends Codec<T> {
  readonly kind: number;
  readonly messageName: N;

  constructor(kind: number, messageName: N, parts: CodecParts<T>) {
    super(parts);
    this.kind = kind;
    this.messageName = messageName;
  }

  /** Throws {@link BcsError} with the path of what is wrong. */
  message(body: T): RawMessage {
    const payload = this.encode(body);
    if (payload.length > kMessageBytesMax) {
      throw new BcsError('too_long', `a message has at most ${kMessageBytesMax} bytes; this one has ${payload.length}`);
    }
    return { kind: this.kind, payload: toHex(payload) };
  }
}

/** A kind of message; numbers and names are fixed for ever. */
/* @__NO_SIDE_EFFECTS__ */
export function messageKind<N extends string, F extends Record<string, Codec<any>>>(
  kind: number, name: N, fields: F): MessageCodec<N, { [K in keyof F]: Infer<F[K]> }> {
  return new MessageCodec(kind, name, structParts(name, fields));
}

export const TransferOutput = struct('TransferOutput', { to: address, amount });
export interface TransferOutput extends Infer<typeof TransferOutput> {}

/**
 * Moves FOG from the sender to each output, all or nothing. A first payment to an address creates its account
 * and burns the creation burn out of that output.
 */
export const Transfer = messageKind(1, 'transfer', { outputs: list(TransferOutput, kTransferOutputsMax) });
export interface Transfer extends Infer<typeof Transfer> {}

export const TxBody = struct('TxBody', {
  chain_id: hash32,
  sender: address,
  /** 0..15 */
  lane: u8,
  /** The lane's next, counted from 0. */
  sequence: u64,
  /** The last block time (ms) at which it may be included. */
  expiry_ms: u64,
  /** Droplets per unit, base price and tip together. */
  price_max: u64,
  /** Droplets per unit for the proposer; at most price_max. */
  tip: u64,
  messages: list(RawMessage, kTxMessagesMax),
  memo: bytes(kMemoBytesMax),
});
export interface TxBody extends Infer<typeof TxBody> {}

/** 1 <= threshold <= keys.length <= 16, keys strictly ascending. Make one with `makePolicy`. */
export const MultisigPolicy = struct('MultisigPolicy', { threshold: u8, keys: list(fixed(33), kMultisigKeysMax) });
export interface MultisigPolicy extends Infer<typeof MultisigPolicy> {}

export const SingleAuth = struct('SingleAuth', { key: fixed(33), signature: fixed(64) });
export interface SingleAuth extends Infer<typeof SingleAuth> {}

/** `index` is into the policy's keys. */
export const IndexedSignature = struct('IndexedSignature', { index: u8, signature: fixed(64) });
export interface IndexedSignature extends Infer<typeof IndexedSignature> {}

/** Exactly `threshold` signatures, indexes ascending. */
export const MultiAuth = struct('MultiAuth', {
  policy: MultisigPolicy,
  signatures: list(IndexedSignature, kMultisigKeysMax),
});
export interface MultiAuth extends Infer<typeof MultiAuth> {}

export type TxAuth = SingleAuth | MultiAuth;
export const TxAuth: Codec<TxAuth> = variant<TxAuth>(
  'TxAuth', (auth) => ('policy' in auth ? 1 : 0), SingleAuth, MultiAuth);

export const SignedTx = struct('SignedTx', { body: TxBody, auth: TxAuth });
export interface SignedTx extends Infer<typeof SignedTx> {}

export type TxId = Hex;
export type ChainId = Hex;
