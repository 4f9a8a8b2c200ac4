/**
 * BCS as the chain has it: one value, one encoding. Built on @mysten/bcs, whose reader and writer do the
 * bytes; what is added is what the chain's rules ask for: decoding refuses trailing bytes, numbers that are
 * not in their shortest form, unsorted maps, tags out of range, and any length beyond the type's bound
 * before it allocates.
 *
 * A value looks as in JSON-RPC's answers: bytes are 0x-hex text, addresses "fog1...", enums their names,
 * what is absent is null; 64-bit numbers are bigint.
 */
import { BcsReader, BcsType, type BcsWriter } from '@mysten/bcs';
import { compareBytes, fromHex, toBytes, toHex, type Hex } from '../base/bytes.js';
import { BcsError } from '../base/errors.js';

/** The library's reader, which never looks beyond its input. */
class BoundedReader extends BcsReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    super(bytes);
    this.#bytes = bytes;
  }

  get remaining(): number {
    return this.#bytes.length - this.#at;
  }

  override shift(count: number): this {
    this.#at += count;
    return super.shift(count);
  }

  override readBytes(count: number): Uint8Array {
    if (count > this.remaining) throw new BcsError('truncated');
    this.shift(count);
    return this.#bytes.subarray(this.#at - count, this.#at);
  }

  override readULEB(): number {
    let sum = 0;
    for (let factor = 1; factor <= 2 ** 28; factor *= 128) {
      const byte = this.read8();
      sum += (byte & 0x7f) * factor;
      if ((byte & 0x80) !== 0) continue;
      // The last byte may be zero only if it is the only one.
      if ((factor > 1 && byte === 0) || sum > 0xffff_ffff) break;
      return sum;
    }
    throw new BcsError('non_minimal');
  }
}

export interface CodecParts<T> {
  name: string;
  read: (reader: BcsReader) => T;
  write: (value: T, writer: BcsWriter) => void;
  /** The value of its JSON form; checks it. */
  fromJson: (json: unknown) => T;
}

/** How a type is encoded. A `BcsType` of @mysten/bcs, so it can be combined with that library's. */
export class Codec<T> extends BcsType<T, T> {
  /** The value that JSON (of JSON-RPC, or `toJson`) stands for. Throws {@link BcsError}. */
  readonly fromJson: (json: unknown) => T;

  constructor(parts: CodecParts<T>) {
    super(parts);
    this.fromJson = parts.fromJson;
  }

  /** Throws {@link BcsError} with the path of what is not of its type or out of its bounds. */
  encode(value: T): Uint8Array {
    return this.serialize(value).toBytes();
  }

  /** The value that these bytes, all of them, are the encoding of. Throws {@link BcsError}. */
  decode(bytes: Uint8Array | Hex): T {
    const reader = new BoundedReader(toBytes(bytes));
    let value: T;
    try {
      value = this.read(reader);
    } catch (error) {
      // What the library's reader throws at the end of its input.
      throw error instanceof RangeError ? new BcsError('truncated') : error;
    }
    if (reader.remaining !== 0) throw new BcsError('trailing');
    return value;
  }

  override parse(bytes: Uint8Array): T {
    return this.decode(bytes);
  }
}

/** The type of a codec's values. */
export type Infer<C> = C extends Codec<infer T> ? T : never;

/** A value as JSON-RPC carries it: 64-bit numbers become decimal strings. */
export function toJson(value: unknown): unknown {
  if (typeof value === 'bigint') return value.toString();
  if (Array.isArray(value)) return value.map(toJson);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, toJson(item)]));
}

function step<R>(name: string | number, run: () => R): R {
  try {
    return run();
  } catch (error) {
    if (error instanceof BcsError) throw error.within(name);
    throw error instanceof RangeError ? new BcsError('truncated').within(name) : error;
  }
}

function refuse(what: string): never {
  throw new BcsError('bad_value', what);
}

// ---- numbers and truth ----

/* @__NO_SIDE_EFFECTS__ */
function small(bits: 8 | 16 | 32): Codec<number> {
  const max = 2 ** bits - 1;
  const check = (value: unknown): number =>
    typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= max
      ? value
      : refuse(`expected a whole number of at most ${max}`);
  return new Codec({
    name: `u${bits}`,
    read: (reader) => (bits === 8 ? reader.read8() : bits === 16 ? reader.read16() : reader.read32()),
    write: (value, writer) => {
      check(value);
      if (bits === 8) writer.write8(value);
      else if (bits === 16) writer.write16(value);
      else writer.write32(value);
    },
    fromJson: check,
  });
}

export const u8: Codec<number> = small(8);
export const u16: Codec<number> = small(16);
export const u32: Codec<number> = small(32);

