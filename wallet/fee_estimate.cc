#include "wallet/fee_estimate.h"

#include <algorithm>
#include <limits>
#include <vector>

namespace fog::wallet {
namespace {

constexpr std::uint64_t kBlocks = 4;
// What a transaction weighs beyond its bytes, at least: its signature.
constexpr std::uint64_t kSignatureUnits = 2'000;
constexpr std::uint64_t kMax = std::numeric_limits<std::uint64_t>::max();

std::uint64_t at_part(std::vector<std::uint64_t>& values, std::size_t tenths) {
  if (values.empty()) return 0;
  const std::size_t at = std::min(values.size() - 1, values.size() * tenths / 10);
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(at), values.end());
  return values[at];
}

// a x b + c, or the largest number there is.
std::uint64_t most(std::uint64_t a, std::uint64_t b, std::uint64_t c) {
  const auto product = checked_mul(a, b);
  return product ? checked_add(*product, c).value_or(kMax) : kMax;
}

// A tenth more, rounded up, and one more at least.
std::optional<std::uint64_t> raised(std::uint64_t value) {
  return checked_add(value, std::max<std::uint64_t>(1, value / 10 + (value % 10 != 0 ? 1 : 0)));
}

}  // namespace

std::string_view fee_level_name(FeeLevel level) {
  switch (level) {
    case FeeLevel::kSlow:
      return "slow";
    case FeeLevel::kNormal:
      return "normal";
    case FeeLevel::kFast:
      return "fast";
  }
  return "";
}

std::optional<FeeLevel> fee_level(std::string_view name) {
  for (const FeeLevel level : {FeeLevel::kSlow, FeeLevel::kNormal, FeeLevel::kFast}) {
    if (fee_level_name(level) == name) return level;
  }
  return std::nullopt;
}

ErrorOr<FeeMarketView> read_fee_market(NodeApi& node) {
  TRY(const ChainStatus status, node.status());
  TRY(const auto params, read_record<ChainParams>(node, chain_params_key()));
  FeeMarketView out;
  out.base_price = status.base_price;
  out.waiting_txs = status.mempool_txs;
  const std::uint64_t units = most(status.mempool_txs, kSignatureUnits, status.mempool_bytes);
  if (params && params->block_units_max != 0) out.waiting_blocks = units / params->block_units_max;
  std::vector<std::uint64_t> tips;
  for (std::uint64_t height = status.height; height > 0 && out.seen_blocks < kBlocks; --height) {
    const auto block = node.block(height);
    // One that joined by a snapshot has no older ones.
    if (!block && block.error().code == ErrorCode::kNotFound) break;
    if (!block) return Fail{block.error()};
    for (const TxOutcome& outcome : block->outcomes) {
      if (outcome.units != 0) tips.push_back(outcome.fee_tip.droplets / outcome.units);
    }
    ++out.seen_blocks;
  }
  out.tip_middle = at_part(tips, 5);
  out.tip_high = at_part(tips, 9);
  return out;
}

FeeTerms fee_terms(const FeeMarketView& market, FeeLevel level) {
  const bool crowded = market.waiting_blocks > 0;
  const FeeTerms usual = suggest_fee(market.base_price);
  const std::uint64_t middle = crowded ? std::max(usual.tip, market.tip_middle) : usual.tip;
  switch (level) {
    case FeeLevel::kSlow:
      return {most(market.base_price, 1, market.base_price / 8 + 2), 1};
    case FeeLevel::kNormal:
      return {most(market.base_price, 2, middle), middle};
    case FeeLevel::kFast: {
      const std::uint64_t above = most(middle, 2, 0);
      const std::uint64_t tip =
          crowded ? std::max(above, most(market.tip_high, 1, market.tip_high / 8 + 1)) : above;
      return {most(market.base_price, 4, tip), tip};
    }
  }
  return usual;
}

std::optional<FeeTerms> terms_to_replace(const FeeTerms& replaced) {
  const auto price = raised(replaced.price_max);
  const auto tip = raised(replaced.tip);
  if (!price || !tip) return std::nullopt;
  return FeeTerms{*price, *tip};
}

}  // namespace fog::wallet
