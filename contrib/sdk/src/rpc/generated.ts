// Made by `npm run generate` from the document that a node answers to rpc.discover; do not edit.
import type { Hex } from '../base/bytes.js';
import type { Address } from '../keys/address.js';
import type {
  Bid,
  BidTerms,
  BlockHeader,
  Certificate,
  ChainParams,
  Demand,
  EpochRecord,
  EpochTally,
  Gateway,
  Host,
  LaneSequence,
  Lease,
  Location,
  MarketEvent,
  MarketParams,
  Offer,
  Proposal,
  ReceiptRecord,
  Service,
  SignedTx,
  StakingParams,
  Supply,
  ValidatorRecord,
  ValidatorSet,
  Vote,
} from '../types/all.js';

export interface BlockInfo {
  certificate: Certificate | null;
  finalization: Certificate | null;
  header: BlockHeader;
  id: Hex;
  outcomes: TxOutcome[];
  txs: Hex[];
}

export interface BlockSummary {
  failed: number;
  header: BlockHeader;
  id: Hex;
  transactions: number;
}

export interface ChainStatistics {
  base_price: bigint;
  bids: bigint;
  bids_waiting: bigint;
  epoch: bigint;
  gateways: bigint;
  height: bigint;
  hosts: bigint;
  leases: bigint;
  offers: bigint;
  recent: RecentBlocks;
  services: bigint;
  stake_in_set: bigint;
  supply: Supply;
  time_ms: bigint;
  validators: bigint;
  validators_in_set: bigint;
}

export interface ChainStatus {
  app_hash: Hex;
  base_price: bigint;
  block: Hex;
  chain_id: Hex;
  chain_name: string;
  height: bigint;
  mempool_bytes: bigint;
  mempool_txs: bigint;
  time_ms: bigint;
  version: string;
}

export interface Checkpoint {
  block: Hex;
  epoch: bigint;
  height: bigint;
  time_ms: bigint;
}

export interface DelegationView {
  amount: bigint;
  rewards: bigint;
  validator: Hex;
}

export interface EpochView {
  epoch: EpochRecord;
  next_set: ValidatorSet;
  set: ValidatorSet;
  tally: EpochTally;
}

export interface Fault {
  help?: string;
  name: string;
  number: number;
}

export interface FinalTx {
  height: bigint;
  id: Hex;
  index: number;
  outcome: TxOutcome;
  time_ms: bigint;
  tx: Omit<SignedTx, 'body'> & { body: Omit<SignedTx['body'], 'messages'> & { messages: { kind: number; name?: string; body?: Record<string, unknown>; payload?: Hex }[] } };
}

export interface HistoryPage {
  first_height: bigint;
  height: bigint;
  items: FinalTx[];
  next: string | null;
}

export interface OtherLeaf {
  path: Hex;
  value_hash: Hex;
}

export interface PreviewMatch {
  asked: number;
  cleared: number | null;
  distance_km: number;
  host: Hex;
  hourly: bigint;
  location: Location;
  owner: Address;
  price_class: number;
  replicas: number;
  standing: number;
}

export interface PreviewReason {
  alone: bigint;
  hosts: bigint;
  nearest: bigint;
  what: string;
  why: 'none' | 'too_new' | 'runtime_kind' | 'runtime_profile' | 'country' | 'cell' | 'distance' | 'latency' | 'gpu' | 'cpu' | 'memory' | 'storage' | 'egress' | 'attribute' | 'attestation' | 'host_unlisted' | 'host_denied' | 'owner_unlisted' | 'owner_denied' | 'failed_before' | 'standing' | 'price_cap' | 'unit_cap';
}

export interface PreviewReport {
  can_serve: bigint;
  found: number;
  height: bigint;
  looked_at: bigint;
  matches: PreviewMatch[];
  more_matches: boolean;
  offers: bigint;
  reasons: PreviewReason[];
  time_ms: bigint;
  wanted: number;
}

export interface RecentBlocks {
  blocks: bigint;
  failed: bigint;
  since_ms: bigint;
  transactions: bigint;
  units: bigint;
  until_ms: bigint;
}

export interface RedelegationView {
  amount: bigint;
  from: Hex;
  last_epoch: bigint;
  to: Hex;
}

export interface SimulatedAccount {
  address: Address;
  after: bigint;
  before: bigint;
}

