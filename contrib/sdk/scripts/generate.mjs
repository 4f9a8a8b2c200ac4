// Writes src/rpc/generated.ts from a node's OpenRPC document.
// Usage: npm run generate -- URL|FILE      e.g. http://127.0.0.1:7780
import { readFile, writeFile } from 'node:fs/promises';
import { generate } from './openrpc.mjs';
import { Client } from '../dist/index.js';

const source = process.argv[2];
if (!source) {
  console.error('generate: say where the document is, a node\'s URL or a file: npm run generate -- http://127.0.0.1:7780');
  process.exit(2);
}
const document = /^https?:/.test(source) ? await new Client(source).discover() : JSON.parse(await readFile(source, 'utf8'));
await writeFile(new URL('../src/rpc/generated.ts', import.meta.url), generate(document));
