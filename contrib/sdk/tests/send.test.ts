/** Sending over everything that can go wrong: nothing is paid twice, and the caller learns what became of it. */
import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import * as sdk from '@fogcoin/sdk';
import { FakeNode } from './fake_node.js';

describe('a sender', () => {
  const to = sdk.KeySigner.random().address;
  let node: FakeNode;
  let sender: sdk.Sender;
  beforeEach(() => {
    node = new FakeNode();
    sender = new sdk.Sender(node.client, sdk.KeySigner.random());
  });

  it('tells where a payment is, and what it cost', async () => {
    const sent = await sender.pay(to, 5n, { memo: 'hello' });
    assert.equal(sent.height, 2n);
    assert.equal(sent.fee, 8n);
    const [tx] = node.taken;
    assert.equal(tx!.body.memo, sdk.toHex(sdk.utf8('hello')));
    assert.equal(tx!.body.price_max, 21n);
    assert.ok(sdk.verifyTx(tx!));
  });

  it('waits for what it sent when the answer was lost', async () => {
    node.submitted.push('lost answer');
    assert.equal((await sender.pay(to, 5n)).height, 2n);
    assert.equal(node.taken.length, 1);
  });

  it('submits the same bytes again when the node has lost them', async () => {
    node.submitted.push('lost');
    await sender.pay(to, 5n);
    assert.equal(node.taken.length, 2);
    assert.deepEqual(node.taken[0], node.taken[1]);
  });

  it('submits again what never arrived', async () => {
    node.submitted.push('unreachable');
    await sender.pay(to, 5n);
    assert.equal(node.taken.length, 1);
  });

  it('takes another lane when somebody else uses the one', async () => {
    node.submitted.push({ fault: 'sequence_too_low' }, { fault: 'sequence_gap' });
    await sender.pay(to, 5n);
    assert.equal(node.taken.length, 1);
  });

  it('keeps to the lane that it is told, and says that it is taken', async () => {
    node.submitted.push({ fault: 'sequence_gap' });
    await assert.rejects(sender.pay(to, 5n, { lane: 3 }), (error: sdk.TxRefused) => error.fault?.name === 'sequence_gap');
    await sender.pay(to, 5n, { lane: 3 });
    await sender.pay(to, 5n, { lane: 3 });
    assert.deepEqual(node.taken.map(({ body }) => [body.lane, body.sequence]), [[3, 0n], [3, 1n]]);
  });

  it('never replaces one that may still be included', async () => {
    node.makesBlocks = false;
    await assert.rejects(sender.pay(to, 5n, { timeoutMs: 0 }), (error: sdk.TimedOut) => /look for it/.test(error.message));
    node.makesBlocks = true;
    await sender.pay(to, 6n);
    const [first, second] = node.taken.map(({ body }) => body);
    assert.notEqual(first!.lane, second!.lane);
    // Also in its own lane, where the next one stands behind it.
    await assert.doesNotReject(sender.pay(to, 7n, { lane: first!.lane }));
    assert.equal(node.taken.at(-1)!.body.sequence, 1n);
  });

  it('knows that what has expired is safe to send anew', async () => {
    node.submitted.push('lost');
    node.timeMs = BigInt(Date.now()) - 10n;
    const pending = sender.pay(to, 5n, { ttlMs: 1 });
    node.timeMs = BigInt(Date.now()) + 60_000n;
    await assert.rejects(pending, (error: sdk.TimedOut) => error.code === 'timeout' && /safe to send it anew/.test(error.message));
  });

  it('says when another transaction took the place', async () => {
    node.submitted.push('lost', { fault: 'sequence_too_low' });
    await assert.rejects(sender.pay(to, 5n), (error: sdk.TxRefused) => /another transaction/.test(error.message));
  });

  it('throws what failed in a block, with its fee', async () => {
    node.fault = { number: 204, name: 'below_creation', help: 'Send more.' };
    await assert.rejects(sender.pay(to, 1n), (error: sdk.TxFailed) =>
      error.fault.name === 'below_creation' && error.sent.fee === 8n && /Send more/.test(error.message));
    node.fault = { number: 0, name: 'none' };
    await sender.pay(to, 1n);
  });

  it('does not send what the balance does not cover', async () => {
    node.balance = 1_000n;
    await assert.rejects(sender.pay(to, 1n), sdk.InvalidInput);
    node.balance = 10n ** 9n;
    await assert.rejects(sender.pay(to, 10n ** 9n), sdk.InvalidInput);
    await assert.rejects(sender.pay(to, sdk.kU64Max), sdk.InvalidInput);
    await assert.rejects(sender.send([]), sdk.InvalidInput);
    assert.equal(node.taken.length, 0);
  });

  it('has many under way, each in a place of its own', async () => {
    await Promise.all(Array.from({ length: 50 }, () => sender.pay(to, 1n)));
    const places = node.taken.map(({ body }) => `${body.lane} ${body.sequence}`);
    assert.equal(new Set(places).size, 50);
    assert.equal(node.final.size, 50);
  });

  it('stops when it is told to', async () => {
    node.makesBlocks = false;
    const reason = new Error('closed');
    const controller = new AbortController();
    setTimeout(() => controller.abort(reason), 50);
    node.client.transport.send = async (request) => {
      controller.signal.throwIfAborted();
      await new Promise((resolve) => setTimeout(resolve, 5));
      return Array.isArray(request) ? Promise.all(request.map((one) => node.answer(one))) : node.answer(request);
    };
    await assert.rejects(sender.pay(to, 5n, { signal: controller.signal }), reason);
  });
});
