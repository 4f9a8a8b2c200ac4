/** The market's objects as they stand in the state. (market/types/objects.h, event.h) */
import { amount, bool, choice, fixed, hash32, list, map, option, struct, text, u16, u32, u64, u8, type Infer } from '../bcs/codec.js';
import { address } from '../keys/address.js';
import { Attributes, BidTerms, Counters, Location, Resources, UnitPrices, UseProfile } from './market_terms.js';

const endpoint = text(255);
const serviceName = text(63);
const kCloseReasons = ['open', 'by_publisher', 'by_host', 'ack_missed', 'host_silent', 'escrow_exhausted',
  'service_retired', 'host_retired', 'not_started', 'scaled_down', 'idle', 'lease_over', 'host_leaving'] as const;
const closeReason = choice(...kCloseReasons);
export type CloseReason = (typeof kCloseReasons)[number];

export const Host = struct('Host', {
  id: hash32,
  owner: address,
  operator_account: address,
  operator_key: fixed(33),
  endpoint,
  location: Location,
  capacity: Resources,
  attributes: Attributes,
  runtimes: list(hash32, 8),
  bond: amount,
  standing: u16,
  standing_as_of_ms: u64,
  last_seen_ms: u64,
  leases_open: u32,
  /** 0 while in service. */
  retired_at_ms: u64,
  failures: u64,
  earned: amount,
  /** 0: alive. */
  down_since_ms: u64,
  /** 0: it stays. */
  leaving_at_ms: u64,
  holdbacks: u64,
  auditors: u8,
});
export interface Host extends Infer<typeof Host> {}

/** A Host's standing ask; one a Host. */
export const Offer = struct('Offer', {
  host: hash32,
  price_class: u8,
  scale: u32,
  free: Resources,
  since_height: u64,
});
export interface Offer extends Infer<typeof Offer> {}

export const Gateway = struct('Gateway', {
  owner: address,
  key: fixed(33),
  endpoint,
  location: Location,
  previous_key: fixed(33),
  previous_until_ms: u64,
});
export interface Gateway extends Infer<typeof Gateway> {}

export const Volume = struct('Volume', { path: text(128), mib: u32 });
export interface Volume extends Infer<typeof Volume> {}

export const Manifest = struct('Manifest', {
  summary: text(256),
  runtime: choice('wasm', 'wasm-http', 'container'),
  /** SHA-256 of the bytes; with `image` of its manifest. */
  artifact: hash32,
  artifact_bytes: u64,
  memory_mib: u32,
  fuel_per_request: u64,
  wall_ms: u32,
  request_bytes_max: u64,
  response_bytes_max: u64,
  env: map(text(64), text(1_024), 64),
  port: u16,
  outbound: list(text(128), 32),
  outbound_bytes_max: u64,
  image: text(255),
  secrets: list(text(64), 32),
  volumes: list(Volume, 8),
  keyvalue_mib: u32,
});
export interface Manifest extends Infer<typeof Manifest> {}

export const Service = struct('Service', {
  name: serviceName,
  owner: address,
  version: u32,
  manifest: Manifest,
  bids_open: u32,
  metered: option(UseProfile),
});
export interface Service extends Infer<typeof Service> {}

/** A depositor's part of a Bid's escrow. */
export const Deposit = struct('Deposit', { from: address, left: amount });
export interface Deposit extends Infer<typeof Deposit> {}

export const Bid = struct('Bid', {
  id: hash32,
  owner: address,
  terms: BidTerms,
  created_height: u64,
  created_ms: u64,
  since_height: u64,
  /** deposited = free + locked + spent + refunded */
  free: amount,
  locked: amount,
  spent: amount,
  refunded: amount,
  deposited: amount,
  deposits: list(Deposit, 16),
  replicas_held: u16,
  replicas_leaving: u16,
  replicas_reserved: u16,
  replicas_demanded: u16,
  replicas_renewing: u16,
  leases_ever: u32,
  closed: closeReason,
  closed_ms: u64,
  sleep_until_ms: u64,
  asleep_since_ms: u64,
  turn_height: u64,
  low_since_ms: u64,
  gateways_before: list(address, 8),
  gateways_before_until_ms: u64,
});
export interface Bid extends Infer<typeof Bid> {}

