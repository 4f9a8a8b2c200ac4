#include "consensus/staking/beacon_chain.h"

#include "chain/crypto/hash.h"

namespace fog {
namespace {

constexpr std::uint32_t kStride = 1'024;  // the square root of the length: as many values as steps

Hash32 hashed(Hash32 value, std::uint32_t times) {
  for (std::uint32_t i = 0; i < times; ++i) value = sha256(value);
  return value;
}

}  // namespace

BeaconChain::BeaconChain(const Hash32& seed, std::uint32_t length) : length_(length) {
  CHECK(length > 0);
  Hash32 value = seed;
  for (std::uint32_t step = 0; step < length; ++step) {
    if (step % kStride == 0) checkpoints_.push_back(value);
    value = sha256(value);
  }
  commitment_ = value;
}

Hash32 BeaconChain::link(std::uint32_t revealed) const {
  CHECK(revealed < length_);
  const std::uint32_t steps = length_ - 1 - revealed;
  return hashed(checkpoints_[steps / kStride], steps % kStride);
}

Hash32 beacon_seed(const Hash32& secret, std::uint64_t number) {
  Bytes number_be64;
  append_be64(number_be64, number);
  return tagged_hash("fog/beacon-seed", {secret, number_be64});
}

std::optional<BeaconReveal> next_reveal(const ValidatorRecord& record, const BeaconChain& current,
                                        const BeaconChain* next) {
  if (record.beacon_remaining == 0 || record.beacon_remaining > current.length()) {
    return std::nullopt;
  }
  BeaconReveal reveal;
  reveal.link = current.link(current.length() - record.beacon_remaining);
  if (sha256(reveal.link) != record.beacon_tip) return std::nullopt;
  if (record.beacon_remaining > 1) return reveal;
  if (next == nullptr) return std::nullopt;
  reveal.next_commitment = next->commitment();
  return reveal;
}

}  // namespace fog
