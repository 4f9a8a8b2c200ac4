/**
 * Sending: takes messages to a final block through a node: reads account and prices, chooses lane and
 * sequence, signs, submits, waits.
 */
import { formatFog, kU64Max } from '../base/amount.js';
import { FogError, InvalidInput } from '../base/errors.js';
import type { Address } from '../keys/address.js';
import type { Signer } from '../keys/keys.js';
import { pause, type Client, type ResultOf } from '../rpc/client.js';
import { ProtocolError, TimedOut, TransportError, TxRefused, RpcError, type Fault } from '../rpc/errors.js';
import { kLanes, Transfer, type MultisigPolicy, type RawMessage, type TxBody, type TxId } from '../types/transaction.js';
import { buildBody, feeAt, quote, signTx, suggestFee, type FeeTerms, type ReadyTx } from './tx.js';

export interface SendOptions {
  /** 0 to 15. Default: one that none of this sender's transactions is waiting in. */
  lane?: number;
  /** Default: `suggestFee` of the node's base price. */
  fee?: FeeTerms;
  /** It expires this long after now. Default 300 000. */
  ttlMs?: number;
  /** At most 128 bytes. */
  memo?: string;
  /** How long to wait until it is final. Default 60 000. */
  timeoutMs?: number;
  signal?: AbortSignal;
}

/** A transaction that a final block includes, and that did what it says. */
export interface Sent {
  id: TxId;
  height: bigint;
  /** In the block. */
  index: number;
  outcome: NonNullable<ResultOf<'tx_get'>['outcome']>;
  /** Paid, in droplets. */
  fee: bigint;
}

/** A block includes the transaction, and a message of it failed: the fee is paid, nothing else changed. */
export class TxFailed extends FogError {
  override readonly name = 'TxFailed';
  readonly fault: Fault;
  readonly sent: Sent;

  constructor(fault: Fault, sent: Sent) {
    super('failed', `transaction ${sent.id} is in block ${sent.height} and failed: message ` +
      `${sent.outcome.failed_message ?? 0}: ${fault.help ?? fault.name} (${fault.name}); its fee of ` +
      `${formatFog(sent.fee)} is paid and nothing else changed`);
    this.fault = fault;
    this.sent = sent;
  }
}

/** The body of a transaction that `sender` could submit now; for multisig (give the policy) and for signing elsewhere. */
export async function draftTx(client: Client, sender: Address, messages: RawMessage[], options: SendOptions = {},
                              policy?: MultisigPolicy): Promise<TxBody> {
  const [status, account] = await readChain(client, sender, options);
  const lane = options.lane ?? 0;
  return draft(status, account, sender, messages, options, lane, nextSequence(account, lane), policy);
}

type Status = ResultOf<'chain_status'>;
type AccountView = ResultOf<'account_get'>;

async function readChain(client: Client, sender: Address, { signal }: SendOptions): Promise<[Status, AccountView]> {
  const results = await client.batch(
    [{ method: 'chain_status' }, { method: 'account_get', params: { address: sender } }], signal ? { signal } : {});
  const failed = results.find((one) => one.status === 'rejected');
  if (failed) throw failed.reason;
  const [status, account] = results as [PromiseFulfilledResult<Status>, PromiseFulfilledResult<AccountView>];
  return [status.value, account.value];
}

function nextSequence(account: AccountView, lane: number): bigint {
  return account.lanes.find((one) => one.lane === lane)?.next ?? 0n;
}

function draft(status: Status, account: AccountView, sender: Address, messages: RawMessage[], options: SendOptions,
               lane: number, sequence: bigint, policy?: MultisigPolicy): TxBody {
  if (!account.exists) {
    throw new InvalidInput(`${sender} has no account yet; it gets one with the first FOG paid to it`);
  }
  // An idle chain's last block may be old, and this machine's clock may be slow.
  const now = BigInt(Math.max(Number(status.time_ms), Date.now()));
  const body = buildBody({
    chain_id: status.chain_id,
    sender,
    lane,
    sequence,
    expiry_ms: now + BigInt(options.ttlMs ?? 300_000),
    fee: options.fee ?? suggestFee(status.base_price),
    messages,
    ...(options.memo === undefined ? {} : { memo: options.memo }),
  });
  checkBalance(account, body, status.base_price, policy);
  return body;
}