export const SumNode = struct('SumNode', { hash: hash32, sums: Counters });
export interface SumNode extends Infer<typeof SumNode> {}

/** The last included state of one gateway's log in a lease's term. */
export const LogState = struct('LogState', {
  gateway: address,
  count: u64,
  root: SumNode,
  vouched_count: u64,
  vouched_response_bytes: u64,
});
export interface LogState extends Infer<typeof LogState> {}

export const PastPrice = struct('PastPrice', { prices: UnitPrices, scale: u32, since_ms: u64, rent_before: amount });
export interface PastPrice extends Infer<typeof PastPrice> {}

/** One replica on one Host, at a cleared price. */
export const Lease = struct('Lease', {
  id: hash32,
  bid: hash32,
  service: serviceName,
  service_version: u32,
  ordinal: u32,
  term: u32,
  host: hash32,
  publisher: address,
  state: choice('proposed', 'reserved', 'active', 'closing', 'closed'),
  prices: UnitPrices,
  scale: u32,
  resources: Resources,
  runtime: hash32,
  beacon: hash32,
  proposed_ms: u64,
  ack_deadline_ms: u64,
  active_since_ms: u64,
  last_seen_ms: u64,
  billed_until_ms: u64,
  rent_due: amount,
  use_due: amount,
  paid: amount,
  burned: amount,
  held: amount,
  slice: amount,
  receipts: u64,
  logs: list(LogState, 16),
  closed: closeReason,
  closing_at_ms: u64,
  closed_ms: u64,
  receipts_ever: u64,
  spend_per_hour_max: amount,
  allowance: amount,
  reserved: bool,
  ticket: u64,
  opened_ms: u64,
  renews_ms: u64,
  renewing: bool,
  renewals: u64,
  priced_since_ms: u64,
  rent_before: amount,
  use_before: amount,
  used_before: Counters,
  past_price: option(PastPrice),
});
export interface Lease extends Infer<typeof Lease> {}

/** A round trip that a gateway measured to a Host. */
export const RoundTrip = struct('RoundTrip', { host: hash32, micros: u32 });
export interface RoundTrip extends Infer<typeof RoundTrip> {}

/** What one gateway has asked of a Bid. */
export const Demand = struct('Demand', {
  bid: hash32,
  gateway: address,
  replicas: u16,
  location: Location,
  round_trips: list(RoundTrip, 32),
  raised_ms: u64,
  until_ms: u64,
  hour_since_ms: u64,
  raised_in_hour: u32,
});
export interface Demand extends Infer<typeof Demand> {}

/** An included receipt, kept until its hold-back is released. */
export const ReceiptRecord = struct('ReceiptRecord', {
  lease: hash32,
  term: u32,
  number: u64,
  host: hash32,
  included_ms: u64,
  height: u64,
  counters: Counters,
  rent: amount,
  use: amount,
  to_host: amount,
  held: amount,
  burned: amount,
  short_by: amount,
});
export interface ReceiptRecord extends Infer<typeof ReceiptRecord> {}

/** Something that happened in the market; what does not apply is zero or empty. */
export const MarketEvent = struct('MarketEvent', {
  kind: choice('bid_created', 'bid_updated', 'bid_funded', 'bid_closed', 'bid_refunded', 'escrow_low', 'escrow_filled',
    'lease_proposed', 'lease_reserved', 'lease_active', 'lease_renewed', 'lease_closing', 'lease_closed',
    'demand_changed', 'host_leaving', 'host_retired', 'bond_returned'),
  height: u64,
  number: u32,
  time_ms: u64,
  service: serviceName,
  bid: hash32,
  lease: hash32,
  term: u32,
  host: hash32,
  gateway: address,
  reason: closeReason,
  amount,
  scale: u32,
  replicas: u16,
  at_ms: u64,
});
export interface MarketEvent extends Infer<typeof MarketEvent> {}
