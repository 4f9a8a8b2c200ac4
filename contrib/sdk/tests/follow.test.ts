/** Following goes on over trouble, from where it was, and ends when it is told to. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as sdk from '@fogcoin/sdk';

describe('follow', () => {
  it('gives every item once, over failures of the source', async () => {
    const trouble: (string | undefined)[] = [];
    let calls = 0;
    const source: sdk.Source<string, number> = async (cursor = 0) => {
      ++calls;
      if (calls === 2 || calls === 3) throw new sdk.TransportError('gone');
      const items = [cursor + 1, cursor + 2].map((number) => ({ item: `item ${number}`, cursor: number }));
      return { items, cursor: cursor + 2 };
    };
    const seen: string[] = [];
    for await (const { item, cursor } of sdk.follow(source, { onTrouble: (error) => trouble.push(error?.code) })) {
      seen.push(item);
      if (cursor === 5) break;
    }
    assert.deepEqual(seen, ['item 1', 'item 2', 'item 3', 'item 4', 'item 5']);
    assert.deepEqual(trouble, ['network', undefined]);
  });

  it('goes on after the cursor that it is given', async () => {
    const source: sdk.Source<number, number> = async (cursor = 0) =>
      ({ items: [{ item: cursor + 1, cursor: cursor + 1 }], cursor: cursor + 1 });
    for await (const { item } of sdk.follow(source, { cursor: 41 })) {
      assert.equal(item, 42);
      break;
    }
  });

  it('ends with the signal\'s reason, also while nothing comes', async () => {
    const controller = new AbortController();
    const reason = new Error('enough');
    const source: sdk.Source<number, number> = (_, signal) => new Promise((__, reject) => {
      signal!.addEventListener('abort', () => reject(signal!.reason));
      setImmediate(() => controller.abort(reason));
    });
    await assert.rejects(async () => {
      for await (const one of sdk.follow(source, { signal: controller.signal })) assert.fail(String(one));
    }, reason);
  });

  it('ends with an error that will not pass', async () => {
    const source: sdk.Source<number, number> = async () => {
      throw new sdk.RpcError('invalid_input', -32602, 'cursor: not of this address', 'market_events', undefined);
    };
    await assert.rejects(sdk.follow(source).next(), { code: 'invalid_input' });
  });
});
