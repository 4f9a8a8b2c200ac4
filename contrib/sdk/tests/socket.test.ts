/** Calls and subscriptions over a WebSocket, against a server that breaks off, refuses and floods. */
import assert from 'node:assert/strict';
import type { AddressInfo } from 'node:net';
import { after, describe, it } from 'node:test';
import * as sdk from '@fogcoin/sdk';
import { WebSocket, WebSocketServer } from 'ws';

type Call = { id: number; method: string; params: Record<string, string> };
const servers: WebSocketServer[] = [];
after(() => servers.forEach((server) => { server.clients.forEach((one) => one.terminate()); server.close(); }));

/** A server; `answer` gives each message's answer, undefined for none. */
async function serve(answer: (call: Call | Call[], socket: WebSocket) => unknown): Promise<sdk.Client> {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  servers.push(server);
  await new Promise((resolve) => server.once('listening', resolve));
  server.on('connection', (socket) => socket.on('message', (data) => {
    const out = answer(JSON.parse(String(data)), socket);
    if (out !== undefined) socket.send(JSON.stringify(out));
  }));
  const url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return new sdk.Client(new sdk.SocketTransport(url, { WebSocket: WebSocket as never }), { retries: 0 });
}

const result = (call: Call, value: unknown): unknown => ({ jsonrpc: '2.0', id: call.id, result: value });
const status = { height: '7', time_ms: '5', base_price: '10', chain_name: 'x' };
const told = (subscription: string, cursor: string, item: unknown): string =>
  JSON.stringify({ jsonrpc: '2.0', method: 'subscription', params: { subscription, cursor, item } });
const block = (height: number): unknown => ({ header: { height: String(height) }, transactions: 0, failed: 0 });

/** A node whose chain has so many blocks, told from a cursor on; `after` each, the connection may be cut. */
function chain(blocks: number, onTold: (count: number, socket: WebSocket) => void = () => {}) {
  let count = 0;
  let last = 0;
  return (call: Call | Call[], socket: WebSocket): unknown => {
    const { id, method, params } = call as Call;
    if (method === 'unsubscribe') return { jsonrpc: '2.0', id, result: true };
    const from = Number(params['cursor'] ?? '1');
    const subscription = String(++last);
    socket.send(JSON.stringify({ jsonrpc: '2.0', id, result: { subscription, cursor: String(from) } }));
    for (let height = from; height <= blocks && socket.readyState === WebSocket.OPEN; ++height) {
      socket.send(told(subscription, String(height + 1), block(height)));
      onTold(++count, socket);
    }
    return undefined;
  };
}

describe('a WebSocket', () => {
  it('answers calls and batches in any order', async () => {
    const late: (() => void)[] = [];
    const client = await serve((call, socket) => {
      if (Array.isArray(call)) return [...call].reverse().map((one) => result(one, status));
      if (call.method === 'chain_wait_height') {
        late.push(() => socket.send(JSON.stringify(result(call, { ...status, height: '8' }))));
        return undefined;
      }
      return result(call, status);
    });
    const waits = client.call('chain_wait_height', { height: 8 });
    assert.equal((await client.call('chain_status')).height, 7n);
    late[0]!();
    assert.equal((await waits).height, 8n);
    const batch = await client.batch([{ method: 'chain_status' }, { method: 'chain_status' }]);
    assert.deepEqual(batch.map((one) => one.status), ['fulfilled', 'fulfilled']);
  });

  it('fails calls that are on their way when it breaks, and connects anew for the next', async () => {
    let calls = 0;
    const client = await serve((call, socket) => {
      if (++calls > 1) return result(call as Call, status);
      socket.terminate();
      return undefined;
    });
    await assert.rejects(client.call('chain_status'), sdk.TransportError);
    assert.equal((await client.call('chain_status')).chain_name, 'x');
  });

  it('refuses what is no address, and says when nobody is there', async () => {
    assert.throws(() => new sdk.SocketTransport('http://127.0.0.1', { WebSocket: WebSocket as never }), sdk.InvalidInput);
    const nobody = new sdk.Client(new sdk.SocketTransport('ws://127.0.0.1:1', { WebSocket: WebSocket as never }), { retries: 0 });
    await assert.rejects(nobody.call('chain_status'), sdk.TransportError);
    const slow = await serve(() => undefined);
    await assert.rejects(slow.call('chain_status', {}, { timeoutMs: 20 }), sdk.TimedOut);
  });
});

