// Bundles as a page would.
import { build } from 'esbuild';
import { gzipSync } from 'node:zlib';

/** The minified code of a module with these contents. `format` is esbuild's. */
export async function bundle(contents, options = {}) {
  const { outputFiles: [file] } = await build({
    stdin: { contents, resolveDir: new URL('..', import.meta.url).pathname },
    bundle: true, minify: true, format: 'esm', platform: 'browser', target: 'es2022', write: false, ...options,
  });
  return file.text;
}

/** What a page pays for some uses of the package, in bytes. */
export async function sizes() {
  const uses = {
    everything: 'export * from "@fogcoin/sdk"',
    client: 'export { Client } from "@fogcoin/sdk"',
    wallet: 'export { createMnemonic, signerFromMnemonic, Sender, Client, Transfer } from "@fogcoin/sdk"',
    light: 'export { Client, LightClient, askTrust, Account, accountKey } from "@fogcoin/sdk"',
    reading: 'export { readTx } from "@fogcoin/sdk"',
    address: 'export { isAddress } from "@fogcoin/sdk"',
  };
  return Object.fromEntries(await Promise.all(Object.entries(uses).map(async ([name, contents]) => {
    const code = await bundle(contents);
    return [name, { minified: Buffer.byteLength(code), gzip: gzipSync(code, { level: 9 }).length }];
  })));
}
