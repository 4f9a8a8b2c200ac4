/** The vectors shared with the C++ side: tests/data/vectors/sdk_*.json. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The repository's folder of vectors; FOG_VECTORS says where it is when the package stands elsewhere. */
export const kFolder = process.env['FOG_VECTORS'] ?? join(import.meta.dirname, '../../../../tests/data/vectors');

export function readVectors<T>(name: string): T[] {
  return JSON.parse(readFileSync(join(kFolder, name), 'utf8')) as T[];
}
