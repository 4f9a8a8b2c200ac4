// Numbers and names for people. Amounts stay exact: bigint droplets in, decimal FOG out.

export const FOG = 1_000_000_000n;
const thin = ",";

export function big(value: string | number | bigint): bigint {
  return typeof value === "bigint" ? value : BigInt(value);
}

export function whole(value: string | number | bigint): string {
  return String(value).replace(/\B(?=(\d{3})+(?!\d))/g, thin);
}

/** "1,250.5": every digit that there is. */
export function fogNumber(droplets: string | bigint): string {
  const value = big(droplets);
  const sign = value < 0n ? "-" : "";
  const size = value < 0n ? -value : value;
  const part = (size % FOG).toString().padStart(9, "0").replace(/0+$/, "");
  return sign + whole(size / FOG) + (part ? "." + part : "");
}
export function fog(droplets: string | bigint): string {
  return fogNumber(droplets) + " FOG";
}

/** "12.5", "1,250.5", "0.000000001" as droplets; a sentence when it is none. */
export function parseFog(text: string): bigint | string {
  const plain = text.trim().replace(/\s*FOG$/i, "").replace(/[, ]/g, "");
  if (!/^\d{1,11}(\.\d*)?$|^\.\d+$/.test(plain)) return "Write an amount in FOG, such as 12.5";
  const [before, after = ""] = plain.split(".");
  if (after.length > 9) return "FOG has at most 9 decimals";
  const value = BigInt(before || "0") * FOG + BigInt(after.padEnd(9, "0") || "0");
  if (value > 0xffff_ffff_ffff_ffffn) return "That is more FOG than can exist";
  return value;
}

export function short(hex: string, head = 8, tail = 6): string {
  const start = hex.startsWith("0x") ? 2 : hex.startsWith("fog1") ? 4 : 0;
  if (hex.length <= start + head + tail + 1) return hex;
  return hex.slice(0, start + head) + "…" + hex.slice(-tail);
}

export function percent(part: number, total: number, digits = 1): string {
  return total === 0 ? "–" : ((100 * part) / total).toFixed(digits) + " %";
}
export function share(part: string | bigint, total: string | bigint, digits = 1): string {
  const all = big(total);
  return all === 0n ? "–" : (Number((big(part) * 1_000_000n) / all) / 10_000).toFixed(digits) + " %";
}

export function scaleText(scale: number): string {
  return (scale / 10_000).toFixed(4).replace(/0+$/, "").replace(/\.$/, "") + "×";
}

export function span(ms: number): string {
  const units: [number, string][] = [
    [86_400_000, "d"],
    [3_600_000, "h"],
    [60_000, "min"],
    [1_000, "s"],
  ];
  if (ms < 1_000) return Math.max(0, Math.round(ms)) + " ms";
  for (const [size, name] of units) {
    if (ms < size) continue;
    const count = ms / size;
    if (count >= 10 || Math.abs(count - Math.round(count)) < 0.05) return Math.round(count) + " " + name;
    return count.toFixed(1) + " " + name;
  }
  return ms + " ms";
}

/** "8 s ago", "in 3 min". */
export function ago(ms: number, now = Date.now()): string {
  const past = now - ms;
  if (Math.abs(past) < 1_000) return "now";
  const seconds = Math.floor(Math.abs(past) / 1_000) * 1_000;
  const text = seconds < 60_000 ? seconds / 1_000 + " s" : span(seconds);
  return past > 0 ? text + " ago" : "in " + text;
}

const clock = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });
export function dateText(ms: number): string {
  return clock.format(ms);
}

export function bytes(count: string | number | bigint): string {
  const value = Number(count);
  const names = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
  let size = value;
  let at = 0;
  while (size >= 1024 && at < names.length - 1) {
    size /= 1024;
    ++at;
  }
  return (at === 0 || size >= 100 ? Math.round(size) : size.toFixed(1).replace(/\.0$/, "")) + " " + names[at];
}
export function mib(count: number): string {
  return bytes(count * 1024 * 1024);
}
export function cores(milli: number): string {
  return (milli / 1000).toFixed(milli % 1000 ? 2 : 0).replace(/0$/, (zero) => (milli % 1000 ? "" : zero));
}

export function countText(count: string | number | bigint): string {
  const value = Number(count);
  if (value < 100_000) return whole(value);
  const names = ["", "k", "M", "G", "T", "P"];
  let size = value;
  let at = 0;
  while (size >= 1000 && at < names.length - 1) {
    size /= 1000;
    ++at;
  }
  return size.toFixed(size >= 100 ? 0 : size >= 10 ? 1 : 2) + " " + names[at];
}

const regions = new Intl.DisplayNames(undefined, { type: "region" });
export function country(code: string): string {
  try {
    return regions.of(code) ?? code;
  } catch {
    return code;
  }
}

/** Bytes of a memo as text where they are text. */
export function memoText(hex: string): { text: string; isText: boolean } {
  const raw = fromHex(hex);
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(raw);
    // eslint-disable-next-line no-control-regex
    if (!/[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u202a-\u202e\u2066-\u2069]/.test(text)) return { text, isText: true };
  } catch {
    // not UTF-8
  }
  return { text: hex, isText: false };
}

export function fromHex(hex: string): Uint8Array<ArrayBuffer> {
  const plain = hex.startsWith("0x") ? hex.slice(2) : hex;
  const out = new Uint8Array(plain.length / 2);
  for (let i = 0; i < out.length; ++i) out[i] = parseInt(plain.slice(2 * i, 2 * i + 2), 16);
  return out;
}
export function toHex(raw: Uint8Array): string {
  return Array.from(raw, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

export function plural(count: number | string, one: string, many = one + "s"): string {
  return whole(count) + " " + (Number(count) === 1 ? one : many);
}