export interface SimulatedChange {
  after: Hex | null;
  before: Hex | null;
  key: Hex;
}

export interface SimulatedEvent {
  address: Address;
  event: MarketEvent;
}

export interface Simulation {
  accounts: SimulatedAccount[];
  base_price: bigint;
  changes: SimulatedChange[];
  events: SimulatedEvent[];
  height: bigint;
  outcome: TxOutcome;
  refused: Fault;
  time_ms: bigint;
}

export interface StakeView {
  delegations: DelegationView[];
  delegator: Address;
  redelegations: RedelegationView[];
  unbonding: UnbondingView[];
}

export interface StatePage {
  height: bigint;
  next: Hex | null;
  records: StateRecord[];
}

export interface StateProof {
  height: bigint;
  key: Hex;
  other_leaf: OtherLeaf | null;
  root: Hex;
  siblings: Hex[];
  value: Hex | null;
}

export interface StateRecord {
  key: Hex;
  value: Hex;
}

export interface SubmitEvidence {
  first: Vote;
  first_signature: Hex;
  second: Vote;
  second_signature: Hex;
  validator: Hex;
}

export interface SubmitReply {
  fault: Fault;
  id: Hex;
  refused?: string;
}

export interface SupplyReport {
  accounts: bigint;
  bonds: bigint;
  conserved: boolean;
  escrows: bigint;
  height: bigint;
  stakes: bigint;
  supply: Supply;
}

export interface SyncReport {
  chunks: bigint;
  chunks_total: bigint;
  epochs: bigint;
  first_height: bigint;
  height: bigint;
  phase: 'none' | 'epochs' | 'offers' | 'chunks' | 'installed' | 'given_up';
  snapshot_height: bigint;
  snapshots: bigint[];
}

export interface TxOutcome {
  failed_message?: number;
  fault: Fault;
  fee_burned: bigint;
  fee_tip: bigint;
  units: bigint;
}

export interface TxStatus {
  height?: bigint;
  index?: number;
  outcome?: TxOutcome;
  place: 'unknown' | 'pending' | 'final';
}

export interface UnbondingView {
  amount: bigint;
  free_ms: bigint | null;
  last_epoch: bigint;
  validator: Hex;
}

export interface ValidatorView {
  in_next_set: boolean;
  in_set: boolean;
  owner_stake: bigint;
  record: ValidatorRecord;
}

