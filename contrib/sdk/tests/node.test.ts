/**
 * Against a real network of one validator, which functional.sdk starts: FOG_NODE and the mnemonic of a rich
 * account in FOG_MNEMONIC. Without them there is nothing to test here.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import * as sdk from '@fogcoin/sdk';
import { readVectors } from './vectors.js';

const url = process.env['FOG_NODE'];
const kPackage = join(import.meta.dirname, '../..');
const run = promisify(execFile);

describe('a real node', { skip: url === undefined }, () => {
  let client: sdk.Client;
  let sender: sdk.Sender;
  before(() => {
    client = new sdk.Client(url!);
    sender = new sdk.Sender(client, sdk.signerFromMnemonic(process.env['FOG_MNEMONIC']!));
  });

  it('describes itself as the types were made from', async () => {
    const { generate } = (await import(new URL('../../scripts/openrpc.mjs', import.meta.url).href)) as {
      generate(document: unknown): string;
    };
    const recorded = readFileSync(join(kPackage, 'src/rpc/generated.ts'), 'utf8');
    assert.equal(generate(await client.discover()), recorded,
      'the node\'s methods have changed: run `npm run generate -- URL` in contrib/sdk');
  });

  it('answers records as the codecs decode them', async () => {
    const { address } = sender;
    const { values } = await client.call('state_get', {
      keys: [sdk.accountKey(address), sdk.chainParamsKey(), sdk.marketParamsKey(), sdk.stakingParamsKey(), sdk.validatorsKey()] });
    const [account, chain, market, staking, set] = values;
    const params = await client.call('params_get');
    const shown = await client.call('account_get', { address });
    assert.deepEqual(sdk.Account.decode(account!), { balance: shown.balance, lanes: shown.lanes });
    assert.deepEqual(sdk.ChainParams.decode(chain!), params.chain);
    assert.deepEqual(sdk.MarketParams.decode(market!), params.market);
    assert.deepEqual(sdk.StakingParams.decode(staking!), params.staking);
    assert.deepEqual(sdk.ValidatorSet.decode(set!), (await client.call('staking_epoch')).set);
  });

  it('takes many transactions of one account at once', async () => {
    const to = sdk.KeySigner.random().address;
    await sender.pay(to, 1_000_000n);
    const sent = await Promise.all(Array.from({ length: 40 }, () => sender.pay(to, 1_000n)));
    assert.equal(new Set(sent.map(({ id }) => id)).size, 40);
    assert.equal((await client.call('account_get', { address: to })).balance, 990_000n + 40_000n);
  });

  it('says why a transaction is refused, and why one failed', async () => {
    const { address } = sdk.KeySigner.random();
    const status = await client.call('chain_status');
    const signer = sdk.signerFromMnemonic(process.env['FOG_MNEMONIC']!);
    const body = sdk.buildBody({
      chain_id: status.chain_id, sender: signer.address, lane: 9, sequence: 77n,
      expiry_ms: BigInt(Date.now() + 60_000), fee: sdk.suggestFee(status.base_price),
      messages: [sdk.Transfer.message({ outputs: [{ to: address, amount: 1n }] })],
    });
    // By a rule of the chain's, and for a reason of the node's own.
    await assert.rejects(sdk.submitTx(client, await sdk.signTx({ ...body, expiry_ms: 1n }, signer)),
      (error: sdk.TxRefused) => error instanceof sdk.TxRefused && error.fault?.name === 'expired');
    await assert.rejects(sdk.submitTx(client, await sdk.signTx({ ...body, sequence: 77n << 32n }, signer)),
      (error: sdk.TxRefused) => error.fault === undefined && /too far ahead/.test(error.refused!));
    await assert.rejects(sdk.submitTx(client, await sdk.signTx({ ...body, chain_id: `0x${'00'.repeat(32)}` }, signer)),
      (error: sdk.TxRefused) => error.fault?.name === 'wrong_chain');
    // One droplet does not pay for a new account.
    await assert.rejects(sender.pay(address, 1n),
      (error: sdk.TxFailed) => error instanceof sdk.TxFailed && error.fault.name === 'below_creation' && error.sent.fee > 0n);
  });

  it('takes every kind of message that this package makes', async () => {
    // Their contents are arbitrary: most fail by the market's rules, in a block; none is refused by its form.
    const kinds = sdk.messageKinds().filter((codec) => codec !== (sdk.Transfer as unknown));
    const results = await Promise.allSettled(kinds.map((codec) => {
      const type = Object.entries(sdk).find(([, value]) => (value as unknown) === codec)![0];
      const { json } = readVectors<{ type: string; json?: unknown }>('sdk_types.json').find(
        (vector) => vector.type === type && vector.json !== undefined)!;
      return sender.send(codec.message(codec.fromJson(json)));
    }));
    const faults = results.map((result, i) => {
      if (result.status === 'fulfilled') return 'none';
      assert.ok(result.reason instanceof sdk.TxFailed, `${kinds[i]!.messageName}: ${String(result.reason)}`);
      return result.reason.fault.name;
    });
    assert.ok(faults.includes('lease_not_found') && faults.includes('validator_not_found'), faults.join(' '));
  });

  it('shows transactions as `fogcoin tx decode` does', async () => {
    const made = readVectors<{ bcs: sdk.Hex; tx: unknown }>('sdk_made.json');
    const programs = process.env['FOG_PROGRAMS'];
    assert.ok(programs);
    for (const { bcs, tx } of made.filter((_, i) => i % 6 === 0)) {
      const { stdout } = await run(join(programs, 'fogcoin'), ['tx', 'decode', bcs, '--json']);
      const { id, body, auth } = JSON.parse(stdout) as { id: string; body: unknown; auth: unknown };
      assert.match(id, /^0x/);
      assert.deepEqual({ body, auth }, tx);
    }
  });

  it('is followed over its epochs by a client that trusts the first validators alone', async () => {
    const trust = await sdk.askTrust(client);
    const { chain: { epoch_length } } = await client.call('params_get');
    const light = new sdk.LightClient(client, trust);
    const end = (trust.epoch + 2n) * epoch_length + 1n;
    while ((await client.call('chain_status')).height < end) await sender.pay(sender.address, 1n);
    const { header } = await light.header(end);
    assert.equal(header.height, end);
    assert.equal(header.epoch, trust.epoch + 2n);
    assert.equal(light.trust.epoch, trust.epoch + 2n);
    const checkpoint = await client.call('chain_checkpoint');
    const fromCheckpoint = new sdk.LightClient(client, await sdk.trustCheckpoint(client, checkpoint));
    assert.deepEqual((await fromCheckpoint.header(end)).header, header);
    await assert.rejects(sdk.trustCheckpoint(client, { ...checkpoint, block: `0x${'00'.repeat(32)}` }), sdk.ProofError);
    const old = new sdk.LightClient(client, { ...trust, time_ms: 0n });
    await assert.rejects(old.header(end), /trusting period/);
    const stranger = { ...trust, set: { validators: [{ key: trust.set.validators[0]!.key.replace(/../, '0x') as sdk.Hex, stake: 1n },
      { key: `0x${'79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798'}` as sdk.Hex, stake: 9n }] } };
    await assert.rejects(new sdk.LightClient(client, stranger).header(1n), sdk.ProofError);
  });
});

describe('the examples', { skip: url === undefined }, () => {
  const expected: Record<string, RegExp> = {
    wallet: /words 24 true[^]*pays 12500000000n to fog1[^]*authorized true/,
    send: /final in block \d+n[^]*received 2\.49999 FOG[^]*not even sent: fog1.* needs more/,
    proof: /proved: after block \d+n fog1\w+ holds 2\.99999 FOG[^]*no such account null[^]*found out true/,
    publish: /published sdk-\w+ version 1[^]*in escrow 5 FOG replicas held 0[^]*events bid_created bid_closed bid_refunded/,
    multisig: /final in block \d+n[^]*left true/,
    follow: /(block \d+n has transfer\s+){3}at height true\s+no events/,
  };
  for (const [name, text] of Object.entries(expected)) {
    it(`${name}.mjs does what it says`, async () => {
      const { stdout } = await run('node', [join(kPackage, `examples/${name}.mjs`)], { timeout: 120_000 });
      assert.match(stdout, text);
    });
  }
});