/* @__NO_SIDE_EFFECTS__ */
function wide(): Codec<bigint> {
  const check = (value: unknown): bigint =>
    typeof value === 'bigint' && value >= 0n && value <= 0xffff_ffff_ffff_ffffn
      ? value
      : refuse('expected a bigint of at most 64 bits');
  return new Codec({
    name: 'u64',
    read: (reader) => {
      const low = reader.read32();
      return (BigInt(reader.read32()) << 32n) | BigInt(low);
    },
    write: (value, writer) => {
      check(value);
      writer.write32(Number(value & 0xffff_ffffn));
      writer.write32(Number(value >> 32n));
    },
    fromJson: (json) => {
      if (typeof json === 'bigint') return check(json);
      if (typeof json === 'number' && Number.isSafeInteger(json) && json >= 0) return BigInt(json);
      if (typeof json !== 'string' || !/^(?:0|[1-9][0-9]{0,19})$/.test(json)) {
        return refuse('expected a decimal string of at most 64 bits, e.g. "1000"');
      }
      return check(BigInt(json));
    },
  });
}

export const u64: Codec<bigint> = wide();
/** A count of droplets. */
export const amount: Codec<bigint> = u64;

/* @__NO_SIDE_EFFECTS__ */
function truth(): Codec<boolean> {
  const check = (value: unknown): boolean => (typeof value === 'boolean' ? value : refuse('expected true or false'));
  return new Codec({
    name: 'bool',
    read: readBool,
    write: (value, writer) => void writer.write8(check(value) ? 1 : 0),
    fromJson: check,
  });
}

function readBool(reader: BcsReader): boolean {
  const byte = reader.read8();
  if (byte > 1) throw new BcsError('bad_tag');
  return byte === 1;
}

export const bool: Codec<boolean> = truth();

// ---- bytes and text ----

function bytesOf(value: unknown): Uint8Array {
  if (typeof value !== 'string') return refuse('expected bytes as 0x-hex');
  try {
    return fromHex(value);
  } catch {
    return refuse('expected bytes as 0x-hex, an even number of digits');
  }
}

function tooLong(size: number, max: number, what: string): void {
  if (size > max) throw new BcsError('too_long', `at most ${max} ${what}; here are ${size}`);
}

/** Exactly `size` bytes, without a length. */
/* @__NO_SIDE_EFFECTS__ */
export function fixed(size: number): Codec<Hex> {
  const check = (value: unknown): Uint8Array => {
    const bytes = bytesOf(value);
    return bytes.length === size ? bytes : refuse(`expected exactly ${size} bytes as 0x-hex`);
  };
  return new Codec({
    name: `bytes[${size}]`,
    read: (reader) => toHex(reader.readBytes(size)),
    write: (value, writer) => void writer.writeBytes(check(value)),
    fromJson: (json) => toHex(check(json)),
  });
}

export const hash32: Codec<Hex> = fixed(32);

/** At most `max` bytes. */
/* @__NO_SIDE_EFFECTS__ */
export function bytes(max: number): Codec<Hex> {
  const check = (value: unknown): Uint8Array => {
    const out = bytesOf(value);
    tooLong(out.length, max, 'bytes');
    return out;
  };
  return new Codec({
    name: `bytes<=${max}`,
    read: (reader) => toHex(reader.readBytes(readLength(reader, max))),
    write: (value, writer) => {
      const out = check(value);
      writer.writeULEB(out.length).writeBytes(out);
    },
    fromJson: (json) => toHex(check(json)),
  });
}

function readLength(reader: BcsReader, max: number): number {
  const length = reader.readULEB();
  if (length > max) throw new BcsError('too_long');
  return length;
}

/** UTF-8 text of at most `max` bytes. */
/* @__NO_SIDE_EFFECTS__ */
export function text(max: number): Codec<string> {
  const check = (value: unknown): Uint8Array => {
    if (typeof value !== 'string') return refuse('expected text');
    const out = new TextEncoder().encode(value);
    if (decodeText(out) !== value) throw new BcsError('bad_text', 'the text has half a surrogate pair');
    tooLong(out.length, max, 'bytes of text');
    return out;
  };
  return new Codec({
    name: `text<=${max}`,
    read: (reader) => decodeText(reader.readBytes(readLength(reader, max))),
    write: (value, writer) => {
      const out = check(value);
      writer.writeULEB(out.length).writeBytes(out);
    },
    fromJson: (json) => {
      check(json);
      return json as string;
    },
  });
}

function decodeText(bytes: Uint8Array): string {
  try {
    // A byte order mark is a character like any other here.
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new BcsError('bad_text');
  }
}

// ---- what is made of other types ----

/** null, or a value. */
/* @__NO_SIDE_EFFECTS__ */
export function option<T>(inner: Codec<T>): Codec<T | null> {
  return new Codec<T | null>({
    name: `option<${inner.name}>`,
    read: (reader) => (readBool(reader) ? inner.read(reader) : null),
    write: (value, writer) => {
      writer.write8(value === null || value === undefined ? 0 : 1);
      if (value !== null && value !== undefined) inner.write(value, writer);
    },
    fromJson: (json) => (json === null || json === undefined ? null : inner.fromJson(json)),
  });
}

