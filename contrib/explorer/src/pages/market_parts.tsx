// Pieces that several pages of the market share, and its arithmetic as market/types/price.cc has it.
import type { Bid, Host, Lease, Offer, Params, Resources, Unit, UnitPrices } from "../node/types.ts";
import { unitNames } from "../node/types.ts";
import { rpc } from "../node/rpc.ts";
import { Badge, Meter } from "../ui/parts.tsx";
import { cores, mib } from "../ui/format.ts";
import { reasonText } from "../node/words.tsx";

export const unitText: Record<Unit, [name: string, per: string]> = {
  cpu_core_hour: ["CPU", "core and hour"],
  memory_gib_hour: ["Memory", "GiB and hour"],
  storage_gib_month: ["Storage", "GiB and month"],
  gpu_hour: ["GPU", "device and hour"],
  gfuel: ["WebAssembly fuel", "10⁹ units"],
  egress_gib: ["Traffic out", "GiB"],
  million_requests: ["Requests", "million"],
};

let params: Promise<Params> | null = null;
/** The parameters, asked once while the page is open. */
export function readParams(): Promise<Params> {
  params ??= rpc<Params>("params_get").catch((error) => {
    params = null;
    throw error;
  });
  return params;
}

/** What a unit costs at a scale, droplets; rounded down as payments are. */
export function priceAt(prices: UnitPrices, unit: Unit, scale: number): bigint {
  return (BigInt(prices[unit]) * BigInt(scale)) / 10_000n;
}

const ceil = (a: bigint, b: bigint) => (a + b - 1n) / b;
/** Droplets an hour of one replica at its profile and scale one, each component rounded up. */
export function hourly(prices: UnitPrices, resources: Resources, profile: { fuel: string; egress_bytes: string; requests: string }): bigint {
  const p = Object.fromEntries(unitNames.map((name) => [name, BigInt(prices[name])])) as Record<Unit, bigint>;
  const sum =
    ceil(p.cpu_core_hour * BigInt(resources.cpu_milli), 1_000n) +
    ceil(p.memory_gib_hour * BigInt(resources.memory_mib), 1_024n) +
    ceil(p.storage_gib_month * BigInt(resources.storage_mib), 1_024n * 720n) +
    ceil(p.gpu_hour * BigInt(resources.gpu?.milli ?? 0), 1_000n) +
    ceil(p.gfuel * BigInt(profile.fuel), 1_000_000_000n) +
    ceil(p.egress_gib * BigInt(profile.egress_bytes), 1n << 30n) +
    ceil(p.million_requests * BigInt(profile.requests), 1_000_000n);
  return sum > 1n ? sum : 1n;
}

/** Droplets an hour that a lease's reserved resources cost at its price. */
export function rentPerHour(lease: Lease): bigint {
  const scale = BigInt(lease.scale);
  const r = lease.resources;
  const part = (unit: Unit, quantity: number, size: bigint) => (BigInt(lease.prices[unit]) * BigInt(quantity) * scale) / (size * 10_000n);
  return (
    part("cpu_core_hour", r.cpu_milli, 1_000n) +
    part("memory_gib_hour", r.memory_mib, 1_024n) +
    part("storage_gib_month", r.storage_mib, 1_024n * 720n) +
    part("gpu_hour", r.gpu?.milli ?? 0, 1_000n)
  );
}

const ladder: bigint[] = [1_024n];
while (ladder.length < 128) ladder.push(ladder[ladder.length - 1]! + ladder[ladder.length - 1]! / 4n);
/** Caps stand on a ladder of steps of 1.25x: the lowest step that is at least so many droplets an hour. */
export function stepFor(droplets: bigint): number | null {
  const step = ladder.findIndex((cap) => cap >= droplets);
  return step < 0 ? null : step;
}
export function capOfStep(step: number): bigint {
  return ladder[step]!;
}

export function BidState({ bid }: { bid: Bid }) {
  if (bid.closed !== "open") return <Badge title={reasonText(bid.closed)}>closed</Badge>;
  if (bid.low_since_ms !== "0") return <Badge tone="warn">escrow low</Badge>;
  const held = bid.replicas_held - bid.replicas_reserved;
  if (held >= Math.max(1, bid.terms.replicas_min)) return <Badge tone="good">{held} placed</Badge>;
  if (bid.terms.replicas_min === 0 && held === 0) return <Badge tone="info">on demand</Badge>;
  if (bid.asleep_since_ms !== "0") return <Badge tone="warn">no Host fits yet</Badge>;
  return <Badge tone="info">being matched</Badge>;
}

export function LeaseState({ lease }: { lease: Lease }) {
  const tones = { proposed: "info", reserved: "info", active: "good", closing: "warn", closed: "plain" } as const;
  return <Badge tone={tones[lease.state]}>{lease.state}</Badge>;
}

export function HostState({ host }: { host: Host }) {
  if (host.retired_at_ms !== "0") return <Badge>retired</Badge>;
  if (host.down_since_ms !== "0") return <Badge tone="bad">down</Badge>;
  if (host.leaving_at_ms !== "0") return <Badge tone="warn">leaving</Badge>;
  return <Badge tone="good">up</Badge>;
}

/** "0.4 / 2 cores" with a bar of what is taken. */
export function Used({ host, offer, what }: { host: Host; offer?: Offer; what: "cpu_milli" | "memory_mib" | "storage_mib" }) {
  const text = what === "cpu_milli" ? cores : mib;
  const total = host.capacity[what];
  if (total === 0) return <span class="muted">–</span>;
  const free = offer ? offer.free[what] : 0;
  return (
    <span>
      {offer ? text(free) + " of " : "none of "}
      {text(total)} {what === "cpu_milli" ? "cores " : ""}free
      <Meter part={total - free} total={total} label={`${text(total - free)} of ${text(total)} taken or not offered`} />
    </span>
  );
}