function checkBalance(account: AccountView, body: TxBody, basePrice: bigint, policy?: MultisigPolicy): void {
  const quoted = quote(body, policy);
  if (account.balance < quoted.fee_max) {
    throw new InvalidInput(`${body.sender} holds ${formatFog(account.balance)}, which does not cover the highest fee ` +
      `of ${formatFog(quoted.fee_max)}; add FOG or set a lower price`);
  }
  const sum = body.messages.filter(({ kind }) => kind === Transfer.kind)
    .flatMap(({ payload }) => Transfer.decode(payload).outputs)
    .reduce((all, { amount }) => all + amount, 0n);
  const fee = feeAt(quoted, body, basePrice);
  if (sum > kU64Max || account.balance < sum + fee) {
    throw new InvalidInput(`${body.sender} holds ${formatFog(account.balance)}; sending ${formatFog(sum)} at a fee of ` +
      `${formatFog(fee)} needs more`);
  }
}

/** Gives a transaction to a node. Throws TxRefused; submitting twice does no harm. */
export async function submitTx(client: Client, tx: ReadyTx, signal?: AbortSignal): Promise<void> {
  const reply = await client.call('tx_submit', { txs: tx.encoded }, signal ? { signal } : {});
  if (Array.isArray(reply) || reply.id !== tx.id) {
    throw new ProtocolError(`the node took ${tx.id} for another transaction`);
  }
}

const kSliceMs = 5_000;
const kPauseMs = 100;

/**
 * Waits until a submitted transaction is final, submitting it again if the node has lost it. Throws TxFailed;
 * TxRefused when it never will be included; TimedOut when it expired (it can never be included any more, so
 * sending anew is safe) or is not final yet (it still may be: look for its id first); its text says which.
 */
export async function waitTx(client: Client, tx: ReadyTx, { timeoutMs = 60_000, signal }: SendOptions = {}): Promise<Sent> {
  const end = Date.now() + timeoutMs;
  const options = signal ? { signal } : {};
  for (;;) {
    const left = Math.max(end - Date.now(), 0);
    let trouble: unknown;
    try {
      const status = await client.call('tx_wait', { id: tx.id, timeout_ms: Math.min(left, kSliceMs) }, options);
      if (status.place === 'final') return judge(tx, status);
      if (status.place === 'unknown') {
        const final = await offerAgain(client, tx, options);
        if (final) return judge(tx, final);
        await pause(kPauseMs, signal);
      }
    } catch (error) {
      if (!isTransient(error)) throw error;
      trouble = error;
      await pause(kPauseMs, signal);
    }
    if (left > 0) continue;
    if (trouble) throw trouble;
    throw new TimedOut(`transaction ${tx.id} is not final after ${timeoutMs} ms; it still may be included until block ` +
      `time ${tx.body.expiry_ms}, so look for it before sending anew`);
  }
}

/** Whether the node, or the way to it, may be back in a moment. */
function isTransient(error: unknown): boolean {
  return error instanceof TransportError || (error instanceof RpcError && error.code === 'unavailable');
}

/** For one that the node does not know: where it is final after all, or undefined when it was given to it again. */
async function offerAgain(client: Client, tx: ReadyTx, options: { signal?: AbortSignal }):
    Promise<ResultOf<'tx_get'> | undefined> {
  const { time_ms } = await client.call('chain_status', {}, options);
  const expired = time_ms > tx.body.expiry_ms;
  let refusal: TxRefused | undefined;
  if (!expired) {
    try {
      await submitTx(client, tx, options.signal);
      return undefined;
    } catch (error) {
      if (!(error instanceof TxRefused)) throw error;
      // Its place is taken: by itself, or by another. Any other refusal may pass.
      if (error.fault?.name !== 'sequence_too_low') return undefined;
      refusal = error;
    }
  }
  const status = await client.call('tx_get', { id: tx.id }, options);
  if (status.place === 'final') return status;
  if (refusal) {
    throw new TxRefused(`another transaction of ${tx.body.sender} took the place of ${tx.id} (lane ${tx.body.lane}, ` +
      `sequence ${tx.body.sequence}); it never will be included, so it is safe to send it anew`,
      refusal.method, { ...(refusal.fault ? { fault: refusal.fault } : {}) });
  }
  throw new TimedOut(`transaction ${tx.id} expired before a block included it, and never will be included; it is safe ` +
    'to send it anew');
}

function judge(tx: ReadyTx, { height, index, outcome }: ResultOf<'tx_get'>): Sent {
  if (height === undefined || index === undefined || !outcome) {
    throw new ProtocolError(`the node says that ${tx.id} is final, and not where`);
  }
  const sent = { id: tx.id, height, index, outcome, fee: outcome.fee_burned + outcome.fee_tip };
  if (outcome.fault.number !== 0) throw new TxFailed(outcome.fault, sent);
  return sent;
}

