/**
 * What Publishers ask for and Hosts offer: resources, prices, places, constraints, terms.
 * (market/types/price.h, place.h, terms.h, params.h)
 */
import { amount, bool, choice, hash32, list, map, option, struct, text, u16, u32, u64, u8, type Infer } from '../bcs/codec.js';
import { address } from '../keys/address.js';

/** Scales are in 1/10 000: this is the class vector itself. */
export const kScaleOne = 10_000;

/** A model and thousandths of one device. */
export const Gpu = struct('Gpu', { model: text(32), milli: u32 });
export interface Gpu extends Infer<typeof Gpu> {}

/** What a replica reserves, or what a Host has. */
export const Resources = struct('Resources', {
  cpu_milli: u32,
  memory_mib: u32,
  storage_mib: u32,
  egress_mbps: u32,
  gpu: option(Gpu),
});
export interface Resources extends Infer<typeof Resources> {}

/** Droplets per unit at scale one. */
export const UnitPrices = struct('UnitPrices', {
  cpu_core_hour: u64,
  memory_gib_hour: u64,
  storage_gib_month: u64,
  gpu_hour: u64,
  gfuel: u64,
  egress_gib: u64,
  million_requests: u64,
});
export interface UnitPrices extends Infer<typeof UnitPrices> {}

export const PriceClass = struct('PriceClass', { name: text(32), prices: UnitPrices });
export interface PriceClass extends Infer<typeof PriceClass> {}

/** Metered use, cumulative. */
export const Counters = struct('Counters', { requests: u64, fuel: u64, egress_bytes: u64 });
export interface Counters extends Infer<typeof Counters> {}

/** Expected use of one replica in one hour. */
export const UseProfile = struct('UseProfile', { fuel: u64, egress_bytes: u64, requests: u64 });
export interface UseProfile extends Infer<typeof UseProfile> {}

export const MarketParams = struct('MarketParams', {
  classes: list(PriceClass, 8),
  ack_deadline_ms: u64,
  receipt_interval_ms: u64,
  lease_timeout_ms: u64,
  notice_ms: u64,
  final_receipt_window_ms: u64,
  audit_window_ms: u64,
  bond_return_ms: u64,
  burn_permille: u32,
  holdback_permille: u32,
  failure_slash_permille: u32,
  host_bond_min: amount,
  service_fee_burn: amount,
  gateway_fee_burn: amount,
  fuel_per_core_second_max: u64,
  sleep_retry_ms: u32,
  demand_fee: amount,
  escrow_low_ms: u64,
  events_kept_ms: u64,
  searches_per_block: u32,
});
export interface MarketParams extends Infer<typeof MarketParams> {}

/** ISO 3166-1 alpha-2; degrees in thousandths: latitude + 90 000, longitude + 180 000. */
export const Location = struct('Location', { country: text(2), lat_milli: u32, lon_milli: u32 });
export interface Location extends Infer<typeof Location> {}

/** What a Host says of itself, or an auditor of a Host. */
export const Attributes = map(text(32), text(64), 32);
export type Attributes = Infer<typeof Attributes>;

/** One demand on an attribute; `audited`: by what a trusted auditor attests. */
export const AttributeRule = struct('AttributeRule', {
  key: text(32),
  op: choice('=', '!=', 'in', '>=', 'exists'),
  values: list(text(64), 8),
  audited: bool,
});
export interface AttributeRule extends Infer<typeof AttributeRule> {}

/** Hard constraints: an Offer that fails one is no candidate. An empty list excludes nobody. */
export const Constraints = struct('Constraints', {
  countries: list(text(2), 32),
  not_countries: list(text(2), 32),
  cells: list(text(8), 16),
  distance_max_km: u32,
  latency_max_us: u32,
  attributes: list(AttributeRule, 16),
  auditors: list(address, 8),
  only_hosts: list(hash32, 32),
  not_hosts: list(hash32, 32),
  only_owners: list(address, 32),
  not_owners: list(address, 32),
  runtime: option(hash32),
  standing_min: u16,
  per_host_max: u8,
  per_owner_max: u8,
  per_country_max: u8,
});
export interface Constraints extends Infer<typeof Constraints> {}

/** The most that a unit may cost, each as a step of the ladder of caps; null: no cap of its own. */
export const UnitCaps = struct('UnitCaps', {
  cpu_core_hour: option(u8),
  memory_gib_hour: option(u8),
  storage_gib_month: option(u8),
  gpu_hour: option(u8),
  gfuel: option(u8),
  egress_gib: option(u8),
  million_requests: option(u8),
});
export interface UnitCaps extends Infer<typeof UnitCaps> {}

/** What a Publisher asks for. */
export const BidTerms = struct('BidTerms', {
  service: text(63),
  /** Cleared as soon as possible; 0: only on demand. */
  replicas_min: u16,
  replicas_max: u16,
  /** Of one replica. */
  resources: Resources,
  profile: UseProfile,
  /** Most one replica may cost an hour at the profile, as a step of the ladder of caps. */
  cap_step: u8,
  unit_caps: UnitCaps,
  /** Most one replica can ever be paid an hour, rent and use. */
  spend_per_hour_max: amount,
  constraints: Constraints,
  near: option(Location),
  latency_weight: u32,
  verification: choice('none', 'sampled', 'every'),
  gateways: list(address, 8),
  lease_ms: u64,
  start_by_ms: u64,
  warm: u16,
  demands_per_hour: u16,
});
export interface BidTerms extends Infer<typeof BidTerms> {}

/** What one auditor says of a Host. */
export const Attestation = struct('Attestation', {
  auditor: address,
  attributes: Attributes,
  attested_ms: u64,
  expires_ms: u64,
});
export interface Attestation extends Infer<typeof Attestation> {}

export const HostAudit = struct('HostAudit', { host: hash32, attestations: list(Attestation, 8) });
export interface HostAudit extends Infer<typeof HostAudit> {}

export const kCapSteps = 128;

/** The ladder of caps: step 0 is 1 024 droplets an hour, each next step floor(1.25 x). */
export function capOfStep(step: number): bigint {
  if (!Number.isInteger(step) || step < 0 || step >= kCapSteps) throw new RangeError(`steps are 0 to ${kCapSteps - 1}`);
  let cap = 1_024n;
  for (let i = 0; i < step; ++i) cap = (cap * 5n) / 4n;
  return cap;
}

/** The lowest step whose cap is at least this; undefined above the ladder. */
export function stepFor(dropletsPerHour: bigint): number | undefined {
  for (let step = 0; step < kCapSteps; ++step) {
    if (capOfStep(step) >= dropletsPerHour) return step;
  }
  return undefined;
}
