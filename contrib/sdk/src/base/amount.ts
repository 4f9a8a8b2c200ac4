/** Amounts: droplets as bigint; 1 FOG = 10^9 droplets. */
import { InvalidInput } from './errors.js';

export const kDropletsPerFog = 1_000_000_000n;
export const kU64Max = 0xffff_ffff_ffff_ffffn;

/** "12.5 FOG": the shortest exact decimal, always with the unit. */
export function formatFog(droplets: bigint): string {
  const whole = droplets / kDropletsPerFog;
  const rest = (droplets % kDropletsPerFog).toString().padStart(9, '0').replace(/0+$/, '');
  return rest === '' ? `${whole} FOG` : `${whole}.${rest} FOG`;
}

/**
 * The droplets of "12", "12.5", "0.000000001", with or without " FOG", or "500 droplets". Throws
 * {@link InvalidInput} for anything else: a sign, an exponent, more than nine decimals, more than 64 bits.
 */
export function parseFog(text: string): bigint {
  const droplets = /^([0-9]{1,64}) *droplets$/.exec(text);
  const fog = /^([0-9]{1,64})(?:\.([0-9]{1,9}))?(?: *FOG)?$/.exec(text);
  let value: bigint | undefined;
  if (droplets) value = BigInt(droplets[1]!);
  if (fog) value = BigInt(fog[1]!) * kDropletsPerFog + BigInt((fog[2] ?? '').padEnd(9, '0'));
  if (value === undefined || value > kU64Max) {
    throw new InvalidInput(`"${text}" is no amount: expected e.g. "12.5", "12.5 FOG" or "500 droplets"`);
  }
  return value;
}
