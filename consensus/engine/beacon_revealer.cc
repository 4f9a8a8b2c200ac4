#include "consensus/engine/beacon_revealer.h"

namespace fog {
namespace {

constexpr std::uint64_t kChainsTried = 64;

}  // namespace

void BeaconRevealer::warm_up() {
  if (!chain_) chain_ = std::make_shared<BeaconChain>(beacon_seed(secret_, number_));
}

std::optional<BeaconReveal> BeaconRevealer::reveal(const ValidatorRecord& record) {
  const std::uint64_t first = number_;
  for (std::uint64_t number = first; number < first + kChainsTried; ++number) {
    if (!chain_ || number != number_) {
      chain_ = next_ && next_number_ == number
                   ? next_
                   : std::make_shared<BeaconChain>(beacon_seed(secret_, number));
      number_ = number;
    }
    if (record.beacon_remaining == 1 && (!next_ || next_number_ != number + 1)) {
      next_ = std::make_shared<BeaconChain>(beacon_seed(secret_, number + 1));
      next_number_ = number + 1;
    }
    const bool last = record.beacon_remaining == 1;
    if (auto reveal = next_reveal(record, *chain_, last ? next_.get() : nullptr)) return reveal;
  }
  number_ = first;
  chain_.reset();
  return std::nullopt;
}

}  // namespace fog
