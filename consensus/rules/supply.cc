#include "consensus/rules/supply.h"

#include "chain/types/staking.h"
#include "market/rules/rules.h"

namespace fog {
namespace {

// The balance leads the account's record, so the lanes need not be decoded.
Amount balance_in(ByteView account) {
  BcsReader in(account);
  Amount balance;
  CHECK(bcs_read(in, balance));
  return balance;
}

template <class T>
T decoded(ByteView value) {
  auto record = bcs_decode<T>(value);
  CHECK(record.has_value());
  return *std::move(record);
}

}  // namespace

void SupplySums::add(const StateKey& key, ByteView value) {
  CHECK(!key.empty());
  const std::uint8_t table = key.front();
  if (table == static_cast<std::uint8_t>(Table::kAccount)) {
    accounts += balance_in(value).droplets;
  } else if (table == static_cast<std::uint8_t>(Table::kValidator)) {
    const auto validator = decoded<ValidatorRecord>(value);
    stakes += u128{validator.stake.droplets} + validator.rewards.droplets +
              validator.commission_due.droplets;
  } else if (table == static_cast<std::uint8_t>(Table::kUnbondingPool)) {
    stakes += decoded<UnbondingPool>(value).stake.droplets;
  } else if (table == static_cast<std::uint8_t>(Table::kEpochTally)) {
    for (const ValidatorTally& one : decoded<EpochTally>(value).validators)
      stakes += one.tips.droplets;
  } else if (table == static_cast<std::uint8_t>(Table::kSupply)) {
    const Supply supply = decoded<Supply>(value);
    minted += supply.minted.droplets;
    burned += supply.burned.droplets;
  } else {
    const market::HeldMoney held = market::held_money(key, to_bytes(value));
    bonds += held.bonds;
    escrows += held.escrows;
  }
}

SupplySums add_up_supply(const std::function<void(const StateVisitor&)>& visit_all) {
  SupplySums sums;
  visit_all([&](const StateKey& key, const Bytes& value) { sums.add(key, value); });
  return sums;
}

bool conserves_supply(const ReadView& before, const Changes& changes) {
  SupplySums was;
  SupplySums is;
  for (const auto& [key, value] : changes) {
    before.read(key, [&, &name = key](ByteView old) { was.add(name, old); });
    if (value) is.add(key, *value);
  }
  return is.held() + is.burned + was.minted == was.held() + was.burned + is.minted;
}

}  // namespace fog
