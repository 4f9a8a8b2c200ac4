/**
 * Client: typed calls to a node.
 *
 *     const client = new Client('http://127.0.0.1:7780');
 *     const { height } = await client.call('chain_status');
 *     const account = await client.call('account_get', { address });
 *
 * All methods, their parameters and results follow from the node's own OpenRPC document. 64-bit numbers are
 * bigint in both directions.
 */
import { toHex } from '../base/bytes.js';
import { InvalidInput } from '../base/errors.js';
import { errorOf, ProtocolError, RpcError, TransportError } from './errors.js';
import { kShapes, type Methods } from './generated.js';
import { revive, type Shape } from './shape.js';
import { HttpTransport, type HttpOptions, type Request, type Transport } from './transport.js';

export type MethodName = keyof Methods;
export type ParamsOf<M extends MethodName> = Methods[M]['params'];
export type ResultOf<M extends MethodName> = Methods[M]['result'];
/** What `call` takes after the method: parameters may be left out where none is required. */
type CallArguments<M extends MethodName> =
  Record<never, never> extends ParamsOf<M> ? [params?: ParamsOf<M>, options?: CallOptions]
    : [params: ParamsOf<M>, options?: CallOptions];

export interface CallOptions {
  signal?: AbortSignal;
  /** Of each attempt. Default 30 000, more where the call itself waits on the chain. */
  timeoutMs?: number;
  /** How often a read is tried again after the network or the node failed. Default 2. */
  retries?: number;
}

export interface ClientOptions extends HttpOptions {
  timeoutMs?: number;
  retries?: number;
}

/** A call in a batch. */
export interface BatchCall<M extends MethodName = MethodName> {
  method: M;
  params?: ParamsOf<M>;
}
type BatchResults<C extends readonly BatchCall[]> = {
  -readonly [I in keyof C]: PromiseSettledResult<C[I] extends BatchCall<infer M> ? ResultOf<M> : never>;
};

/** Writing twice does no harm, but only whoever wrote knows what a lost answer means. */
const kWrites: ReadonlySet<string> = /* @__PURE__ */ new Set(['tx_submit']);
const kPauseMs = 100;
const kWaitSlackMs = 10_000;

export class Client {
  readonly transport: Transport;
  readonly #timeoutMs: number;
  readonly #retries: number;
  #lastId = 0;

  constructor(node: string | URL | Transport, options: ClientOptions = {}) {
    this.transport = typeof node === 'string' || node instanceof URL ? new HttpTransport(node, options) : node;
    this.#timeoutMs = options.timeoutMs ?? 30_000;
    this.#retries = options.retries ?? 2;
  }

