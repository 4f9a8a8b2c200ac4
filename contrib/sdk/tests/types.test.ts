/** Values of every public type that the C++ side has written: the same bytes, the same JSON, the same refusals. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as sdk from '@fogcoin/sdk';
import { readVectors } from './vectors.js';

interface TypeVector {
  type: string;
  bcs: sdk.Hex;
  json?: unknown;
  verdict?: string;
}

const vectors = readVectors<TypeVector>('sdk_types.json');

function codecOf(type: string): sdk.bcs.Codec<unknown> {
  const codec = (sdk as unknown as Record<string, unknown>)[type];
  assert.ok(codec instanceof sdk.bcs.Codec, `the SDK has no codec for ${type}`);
  return codec as sdk.bcs.Codec<unknown>;
}

/** JSON-RPC shows messages by name; the type itself has their bytes. */
function withRawMessages(json: unknown): unknown {
  const { messages } = json as { messages?: unknown[] };
  return messages ? { ...(json as object), messages: messages.map(sdk.writeMessage) } : json;
}

function normal(type: string, json: unknown): unknown {
  if (type === 'RawMessage') return sdk.writeMessage(json);
  if (type === 'TxBody') return withRawMessages(json);
  if (type === 'SignedTx') return { ...(json as object), body: withRawMessages((json as { body: unknown }).body) };
  return json;
}

describe('types', () => {
  it('has every type of the vectors', () => {
    const types = new Set(vectors.map(({ type }) => type));
    assert.ok(types.size > 100, `${types.size} types`);
    for (const type of types) codecOf(type);
  });

  it('decodes and encodes the same bytes', () => {
    for (const { type, bcs, verdict } of vectors) {
      if (verdict !== undefined) continue;
      const codec = codecOf(type);
      assert.equal(sdk.toHex(codec.encode(codec.decode(bcs))), bcs, type);
    }
  });

  it('shows the same JSON, and reads it back', () => {
    let compared = 0;
    for (const { type, bcs, json } of vectors) {
      if (json === undefined) continue;
      const codec = codecOf(type);
      assert.deepEqual(sdk.toJson(codec.decode(bcs)), normal(type, json), type);
      assert.equal(sdk.toHex(codec.encode(codec.fromJson(normal(type, json)))), bcs, type);
      ++compared;
    }
    assert.ok(compared > 200);
  });

  it('takes and refuses bent encodings for the same reasons', () => {
    const verdicts = new Map<string, number>();
    for (const { type, bcs, verdict } of vectors) {
      if (verdict === undefined) continue;
      verdicts.set(verdict, (verdicts.get(verdict) ?? 0) + 1);
      const codec = codecOf(type);
      let mine = 'ok';
      try {
        assert.equal(sdk.toHex(codec.encode(codec.decode(bcs))), bcs, 'one value, one encoding');
      } catch (error) {
        if (!(error instanceof sdk.BcsError)) throw error;
        mine = error.problem;
      }
      assert.equal(mine, verdict, `${type} ${bcs}`);
    }
    for (const kind of ['ok', 'truncated', 'trailing', 'non_minimal', 'too_long', 'unsorted', 'bad_tag', 'bad_text']) {
      assert.ok((verdicts.get(kind) ?? 0) > 0, `no vector is ${kind}`);
    }
  });
});

describe('codecs', () => {
  it('name the place of what is wrong', () => {
    const terms = { ...sdk.BidTerms.fromJson(firstJson('BidTerms')) };
    assert.throws(
      () => sdk.BidTerms.encode({ ...terms, resources: { ...terms.resources, cpu_milli: -1 } }),
      (error: sdk.BcsError) => error.path === 'resources.cpu_milli' && error.problem === 'bad_value' &&
        error.message.startsWith('resources.cpu_milli: expected a whole number'));
    assert.throws(
      () => sdk.Transfer.encode({ outputs: [{ to: 'fog1nonsense', amount: 1n }] }),
      (error: sdk.BcsError) => error.path === 'outputs[0].to');
  });

  it('refuse what is beyond a bound before they write it', () => {
    const output = { to: sdk.addressFromBytes(new Uint8Array(20)), amount: 1n };
    const many = Array.from({ length: 257 }, () => output);
    sdk.Transfer.encode({ outputs: many.slice(1) });
    assert.throws(() => sdk.Transfer.encode({ outputs: many }), { problem: 'too_long' });
    assert.throws(() => sdk.Gpu.encode({ model: 'x'.repeat(33), milli: 1 }), { problem: 'too_long' });
    assert.throws(() => sdk.Gpu.encode({ model: '\ud800', milli: 1 }), { problem: 'bad_text' });
    assert.throws(() => sdk.Supply.encode({ minted: 1n << 64n, burned: 0n }), { problem: 'bad_value' });
    assert.throws(() => sdk.Supply.encode({ minted: -1n, burned: 0n }), { problem: 'bad_value' });
    assert.throws(() => sdk.Supply.encode({ minted: 1 as unknown as bigint, burned: 0n }), { problem: 'bad_value' });
  });

  it('do not let a length make them allocate', () => {
    // 128 KiB claimed, none there.
    assert.throws(() => sdk.RawMessage.decode('0x0100808004'), { problem: 'truncated' });
  });

  it('look at their own bytes alone, also within a larger buffer', () => {
    const larger = new Uint8Array(64).fill(7);
    assert.throws(() => sdk.bcs.hash32.decode(larger.subarray(0, 31)), { problem: 'truncated' });
  });

  it('take maps with any names', () => {
    const attributes = Object.fromEntries([['__proto__', 'a'], ['constructor', 'b'], ['1', 'c']]);
    const back = sdk.Attributes.decode(sdk.Attributes.encode(attributes));
    assert.deepEqual(Object.entries(back).sort(), Object.entries(attributes).sort());
    assert.equal(Object.getPrototypeOf(back), Object.prototype);
  });
});

function firstJson(type: string): unknown {
  return vectors.find((vector) => vector.type === type && vector.json !== undefined)!.json;
}
