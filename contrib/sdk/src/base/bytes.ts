/** Bytes and their texts. Values carry bytes as 0x-hex text, as JSON-RPC does, so they can be compared. */
import { InvalidInput } from './errors.js';

/** 0x and an even number of lower-case hex digits. */
export type Hex = `0x${string}`;

const kHexDigits = /^0x(?:[0-9a-f]{2})*$/i;
const kByteTexts: string[] = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

export function toHex(bytes: Uint8Array): Hex {
  let out = '0x';
  for (const byte of bytes) out += kByteTexts[byte];
  return out as Hex;
}

/** The bytes of 0x-hex text, either case. Throws {@link InvalidInput} for anything else. */
export function fromHex(text: string): Uint8Array {
  if (typeof text !== 'string' || !kHexDigits.test(text)) {
    throw new InvalidInput('expected bytes as 0x-hex, an even number of digits');
  }
  const out = new Uint8Array(text.length / 2 - 1);
  for (let i = 0; i < out.length; ++i) out[i] = Number.parseInt(text.slice(2 + 2 * i, 4 + 2 * i), 16);
  return out;
}

/** Bytes given as they are or as 0x-hex. */
export function toBytes(value: Uint8Array | Hex): Uint8Array {
  return typeof value === 'string' ? fromHex(value) : value;
}

export function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

export function concat(...parts: Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

export function be64(value: bigint): Uint8Array {
  const out = new Uint8Array(8);
  new DataView(out.buffer).setBigUint64(0, value);
  return out;
}

export function be32(value: number): Uint8Array {
  const out = new Uint8Array(4);
  new DataView(out.buffer).setUint32(0, value);
  return out;
}

/** Whether two byte strings are equal; not in constant time. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

/** Negative, zero or positive, in the order in which maps and keys are sorted. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const common = Math.min(a.length, b.length);
  for (let i = 0; i < common; ++i) {
    const difference = a[i]! - b[i]!;
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}