describe('a subscription', () => {
  it('gives every item once, over connections that break', async () => {
    const trouble: (string | undefined)[] = [];
    const client = await serve(chain(20, (count, socket) => { if (count === 7) socket.close(1001, 'stops'); }));
    const seen: bigint[] = [];
    const options = { cursor: '1', onTrouble: (error?: sdk.FogError) => trouble.push(error?.code) };
    for await (const { item, cursor } of sdk.subscribe(client, 'subscribe_blocks', {}, options)) {
      seen.push(item.header.height);
      if (cursor === '21') break;
    }
    assert.deepEqual(seen, Array.from({ length: 20 }, (_, i) => BigInt(i + 1)));
    assert.deepEqual(trouble, ['network', undefined]);
  });

  it('keeps no more than so many for a slow caller, and loses none', async () => {
    const client = await serve(chain(5_000));
    let seen = 0n;
    for await (const { item } of sdk.subscribe(client, 'subscribe_blocks', {}, { cursor: '1' })) {
      assert.equal(item.header.height, ++seen);
      if (seen === 5_000n) break;
    }
  });

  it('ends with an error that lasts, and with the signal\'s reason', async () => {
    const client = await serve((call) => (call as Call).params['cursor'] === '1'
      ? { jsonrpc: '2.0', id: (call as Call).id, error: { code: -32001, message: 'no longer kept', data: { error: 'not_found' } } }
      : result(call as Call, { subscription: '1', cursor: '9' }));
    await assert.rejects(sdk.subscribe(client, 'subscribe_blocks', {}, { cursor: '1' }).next(), { code: 'not_found' });
    const controller = new AbortController();
    const reason = new Error('enough');
    setTimeout(() => controller.abort(reason), 20);
    await assert.rejects(sdk.subscribe(client, 'subscribe_blocks', {}, { signal: controller.signal }).next(), reason);
    const overHttp = new sdk.Client('http://127.0.0.1:1');
    assert.throws(() => sdk.subscribe(overHttp, 'subscribe_blocks', {}), sdk.InvalidInput);
  });
});

describe('subscriptions of a real node', { skip: process.env['FOG_NODE'] === undefined }, () => {
  it('give each payment once, over connections that are closed', async () => {
    const url = process.env['FOG_NODE']!;
    const transport = new sdk.SocketTransport(url.replace('http', 'ws'), { WebSocket: WebSocket as never });
    const client = new sdk.Client(transport);
    const sender = new sdk.Sender(new sdk.Client(url), sdk.signerFromMnemonic(process.env['FOG_MNEMONIC']!));
    const address = sdk.KeySigner.random().address;
    const { height } = await client.call('chain_status');
    const paying = (async () => {
      for (const fog of ['1', '2', '3']) await sender.pay(address, sdk.parseFog(fog));
    })();
    const amounts: bigint[] = [];
    const options = { cursor: `${height + 1n}:0`, signal: AbortSignal.timeout(60_000) };
    for await (const { item } of sdk.subscribe(client, 'subscribe_transactions', { address }, options)) {
      assert.equal(item.outcome.fault.number, 0);
      const { outputs } = item.tx.body.messages[0]!.body as { outputs: { amount: string }[] };
      amounts.push(BigInt(outputs[0]!.amount));
      transport.close();
      if (amounts.length === 3) break;
    }
    await paying;
    assert.deepEqual(amounts, [1n, 2n, 3n].map((fog) => fog * sdk.kDropletsPerFog));
  });
});