export interface Methods {
  /** The chain's identity, its last final block, the base price and the mempool. */
  chain_status: {
    params: Record<string, never>;
    result: ChainStatus;
  };
  /**
   * What the node has of the chain: its last block and its oldest, how far it is with a snapshot that it takes over
   * (phase none, epochs, offers, chunks, installed or given_up), and which snapshots it has for others.
   */
  chain_sync: {
    params: Record<string, never>;
    result: SyncReport;
  };
  /**
   * The last block of the newest epoch that is over. Whoever trusts this node may start another from it: fogcoind run
   * --trusted HEIGHT:BLOCK.
   */
  chain_checkpoint: {
    params: Record<string, never>;
    result: Checkpoint;
  };
  /**
   * A final block, by its height or by its id: header, the transactions' signed bytes and their outcomes. With
   * decode, the transactions as JSON instead of bytes.
   */
  chain_block: {
    params: {
      /** Of the block; the first is 1. */
      height?: bigint | number | undefined;
      /** Of the block, where height is not given. */
      id?: Hex | undefined;
    };
    result: BlockInfo;
  };
  /**
   * The header of a final block, and the certificate that made it final; null where a later block's did. What a light
   * client checks an answer of state_proof by.
   */
  chain_header: {
    params: {
      /** Of the block; the first is 1. */
      height: bigint | number;
    };
    result: {
      finalization: Certificate | null;
      header: BlockHeader;
      id: Hex;
    };
  };
  /** Waits until a block of at least this height is final, or the time is up; then the chain's status as it is. */
  chain_wait_height: {
    params: {
      /** To wait for. */
      height: bigint | number;
      /** How long to wait at most, up to 60000. Default 30000. */
      timeout_ms?: bigint | number | undefined;
    };
    result: ChainStatus;
  };
  /** The parameters of the ledger, of the market and of staking. */
  params_get: {
    params: Record<string, never>;
    result: {
      chain: ChainParams;
      market: MarketParams;
      staking: StakingParams;
    };
  };
  /**
   * An account's balance, and for each lane in use the sequence that its next transaction must carry. An address that
   * was never paid has no account: exists is false.
   */
  account_get: {
    params: {
      /** Of the account. */
      address: Address;
    };
    result: {
      address: Address;
      balance: bigint;
      balance_fog: string;
      exists: boolean;
      lanes: LaneSequence[];
    };
  };
  /**
   * Adds up the whole state: accounts, stakes, bonds, escrows and burned must equal minted. Reads every record, so it
   * is for the node's operator.
   */
  supply_verify: {
    params: Record<string, never>;
    result: SupplyReport;
  };
  /**
   * Submits signed transactions: one as 0x-hex, or an array. One is answered by its reply, or by an error with
   * data.fault when it was refused; an array by one reply each, in order, refused or not. Fault number 0 means: in
   * the mempool.
   */
  tx_submit: {
    params: {
      /** BCS of a signed transaction, or an array of them. */
      txs: Hex | Hex[];
    };
    result: SubmitReply | SubmitReply[];
  };
  /** Where a transaction is: unknown, pending in the mempool, or final in a block with its outcome. */
  tx_get: {
    params: {
      /** The transaction's id. */
      id: Hex;
    };
    result: TxStatus;
  };
  /** Waits until a transaction is final, or the time is up; then where it is, as tx_get. */
  tx_wait: {
    params: {
      /** The transaction's id. */
      id: Hex;
      /** How long to wait at most, up to 60000. Default 30000. */
      timeout_ms?: bigint | number | undefined;
    };
    result: TxStatus;
  };
  /**
   * What a transaction costs now: its units, the base price for the next block, and a maximum price that still
   * suffices when the base price doubles. Without tx, for a transfer with one output. The signature may be of zeros:
   * only sizes count.
   */
  fee_estimate: {
    params: {
      /** BCS of a transaction. */
      tx?: Hex | undefined;
    };
    result: {
      base_price: bigint;
      fee: bigint;
      fee_max: bigint;
      price_max: bigint;
      units: bigint;
    };
  };
  /**
   * Final transactions that concern an address (that it signed, whose transfers pay it, whose validator pays its
   * commission to it) in pages, as far as the node keeps their blocks. Newest first, `next` is null at the end;
   * oldest first, it is a cursor of what comes later, which subscribe_transactions takes too.
   */
  account_history: {
    params: {
      /** Whom they concern. */
      address: Address;
      /** The `next` of the last page; without it, the first page. */
      cursor?: string | undefined;
      /** At most so many, 1 to 100; fewer come where their blocks are large. Default 25. */
      limit?: number | undefined;
      /** Default newest_first. */
      order?: 'newest_first' | 'oldest_first' | undefined;
    };
    result: HistoryPage;
  };
  /**
   * What a transaction would do as the only one of the next block, and nothing is kept of it: whether it could be
   * included, its outcome and fee, the balances that change, the events it raises, and every record that changes.
   * Signatures are not looked at and may be of zeros. What a block brings by itself, such as the matching of Bids, is
   * not in it; market_preview tells that.
   */
  tx_simulate: {
    params: {
      /** BCS of a transaction. */
      tx: Hex;
    };
    result: Simulation;
  };
  /**
   * How large the network is and what its last 100 blocks held (fewer where they are large), as of at most five
   * seconds ago. What is counted (hosts, offers, gateways, services, bids and those that wait for a Host, leases,
   * validators) is counted to 10000, which then means: or more.
   */
  chain_statistics: {
    params: Record<string, never>;
    result: ChainStatistics;
  };
  /** The records under at most 256 keys, null where there is none, all of one state. */
  state_get: {
    params: {
      /** State keys: a table byte and the rest. */
      keys: Hex[];
    };
    result: {
      values: (Hex | null)[];
    };
  };
  /**
   * Records of an ordered table (first byte 0x80 and above) with from <= key < to, ascending. `next` is where the
   * next page starts, null at the end.
   */
  state_scan: {
    params: {
      /** First key. */
      from: Hex;
      /** First key beyond. */
      to: Hex;
      /** At most so many records, 1 to 1000. Default 100. */
      limit?: number | undefined;
    };
    result: StatePage;
  };
  /**
   * A record with its proof of membership, or the proof of its absence, against the app hash in the header of height
   * + 1 (sparse Merkle tree of ICS-23, SHA-256).
   */
  state_proof: {
    params: {
      /** The state key. */
      key: Hex;
    };
    result: StateProof;
  };
  /** A Host, with its Offer or null. */
  market_host: {
    params: {
      /** The Host's id. */
      id: Hex;
    };
    result: {
      host: Host;
      offer: Offer | null;
    };
  };
  /** All Hosts, or one owner's, in pages. */
  market_hosts: {
    params: {
      /** Only this owner's. */
      owner?: Address | undefined;
      /** The `next` of the last page; without it, the first page. */
      cursor?: Hex | undefined;
      /** At most so many items, 1 to 256. Default 100. */
      limit?: number | undefined;
    };
    result: {
      height: bigint;
      items: Host[];
      next: Hex | null;
    };
  };
  /** Offers by price class, the cheapest scale first within each, in pages. */
  market_offers: {
    params: {
      /** Only this class. */
      price_class?: number | undefined;
      /** The `next` of the last page; without it, the first page. */
      cursor?: Hex | undefined;
      /** At most so many items, 1 to 256. Default 100. */
      limit?: number | undefined;
    };
    result: {
      height: bigint;
      items: Offer[];
      next: Hex | null;
    };
  };
  /** A gateway: its key, endpoint and location. */
  market_gateway: {
    params: {
      /** The gateway's account, which is its id. */
      owner: Address;
    };
    result: Gateway;
  };
  /** All gateways, in pages. */
  market_gateways: {
    params: {
      /** The `next` of the last page; without it, the first page. */
      cursor?: Hex | undefined;
      /** At most so many items, 1 to 256. Default 100. */
      limit?: number | undefined;
    };
    result: {
      height: bigint;
      items: Gateway[];
      next: Hex | null;
    };
  };
  /** A service of the library, with its manifest. */
  market_service: {
    params: {
      /** The service's name. */
      name: string;
    };
    result: Service;
  };
  /** All services, or one owner's, in pages. */
  market_services: {
    params: {
      /** Only this owner's. */
      owner?: Address | undefined;
      /** The `next` of the last page; without it, the first page. */
      cursor?: Hex | undefined;
      /** At most so many items, 1 to 256. Default 100. */
      limit?: number | undefined;
    };
    result: {
      height: bigint;
      items: Service[];
      next: Hex | null;
    };
  };
  /** A Bid: its terms, its escrow, its leases' count. */
  market_bid: {
    params: {
      /** The Bid's id. */
      id: Hex;
    };
    result: Bid;
  };
  /** Bids of an owner, or for a service, or all that wait for a search, longest first; in pages. */
  market_bids: {
    params: {
      /** Only this owner's. */
      owner?: Address | undefined;
      /** Only for this service. */
      service?: string | undefined;
      /** The `next` of the last page; without it, the first page. */
      cursor?: Hex | undefined;
      /** At most so many items, 1 to 256. Default 100. */
      limit?: number | undefined;
    };
    result: {
      height: bigint;
      items: Bid[];
      next: Hex | null;
    };
  };
  /** A lease: one replica on one Host, its price, what is due and paid. */
  market_lease: {
    params: {
      /** The lease's id. */
      id: Hex;
    };
    result: Lease;
  };
  /** Leases of a Host or of a Bid, in pages. */
  market_leases: {
    params: {
      /** Of this Host. */
      host?: Hex | undefined;
      /** Of this Bid. */
      bid?: Hex | undefined;
      /** The `next` of the last page; without it, the first page. */
      cursor?: Hex | undefined;
      /** At most so many items, 1 to 256. Default 100. */
      limit?: number | undefined;
    };
    result: {
      height: bigint;
      items: Lease[];
      next: Hex | null;
    };
  };
  /** The included receipts of a lease that are still kept, oldest first, in pages. */
  market_receipts: {
    params: {
      /** The lease's id. */
      lease: Hex;
      /** The `next` of the last page; without it, the first page. */
      cursor?: Hex | undefined;
      /** At most so many items, 1 to 256. Default 100. */
      limit?: number | undefined;
    };
    result: {
      height: bigint;
      items: ReceiptRecord[];
      next: Hex | null;
    };
  };
  /**
   * What a Bid with these terms would find now: the Hosts that can serve it, in the auction's order, and the reasons
   * of those that cannot.
   */
  market_preview: {
    params: {
      /** As in create_bid. The service need not be published nor gateways be named. */
      terms: BidTerms;
      /** Of the service. Default "wasm". */
      runtime?: 'wasm' | 'wasm-http' | 'container' | undefined;
      /** At most so many matches, 1 to 256. Default 20. */
      matches_max?: number | undefined;
    };
    result: PreviewReport;
  };
  /**
   * What has happened to an address in the market, oldest first: its Bids, its leases as Publisher, Host or operator,
   * its Host, its Demands, and of a gateway the Bids that name it and their leases. Kept for the parameter
   * market.events_kept_ms. `next` is the cursor of what comes after, also when there is nothing yet; with wait_ms the
   * call waits until there is something.
   */
  market_events: {
    params: {
      /** Whose. */
      address: Address;
      /** The `next` of the last answer; without it, the oldest that is kept. */
      cursor?: Hex | undefined;
      /** At most so many, 1 to 256. Default 100. */
      limit?: number | undefined;
      /** How long to wait for the first at most, up to 60000. Default 0. */
      wait_ms?: bigint | number | undefined;
    };
    result: {
      height: bigint;
      items: MarketEvent[];
      next: Hex;
    };
  };
  /** What each gateway of a Bid asks for at present, and how often it has in an hour. */
  market_demands: {
    params: {
      /** The Bid's id. */
      bid: Hex;
    };
    result: {
      items: Demand[];
    };
  };
  /**
   * The epoch of the next block, the validator set that certifies it, the set of the epoch after it, and what each
   * validator of the set has done so far.
   */
  staking_epoch: {
    params: Record<string, never>;
    result: EpochView;
  };
  /** All validators, the largest stake first, at most 10000. */
  staking_validators: {
    params: Record<string, never>;
    result: {
      items: ValidatorView[];
    };
  };
  /** A validator: its stake, commission, rewards, jail, and whether it is in this epoch's set and the next. */
  staking_validator: {
    params: {
      /** The validator's public key. */
      key: Hex;
    };
    result: ValidatorView;
  };
  /**
   * What an account has in stake: delegations with their rewards, stake on its way out with the time at which it is
   * free (null until its last epoch has ended), and redelegated stake that is still liable for the validator it left.
   */
  staking_stake: {
    params: {
      /** The account. */
      delegator: Address;
    };
    result: StakeView;
  };
  /** Proposals to change parameters, the newest first, at most 10000. */
  staking_proposals: {
    params: Record<string, never>;
    result: {
      items: Proposal[];
    };
  };
  /**
   * Proofs that this node has seen, since its start, of validators that voted against themselves. Whoever submits one
   * first has a part of what is slashed.
   */
  staking_evidence: {
    params: Record<string, never>;
    result: {
      items: SubmitEvidence[];
    };
  };
  /**
   * Every final block from now on, or from a cursor on, in order and once: its header, how many transactions it has
   * and how many of them failed. chain_block has the rest.
   */
  subscribe_blocks: {
    params: {
      /**
       * That of the last notification that was dealt with, or of the answer to this call before there was one: what
       * came since comes first. Without it, only what comes from now on.
       */
      cursor?: string | undefined;
    };
    result: {
      cursor: string;
      subscription: string;
    };
  };
  /**
   * Every final transaction that concerns an address, in order and once: which it signed, whose transfers pay it,
   * whose validator pays its commission to it.
   */
  subscribe_transactions: {
    params: {
      /** Whom they concern. */
      address: Address;
      /**
       * That of the last notification that was dealt with, or of the answer to this call before there was one: what
       * came since comes first. Without it, only what comes from now on.
       */
      cursor?: string | undefined;
    };
    result: {
      cursor: string;
      subscription: string;
    };
  };
  /**
   * What happens to an address in the market, as market_events, in order and once: its Bids, its leases as Publisher,
   * Host or operator, its Host, its Demands, and of a gateway the Bids that name it and their leases. A cursor of
   * market_events may be given too.
   */
  subscribe_market_events: {
    params: {
      /** Whose. */
      address: Address;
      /**
       * That of the last notification that was dealt with, or of the answer to this call before there was one: what
       * came since comes first. Without it, only what comes from now on.
       */
      cursor?: string | undefined;
    };
    result: {
      cursor: string;
      subscription: string;
    };
  };
  /** Ends a subscription of this connection: nothing of it comes after the answer. */
  unsubscribe: {
    params: {
      /** As it was answered. */
      subscription: string;
    };
    result: boolean;
  };
}