/** What a sender knows of one of its lanes. */
class Lane {
  #underWay = 0;
  /** The lowest sequence that none of ours has taken; 0 when the chain knows better. */
  #next = 0n;
  /** Until then one of ours, whose fate is unknown, may still be included. */
  #heldUntilMs = 0n;

  /** Those that the next one would wait behind. */
  waiting(): number {
    return this.#underWay + (this.#heldUntilMs > BigInt(Date.now()) ? 1 : 0);
  }

  /** The sequence to take; `final` is the lane's next as of the last final block. */
  next(final: bigint): bigint {
    if (this.waiting() === 0 && this.#heldUntilMs !== 0n) this.#forget();
    return this.#next > final ? this.#next : final;
  }

  take({ sequence, expiry_ms }: TxBody): { included(): void; refused(): void; unknown(): void } {
    this.#next = sequence + 1n;
    ++this.#underWay;
    return {
      included: () => {
        --this.#underWay;
      },
      refused: () => {
        --this.#underWay;
        if (this.#next === sequence + 1n) this.#next = sequence;
        // Something else uses this lane.
        if (this.waiting() === 0) this.#forget();
      },
      unknown: () => {
        --this.#underWay;
        if (expiry_ms > this.#heldUntilMs) this.#heldUntilMs = expiry_ms;
      },
    };
  }

  #forget(): void {
    this.#next = 0n;
    this.#heldUntilMs = 0n;
  }
}

const kAttempts = 4;

/**
 * Sends for one account, several transactions at once if asked: each takes a lane of its own as far as there
 * are lanes, and none is ever replaced by a second one while it may have been accepted.
 */
export class Sender {
  readonly address: Address;
  readonly #client: Client;
  readonly #signer: Signer;
  readonly #lanes = Array.from({ length: kLanes }, () => new Lane());
  // So that programs sharing an account seldom meet.
  readonly #first = Math.floor(Math.random() * kLanes);

  constructor(client: Client, signer: Signer) {
    this.#client = client;
    this.#signer = signer;
    this.address = signer.address;
  }

  /**
   * Signs, submits and waits. Throws InvalidInput (nothing was sent), TxRefused (nothing will happen),
   * TxFailed (the fee is paid), TimedOut (see `waitTx`), and the client's errors.
   */
  async send(messages: RawMessage | RawMessage[], options: SendOptions = {}): Promise<Sent> {
    const all = Array.isArray(messages) ? messages : [messages];
    const avoid = new Set<number>();
    for (let attempt = 1; ; ++attempt) {
      const [status, account] = await readChain(this.#client, this.address, options);
      const lane = options.lane ?? this.#pick(avoid);
      const sequence = this.#lanes[lane]!.next(nextSequence(account, lane));
      const body = draft(status, account, this.address, all, options, lane, sequence);
      // After this line the place is taken, until the transaction's fate is known.
      const place = this.#lanes[lane]!.take(body);
      try {
        const tx = await signTx(body, this.#signer);
        if (await this.#offer(tx, options, attempt)) {
          const sent = await waitTx(this.#client, tx, options);
          place.included();
          return sent;
        }
        place.refused();
        avoid.add(lane);
      } catch (error) {
        if (error instanceof TxFailed) place.included();
        else if (error instanceof TxRefused || error instanceof InvalidInput) place.refused();
        else place.unknown();
        throw error;
      }
    }
  }

  /** Pays one address. */
  async pay(to: Address, amount: bigint, options: SendOptions = {}): Promise<Sent> {
    return this.send(Transfer.message({ outputs: [{ to, amount }] }), options);
  }

  /** False when another attempt may be accepted; true also when no answer came, since it may have been accepted. */
  async #offer(tx: ReadyTx, options: SendOptions, attempt: number): Promise<boolean> {
    try {
      await submitTx(this.#client, tx, options.signal);
      return true;
    } catch (error) {
      if (error instanceof TransportError || error instanceof TimedOut) return true;
      if (attempt < kAttempts && error instanceof TxRefused && mayTryAgain(error, options)) return false;
      throw error;
    }
  }

  #pick(avoid: ReadonlySet<number>): number {
    const order = Array.from({ length: kLanes }, (_, i) => (this.#first + i) % kLanes);
    const open = order.filter((lane) => !avoid.has(lane));
    return open.reduce((best, lane) => (this.#lanes[lane]!.waiting() < this.#lanes[best]!.waiting() ? lane : best));
  }
}

/** Whether another lane, or the price of a moment later, may be accepted. */
function mayTryAgain({ fault }: TxRefused, options: SendOptions): boolean {
  if (fault?.name === 'fee_too_low') return !options.fee;
  return options.lane === undefined &&
    (fault === undefined || fault.name === 'sequence_too_low' || fault.name === 'sequence_gap');
}
