/**
 * Calls and subscriptions over one WebSocket, which is opened when it is needed and anew after it has gone. Calls that
 * were on their way when it went fail with TransportError; subscriptions are the caller's to open again from their
 * cursor, as `subscribe` in follow/subscribe.ts does.
 */
import { InvalidInput } from '../base/errors.js';
import { errorOf, ProtocolError, RpcError, TimedOut, TransportError } from './errors.js';
import type { Request, Transport, TransportOptions } from './transport.js';

/** What is used of a WebSocket: the browser's, Node's since 22, or the class of the package `ws`. */
export interface SocketLike {
  send(text: string): void;
  close(code?: number, reason?: string): void;
  addEventListener(type: 'open' | 'error', listener: () => void): void;
  addEventListener(type: 'close', listener: (event: { code: number; reason: string }) => void): void;
  addEventListener(type: 'message', listener: (event: { data: unknown }) => void): void;
}

export interface SocketOptions {
  /** Default: the environment's. Node before 22 has none: give the package `ws`'s. */
  WebSocket?: new (url: string) => SocketLike;
}

/** A notification, not looked at yet. */
export interface Notification {
  cursor: string;
  item: unknown;
}

/** An open subscription. */
export interface Listening {
  readonly id: string;
  /** Where it began. */
  readonly cursor: string;
}
export interface Listener {
  onNotification(notification: Notification): void;
  /** It has ended: the connection went, or the node says why it cannot go on. */
  onEnd(error: TransportError | RpcError): void;
}

interface Waiting {
  settle(answer: unknown): void;
  fail(error: Error): void;
  /** The ids that the caller gave, by those on the wire. */
  ids: Map<number, number>;
}

export class SocketTransport implements Transport {
  readonly url: string;
  readonly #WebSocket: (new (url: string) => SocketLike) | undefined;
  #opening: Promise<SocketLike> | undefined;
  #socket: SocketLike | undefined;
  #lastId = 0;
  readonly #waiting = new Map<number, Waiting>();
  readonly #listeners = new Map<string, Listener>();
  /** The newest subscription of this connection that is known; they are counted. */
  #newest = 0;
  /** Told for subscriptions whose answer has not been read yet. */
  readonly #early = new Map<string, { cursor?: string; item?: unknown; error?: unknown }[]>();

  /** Throws {@link InvalidInput} unless the URL is ws or wss, and where there is no WebSocket. */
  constructor(url: string | URL, options: SocketOptions = {}) {
    const parsed = URL.canParse(url) ? new URL(url) : undefined;
    if (!parsed || !/^wss?:$/.test(parsed.protocol)) {
      throw new InvalidInput(`"${url}" is no address for a WebSocket: expected e.g. ws://127.0.0.1:7780`);
    }
    this.url = parsed.href;
    this.#WebSocket = options.WebSocket ?? (globalThis as { WebSocket?: new (url: string) => SocketLike }).WebSocket;
    if (!this.#WebSocket) {
      throw new InvalidInput('there is no WebSocket here: give one, { WebSocket } from the package ws');
    }
  }