/** What comes of subscriptions. */
export interface Notifications {
  /**
   * Every final block from now on, or from a cursor on, in order and once: its header, how many transactions it has
   * and how many of them failed. chain_block has the rest.
   */
  subscribe_blocks: {
    params: Methods['subscribe_blocks']['params'];
    item: BlockSummary;
  };
  /**
   * Every final transaction that concerns an address, in order and once: which it signed, whose transfers pay it,
   * whose validator pays its commission to it.
   */
  subscribe_transactions: {
    params: Methods['subscribe_transactions']['params'];
    item: FinalTx;
  };
  /**
   * What happens to an address in the market, as market_events, in order and once: its Bids, its leases as Publisher,
   * Host or operator, its Host, its Demands, and of a gateway the Bids that name it and their leases. A cursor of
   * market_events may be given too.
   */
  subscribe_market_events: {
    params: Methods['subscribe_market_events']['params'];
    item: MarketEvent;
  };
}

// Where 64-bit numbers stand.
const kBlockHeader = { epoch: 'u64', height: 'u64', time_ms: 'u64' } as const;
const kBlockSummary = { header: kBlockHeader } as const;
const kTxOutcome = { fee_burned: 'u64', fee_tip: 'u64', units: 'u64' } as const;
const kTxBody = { expiry_ms: 'u64', price_max: 'u64', sequence: 'u64', tip: 'u64' } as const;
const kSignedTx = { body: kTxBody } as const;
const kFinalTx = { height: 'u64', outcome: kTxOutcome, time_ms: 'u64', tx: kSignedTx } as const;
const kMarketEvent = { amount: 'u64', at_ms: 'u64', height: 'u64', time_ms: 'u64' } as const;
const kChainStatus = { base_price: 'u64', height: 'u64', mempool_bytes: 'u64', mempool_txs: 'u64', time_ms: 'u64' } as const;
const kSyncReport = { chunks: 'u64', chunks_total: 'u64', epochs: 'u64', first_height: 'u64', height: 'u64', snapshot_height: 'u64', snapshots: { each: 'u64' } } as const;
const kCheckpoint = { epoch: 'u64', height: 'u64', time_ms: 'u64' } as const;
const kVote = { epoch: 'u64', parent_view: 'u64', view: 'u64' } as const;
const kCertificate = { vote: kVote } as const;
const kBlockInfo = { certificate: kCertificate, finalization: kCertificate, header: kBlockHeader, outcomes: { each: kTxOutcome } } as const;
const kChainParams = { account_creation_burn: 'u64', base_price_change_denominator: 'u64', base_price_interval_ms: 'u64', base_price_min: 'u64', block_units_max: 'u64', block_units_target: 'u64', epoch_length: 'u64', expiry_ahead_max_ms: 'u64' } as const;
const kUnitPrices = { cpu_core_hour: 'u64', egress_gib: 'u64', gfuel: 'u64', gpu_hour: 'u64', memory_gib_hour: 'u64', million_requests: 'u64', storage_gib_month: 'u64' } as const;
const kPriceClass = { prices: kUnitPrices } as const;
const kMarketParams = { ack_deadline_ms: 'u64', audit_window_ms: 'u64', bond_return_ms: 'u64', classes: { each: kPriceClass }, demand_fee: 'u64', escrow_low_ms: 'u64', events_kept_ms: 'u64', final_receipt_window_ms: 'u64', fuel_per_core_second_max: 'u64', gateway_fee_burn: 'u64', host_bond_min: 'u64', lease_timeout_ms: 'u64', notice_ms: 'u64', receipt_interval_ms: 'u64', service_fee_burn: 'u64' } as const;
const kStakingParams = { evidence_window_ms: 'u64', jail_ms: 'u64', lock_ms: 'u64', min_bond: 'u64', trusting_period_ms: 'u64', unbonding_ms: 'u64', voting_ms: 'u64' } as const;
const kLaneSequence = { next: 'u64' } as const;
const kSupply = { burned: 'u64', minted: 'u64' } as const;
const kSupplyReport = { accounts: 'u64', bonds: 'u64', escrows: 'u64', height: 'u64', stakes: 'u64', supply: kSupply } as const;
const kTxStatus = { height: 'u64', outcome: kTxOutcome } as const;
const kHistoryPage = { first_height: 'u64', height: 'u64', items: { each: kFinalTx } } as const;
const kSimulatedAccount = { after: 'u64', before: 'u64' } as const;
const kSimulatedEvent = { event: kMarketEvent } as const;
const kSimulation = { accounts: { each: kSimulatedAccount }, base_price: 'u64', events: { each: kSimulatedEvent }, height: 'u64', outcome: kTxOutcome, time_ms: 'u64' } as const;
const kRecentBlocks = { blocks: 'u64', failed: 'u64', since_ms: 'u64', transactions: 'u64', units: 'u64', until_ms: 'u64' } as const;
const kChainStatistics = { base_price: 'u64', bids: 'u64', bids_waiting: 'u64', epoch: 'u64', gateways: 'u64', height: 'u64', hosts: 'u64', leases: 'u64', offers: 'u64', recent: kRecentBlocks, services: 'u64', stake_in_set: 'u64', supply: kSupply, time_ms: 'u64', validators: 'u64', validators_in_set: 'u64' } as const;
const kStatePage = { height: 'u64' } as const;
const kStateProof = { height: 'u64' } as const;
const kHost = { bond: 'u64', down_since_ms: 'u64', earned: 'u64', failures: 'u64', holdbacks: 'u64', last_seen_ms: 'u64', leaving_at_ms: 'u64', retired_at_ms: 'u64', standing_as_of_ms: 'u64' } as const;
const kOffer = { since_height: 'u64' } as const;
const kGateway = { previous_until_ms: 'u64' } as const;
const kManifest = { artifact_bytes: 'u64', fuel_per_request: 'u64', outbound_bytes_max: 'u64', request_bytes_max: 'u64', response_bytes_max: 'u64' } as const;
const kUseProfile = { egress_bytes: 'u64', fuel: 'u64', requests: 'u64' } as const;
const kService = { manifest: kManifest, metered: kUseProfile } as const;
const kDeposit = { left: 'u64' } as const;
const kBidTerms = { lease_ms: 'u64', profile: kUseProfile, spend_per_hour_max: 'u64', start_by_ms: 'u64' } as const;
const kBid = { asleep_since_ms: 'u64', closed_ms: 'u64', created_height: 'u64', created_ms: 'u64', deposited: 'u64', deposits: { each: kDeposit }, free: 'u64', gateways_before_until_ms: 'u64', locked: 'u64', low_since_ms: 'u64', refunded: 'u64', since_height: 'u64', sleep_until_ms: 'u64', spent: 'u64', terms: kBidTerms, turn_height: 'u64' } as const;
const kCounters = { egress_bytes: 'u64', fuel: 'u64', requests: 'u64' } as const;
const kSumNode = { sums: kCounters } as const;
const kLogState = { count: 'u64', root: kSumNode, vouched_count: 'u64', vouched_response_bytes: 'u64' } as const;
const kPastPrice = { prices: kUnitPrices, rent_before: 'u64', since_ms: 'u64' } as const;
const kLease = { ack_deadline_ms: 'u64', active_since_ms: 'u64', allowance: 'u64', billed_until_ms: 'u64', burned: 'u64', closed_ms: 'u64', closing_at_ms: 'u64', held: 'u64', last_seen_ms: 'u64', logs: { each: kLogState }, opened_ms: 'u64', paid: 'u64', past_price: kPastPrice, priced_since_ms: 'u64', prices: kUnitPrices, proposed_ms: 'u64', receipts: 'u64', receipts_ever: 'u64', renewals: 'u64', renews_ms: 'u64', rent_before: 'u64', rent_due: 'u64', slice: 'u64', spend_per_hour_max: 'u64', ticket: 'u64', use_before: 'u64', use_due: 'u64', used_before: kCounters } as const;
const kReceiptRecord = { burned: 'u64', counters: kCounters, height: 'u64', held: 'u64', included_ms: 'u64', number: 'u64', rent: 'u64', short_by: 'u64', to_host: 'u64', use: 'u64' } as const;
const kPreviewMatch = { hourly: 'u64' } as const;
const kPreviewReason = { alone: 'u64', hosts: 'u64', nearest: 'u64' } as const;
const kPreviewReport = { can_serve: 'u64', height: 'u64', looked_at: 'u64', matches: { each: kPreviewMatch }, offers: 'u64', reasons: { each: kPreviewReason }, time_ms: 'u64' } as const;
const kDemand = { hour_since_ms: 'u64', raised_ms: 'u64', until_ms: 'u64' } as const;
const kEpochRecord = { epoch: 'u64', started_ms: 'u64' } as const;
const kValidator = { stake: 'u64' } as const;
const kValidatorSet = { validators: { each: kValidator } } as const;
const kValidatorTally = { tips: 'u64' } as const;
const kEpochTally = { validators: { each: kValidatorTally } } as const;
const kEpochView = { epoch: kEpochRecord, next_set: kValidatorSet, set: kValidatorSet, tally: kEpochTally } as const;
const kRewardIndex = { high: 'u64', low: 'u64' } as const;
const kValidatorRecord = { commission_changed_ms: 'u64', commission_due: 'u64', jailed_until_ms: 'u64', reward_index: kRewardIndex, reward_rest: 'u64', rewards: 'u64', shares: 'u64', stake: 'u64' } as const;
const kValidatorView = { owner_stake: 'u64', record: kValidatorRecord } as const;
const kDelegationView = { amount: 'u64', rewards: 'u64' } as const;
const kRedelegationView = { amount: 'u64', last_epoch: 'u64' } as const;
const kUnbondingView = { amount: 'u64', free_ms: 'u64', last_epoch: 'u64' } as const;
const kStakeView = { delegations: { each: kDelegationView }, redelegations: { each: kRedelegationView }, unbonding: { each: kUnbondingView } } as const;
const kParameterChange = { value: 'u64' } as const;
const kProposal = { applies_ms: 'u64', changes: { each: kParameterChange }, closes_ms: 'u64', created_ms: 'u64', number: 'u64', stake_for: 'u64', stake_total: 'u64' } as const;
const kSubmitEvidence = { first: kVote, second: kVote } as const;

