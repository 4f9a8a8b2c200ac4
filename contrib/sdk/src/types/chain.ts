/** Blocks, votes, certificates and the ledger's records. (chain/types/vote.h, block.h, records.h) */
import { amount, bool, bytes, choice, fixed, hash32, list, option, struct, u32, u64, u8, type Infer } from '../bcs/codec.js';
import { address } from '../keys/address.js';
import { kLanes, kTxBytesMax } from './transaction.js';

export const kValidatorsMax = 128;
export const kBlockTxsMax = 65_536;
const kVoteKinds = ['notarize', 'nullify', 'finalize'] as const;

// ---- votes and certificates ----

/** What a validator says in one view. A nullify vote leaves parent_view 0 and block zero. */
export const Vote = struct('Vote', {
  epoch: u64,
  view: u64,
  kind: choice(...kVoteKinds),
  parent_view: u64,
  block: hash32,
});
export interface Vote extends Infer<typeof Vote> {}

/** `index` is into the epoch's validator set. */
export const ValidatorSignature = struct('ValidatorSignature', { index: u8, signature: fixed(64) });
export interface ValidatorSignature extends Infer<typeof ValidatorSignature> {}

/** Signatures ascending by index; their stake is a quorum: 3 * stake > 2 * total. */
export const Certificate = struct('Certificate', {
  vote: Vote,
  signatures: list(ValidatorSignature, kValidatorsMax),
});
export interface Certificate extends Infer<typeof Certificate> {}

/** A BIP-340 key and its stake in droplets. */
export const Validator = struct('Validator', { key: hash32, stake: u64 });
export interface Validator extends Infer<typeof Validator> {}

export const ValidatorSet = struct('ValidatorSet', { validators: list(Validator, kValidatorsMax) });
export interface ValidatorSet extends Infer<typeof ValidatorSet> {}

// ---- blocks ----

/** The proposer's next link of its hash chain; with the last link comes the commitment of the next chain. */
export const BeaconReveal = struct('BeaconReveal', { link: hash32, next_commitment: option(hash32) });
export interface BeaconReveal extends Infer<typeof BeaconReveal> {}

export const BlockHeader = struct('BlockHeader', {
  chain_id: hash32,
  /** The genesis is 0, the first block 1. */
  height: u64,
  epoch: u64,
  /** Exceeds the parent's. */
  time_ms: u64,
  parent: hash32,
  /** State root after the parent. */
  app_hash: hash32,
  tx_root: hash32,
  /** Of the set that certifies this block. */
  validators_hash: hash32,
  proposer: hash32,
  /** null exactly when the block writes nothing. */
  beacon: option(BeaconReveal),
  /** Of the next epoch's set: present exactly in the last block of an epoch. */
  next_validators_hash: option(hash32),
  certificate_hash: hash32,
});
export interface BlockHeader extends Infer<typeof BlockHeader> {}

export const Block = struct('Block', {
  header: BlockHeader,
  /** BCS of a SignedTx each. */
  txs: list(bytes(kTxBytesMax), kBlockTxsMax),
  /** Of the parent, by the block's own epoch. */
  certificate: option(Certificate),
});
export interface Block extends Infer<typeof Block> {}

// ---- the ledger's records ----

export const LaneSequence = struct('LaneSequence', { lane: u8, next: u64 });
export interface LaneSequence extends Infer<typeof LaneSequence> {}

export const Account = struct('Account', { balance: amount, lanes: list(LaneSequence, kLanes) });
export interface Account extends Infer<typeof Account> {}

/** minted = everything held + burned, always. */
export const Supply = struct('Supply', { minted: amount, burned: amount });
export interface Supply extends Infer<typeof Supply> {}

export const FeeMarket = struct('FeeMarket', { base_price: u64, as_of_ms: u64 });
export interface FeeMarket extends Infer<typeof FeeMarket> {}

export const ChainParams = struct('ChainParams', {
  base_price_min: u64,
  block_units_target: u64,
  block_units_max: u64,
  base_price_change_denominator: u64,
  base_price_interval_ms: u64,
  account_creation_burn: amount,
  expiry_ahead_max_ms: u64,
  /** In heights. */
  epoch_length: u64,
});
export interface ChainParams extends Infer<typeof ChainParams> {}

/** The epoch of the next block. */
export const EpochRecord = struct('EpochRecord', { epoch: u64, leader_seed: hash32, started_ms: u64 });
export interface EpochRecord extends Infer<typeof EpochRecord> {}

/** What one validator of the set did in the running epoch. */
export const ValidatorTally = struct('ValidatorTally', { proposed: u32, certified: u32, tips: amount });
export interface ValidatorTally extends Infer<typeof ValidatorTally> {}

export const EpochTally = struct('EpochTally', {
  blocks: u32,
  certificates: u32,
  validators: list(ValidatorTally, kValidatorsMax),
});
export interface EpochTally extends Infer<typeof EpochTally> {}

/** What one share of a pool has earned, in 2^-64 droplets; only differences mean anything. */
export const RewardIndex = struct('RewardIndex', { high: u64, low: u64 });
export interface RewardIndex extends Infer<typeof RewardIndex> {}

/** In parts of 10 000. */
export const Commission = struct('Commission', { rate: u32, rate_max: u32, change_max: u32 });
export interface Commission extends Infer<typeof Commission> {}

/** A validator and its pool of stake, in which its owner and its delegators hold shares. */
export const ValidatorRecord = struct('ValidatorRecord', {
  key: hash32,
  owner: address,
  payout: address,
  stake: amount,
  shares: u64,
  commission: Commission,
  commission_changed_ms: u64,
  reward_index: RewardIndex,
  reward_rest: u64,
  rewards: amount,
  commission_due: amount,
  /** 0: not jailed. */
  jailed_until_ms: u64,
  tombstoned: bool,
  beacon_tip: hash32,
  beacon_remaining: u32,
});
export interface ValidatorRecord extends Infer<typeof ValidatorRecord> {}
