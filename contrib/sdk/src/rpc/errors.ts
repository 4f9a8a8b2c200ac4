/** What can go wrong between a client and a node. */
import { FogError } from '../base/errors.js';

/** A refused transaction's reason; `number` and `name` are fixed for ever. */
export interface Fault {
  number: number;
  name: string;
  /** What is wrong and what to do. */
  help?: string;
}

/** The node answered an error. `code` is its `data.error`, e.g. "not_found"; `rpcCode` JSON-RPC's number. */
export class RpcError extends FogError {
  override readonly name: string = 'RpcError';
  readonly rpcCode: number;
  readonly method: string;
  readonly data: unknown;

  constructor(code: string, rpcCode: number, message: string, method: string, data: unknown) {
    super(code, message);
    this.rpcCode = rpcCode;
    this.method = method;
    this.data = data;
  }
}

/** The node, or the chain, does not take a transaction. `code` is "rejected". */
export class TxRefused extends RpcError {
  override readonly name = 'TxRefused';
  /** The rule that it breaks; undefined when the node has reasons of its own (`refused`). */
  readonly fault: Fault | undefined;
  readonly refused: string | undefined;

  constructor(message: string, method: string, reason: { fault?: Fault; refused?: string }, data: unknown = reason) {
    super('rejected', -32002, message, method, data);
    this.fault = reason.fault;
    this.refused = reason.refused;
  }
}

/** The node was not reached, or the connection broke. `code` is "network". */
export class TransportError extends FogError {
  override readonly name = 'TransportError';
  constructor(message: string, options?: ErrorOptions) {
    super('network', message, options);
  }
}

/** No answer in time. `code` is "timeout". */
export class TimedOut extends FogError {
  override readonly name = 'TimedOut';
  constructor(message: string) {
    super('timeout', message);
  }
}

/** What answered does not speak this protocol. `code` is "protocol". */
export class ProtocolError extends FogError {
  override readonly name = 'ProtocolError';
  constructor(message: string) {
    super('protocol', message);
  }
}

function isFault(value: unknown): value is Fault {
  const { number, name } = (value ?? {}) as Partial<Fault>;
  return typeof number === 'number' && typeof name === 'string';
}

/** The error of a JSON-RPC answer. */
export function errorOf(error: unknown, method: string): FogError {
  const { code, message, data } = (error ?? {}) as { code?: unknown; message?: unknown; data?: unknown };
  if (typeof code !== 'number' || typeof message !== 'string') {
    return new ProtocolError(`the node answered ${method} with an error that is not one of JSON-RPC`);
  }
  const { error: slug, fault, refused } = (data ?? {}) as { error?: unknown; fault?: unknown; refused?: unknown };
  if (code === -32002) {
    return new TxRefused(message, method, {
      ...(isFault(fault) ? { fault } : {}),
      ...(typeof refused === 'string' ? { refused } : {}),
    }, data);
  }
  return new RpcError(typeof slug === 'string' ? slug : nameOf(code), code, message, method, data);
}

function nameOf(code: number): string {
  switch (code) {
    case -32601: return 'no_such_method';
    case -32602: return 'invalid_input';
    case -32600: return 'invalid_request';
    case -32700: return 'parse_error';
    default: return 'rpc';
  }
}