export const kShapes = {
  chain_status: kChainStatus,
  chain_sync: kSyncReport,
  chain_checkpoint: kCheckpoint,
  chain_block: kBlockInfo,
  chain_header: { finalization: kCertificate, header: kBlockHeader },
  chain_wait_height: kChainStatus,
  params_get: { chain: kChainParams, market: kMarketParams, staking: kStakingParams },
  account_get: { balance: 'u64', lanes: { each: kLaneSequence } },
  supply_verify: kSupplyReport,
  tx_get: kTxStatus,
  tx_wait: kTxStatus,
  fee_estimate: { base_price: 'u64', fee: 'u64', fee_max: 'u64', price_max: 'u64', units: 'u64' },
  account_history: kHistoryPage,
  tx_simulate: kSimulation,
  chain_statistics: kChainStatistics,
  state_scan: kStatePage,
  state_proof: kStateProof,
  market_host: { host: kHost, offer: kOffer },
  market_hosts: { height: 'u64', items: { each: kHost } },
  market_offers: { height: 'u64', items: { each: kOffer } },
  market_gateway: kGateway,
  market_gateways: { height: 'u64', items: { each: kGateway } },
  market_service: kService,
  market_services: { height: 'u64', items: { each: kService } },
  market_bid: kBid,
  market_bids: { height: 'u64', items: { each: kBid } },
  market_lease: kLease,
  market_leases: { height: 'u64', items: { each: kLease } },
  market_receipts: { height: 'u64', items: { each: kReceiptRecord } },
  market_preview: kPreviewReport,
  market_events: { height: 'u64', items: { each: kMarketEvent } },
  market_demands: { items: { each: kDemand } },
  staking_epoch: kEpochView,
  staking_validators: { items: { each: kValidatorView } },
  staking_validator: kValidatorView,
  staking_stake: kStakeView,
  staking_proposals: { items: { each: kProposal } },
  staking_evidence: { items: { each: kSubmitEvidence } },
} as const;
export const kNotificationShapes = {
  subscribe_blocks: kBlockSummary,
  subscribe_transactions: kFinalTx,
  subscribe_market_events: kMarketEvent,
} as const;
