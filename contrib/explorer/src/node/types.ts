// What the node answers, as far as pages read it. 64-bit numbers are decimal strings, amounts droplets.

export type U64 = string;
export type Hex = string;
export type Addr = string;

export interface Status {
  chain_id: Hex;
  chain_name: string;
  height: U64;
  time_ms: U64;
  block: Hex;
  base_price: U64;
  mempool_txs: U64;
  version: string;
}

export interface Message {
  kind: number;
  name?: string;
  body?: any;
  payload?: Hex;
}

export interface Tx {
  id: Hex;
  body: {
    sender: Addr;
    lane: number;
    sequence: U64;
    expiry_ms: U64;
    price_max: U64;
    tip: U64;
    messages: Message[];
    memo: Hex;
  };
  auth: any;
}

export interface Outcome {
  fault: { number: number; name: string; help?: string };
  units: U64;
  fee_burned: U64;
  fee_tip: U64;
  failed_message?: number;
}

export interface Header {
  height: U64;
  epoch: U64;
  time_ms: U64;
  parent: Hex;
  app_hash: Hex;
  tx_root: Hex;
  proposer: Hex;
  validators_hash: Hex;
}

export interface Block {
  id: Hex;
  header: Header;
  txs: Tx[];
  outcomes: Outcome[];
  certificate: { vote: { view: U64; kind: string }; signatures: { index: number; signature: Hex }[] } | null;
}

export interface TxStatus {
  place: "unknown" | "pending" | "final";
  height?: U64;
  index?: number;
  outcome?: Outcome;
}

export interface AccountInfo {
  address: Addr;
  exists: boolean;
  balance: U64;
  lanes: { lane: number; next: U64 }[];
}

export interface Resources {
  cpu_milli: number;
  memory_mib: number;
  storage_mib: number;
  egress_mbps: number;
  gpu: { model: string; milli: number } | null;
}

export interface Place {
  country: string;
  lat_milli: number;
  lon_milli: number;
}

export interface Host {
  id: Hex;
  owner: Addr;
  operator_account: Addr;
  endpoint: string;
  location: Place;
  capacity: Resources;
  attributes: any;
  runtimes: Hex[];
  bond: U64;
  standing: number;
  last_seen_ms: U64;
  leases_open: number;
  retired_at_ms: U64;
  failures: U64;
  earned: U64;
  down_since_ms: U64;
  leaving_at_ms: U64;
}

export interface Offer {
  host: Hex;
  price_class: number;
  scale: number;
  free: Resources;
  since_height: U64;
}

export const unitNames = [
  "cpu_core_hour",
  "memory_gib_hour",
  "storage_gib_month",
  "gpu_hour",
  "gfuel",
  "egress_gib",
  "million_requests",
] as const;
export type Unit = (typeof unitNames)[number];
export type UnitPrices = Record<Unit, U64>;

export interface Manifest {
  summary: string;
  runtime: "wasm" | "wasm-http" | "container";
  artifact: Hex;
  artifact_bytes: U64;
  memory_mib: number;
  fuel_per_request: U64;
  wall_ms: number;
  request_bytes_max: U64;
  response_bytes_max: U64;
  env: any;
  port: number;
  outbound: string[];
  outbound_bytes_max: U64;
  image: string;
  secrets: string[];
  volumes: { path: string; mib: number }[];
  keyvalue_mib: number;
}

export interface Service {
  name: string;
  owner: Addr;
  version: number;
  manifest: Manifest;
  bids_open: number;
  metered: { fuel: U64; egress_bytes: U64; requests: U64 } | null;
}

export interface Terms {
  service: string;
  replicas_min: number;
  replicas_max: number;
  resources: Resources;
  profile: { fuel: U64; egress_bytes: U64; requests: U64 };
  cap_step: number;
  unit_caps: Record<Unit, number | null>;
  spend_per_hour_max: U64;
  constraints: any;
  near: Place | null;
  latency_weight: number;
  verification: "none" | "sampled" | "every";
  gateways: Addr[];
  lease_ms: U64;
  start_by_ms: U64;
  warm: number;
  demands_per_hour: number;
}