  async send(request: Request | Request[], options: TransportOptions): Promise<unknown> {
    const all = Array.isArray(request) ? request : [request];
    const ids = new Map<number, number>();
    const onWire = all.map((one) => {
      ids.set(++this.#lastId, one.id);
      return { ...one, id: this.#lastId };
    });
    const answer = await this.#exchange(Array.isArray(request) ? onWire : onWire[0], ids, options);
    const restore = (one: unknown): unknown => {
      const id = ids.get((one as { id?: number } | null)?.id ?? 0);
      return id === undefined ? one : { ...(one as object), id };
    };
    return Array.isArray(answer) ? answer.map(restore) : restore(answer);
  }

  /** Opens a subscription; `method` is one of subscribe_*. Throws as Client.call does. */
  async listen(method: string, params: unknown, listener: Listener, options: TransportOptions): Promise<Listening> {
    const request: Request = { jsonrpc: '2.0', id: 1, method, params };
    const { result, error } = await this.send(request, options) as { result?: unknown; error?: unknown };
    if (error !== undefined) throw errorOf(error, method);
    const { subscription: id, cursor } = (result ?? {}) as { subscription?: unknown; cursor?: unknown };
    if (typeof id !== 'string' || typeof cursor !== 'string') {
      throw new ProtocolError(`the answer to ${method} is not one of a FogCoin node`);
    }
    this.#listeners.set(id, listener);
    this.#newest = Math.max(this.#newest, Number(id));
    for (const note of this.#early.get(id) ?? []) this.#tell(listener, id, note);
    this.#early.delete(id);
    return { id, cursor };
  }

  /** Ends one; nothing of it is told any more. */
  unlisten(id: string): void {
    if (!this.#listeners.delete(id) || !this.#socket) return;
    const request = { jsonrpc: '2.0', id: ++this.#lastId, method: 'unsubscribe', params: { subscription: id } };
    this.#socket.send(JSON.stringify(request));
  }

  /** Ends the connection. A later call opens another. */
  close(): void {
    this.#socket?.close(1000);
  }

  async #exchange(message: unknown, ids: Map<number, number>, { signal, timeoutMs }: TransportOptions): Promise<unknown> {
    signal?.throwIfAborted();
    let timer: ReturnType<typeof setTimeout> | undefined;
    let stop: (() => void) | undefined;
    try {
      return await new Promise<unknown>((settle, fail) => {
        timer = setTimeout(() => fail(new TimedOut(`${this.url} did not answer within ${timeoutMs} ms`)), timeoutMs);
        stop = () => fail(signal!.reason);
        signal?.addEventListener('abort', stop, { once: true });
        this.#open().then((socket) => {
          const waiting: Waiting = { settle, fail, ids };
          for (const id of ids.keys()) this.#waiting.set(id, waiting);
          socket.send(JSON.stringify(message));
        }).catch(fail);
      });
    } finally {
      clearTimeout(timer);
      if (stop) signal?.removeEventListener('abort', stop);
      for (const id of ids.keys()) this.#waiting.delete(id);
    }
  }

  #open(): Promise<SocketLike> {
    this.#opening ??= new Promise((resolve, reject) => {
      const socket = new this.#WebSocket!(this.url);
      socket.addEventListener('open', () => {
        this.#socket = socket;
        resolve(socket);
      });
      socket.addEventListener('error', () => {});  // 'close' follows, which says more
      socket.addEventListener('close', ({ code, reason }) => {
        const error = new TransportError(`${this.url}: the connection ended (${code}${reason ? `, ${reason}` : ''})`);
        reject(error);
        this.#ended(error);
      });
      socket.addEventListener('message', ({ data }) => this.#receive(data));
    });
    return this.#opening;
  }

  #ended(error: TransportError): void {
    this.#opening = this.#socket = undefined;
    const waiting = new Set(this.#waiting.values());
    const listeners = [...this.#listeners.values()];
    this.#waiting.clear();
    this.#listeners.clear();
    this.#early.clear();
    this.#newest = 0;
    for (const one of waiting) one.fail(error);
    for (const one of listeners) one.onEnd(error);
  }

  #receive(data: unknown): void {
    let message: unknown;
    try {
      message = JSON.parse(data as string);
    } catch {
      this.#socket?.close(1003, 'not JSON');
      return;
    }
    const { method, params, id } = (message ?? {}) as { method?: unknown; params?: unknown; id?: unknown };
    if (method === 'subscription') return this.#notify(params);
    const known = Array.isArray(message)
      ? message.map((one) => (one as { id?: unknown } | null)?.id).find((one) => this.#waiting.has(one as number))
      : id;
    const waiting = this.#waiting.get(known as number);
    if (waiting) return waiting.settle(message);
    // A batch that was refused as a whole is answered without an id.
    if (id === null) [...this.#waiting.values()].find(({ ids }) => ids.size > 1)?.settle(message);
  }

  #notify(params: unknown): void {
    const note = (params ?? {}) as { subscription?: string; cursor?: string; item?: unknown; error?: unknown };
    const listener = this.#listeners.get(note.subscription!);
    if (listener) return this.#tell(listener, note.subscription!, note);
    // Either it was ended a moment ago, or the answer to subscribing is there and whoever asked has not run yet.
    if (Number(note.subscription) <= this.#newest) return;
    const early = this.#early.get(note.subscription!) ?? [];
    early.push(note);
    this.#early.set(note.subscription!, early);
  }

  #tell(listener: Listener, id: string, { cursor, item, error }: { cursor?: string; item?: unknown; error?: unknown }): void {
    if (error === undefined) return listener.onNotification({ cursor: cursor!, item });
    this.#listeners.delete(id);
    listener.onEnd(errorOf(error, 'subscription') as RpcError);
  }
}
