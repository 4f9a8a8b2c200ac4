/** A bundle for browsers needs nothing of Node's, and holds only what is used. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createContext, runInContext } from 'node:vm';
import * as sdk from '@fogcoin/sdk';

const { bundle, sizes } = (await import(new URL('../../scripts/bundle.mjs', import.meta.url).href)) as {
  bundle(contents: string, options?: object): Promise<string>;
  sizes(): Promise<Record<string, { minified: number; gzip: number }>>;
};

describe('in a browser', () => {
  it('makes the same keys and signatures as in Node', async () => {
    const words = sdk.createMnemonic(12);
    const code = await bundle(`
      import { buildBody, signerFromMnemonic, signTx, suggestFee, Transfer } from '@fogcoin/sdk';
      export async function run(words, to) {
        const signer = signerFromMnemonic(words);
        const messages = [Transfer.message({ outputs: [{ to, amount: 5n }] })];
        const body = buildBody({ chain_id: '0x' + '11'.repeat(32), sender: signer.address, sequence: 1n, expiry_ms: 2n,
          fee: suggestFee(10n), messages });
        return (await signTx(body, signer)).encoded;
      }`, { format: 'iife', globalName: 'page' });
    // What every browser has, and nothing else.
    const page = createContext({ TextEncoder, TextDecoder, crypto: globalThis.crypto, URL, AbortController, setTimeout, clearTimeout, fetch });
    runInContext(code, page);
    const { address } = sdk.KeySigner.random();
    const encoded = await (runInContext('page.run', page) as (...words: string[]) => Promise<sdk.Hex>)(words, address);
    const tx = sdk.SignedTx.decode(encoded);
    assert.equal(tx.body.sender, sdk.signerFromMnemonic(words).address);
    assert.ok(sdk.verifyTx(tx));
  });

  it('costs a page no more than it must', async () => {
    const figures = await sizes();
    console.log(`bundle sizes: ${JSON.stringify(figures)}`);
    for (const [name, most] of Object.entries({ client: 6_000, address: 4_000, reading: 14_000, light: 30_000, wallet: 46_000, everything: 60_000 })) {
      assert.ok(figures[name]!.gzip < most, `${name}: ${figures[name]!.gzip} bytes compressed, ${most} at most`);
    }
  });
});
