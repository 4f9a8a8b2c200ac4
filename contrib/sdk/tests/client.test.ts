/** The client against servers that behave, fail, lie, and take their time. */
import assert from 'node:assert/strict';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, describe, it } from 'node:test';
import * as sdk from '@fogcoin/sdk';

const servers: Server[] = [];
after(() => servers.forEach((server) => { server.closeAllConnections(); server.close(); }));

type Call = { id: number; method: string; params: Record<string, unknown> };
type Handler = (body: Call | Call[], response: ServerResponse, request: IncomingMessage) => unknown;

/** A server; what the handler returns is answered as JSON. */
async function serve(handler: Handler): Promise<string> {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const answer = handler(JSON.parse(Buffer.concat(chunks).toString()) as Call | Call[], response, request);
      if (answer !== undefined) response.end(JSON.stringify(answer));
    });
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const result = (call: Call | Call[], value: unknown): unknown => ({ jsonrpc: '2.0', id: (call as Call).id, result: value });
const failure = (call: Call | Call[], code: number, message: string, data?: unknown): unknown =>
  ({ jsonrpc: '2.0', id: (call as Call).id, error: { code, message, data } });
const kStatus = { height: '18446744073709551615', time_ms: '5', base_price: '10', chain_name: 'x' };

describe('a call', () => {
  it('carries numbers as text and gives them as bigint', async () => {
    let seen: unknown;
    const client = new sdk.Client(await serve((call) => {
      seen = (call as Call).params;
      return result(call, kStatus);
    }));
    const status = await client.call('chain_wait_height', { height: 12n, timeout_ms: 5 });
    assert.deepEqual(seen, { height: '12', timeout_ms: 5 });
    assert.equal(status.height, 18446744073709551615n);
    assert.equal(status.chain_name, 'x');
    await assert.rejects(client.call('chain_block', { height: 2 ** 60 }), sdk.InvalidInput);
  });

  it('sends the token, and no cookies', async () => {
    let headers: IncomingMessage['headers'] = {};
    const url = await serve((call, _, request) => {
      headers = request.headers;
      return result(call, kStatus);
    });
    await new sdk.Client(url, { token: 'secret' }).call('chain_status');
    assert.equal(headers.authorization, 'Bearer secret');
    assert.equal(headers['content-type'], 'application/json');
  });

  it('throws the node\'s errors by their stable names', async () => {
    const client = new sdk.Client(await serve((call) =>
      failure(call, -32001, 'there is no such Bid; see market_bids', { error: 'not_found' })));
    await assert.rejects(client.call('market_bid', { id: '0x00' }),
      (error: sdk.RpcError) => error instanceof sdk.RpcError && error.code === 'not_found' &&
        error.rpcCode === -32001 && error.method === 'market_bid' && /no such Bid/.test(error.message));
  });

  it('throws a refused transaction with its fault', async () => {
    const fault = { number: 102, name: 'sequence_too_low', help: 'The sequence was used.' };
    const client = new sdk.Client(await serve((call) => failure(call, -32002, fault.help, { error: 'rejected', fault })));
    await assert.rejects(client.call('tx_submit', { txs: '0x00' }),
      (error: sdk.TxRefused) => error instanceof sdk.TxRefused && error.code === 'rejected' &&
        error.fault?.name === 'sequence_too_low' && error.fault.number === 102);
  });

  it('reads again when the node was away, and never submits again by itself', async () => {
    let calls = 0;
    const client = new sdk.Client(await serve((call, response) => {
      ++calls;
      if (calls % 3 === 1) return void response.destroy();
      if (calls % 3 === 2) return failure(call, -32003, 'starting', { error: 'unavailable' });
      return result(call, kStatus);
    }));
    assert.equal((await client.call('chain_status')).base_price, 10n);
    assert.equal(calls, 3);
    await assert.rejects(client.call('tx_submit', { txs: '0x00' }), { code: 'network' });
    assert.equal(calls, 4);
    await assert.rejects(client.call('chain_status', {}, { retries: 0 }), { code: 'unavailable' });
  });

  it('gives up in time, and at once when told to', async () => {
    const client = new sdk.Client(await serve(() => undefined));
    await assert.rejects(client.call('chain_status', {}, { timeoutMs: 20 }), { code: 'timeout' });
    const reason = new Error('the user left');
    await assert.rejects(client.call('chain_status', {}, { signal: AbortSignal.abort(reason) }), reason);
    const controller = new AbortController();
    setTimeout(() => controller.abort(reason), 20);
    await assert.rejects(client.call('chain_status', {}, { signal: controller.signal }), reason);
  });

  it('says that nobody is there', async () => {
    const url = await serve(() => undefined);
    await new Promise((resolve) => servers.pop()!.close(resolve));
    await assert.rejects(new sdk.Client(url, { retries: 0 }).call('chain_status'),
      (error: sdk.TransportError) => error.code === 'network' && /ECONNREFUSED/.test(error.message));
    for (const bad of ['ftp://x', 'nonsense', '']) assert.throws(() => new sdk.Client(bad), sdk.InvalidInput);
  });

  it('refuses what is no answer', async () => {
    const answers: [string, (call: Call, response: ServerResponse) => unknown][] = [
      ['another id', (call) => ({ jsonrpc: '2.0', id: call.id + 1, result: kStatus })],
      ['no result', (call) => ({ jsonrpc: '2.0', id: call.id })],
      ['a list', () => []],
      ['null', () => null],
      ['not JSON', (_, response) => void response.end('<html>')],
      ['another status', (_, response) => void response.writeHead(404).end('not here')],
      ['a number that is none', (call) => result(call, { ...kStatus, height: '-1' })],
      ['a number beyond 64 bits', (call) => result(call, { ...kStatus, height: '18446744073709551616' })],
      ['text for an object', (call) => result(call, 'ok')],
      ['an error that is none', (call) => ({ id: call.id, error: 'bad' })],
    ];
    for (const [what, answer] of answers) {
      const client = new sdk.Client(await serve((call, response) => answer(call as Call, response)));
      await assert.rejects(client.call('chain_status'), { code: 'protocol' }, what);
    }
  });

  it('does not read an answer without end', async () => {
    const url = await serve((_, response) => {
      const more = (): void => {
        while (!response.destroyed && response.write(' '.repeat(65_536)));
        if (!response.destroyed) response.once('drain', more);
      };
      more();
    });
    await assert.rejects(new sdk.Client(url, { answerBytesMax: 1_000_000 }).call('chain_status'),
      (error: sdk.ProtocolError) => error.code === 'protocol' && /more than 1000000 bytes/.test(error.message));
  });
});

