// Records of the ledger as they stand in the state, and the keys under which they stand.
//
// A key is one table byte and the rest. Tables below 0x80 are looked up by key only; tables from
// 0x80 on are indexes and can also be scanned in key order, so numbers in their keys are
// big-endian.
#pragma once

#include "chain/types/block.h"
#include "chain/types/params.h"

namespace fog {

using StateKey = Bytes;

enum class Table : std::uint8_t {
  kAccount = 0x01,
  kChainParams = 0x02,
  kSupply = 0x03,
  kFeeMarket = 0x04,
  kBeacon = 0x05,
  kValidators = 0x06,
  kValidator = 0x07,
  kEpoch = 0x08,
  kNextValidators = 0x09,
  kEpochTally = 0x0A,
  kStakingParams = 0x0B,
  kPastEpoch = 0x0C,      // epoch (be64)
  kUnbondingPool = 0x0D,  // validator, last epoch (be64)
  kProposals = 0x0E,

  kMarketParams = 0x20,
  kHost = 0x21,
  kOffer = 0x22,
  kGateway = 0x23,
  kService = 0x24,
  kBid = 0x25,
  kLease = 0x26,
  kReceipt = 0x27,
  kServiceHistory = 0x28,
  kHostAudit = 0x29,
  kDemand = 0x2A,
  kEventCount = 0x2B,
  kFreshCursor = 0x2C,

  // Ordered.
  kDue = 0x80,              // time (be64), kind, object: what the block at that time must settle
  kOpenBids = 0x81,         // height since which it waits (be64), bid
  kOffersByClass = 0x82,    // class, scale (be32), host
  kBidsByOwner = 0x83,      // owner, bid
  kBidsByService = 0x84,    // service name hash, bid
  kLeasesByHost = 0x85,     // host, lease
  kLeasesByBid = 0x86,      // bid, lease
  kHostsByOwner = 0x87,     // owner, host
  kServicesByOwner = 0x88,  // owner, name
  kReceiptsByLease = 0x89,  // lease, number (be64)
  kAllHosts = 0x8A,
  kAllServices = 0x8B,
  kAllGateways = 0x8C,
  kSleepingBids = 0x8D,  // height of its last search (be64), bid
  kFreshOffers = 0x8E,   // host: an Offer that changed and has not been shown to sleeping bids
  kEvents = 0x8F,        // address, height (be64), number (be32)
  kRetries = 0x90,       // time (be64), bid that sleeps until then

  kStakingDue = 0xA0,             // time (be64), kind, number (be64)
  kAllValidators = 0xA1,          // validator
  kDelegation = 0xA2,             // delegator, validator
  kDelegatorsByValidator = 0xA3,  // validator, delegator
  kUnbonding = 0xA4,              // last epoch (be64), validator, delegator
  kUnbondingByOwner = 0xA5,       // delegator, validator, last epoch (be64)
  kRedelegation = 0xA6,           // last epoch (be64), from, delegator, to
  kRedelegationByOwner = 0xA7,    // delegator, to, last epoch (be64), from
  kProposal = 0xA8,               // number (be64)
};

inline StateKey state_key(Table table, std::initializer_list<ByteView> parts = {}) {
  StateKey key{static_cast<std::uint8_t>(table)};
  for (const ByteView part : parts) append(key, part);
  return key;
}
// The first key after every key that starts with `prefix` (a prefix of 0xFF bytes only has none:
// empty).
StateKey prefix_end(const StateKey& prefix);

// One lane per slot; only lanes in use are stored.
struct LaneSequence {
  std::uint8_t lane = 0;
  std::uint64_t next = 0;
  static constexpr auto kFields = std::make_tuple(&LaneSequence::lane, &LaneSequence::next);
  bool operator==(const LaneSequence&) const = default;
};
// Never deleted, so a sequence can never be used again.
struct Account {
  Amount balance;
  BoundedList<LaneSequence, kLanes> lanes;  // ascending by lane
  static constexpr auto kFields = std::make_tuple(&Account::balance, &Account::lanes);
  bool operator==(const Account&) const = default;

