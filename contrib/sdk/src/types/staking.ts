/** Staking: its records and messages. (chain/types/staking.h, staking_messages.h) */
import { amount, bool, choice, fixed, hash32, list, option, struct, text, u32, u64, type Infer } from '../bcs/codec.js';
import { address } from '../keys/address.js';
import { Commission, RewardIndex, ValidatorSet, Vote } from './chain.js';
import { messageKind } from './transaction.js';

// ---- records ----

/** Rates are parts of 10 000. */
export const StakingParams = struct('StakingParams', {
  unbonding_ms: u64,
  evidence_window_ms: u64,
  trusting_period_ms: u64,
  jail_ms: u64,
  min_bond: amount,
  slash_per_10000: u32,
  reporter_per_10000: u32,
  inflation_per_10000: u32,
  validators_max: u32,
  voting_ms: u64,
  lock_ms: u64,
});
export interface StakingParams extends Infer<typeof StakingParams> {}

/** A delegator's part of a validator's pool. */
export const Delegation = struct('Delegation', { shares: u64, index: RewardIndex });
export interface Delegation extends Infer<typeof Delegation> {}

/** Stake that left one validator and may vote for the last time in one epoch. */
export const UnbondingPool = struct('UnbondingPool', { stake: amount, shares: u64, redelegations: u32 });
export interface UnbondingPool extends Infer<typeof UnbondingPool> {}

/** An epoch that is over. */
export const PastEpoch = struct('PastEpoch', { ended_ms: u64, set: ValidatorSet });
export interface PastEpoch extends Infer<typeof PastEpoch> {}

/** A parameter by the name that it has in the genesis file, e.g. "staking.min_bond". */
export const ParameterChange = struct('ParameterChange', { name: text(64), value: u64 });
export interface ParameterChange extends Infer<typeof ParameterChange> {}

export const OwnerVote = struct('OwnerVote', { owner: address, approve: bool });
export interface OwnerVote extends Infer<typeof OwnerVote> {}

export const Proposal = struct('Proposal', {
  number: u64,
  proposer: address,
  changes: list(ParameterChange, 16),
  created_ms: u64,
  /** No more votes from then on. */
  closes_ms: u64,
  /** If accepted. */
  applies_ms: u64,
  state: choice('open', 'accepted', 'rejected', 'applied', 'failed'),
  votes: list(OwnerVote, 1_024),
  stake_for: u64,
  stake_total: u64,
});
export interface Proposal extends Infer<typeof Proposal> {}

// ---- messages ----

/** Registers the sender as the owner of a new validator and bonds an amount to it. */
export const CreateValidator = messageKind(60, 'create_validator', {
  key: hash32,
  /** By that key over the tagged hash "fog/possession" of the chain id and the sender. */
  possession: fixed(64),
  payout: address,
  commission: Commission,
  beacon_commitment: hash32,
  bond: amount,
});
export interface CreateValidator extends Infer<typeof CreateValidator> {}

/** By the owner. What is null stays. */
export const EditValidator = messageKind(61, 'edit_validator', {
  validator: hash32,
  payout: option(address),
  commission_per_10000: option(u32),
  beacon_commitment: option(hash32),
});
export interface EditValidator extends Infer<typeof EditValidator> {}

/** By the owner, once the jail's time is over. */
export const Unjail = messageKind(62, 'unjail', { validator: hash32 });
export interface Unjail extends Infer<typeof Unjail> {}

/** Two votes that one validator may not both cast. Anyone may submit it. */
export const SubmitEvidence = messageKind(63, 'submit_evidence', {
  validator: hash32,
  first: Vote,
  first_signature: fixed(64),
  second: Vote,
  second_signature: fixed(64),
});
export interface SubmitEvidence extends Infer<typeof SubmitEvidence> {}

export const Delegate = messageKind(64, 'delegate', { validator: hash32, amount });
export interface Delegate extends Infer<typeof Delegate> {}

/** Moves stake to another validator at once; null: all of it. */
export const Redelegate = messageKind(65, 'redelegate', { from: hash32, to: hash32, amount: option(amount) });
export interface Redelegate extends Infer<typeof Redelegate> {}

/** null: all of it. */
export const Undelegate = messageKind(66, 'undelegate', { validator: hash32, amount: option(amount) });
export interface Undelegate extends Infer<typeof Undelegate> {}

/** Pays the sender what his delegation has earned. */
export const WithdrawRewards = messageKind(67, 'withdraw_rewards', { validator: hash32 });
export interface WithdrawRewards extends Infer<typeof WithdrawRewards> {}

/** By the owner of a validator of the present set. All changes are made, or none. */
export const ProposeParameters = messageKind(68, 'propose_parameters', { changes: list(ParameterChange, 16) });
export interface ProposeParameters extends Infer<typeof ProposeParameters> {}

export const VoteParameters = messageKind(69, 'vote_parameters', { proposal: u64, approve: bool });
export interface VoteParameters extends Infer<typeof VoteParameters> {}
