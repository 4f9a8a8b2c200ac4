/**
 * Subscriptions: what final blocks bring, as soon as they are final, over a WebSocket; for as long as the caller wants,
 * over any number of connections. Each item comes with a cursor; whoever starts again from the last one misses nothing
 * and sees nothing twice.
 *
 *     const client = new Client(new SocketTransport('ws://127.0.0.1:7780'));
 *     for await (const { item, cursor } of subscribe(client, 'subscribe_transactions', { address })) { ... }
 *
 * In browsers and in Node since 22; before, give the package `ws`'s class: new SocketTransport(url, { WebSocket }).
 */
import { InvalidInput } from '../base/errors.js';
import { toWire, type Client } from '../rpc/client.js';
import { kNotificationShapes, type Notifications } from '../rpc/generated.js';
import { revive, type Shape } from '../rpc/shape.js';
import { SocketTransport, type Notification } from '../rpc/socket.js';
import { follow, type FollowOptions, type Page } from './follow.js';

export type SubscriptionName = keyof Notifications;
export type ItemOf<S extends SubscriptionName> = Notifications[S]['item'];
type SubscriptionParams<S extends SubscriptionName> = Omit<Notifications[S]['params'], 'cursor'>;

/** Notifications that a slow caller leaves waiting here; then the subscription ends, and begins anew once they are taken. */
const kWaitingMax = 1_000;

/**
 * Items in order, each once. Ends only by the signal (with its reason) or a lasting error, such as a cursor after which
 * something is no longer kept. Throws {@link InvalidInput} for a client that is not on a WebSocket.
 */
export function subscribe<S extends SubscriptionName>(client: Client, name: S, params: SubscriptionParams<S>,
    options: FollowOptions<string> = {}): AsyncGenerator<{ item: ItemOf<S>; cursor: string }, never, undefined> {
  const { transport } = client;
  if (!(transport instanceof SocketTransport)) {
    throw new InvalidInput('subscriptions need a WebSocket: new Client(new SocketTransport(\'ws://...\'))');
  }
  return subscription(transport, name, params, options);
}

async function* subscription<S extends SubscriptionName>(transport: SocketTransport, name: S, params: object,
    options: FollowOptions<string>): AsyncGenerator<{ item: ItemOf<S>; cursor: string }, never, undefined> {
  const live = new Live(transport, name, params);
  try {
    yield* follow((cursor, signal) => live.next(cursor, signal) as Promise<Page<ItemOf<S>, string>>, options);
    throw new Error('following never ends by itself');
  } finally {
    live.stop();
  }
}

/** One subscription at a time, and what it has told. */
class Live {
  #id: string | undefined;
  #waiting: Notification[] = [];
  #ended: Error | undefined;
  #wake: (() => void) | undefined;

  readonly #transport: SocketTransport;
  readonly #name: SubscriptionName;
  readonly #params: object;

  constructor(transport: SocketTransport, name: SubscriptionName, params: object) {
    this.#transport = transport;
    this.#name = name;
    this.#params = params;
  }

  /** What came after the cursor; waits until there is something. */
  async next(cursor: string | undefined, signal: AbortSignal | undefined): Promise<Page<unknown, string>> {
    if (this.#id === undefined && this.#waiting.length === 0) return this.#begin(cursor, signal);
    while (this.#waiting.length === 0) {
      if (this.#ended) {
        const error = this.#ended;
        this.#id = this.#ended = undefined;
        throw error;
      }
      await this.#news(signal);
    }
    const told = this.#waiting;
    this.#waiting = [];
    const shape = (kNotificationShapes as Record<string, Shape>)[this.#name];
    return {
      items: told.map((one) => ({ item: revive(one.item, shape, this.#name), cursor: one.cursor })),
      cursor: told.at(-1)!.cursor,
    };
  }

  stop(): void {
    if (this.#id !== undefined) this.#transport.unlisten(this.#id);
    this.#id = undefined;
  }

  async #begin(cursor: string | undefined, signal: AbortSignal | undefined): Promise<Page<unknown, string>> {
    const listener = {
      onNotification: (one: Notification) => {
        this.#waiting.push(one);
        if (this.#waiting.length >= kWaitingMax) this.stop();  // to go on from the last cursor
        this.#wake?.();
      },
      onEnd: (error: Error) => {
        this.#ended = error;
        this.#wake?.();
      },
    };
    const params = toWire({ ...this.#params, cursor });
    const opened = await this.#transport.listen(this.#name, params, listener, { timeoutMs: 30_000, ...(signal ? { signal } : {}) });
    this.#id = opened.id;
    return { items: [], cursor: cursor ?? opened.cursor };
  }

  async #news(signal: AbortSignal | undefined): Promise<void> {
    signal?.throwIfAborted();
    await new Promise<void>((resolve, reject) => {
      const stop = (): void => reject(signal!.reason);
      signal?.addEventListener('abort', stop, { once: true });
      this.#wake = () => {
        signal?.removeEventListener('abort', stop);
        this.#wake = undefined;
        resolve();
      };
    });
  }
}
