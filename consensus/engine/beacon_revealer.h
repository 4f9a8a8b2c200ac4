// BeaconRevealer: a validator's next beacon link, from the chain that its record is at.
//
// Chains are numbered from 0 and all follow from one secret; the record does not say which chain it
// is at, so the first look goes to the one at hand.
#pragma once

#include <memory>

#include "consensus/staking/beacon_chain.h"

namespace fog {

// One owner; not thread safe.
class BeaconRevealer {
 public:
  // `first`: the secret's first chain, from who has it already.
  explicit BeaconRevealer(const Hash32& secret, std::shared_ptr<const BeaconChain> first = nullptr)
      : secret_(secret), chain_(std::move(first)) {}
  // Nothing when the secret does not fit the record's commitment. Takes 0.1 s when a chain has to
  // be computed.
  std::optional<BeaconReveal> reveal(const ValidatorRecord& record);
  // Computes the chain at hand now, so that the first block need not wait for it.
  void warm_up();

 private:
  Hash32 secret_;
  std::uint64_t number_ = 0;
  std::shared_ptr<const BeaconChain> chain_;
  // The one that the last link of chain_ commits to, kept: a proposal with that link may be made
  // again.
  std::uint64_t next_number_ = 0;
  std::shared_ptr<const BeaconChain> next_;
};

}  // namespace fog