  /** One call. Throws RpcError (TxRefused), TransportError, TimedOut, ProtocolError, or the signal's reason. */
  async call<M extends MethodName>(method: M, ...[params, options = {}]: CallArguments<M>): Promise<ResultOf<M>> {
    const named = params ?? {};
    const retries = kWrites.has(method) ? 0 : options.retries ?? this.#retries;
    const timeoutMs = options.timeoutMs ?? Math.max(this.#timeoutMs, waitOf({ method, params: named } as BatchCall) + kWaitSlackMs);
    for (let attempt = 0; ; ++attempt) {
      try {
        const request = this.#request(method, named);
        const answer = await this.transport.send(request, { timeoutMs, ...signalOf(options) });
        return resultOf(answer, request) as ResultOf<M>;
      } catch (error) {
        if (attempt >= retries || !mayPass(error)) throw error;
        await pause(kPauseMs * 2 ** attempt, options.signal);
      }
    }
  }

  /**
   * Several calls in one request, answered in order, each by its result or its error:
   *
   *     const [status, params] = await client.batch([{ method: 'chain_status' }, { method: 'params_get' }]);
   *     if (status.status === 'fulfilled') status.value.height;
   *
   * Throws what concerns them all. At most 5 000.
   */
  async batch<const C extends readonly BatchCall[]>(calls: C, options: CallOptions = {}): Promise<BatchResults<C>> {
    if (calls.length === 0) return [] as unknown as BatchResults<C>;
    const waits = Math.max(...calls.map(waitOf));
    const timeoutMs = options.timeoutMs ?? Math.max(this.#timeoutMs, waits + kWaitSlackMs);
    const retries = calls.some(({ method }) => kWrites.has(method)) ? 0 : options.retries ?? this.#retries;
    for (let attempt = 0; ; ++attempt) {
      try {
        const requests = calls.map(({ method, params }) => this.#request(method, params ?? {}));
        const answers = await this.transport.send(requests, { timeoutMs, ...signalOf(options) });
        return settle(answers, requests) as BatchResults<C>;
      } catch (error) {
        if (attempt >= retries || !mayPass(error)) throw error;
        await pause(kPauseMs * 2 ** attempt, options.signal);
      }
    }
  }

  /** The node's OpenRPC document. */
  async discover(options: CallOptions = {}): Promise<unknown> {
    const request = this.#request('rpc.discover', {});
    const answer = await this.transport.send(request, {
      timeoutMs: options.timeoutMs ?? this.#timeoutMs, ...signalOf(options) });
    return resultOf(answer, request);
  }

  #request(method: string, params: object): Request {
    return { jsonrpc: '2.0', id: ++this.#lastId, method, params: toWire(params) };
  }
}

/** Parameters as JSON: 64-bit numbers as decimal strings, bytes as 0x-hex, what is undefined left out. */
export function toWire(value: unknown): unknown {
  if (typeof value === 'bigint') return value.toString();
  if (typeof value === 'number' && !Number.isSafeInteger(value)) {
    throw new InvalidInput(`${value} is not a whole number that JSON carries exactly; use a bigint`);
  }
  if (ArrayBuffer.isView(value)) return toHex(value as Uint8Array);
  if (Array.isArray(value)) return value.map(toWire);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value)
    .filter(([, item]) => item !== undefined)
    .map(([name, item]) => [name, toWire(item)]));
}

/** How long the call itself may wait on the chain, in ms. */
function waitOf({ method, params = {} }: BatchCall): number {
  const { wait_ms, timeout_ms } = params as { wait_ms?: bigint | number; timeout_ms?: bigint | number };
  const usual = method === 'chain_wait_height' || method === 'tx_wait' ? 30_000 : 0;
  return Number(wait_ms ?? timeout_ms ?? usual);
}

function signalOf({ signal }: CallOptions): { signal?: AbortSignal } {
  return signal ? { signal } : {};
}

/** Whether a second attempt may do better. */
function mayPass(error: unknown): boolean {
  return error instanceof TransportError || (error instanceof RpcError && error.code === 'unavailable');
}

/** Throws the signal's reason. */
export async function pause(ms: number, signal?: AbortSignal): Promise<void> {
  signal?.throwIfAborted();
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(done, ms);
    function done(): void {
      signal?.removeEventListener('abort', stop);
      resolve();
    }
    function stop(): void {
      clearTimeout(timer);
      reject(signal!.reason);
    }
    signal?.addEventListener('abort', stop, { once: true });
  });
}

interface Answer {
  id?: unknown;
  result?: unknown;
  error?: unknown;
}

function resultOf(answer: unknown, request: Request): unknown {
  const { id, result, error } = (answer ?? {}) as Answer;
  if (error !== undefined) throw errorOf(error, request.method);
  if (id !== request.id || result === undefined) {
    throw new ProtocolError(`the answer to ${request.method} is not one of JSON-RPC: is it a FogCoin node?`);
  }
  return revive(result, (kShapes as Record<string, Shape>)[request.method], request.method);
}

/** Answers of a batch come in any order. */
function settle(answers: unknown, requests: Request[]): PromiseSettledResult<unknown>[] {
  if (!Array.isArray(answers)) {
    // The batch was refused as a whole.
    const { error } = (answers ?? {}) as Answer;
    throw error !== undefined ? errorOf(error, 'batch') : new ProtocolError('the answer to a batch is no batch');
  }
  const byId = new Map(answers.map((answer) => [(answer as Answer | null)?.id, answer]));
  return requests.map((request) => {
    try {
      return { status: 'fulfilled', value: resultOf(byId.get(request.id), request) };
    } catch (reason) {
      return { status: 'rejected', reason };
    }
  });
}