describe('a batch', () => {
  it('answers each call, in order, by its result or its error', async () => {
    const client = new sdk.Client(await serve((calls) => (calls as Call[]).map((call) =>
      call.method === 'chain_status' ? result(call, kStatus) : failure(call, -32001, 'no', { error: 'not_found' }))
      .reverse()));
    const [status, service] = await client.batch([
      { method: 'chain_status' }, { method: 'market_service', params: { name: 'echo' } }]);
    assert.ok(status.status === 'fulfilled' && status.value.time_ms === 5n);
    assert.ok(service.status === 'rejected' && (service.reason as sdk.RpcError).code === 'not_found');
    assert.deepEqual(await client.batch([]), []);
  });

  it('notices a missing answer, and a batch that was refused as a whole', async () => {
    const some = new sdk.Client(await serve((calls) => [result((calls as Call[])[0]!, kStatus)]));
    const [first, second] = await some.batch([{ method: 'chain_status' }, { method: 'chain_status' }]);
    assert.equal(first.status, 'fulfilled');
    assert.equal(second.status, 'rejected');
    const none = new sdk.Client(await serve(() => ({ id: null, error: { code: -32005, message: 'too many', data: { error: 'exhausted' } } })));
    await assert.rejects(none.batch([{ method: 'chain_status' }]), { code: 'exhausted' });
  });
});
