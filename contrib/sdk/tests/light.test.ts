/** A light client believes what a quorum has signed, and finds out every lie of a node. */
import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import * as sdk from '@fogcoin/sdk';
import { FakeChain, validators } from './fake_chain.js';

const rich = sdk.addressFromBytes(new Uint8Array(20).fill(1));
const nobody = sdk.addressFromBytes(new Uint8Array(20).fill(9));
const account = { balance: 12n, lanes: [] };

describe('a light client', () => {
  let chain: FakeChain;
  beforeEach(() => {
    chain = new FakeChain();
    chain.add();
    chain.state.set(sdk.accountKey(rich), sdk.toHex(sdk.Account.encode(account)));
    for (let i = 2; i < 8; ++i) {
      const other = sdk.addressFromBytes(new Uint8Array(20).fill(i));
      chain.state.set(sdk.accountKey(other), sdk.toHex(sdk.Account.encode({ balance: BigInt(i), lanes: [] })));
    }
    chain.add(false);
  });

  const refused = async (lie: (method: string, result: any) => unknown, why: RegExp, trust = chain.trust()): Promise<void> => {
    const light = new sdk.LightClient(chain.client(lie), trust);
    await assert.rejects(light.read(sdk.accountKey(rich), sdk.Account), (error: Error) => {
      assert.ok(error instanceof sdk.FogError, String(error.stack));
      assert.match(error.message, why);
      return true;
    });
  };

  it('reads what is there, and that something is not', async () => {
    const light = new sdk.LightClient(chain.client(), chain.trust());
    const { value, height } = await light.read(sdk.accountKey(rich), sdk.Account);
    assert.deepEqual(value, account);
    assert.equal(height, 2n);
    assert.equal((await light.read(sdk.accountKey(nobody), sdk.Account)).value, null);
  });

  it('believes a header by a later one\'s certificate', async () => {
    chain.add();
    const { header } = await new sdk.LightClient(chain.client(), chain.trust()).header(2n);
    assert.equal(header.height, 2n);
  });

  it('finds a certificate that is far away', async () => {
    const long = new FakeChain(1_000n);
    for (let i = 0; i < 300; ++i) long.add(false);
    long.add();
    const light = new sdk.LightClient(long.client(), long.trust());
    assert.equal((await light.header(2n)).id, long.headers[1]!.id);
    long.headers[150]!.header = { ...long.headers[150]!.header, app_hash: `0x${'11'.repeat(32)}` };
    await assert.rejects(light.header(2n), /not the one that was made final/);
    assert.equal((await light.header(200n)).id, long.headers[199]!.id);
  });

  it('follows the epochs', async () => {
    for (let i = 0; i < 4; ++i) chain.add();
    const light = new sdk.LightClient(chain.client(), chain.trust());
    assert.equal((await light.header(6n)).header.epoch, 1n);
    assert.deepEqual(light.trust.set, chain.second.set);
    await assert.rejects(light.header(1n), /not of epoch 1/);
    const checkpoint = { height: 4n, block: chain.headers[3]!.id };
    const other = new sdk.LightClient(chain.client(), await sdk.trustCheckpoint(chain.client(), checkpoint));
    assert.equal((await other.header(6n)).header.height, 6n);
    await assert.rejects(sdk.trustCheckpoint(chain.client(), { ...checkpoint, height: 3n }), sdk.ProofError);
  });

  it('finds out another value, and one that is kept back', async () => {
    await refused((method, result) => (method === 'state_proof' ? { ...result, value: result.value.replace('0c', '0d') } : result),
      /does not lead to the root/);
    await refused((method, result) => (method === 'state_proof' ? { ...result, value: null } : result), /does not lead to the root/);
    await refused((method, result) => (method === 'state_proof' ? { ...result, key: sdk.accountKey(nobody) } : result), /another key/);
    await refused((method, result) => (method === 'state_proof' ? { ...result, siblings: result.siblings.slice(1) } : result),
      /does not lead/);
    await refused((method, result) => (method === 'state_proof' ? { ...result, siblings: 'none' } : result), /siblings/);
  });

  it('finds out another state with its root', async () => {
    const forged = new FakeChain();
    forged.state.set(sdk.accountKey(rich), sdk.toHex(sdk.Account.encode({ balance: 1_000_000n, lanes: [] })));
    await refused((method, result) => (method === 'state_proof'
      ? sdk.toJson({ ...forged.prove(sdk.accountKey(rich)), height: 2n }) : result), /does not lead to the root/);
  });

  it('finds out headers that nobody signed', async () => {
    const other = validators('strangers', 1n, 1n);
    const change = (with_: (header: any, result: any) => unknown) => (method: string, result: any): unknown =>
      (method === 'chain_header' ? with_(result.header, result) : result);
    await refused(change((header, result) => ({ ...result, header: { ...header, app_hash: `0x${'11'.repeat(32)}` } })),
      /not the one that was made final/);
    await refused(change((header, result) => {
      const forged = { ...sdk.BlockHeader.fromJson(header), app_hash: `0x${'11'.repeat(32)}` as sdk.Hex };
      return { ...result, header: sdk.toJson(forged), finalization: sdk.toJson(chain.sign(forged, other)) };
    }), /no quorum|does not verify/);
    await refused(change((header, result) => ({ ...result,
      finalization: sdk.toJson(chain.sign(sdk.BlockHeader.fromJson(header), chain.first, 'notarize')) })), /not of epoch|trusted/);
    await refused(change((header, result) => ({ ...result,
      finalization: sdk.toJson(chain.sign(sdk.BlockHeader.fromJson(header), chain.first, 'finalize', [0, 1, 2])) })), /no quorum/);
    await refused(change((_, result) => ({ ...result, finalization: { vote: 1 } })), /not an object/);
    await refused(change((_, result) => ({ ...result, finalization: null })), /no such block/);
    await refused(change(() => 'nothing'), /not an object/);
    await refused(change((_, result) => ({ ...result, header: sdk.toJson(chain.headers[0]!.header),
      finalization: sdk.toJson(chain.headers[0]!.finalization) })), /another chain, epoch or height/);
  });

  it('does not follow into an epoch that the last one did not name', async () => {
    for (let i = 0; i < 4; ++i) chain.add();
    const usurpers = validators('usurpers', 9n);
    const light = new sdk.LightClient(chain.client((method, result) =>
      (method === 'staking_epoch' ? { ...result, set: sdk.toJson(usurpers.set) } : result)), chain.trust());
    await assert.rejects(light.header(6n), /not those that were signed/);
    assert.equal(light.trust.epoch, 0n);
  });

  it('starts from nothing that is too old', async () => {
    await refused((_, result) => result, /trusting period/, { ...chain.trust(), time_ms: 1n });
  });

  it('is told by nodes that disagree', async () => {
    const honest = chain.client();
    assert.deepEqual((await sdk.askTrust(honest, honest)).set, chain.second.set);
    const liar = chain.client((method, result) => (method === 'staking_epoch' ? { ...result, set: sdk.toJson(chain.first.set) } : result));
    await assert.rejects(sdk.askTrust(honest, liar), sdk.ProofError);
  });
});
