/**
 * JSON-RPC carries 64-bit numbers as decimal strings; a shape says where they stand in a result, so that
 * they become bigint. Shapes are generated with the types (generated.ts), so the two cannot disagree.
 */
import { ProtocolError } from './errors.js';

/** A number; the members that hold some; every entry of an array or object (`each`). */
export type Shape = 'u64' | { readonly each: Shape } | { readonly [member: string]: Shape };

/** The result with its 64-bit numbers as bigint. Throws {@link ProtocolError} where something else stands. */
export function revive(value: unknown, shape: Shape | undefined, where: string): unknown {
  if (shape === undefined || value === null || value === undefined) return value;
  if (shape === 'u64') return toBigint(value, where);
  if (Array.isArray(value)) {
    // A result that is one or a list of them has the shape of one.
    const inner = isEach(shape) ? shape.each : shape;
    return value.map((item, i) => revive(item, inner, `${where}[${i}]`));
  }
  if (typeof value !== 'object') throw new ProtocolError(`${where}: the node answered ${typeof value}, not an object`);
  const entries = Object.entries(value).map(([name, item]) => {
    const inner = isEach(shape) ? shape.each : (shape as Record<string, Shape>)[name];
    return [name, revive(item, inner, `${where}.${name}`)];
  });
  return Object.fromEntries(entries);
}

function isEach(shape: object): shape is { each: Shape } {
  return Object.hasOwn(shape, 'each');
}

function toBigint(value: unknown, where: string): bigint {
  if (typeof value === 'string' && /^(?:0|[1-9][0-9]{0,19})$/.test(value)) {
    const number = BigInt(value);
    if (number <= 0xffff_ffff_ffff_ffffn) return number;
  }
  throw new ProtocolError(`${where}: the node answered ${JSON.stringify(value)}, not a 64-bit number`);
}
