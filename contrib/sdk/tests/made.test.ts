/** sdk_made.json, which the C++ side reads, is what this package makes. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { it } from 'node:test';
import { kFolder, readVectors } from './vectors.js';

it('signed transactions of every kind are as recorded', async () => {
  const scripts = new URL('../../scripts/made.mjs', import.meta.url).href;
  const { asLines, makeVectors } = (await import(scripts)) as {
    makeVectors(types: unknown): Promise<unknown[]>;
    asLines(vectors: unknown[]): string;
  };
  const made = asLines(await makeVectors(readVectors('sdk_types.json')));
  assert.equal(made, readFileSync(join(kFolder, 'sdk_made.json'), 'utf8'), 'run `npm run vectors`');
});
