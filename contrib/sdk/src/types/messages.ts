/** All kinds of messages, for whoever reads transactions. Who only writes some imports those alone. */
import type { Codec } from '../bcs/codec.js';
import type { Hex } from '../base/bytes.js';
import { BcsError } from '../base/errors.js';
import * as market from './market_messages.js';
import * as staking from './staking.js';
import { kMessageBytesMax, RawMessage, SignedTx, Transfer, type MessageCodec, type TxAuth, type TxBody } from './transaction.js';
import { bytes } from '../bcs/codec.js';

const kKinds = [
  Transfer,
  market.RegisterHost, market.UpdateHost, market.RetireHost, market.SetOffer, market.WithdrawOffer,
  market.AdmitAuditors, market.AttestHost, market.RevokeAttestation, market.RegisterGateway, market.UpdateGateway,
  market.PublishService, market.UpdateService, market.RetireService,
  market.CreateBid, market.TopUpBid, market.CloseBid, market.UpdateBid, market.RaiseDemand,
  market.AckLease, market.ReleaseLease, market.Heartbeat, market.SubmitReceipts, market.OpenLease, market.DrainHost,
  staking.CreateValidator, staking.EditValidator, staking.Unjail, staking.SubmitEvidence, staking.Delegate,
  staking.Redelegate, staking.Undelegate, staking.WithdrawRewards, staking.ProposeParameters, staking.VoteParameters,
] as const;

type Kinds = (typeof kKinds)[number];
type Readable<K> = K extends MessageCodec<infer N, infer T> ? { kind: number; name: N; body: T } : never;
/** A message in plain sight, as `fogcoin tx decode` and JSON-RPC show it; switch over `name`. */
export type KnownMessage = Readable<Kinds>;
export type MessageName = KnownMessage['name'];
/** Of an unknown kind, or with a payload that is not canonical. */
export interface OpaqueMessage {
  kind: number;
  name?: undefined;
  payload: Hex;
}
export type Message = KnownMessage | OpaqueMessage;

type Lookup = MessageCodec<MessageName, unknown>;

/** The codecs of all kinds of messages. */
export function messageKinds(): readonly MessageCodec<MessageName, never>[] {
  return kKinds as unknown as readonly MessageCodec<MessageName, never>[];
}

export function messageCodec(kindOrName: number | string): Lookup | undefined {
  return (kKinds as unknown as readonly Lookup[]).find(
    (codec) => codec.kind === kindOrName || codec.messageName === kindOrName);
}

/** What a message says. Never throws: what cannot be read is shown as it is. */
export function readMessage(raw: RawMessage): Message {
  const codec = messageCodec(raw.kind);
  if (codec) {
    try {
      return { kind: raw.kind, name: codec.messageName, body: codec.decode(raw.payload) } as KnownMessage;
    } catch (error) {
      if (!(error instanceof BcsError)) throw error;
    }
  }
  return { kind: raw.kind, payload: raw.payload };
}

/** The inverse of `readMessage`; also takes JSON of JSON-RPC. Throws {@link BcsError}. */
export function writeMessage(message: unknown): RawMessage {
  const { kind, name, body, payload } = message as { kind?: number; name?: string; body?: unknown; payload?: unknown };
  const codec = messageCodec(name ?? kind ?? -1);
  if (payload !== undefined) {
    const number = kind ?? codec?.kind;
    if (number === undefined) throw new BcsError('bad_value', 'a message with a payload needs its kind');
    return { kind: number, payload: (bytes(kMessageBytesMax) as Codec<Hex>).fromJson(payload) };
  }
  if (!codec || (kind !== undefined && kind !== codec.kind)) {
    throw new BcsError('bad_value', `there is no kind of message "${name ?? kind}"`);
  }
  return codec.message(codec.fromJson(body));
}

/** A signed transaction whose messages can be read. */
export interface ReadableTx {
  body: Omit<TxBody, 'messages'> & { messages: Message[] };
  auth: TxAuth;
}

/** What a signed transaction says. Throws {@link BcsError} if the bytes are none. */
export function readTx(encoded: Uint8Array | Hex): ReadableTx {
  const { body, auth } = SignedTx.decode(encoded);
  return { body: { ...body, messages: body.messages.map(readMessage) }, auth };
}
