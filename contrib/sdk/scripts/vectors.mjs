// Writes tests/data/vectors/sdk_made.json, which the C++ side reads.
// Usage: npm run vectors
import { readFile, writeFile } from 'node:fs/promises';
import { asLines, makeVectors } from './made.mjs';

const folder = process.env.FOG_VECTORS ?? new URL('../../../tests/data/vectors', import.meta.url).pathname;
const types = JSON.parse(await readFile(`${folder}/sdk_types.json`, 'utf8'));
await writeFile(`${folder}/sdk_made.json`, asLines(await makeVectors(types)));