  std::uint64_t next_sequence(std::uint8_t lane) const;
  void set_next_sequence(std::uint8_t lane, std::uint64_t next);
};

// minted = sum of everything held + burned, always.
struct Supply {
  Amount minted;
  Amount burned;
  static constexpr auto kFields = std::make_tuple(&Supply::minted, &Supply::burned);
  bool operator==(const Supply&) const = default;
};

// The base price as of the last block that changed it; what holds now follows from elapsed time.
struct FeeMarket {
  std::uint64_t base_price = 0;
  std::uint64_t as_of_ms = 0;
  static constexpr auto kFields = std::make_tuple(&FeeMarket::base_price, &FeeMarket::as_of_ms);
  bool operator==(const FeeMarket&) const = default;
};
// The base price at a later block time: decays by 1/denominator for each whole interval without a
// block above target, never below the minimum. Written so that a client computes the same.
std::uint64_t base_price_at(const ChainParams& params, const FeeMarket& market,
                            std::uint64_t time_ms);

struct Beacon {
  Hash32 value;
  static constexpr auto kFields = std::make_tuple(&Beacon::value);
  bool operator==(const Beacon&) const = default;
};

// Number of links in a validator's beacon hash chain. commitment = H^n(seed); the first reveal is
// its preimage.
constexpr std::uint32_t kBeaconChainLength = 1U << 20;

// The epoch of the next block, written by the genesis and by the last block of each epoch.
struct EpochRecord {
  std::uint64_t epoch = 0;
  Hash32 leader_seed;  // for leader_of: the beacon after the last block of the epoch before
  std::uint64_t started_ms = 0;  // the time of that block
  static constexpr auto kFields =
      std::make_tuple(&EpochRecord::epoch, &EpochRecord::leader_seed, &EpochRecord::started_ms);
  bool operator==(const EpochRecord&) const = default;
};

// What one validator of the set did in the running epoch, as its blocks show it.
struct ValidatorTally {
  std::uint32_t proposed = 0;   // blocks that wrote something
  std::uint32_t certified = 0;  // carried certificates that have its signature
  Amount tips;                  // of the blocks it proposed
  static constexpr auto kFields =
      std::make_tuple(&ValidatorTally::proposed, &ValidatorTally::certified, &ValidatorTally::tips);
  bool operator==(const ValidatorTally&) const = default;
};
// Kept by blocks that write; what an empty block carries is not counted.
struct EpochTally {
  std::uint32_t blocks = 0;                                // that wrote something
  std::uint32_t certificates = 0;                          // that those blocks carried
  BoundedList<ValidatorTally, kValidatorsMax> validators;  // in the order of the set
  static constexpr auto kFields =
      std::make_tuple(&EpochTally::blocks, &EpochTally::certificates, &EpochTally::validators);
  bool operator==(const EpochTally&) const = default;
};

// What one share of a pool has earned since the pool began, in 2^-64 droplets. Only differences
// mean anything; it wraps at 2^128.
struct RewardIndex {
  std::uint64_t high = 0;  // droplets
  std::uint64_t low = 0;   // 2^-64 droplets
  static constexpr auto kFields = std::make_tuple(&RewardIndex::high, &RewardIndex::low);
  bool operator==(const RewardIndex&) const = default;
};

// The part of its rewards that a validator keeps before its delegators share the rest, in parts of
// 10 000.
struct Commission {
  std::uint32_t rate = 0;
  std::uint32_t rate_max = 0;    // for ever
  std::uint32_t change_max = 0;  // a day
  static constexpr auto kFields =
      std::make_tuple(&Commission::rate, &Commission::rate_max, &Commission::change_max);
  bool operator==(const Commission&) const = default;
};

// A validator and its pool of stake, in which its owner and its delegators hold shares.
struct ValidatorRecord {
  XOnlyKey key;
  Address owner;
  Address payout;
  Amount stake;
  std::uint64_t shares = 0;
  Commission commission;
  std::uint64_t commission_changed_ms = 0;
  RewardIndex reward_index;
  std::uint64_t reward_rest = 0;  // of the last division by the shares, in 2^-64 droplets
  Amount rewards;                 // of all delegators, not yet withdrawn
  Amount commission_due;
  std::uint64_t jailed_until_ms = 0;   // not 0: jailed, until the owner asks after that time
  bool tombstoned = false;             // has equivocated; never again in a set
  Hash32 beacon_tip;                   // the last link known: the next reveal hashes to it
  std::uint32_t beacon_remaining = 0;  // links not revealed
  static constexpr auto kFields = std::make_tuple(
      &ValidatorRecord::key, &ValidatorRecord::owner, &ValidatorRecord::payout,
      &ValidatorRecord::stake, &ValidatorRecord::shares, &ValidatorRecord::commission,
      &ValidatorRecord::commission_changed_ms, &ValidatorRecord::reward_index,
      &ValidatorRecord::reward_rest, &ValidatorRecord::rewards, &ValidatorRecord::commission_due,
      &ValidatorRecord::jailed_until_ms, &ValidatorRecord::tombstoned, &ValidatorRecord::beacon_tip,
      &ValidatorRecord::beacon_remaining);
  bool operator==(const ValidatorRecord&) const = default;
};

inline StateKey account_key(const Address& address) {
  return state_key(Table::kAccount, {address});
}
inline StateKey chain_params_key() {
  return state_key(Table::kChainParams);
}
inline StateKey supply_key() {
  return state_key(Table::kSupply);
}
inline StateKey fee_market_key() {
  return state_key(Table::kFeeMarket);
}
inline StateKey beacon_key() {
  return state_key(Table::kBeacon);
}
inline StateKey validators_key() {
  return state_key(Table::kValidators);
}  // ValidatorSet: certifies the next block
inline StateKey next_validators_key() {
  return state_key(Table::kNextValidators);
}  // ValidatorSet: the next epoch's, fixed since the epoch before ended
inline StateKey epoch_key() {
  return state_key(Table::kEpoch);
}
inline StateKey epoch_tally_key() {
  return state_key(Table::kEpochTally);
}
inline StateKey validator_key(const XOnlyKey& key) {
  return state_key(Table::kValidator, {key});
}

}  // namespace fog
