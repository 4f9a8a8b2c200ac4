#include "consensus/rules/genesis_check.h"

#include <algorithm>
#include <array>
#include <set>

namespace fog {
namespace {

using Verdict = Result<void, std::string>;

constexpr std::uint64_t kDayMs = 24ULL * 3'600 * 1'000;
// Beyond this the decay of the base price would take too many steps to compute.
constexpr std::uint64_t kDenominatorMax = 1'000;

Fail<std::string> refuse(std::string sentence) {
  return Fail{std::move(sentence)};
}

// min <= value <= max, or a sentence that says so.
Verdict check_range(std::string_view name, std::uint64_t value, std::uint64_t min,
                    std::uint64_t max) {
  if (value >= min && value <= max) return {};
  return refuse(std::string(name) + " is " + std::to_string(value) + " but must be " +
                std::to_string(min) + " to " + std::to_string(max));
}

struct UnitPrice {
  std::string_view name;
  std::uint64_t market::UnitPrices::*price;
};
constexpr std::array kUnitPrices{
    UnitPrice{"cpu_core_hour", &market::UnitPrices::cpu_core_hour},
    UnitPrice{"memory_gib_hour", &market::UnitPrices::memory_gib_hour},
    UnitPrice{"storage_gib_month", &market::UnitPrices::storage_gib_month},
    UnitPrice{"gpu_hour", &market::UnitPrices::gpu_hour},
    UnitPrice{"gfuel", &market::UnitPrices::gfuel},
    UnitPrice{"egress_gib", &market::UnitPrices::egress_gib},
    UnitPrice{"million_requests", &market::UnitPrices::million_requests},
};

// Every unit within 1.5x between the cheapest and the dearest class.
Verdict check_classes(const market::MarketParams& params) {
  if (params.classes.empty()) return refuse("market.classes is empty: name at least one class");
  for (const UnitPrice& unit : kUnitPrices) {
    std::uint64_t lowest = ~std::uint64_t{0};
    std::uint64_t highest = 0;
    for (const market::PriceClass& price_class : params.classes) {
      const std::uint64_t price = price_class.prices.*unit.price;
      TRY_VOID(check_range("market.classes: " + std::string(unit.name), price, 0,
                           market::kUnitPriceMax));
      lowest = std::min(lowest, price);
      highest = std::max(highest, price);
    }
    if (2 * highest > 3 * lowest) {
      return refuse("market.classes: " + std::string(unit.name) +
                    " differs by more than 1.5x between classes");
    }
  }
  std::set<std::string_view> names;
  for (const market::PriceClass& price_class : params.classes) {
    if (price_class.name.empty() || !names.insert(price_class.name).second) {
      return refuse("market.classes: every class needs a name of its own");
    }
  }
  return {};
}

}  // namespace

Verdict check_chain_params(const ChainParams& params) {
  TRY_VOID(check_range("params.base_price_min", params.base_price_min, 1, kDropletsPerFog));
  TRY_VOID(check_range("params.block_units_target", params.block_units_target, 1,
                       std::uint64_t{1} << 40));
  TRY_VOID(check_range("params.block_units_max", params.block_units_max, params.block_units_target,
                       std::uint64_t{1} << 40));
  TRY_VOID(check_range("params.base_price_change_denominator", params.base_price_change_denominator,
                       2, kDenominatorMax));
  TRY_VOID(check_range("params.base_price_interval_ms", params.base_price_interval_ms, 1, kDayMs));
  TRY_VOID(check_range("params.account_creation_burn", params.account_creation_burn.droplets, 0,
                       kDropletsPerFog));
  TRY_VOID(
      check_range("params.expiry_ahead_max_ms", params.expiry_ahead_max_ms, 1'000, 365 * kDayMs));
  return check_range("params.epoch_length", params.epoch_length, 1, std::uint64_t{1} << 32);
}

Verdict check_market_params(const market::MarketParams& params) {
  TRY_VOID(check_classes(params));
  const std::uint64_t year_ms = 365 * kDayMs;
  TRY_VOID(check_range("market.ack_deadline_ms", params.ack_deadline_ms, 1, year_ms));
  TRY_VOID(check_range("market.receipt_interval_ms", params.receipt_interval_ms, 1, year_ms));
  TRY_VOID(check_range("market.lease_timeout_ms", params.lease_timeout_ms,
                       params.receipt_interval_ms, year_ms));
  TRY_VOID(check_range("market.notice_ms", params.notice_ms, 1, year_ms));
  TRY_VOID(
      check_range("market.final_receipt_window_ms", params.final_receipt_window_ms, 1, year_ms));
  TRY_VOID(check_range("market.audit_window_ms", params.audit_window_ms, 1, year_ms));
  TRY_VOID(check_range("market.bond_return_ms", params.bond_return_ms, 1, year_ms));
  TRY_VOID(check_range("market.burn_permille", params.burn_permille, 0, 1'000));
  TRY_VOID(check_range("market.holdback_permille", params.holdback_permille, 0, 1'000));
  TRY_VOID(check_range("market.failure_slash_permille", params.failure_slash_permille, 0, 1'000));
  TRY_VOID(check_range("market.fuel_per_core_second_max", params.fuel_per_core_second_max, 1,
                       1'000'000'000'000));
  TRY_VOID(check_range("market.escrow_low_ms", params.escrow_low_ms, 1, year_ms));
  TRY_VOID(check_range("market.events_kept_ms", params.events_kept_ms, 1, year_ms));
  TRY_VOID(check_range("market.searches_per_block", params.searches_per_block, 1, 1'000'000));
  return check_range("market.sleep_retry_ms", params.sleep_retry_ms, 1, kDayMs);
}

Verdict check_staking_params(const StakingParams& params) {
  const std::uint64_t year_ms = 365 * kDayMs;
  TRY_VOID(check_range("staking.unbonding_ms", params.unbonding_ms, 1, year_ms));
  TRY_VOID(check_range("staking.evidence_window_ms", params.evidence_window_ms, 0, year_ms));
  TRY_VOID(check_range("staking.trusting_period_ms", params.trusting_period_ms, 0, year_ms));
  if (params.evidence_window_ms + params.trusting_period_ms >= params.unbonding_ms) {
    return refuse(
        "staking.evidence_window_ms and staking.trusting_period_ms together must stay below "
        "staking.unbonding_ms");
  }
  TRY_VOID(check_range("staking.jail_ms", params.jail_ms, 0, year_ms));
  TRY_VOID(check_range("staking.min_bond", params.min_bond.droplets, 1, ~std::uint64_t{0} >> 1));
  // A slash leaves at least half, so that what is left is never nothing.
  TRY_VOID(check_range("staking.slash_per_10000", params.slash_per_10000, 0, 5'000));
  TRY_VOID(check_range("staking.reporter_per_10000", params.reporter_per_10000, 0, 5'000));
  TRY_VOID(check_range("staking.inflation_per_10000", params.inflation_per_10000, 0, 2'000));
  TRY_VOID(check_range("staking.validators_max", params.validators_max, 1, kValidatorsMax));
  TRY_VOID(check_range("staking.voting_ms", params.voting_ms, 1, year_ms));
  return check_range("staking.lock_ms", params.lock_ms, 1, year_ms);
}

Verdict check_validators(const Genesis& genesis) {
  if (genesis.validators.empty()) return refuse("validators is empty: name at least one");
  std::set<XOnlyKey> keys;
  for (const GenesisValidator& validator : genesis.validators) {
    const std::string name = "validator " + to_hex(validator.key);
    PublicKey even;  // BIP-340: the x coordinate stands for the point with even y
    even.data[0] = 0x02;
    std::copy(validator.key.data.begin(), validator.key.data.end(), even.data.begin() + 1);
    if (!is_valid(even)) return refuse(name + ": its key is not a point on the curve");
    if (!keys.insert(validator.key).second) return refuse(name + " is named twice");
    if (validator.stake == Amount{}) return refuse(name + " has no stake");
    if (validator.stake < genesis.staking.min_bond)
      return refuse(name + " has less stake than staking.min_bond");
    if (validator.beacon_commitment.is_zero()) return refuse(name + " has no beacon_commitment");
  }
  return {};
}

Verdict check_accounts(const Genesis& genesis) {
  u128 sum = 0;
  for (const GenesisValidator& validator : genesis.validators) sum += validator.stake.droplets;
  for (std::size_t i = 0; i < genesis.accounts.size(); ++i) {
    sum += genesis.accounts[i].balance.droplets;
    if (i > 0 && genesis.accounts[i - 1].address >= genesis.accounts[i].address) {
      return refuse("accounts must ascend by address, no two equal: see " +
                    to_text(genesis.accounts[i].address));
    }
  }
  if (sum > ~std::uint64_t{0}) {
    return refuse("balances and stakes add up to more than 64 bits of droplets");
  }
  return {};
}

}  // namespace fog