export interface Bid {
  id: Hex;
  owner: Addr;
  terms: Terms;
  created_height: U64;
  created_ms: U64;
  free: U64;
  locked: U64;
  spent: U64;
  refunded: U64;
  deposited: U64;
  deposits: { from: Addr; left: U64 }[];
  replicas_held: number;
  replicas_reserved: number;
  replicas_leaving: number;
  replicas_demanded: number;
  closed: string;
  closed_ms: U64;
  sleep_until_ms: U64;
  asleep_since_ms: U64;
  low_since_ms: U64;
}

export interface Lease {
  id: Hex;
  bid: Hex;
  service: string;
  service_version: number;
  ordinal: number;
  term: number;
  host: Hex;
  publisher: Addr;
  state: "proposed" | "reserved" | "active" | "closing" | "closed";
  prices: UnitPrices;
  scale: number;
  resources: Resources;
  runtime: Hex;
  proposed_ms: U64;
  ack_deadline_ms: U64;
  active_since_ms: U64;
  last_seen_ms: U64;
  billed_until_ms: U64;
  rent_due: U64;
  use_due: U64;
  paid: U64;
  burned: U64;
  held: U64;
  slice: U64;
  receipts: U64;
  logs: {
    gateway: Addr;
    count: U64;
    root: { hash: Hex; sums: { requests: U64; fuel: U64; egress_bytes: U64 } };
    vouched_count: U64;
  }[];
  closed: string;
  closing_at_ms: U64;
  closed_ms: U64;
  receipts_ever: U64;
  spend_per_hour_max: U64;
  renews_ms: U64;
}

export interface Receipt {
  lease: Hex;
  term: number;
  number: U64;
  host: Hex;
  included_ms: U64;
  height: U64;
  counters: { requests: U64; fuel: U64; egress_bytes: U64 };
  rent: U64;
  use: U64;
  to_host: U64;
  held: U64;
  burned: U64;
  short_by: U64;
}

export interface MarketEvent {
  kind: string;
  height: U64;
  number: number;
  time_ms: U64;
  service: string;
  bid: Hex;
  lease: Hex;
  term: number;
  host: Hex;
  gateway: Addr;
  reason: string;
  amount: U64;
  scale: number;
  replicas: number;
  at_ms: U64;
}

export interface Gateway {
  owner: Addr;
  key: Hex;
  endpoint: string;
  location: Place;
}

export interface ValidatorView {
  record: {
    key: Hex;
    owner: Addr;
    payout: Addr;
    stake: U64;
    commission: { rate: number; rate_max: number; change_max: number };
    rewards: U64;
    commission_due: U64;
    jailed_until_ms: U64;
    tombstoned: boolean;
    beacon_remaining: U64 | number;
  };
  owner_stake: U64;
  in_set: boolean;
  in_next_set: boolean;
}

export interface EpochView {
  epoch: { epoch: U64; started_ms: U64 };
  set: { validators: { key: Hex; stake: U64 }[] };
  next_set: { validators: { key: Hex; stake: U64 }[] };
  tally: { blocks: number; certificates: number; validators: { proposed: number; certified: number; tips: U64 }[] };
}

export interface StakeView {
  delegations: { validator: Hex; amount: U64; rewards: U64 }[];
  unbonding: { validator: Hex; last_epoch: U64; amount: U64; free_ms: U64 | null }[];
  redelegations: { from: Hex; to: Hex; last_epoch: U64; amount: U64 }[];
}

export interface Params {
  chain: Record<string, any>;
  market: Record<string, any> & { classes: { name: string; prices: UnitPrices }[] };
  staking: Record<string, any>;
}

export interface Preview {
  height: U64;
  offers: U64;
  looked_at: U64;
  can_serve: U64;
  wanted: number;
  found: number;
  matches: {
    host: Hex;
    owner: Addr;
    location: Place;
    price_class: number;
    hourly: U64;
    asked: number;
    replicas: number;
    cleared: number | null;
    distance_km: number;
    standing: number;
  }[];
  more_matches: boolean;
  reasons: { why: string; hosts: U64; alone: U64; nearest: U64; what: string }[];
}
