// Delegations: stake in a validator's pool, and the way out of it.
//
//   account --delegate--> pool of V --undelegate--> unbonding pool (V, last epoch) --> account
//                            |                               ^ unbonding_ms after that epoch
//                            '--redelegate--> pool of W,     slashed for what V did until then
//                                             with a lien of V's for as long
//
// Stake that leaves in epoch E was counted for the sets of E and E + 1 at most, so its last epoch
// is E + 1.
#pragma once

#include "consensus/staking/rules.h"

namespace fog {

// Puts an amount that has been taken from somewhere into the validator's pool, for the delegator.
// Pays what his delegation has earned so far. kAmountOverflow, kZeroAmount (worth no share).
Fault bond(Overlay& state, ValidatorRecord& validator, const Address& delegator, Amount amount);
// What the delegator's part of the pool is worth; 0 without one.
Amount delegated(const ReadView& state, const ValidatorRecord& validator, const Address& delegator);
// Takes shares away from a delegator who has them, pays what he has earned, and takes their worth
// out of the pool, which it answers.
Amount take_shares(Overlay& state, ValidatorRecord& validator, const Address& delegator,
                   Delegation delegation, std::uint64_t shares);

// Pays out stake whose last epoch is `epoch` and forgets its liens, at most `entries_max` of them.
// Whether that was all.
bool release_stake(Overlay& state, std::uint64_t epoch, std::size_t entries_max);

// The rest of a key of an ordered table, field by field.
class KeyReader {
 public:
  explicit KeyReader(ByteView key) : rest_(key.subspan(1)) {}
  template <std::size_t N>
  FixedBytes<N> fixed() {
    const auto value = fixed_from<N>(take(N));
    CHECK(value.has_value());
    return *value;
  }
  std::uint64_t number() { return read_be64(take(8)); }

 private:
  ByteView take(std::size_t bytes) {
    CHECK(rest_.size() >= bytes);
    const ByteView taken = rest_.first(bytes);
    rest_ = rest_.subspan(bytes);
    return taken;
  }
  ByteView rest_;
};
// The keys under a prefix, ascending, at most `max`.
std::vector<StateKey> keys_under(const ReadView& state, const StateKey& prefix, std::size_t max);

}  // namespace fog
