// Says how many bytes a page pays for the package: minified, and as gzip sends it. Ends with a line of JSON.
// Usage: npm run size
import { build } from 'esbuild';
import { gzipSync } from 'node:zlib';

const kUses = {
  everything: 'export * from "@fogcoin/sdk"',
  client: 'export { Client } from "@fogcoin/sdk"',
  wallet: 'export { createMnemonic, signerFromMnemonic, Sender, Client, Transfer } from "@fogcoin/sdk"',
  light: 'export { Client, LightClient, askTrust, Account, accountKey } from "@fogcoin/sdk"',
  reading: 'export { readTx } from "@fogcoin/sdk"',
  address: 'export { isAddress } from "@fogcoin/sdk"',
};

const figures = {};
for (const [name, contents] of Object.entries(kUses)) {
  const { outputFiles: [file] } = await build({
    stdin: { contents, resolveDir: new URL('..', import.meta.url).pathname },
    bundle: true, minify: true, format: 'esm', platform: 'browser', target: 'es2022', write: false,
  });
  figures[name] = { minified: file.contents.length, gzip: gzipSync(file.contents, { level: 9 }).length };
  console.error(`${name.padEnd(12)} ${String(figures[name].minified).padStart(8)} bytes, gzip ${figures[name].gzip}`);
}
console.log(JSON.stringify(figures));
