/**
 * Following: blocks as they become final, and what happens to an address in the market, for as long as the
 * caller wants. Each item comes with a cursor; whoever starts again from the last one misses nothing and sees
 * nothing twice. While the node cannot be reached the loop goes on, less and less often.
 *
 *     for await (const { cursor, item } of followBlocks(client, { signal })) { ... }
 *
 * A source says how to get what comes after a cursor: here by calls that wait at the node. One that listens on
 * an open connection can take its place, and callers see no difference.
 */
import { FogError } from '../base/errors.js';
import type { Address } from '../keys/address.js';
import type { Hex } from '../base/bytes.js';
import { eventCursor } from '../proof/state_keys.js';
import { pause, type Client, type ResultOf } from '../rpc/client.js';
import { RpcError, TimedOut, TransportError } from '../rpc/errors.js';

/** What came after a cursor, oldest first; empty when nothing did in the time that the source waits. */
export interface Page<T, C> {
  items: { item: T; cursor: C }[];
  /** Where to go on when there were none. */
  cursor: C;
}
export type Source<T, C> = (cursor: C | undefined, signal: AbortSignal | undefined) => Promise<Page<T, C>>;

export interface FollowOptions<C> {
  /** From the last item that was dealt with; default from now on. */
  cursor?: C;
  signal?: AbortSignal;
  /** Told when the node is out of reach, with the reason, and when it is back, with undefined. */
  onTrouble?: (error: FogError | undefined) => void;
}

const kPauseMs = 250;
const kPauseMsMax = 15_000;

/** Everything that a source gives, over and over. Ends only by the signal (with its reason) or a lasting error. */
export async function* follow<T, C>(source: Source<T, C>, options: FollowOptions<C> = {}):
    AsyncGenerator<{ item: T; cursor: C }, never, undefined> {
  const { signal, onTrouble } = options;
  let { cursor } = options;
  let failures = 0;
  for (;;) {
    signal?.throwIfAborted();
    let page: Page<T, C>;
    try {
      page = await source(cursor, signal);
    } catch (error) {
      signal?.throwIfAborted();
      if (!mayPass(error)) throw error;
      if (failures === 0) onTrouble?.(error);
      // Not all clients at the same moment.
      const longest = Math.min(kPauseMs * 2 ** failures, kPauseMsMax);
      await pause(longest * (0.5 + Math.random() / 2), signal);
      ++failures;
      continue;
    }
    if (failures > 0) onTrouble?.(undefined);
    failures = 0;
    for (const one of page.items) {
      cursor = one.cursor;
      yield one;
    }
    cursor = page.cursor;
  }
}

function mayPass(error: unknown): error is FogError {
  return error instanceof TransportError || error instanceof TimedOut ||
    (error instanceof RpcError && ['unavailable', 'timeout', 'exhausted', 'io'].includes(error.code));
}

/** The chain's status after each new block; blocks that came together count as one. Cursor: the height. */
export function followStatus(client: Client, options: FollowOptions<bigint> = {}):
    AsyncGenerator<{ item: ResultOf<'chain_status'>; cursor: bigint }, never, undefined> {
  return follow(statusSource(client), options);
}

function statusSource(client: Client): Source<ResultOf<'chain_status'>, bigint> {
  return async (cursor, signal) => {
    const status = cursor === undefined
      ? await client.call('chain_status', {}, withSignal(signal))
      : await client.call('chain_wait_height', { height: cursor + 1n }, withSignal(signal));
    const isNew = cursor === undefined || status.height > cursor;
    return { items: isNew ? [{ item: status, cursor: status.height }] : [], cursor: cursor ?? status.height };
  };
}

/** Every final block, in order. Cursor: the height of the last one; default the chain's present height. */
export function followBlocks(client: Client, options: FollowOptions<bigint> = {}):
    AsyncGenerator<{ item: ResultOf<'chain_block'>; cursor: bigint }, never, undefined> {
  const status = statusSource(client);
  const source: Source<ResultOf<'chain_block'>, bigint> = async (cursor, signal) => {
    const { items: [newest] } = await status(cursor, signal);
    if (cursor === undefined) return { items: [], cursor: newest!.cursor };
    if (!newest) return { items: [], cursor };
    const height = cursor + 1n;
    const block = await client.call('chain_block', { height }, withSignal(signal));
    return { items: [{ item: block, cursor: height }], cursor: height };
  };
  return follow(source, options);
}

/** What happens to an address in the market, oldest first. Cursor: as the node gives it; default what is still kept. */
export function followEvents(client: Client, address: Address, options: FollowOptions<Hex> = {}):
    AsyncGenerator<{ item: ResultOf<'market_events'>['items'][number]; cursor: Hex }, never, undefined> {
  type Event = ResultOf<'market_events'>['items'][number];
  const source: Source<Event, Hex> = async (cursor, signal) => {
    const { items, next } = await client.call('market_events', { address, cursor, wait_ms: 30_000 }, withSignal(signal));
    return {
      items: items.map((item) => ({ item, cursor: eventCursor(address, item.height, item.number) })),
      cursor: next,
    };
  };
  return follow(source, options);
}

function withSignal(signal: AbortSignal | undefined): { signal?: AbortSignal } {
  return signal ? { signal } : {};
}