/** At most `max` values. */
/* @__NO_SIDE_EFFECTS__ */
export function list<T>(inner: Codec<T>, max: number): Codec<T[]> {
  const check = (value: unknown): unknown[] => {
    if (!Array.isArray(value)) return refuse('expected an array');
    tooLong(value.length, max, 'entries');
    return value;
  };
  return new Codec<T[]>({
    name: `list<${inner.name}>`,
    read: (reader) => {
      const count = readLength(reader, max);
      const out: T[] = [];
      for (let i = 0; i < count; ++i) out.push(step(i, () => inner.read(reader)));
      return out;
    },
    write: (value, writer) => {
      check(value);
      writer.writeULEB(value.length);
      value.forEach((item, i) => step(i, () => inner.write(item, writer)));
    },
    fromJson: (json) => check(json).map((item, i) => step(i, () => inner.fromJson(item))),
  });
}

/** At most `max` values by name; sorted by the encoded name. */
/* @__NO_SIDE_EFFECTS__ */
export function map<T>(key: Codec<string>, inner: Codec<T>, max: number): Codec<Record<string, T>> {
  const check = (value: unknown): [string, unknown][] => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return refuse('expected an object');
    const out = Object.entries(value);
    tooLong(out.length, max, 'entries');
    return out;
  };
  return new Codec<Record<string, T>>({
    name: `map<${inner.name}>`,
    read: (reader) => {
      const count = readLength(reader, max);
      const out: [string, T][] = [];
      let previous: Uint8Array | undefined;
      for (let i = 0; i < count; ++i) {
        const name = step(i, () => key.read(reader));
        const encoded = key.encode(name);
        if (previous && compareBytes(encoded, previous) <= 0) throw new BcsError('unsorted');
        previous = encoded;
        out.push([name, step(name, () => inner.read(reader))]);
      }
      return Object.fromEntries(out);
    },
    write: (value, writer) => {
      const sorted = check(value).map(([name, item]): [Uint8Array, string, unknown] => [
        step(name, () => key.encode(name)), name, item]);
      sorted.sort(([a], [b]) => compareBytes(a, b));
      writer.writeULEB(sorted.length);
      for (const [encoded, name, item] of sorted) {
        writer.writeBytes(encoded);
        step(name, () => inner.write(item as T, writer));
      }
    },
    fromJson: (json) =>
      Object.fromEntries(
        check(json).map(([name, item]) => step(name, () => [key.fromJson(name), inner.fromJson(item)])),
      ),
  });
}

/** One of these names, numbered from 0. */
/* @__NO_SIDE_EFFECTS__ */
export function choice<const N extends string>(...names: N[]): Codec<N> {
  const index = (value: unknown): number => {
    const found = names.indexOf(value as N);
    return found >= 0 ? found : refuse(`expected one of "${names.join('", "')}"`);
  };
  return new Codec<N>({
    name: names.join('|'),
    read: (reader) => names[reader.readULEB()] ?? badTag(),
    write: (value, writer) => void writer.writeULEB(index(value)),
    fromJson: (json) => names[index(json)]!,
  });
}

function badTag(): never {
  throw new BcsError('bad_tag');
}

type StructOf<F> = { [K in keyof F]: Infer<F[K]> };

/** A codec that knows its fields' names. */
export class StructCodec<T> extends Codec<T> {
  readonly fields: readonly string[];
  constructor(parts: CodecParts<T>, fields: readonly string[]) {
    super(parts);
    this.fields = fields;
  }
}

export function structParts<F extends Record<string, Codec<any>>>(name: string, fields: F): CodecParts<StructOf<F>> {
  const entries = Object.entries(fields);
  const check = (value: unknown): Record<string, unknown> =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : refuse(`expected an object: ${name}`);
  return {
    name,
    read: (reader) => {
      const out: Record<string, unknown> = {};
      for (const [field, codec] of entries) out[field] = step(field, () => codec.read(reader));
      return out as StructOf<F>;
    },
    write: (value, writer) => {
      const object = check(value);
      for (const [field, codec] of entries) step(field, () => codec.write(object[field], writer));
    },
    fromJson: (json) => {
      const object = check(json);
      const out: Record<string, unknown> = {};
      for (const [field, codec] of entries) out[field] = step(field, () => codec.fromJson(object[field]));
      return out as StructOf<F>;
    },
  };
}

/** Its fields in this order. */
/* @__NO_SIDE_EFFECTS__ */
export function struct<F extends Record<string, Codec<any>>>(name: string, fields: F): StructCodec<StructOf<F>> {
  return new StructCodec(structParts(name, fields), Object.keys(fields));
}

/** One of these types, told apart by `pick`, which gives the index for a value. */
/* @__NO_SIDE_EFFECTS__ */
export function variant<T>(name: string, pick: (value: T) => number, ...alternatives: Codec<any>[]): Codec<T> {
  return new Codec<T>({
    name,
    read: (reader) => (alternatives[reader.readULEB()] ?? badTag()).read(reader) as T,
    write: (value, writer) => {
      const index = typeof value === 'object' && value !== null ? pick(value) : refuse(`expected an object: ${name}`);
      writer.writeULEB(index);
      alternatives[index]!.write(value, writer);
    },
    fromJson: (json) =>
      alternatives[typeof json === 'object' && json !== null ? pick(json as T) : refuse(`expected an object: ${name}`)]!
        .fromJson(json) as T,
  });
}
