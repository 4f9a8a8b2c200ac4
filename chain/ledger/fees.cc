#include "chain/ledger/fees.h"

#include <algorithm>

namespace fog {

std::uint64_t raised_base_price(const ChainParams& params, std::uint64_t price,
                                std::uint64_t units_used) {
  const std::uint64_t target = params.block_units_target;
  CHECK(target != 0 && params.base_price_change_denominator != 0);
  if (units_used <= target) return price;
  const std::uint64_t over = std::min(units_used - target, target);
  const auto share = mul_div_floor(price, over, target);
  CHECK(share.has_value());
  const std::uint64_t step =
      std::max<std::uint64_t>(*share / params.base_price_change_denominator, 1);
  return checked_add(price, step).value_or(price);
}

void update_fee_market(Overlay& state, const ChainParams& params, std::uint64_t price,
                       std::uint64_t time_ms, std::uint64_t units_used) {
  const std::uint64_t raised = raised_base_price(params, price, units_used);
  if (raised != price) store(state, fee_market_key(), FeeMarket{raised, time_ms});
}

}  // namespace fog
