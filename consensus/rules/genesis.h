// Genesis: the first state, from which the chain id follows.
#pragma once

#include "chain/state/view.h"
#include "chain/types/staking.h"
#include "chain/types/vote.h"
#include "market/types/params.h"

namespace fog {

struct GenesisAccount {
  Address address;
  Amount balance;
  static constexpr auto kFields =
      std::make_tuple(&GenesisAccount::address, &GenesisAccount::balance);
  bool operator==(const GenesisAccount&) const = default;
};
struct GenesisValidator {
  XOnlyKey key;
  Address payout;
  Amount stake;              // minted into the stake
  Hash32 beacon_commitment;  // end of the hash chain of kBeaconChainLength links
  static constexpr auto kFields =
      std::make_tuple(&GenesisValidator::key, &GenesisValidator::payout, &GenesisValidator::stake,
                      &GenesisValidator::beacon_commitment);
  bool operator==(const GenesisValidator&) const = default;
};
constexpr std::size_t kGenesisAccountsMax = 1'000'000;

struct Genesis {
  BoundedText<64> chain_name;
  std::uint64_t time_ms = 0;
  ChainParams params;
  market::MarketParams market;
  StakingParams staking;
  BoundedList<GenesisValidator, kValidatorsMax> validators;
  BoundedList<GenesisAccount, kGenesisAccountsMax> accounts;  // ascending by address, no two equal
  static constexpr auto kFields =
      std::make_tuple(&Genesis::chain_name, &Genesis::time_ms, &Genesis::params, &Genesis::market,
                      &Genesis::staking, &Genesis::validators, &Genesis::accounts);
  bool operator==(const Genesis&) const = default;
};

// The tagged hash "fog/genesis" of BCS(genesis).
ChainId chain_id_of(const Genesis& genesis);
// The block id that stands for height 0: the chain id.
// Refuses, with a sentence, a genesis that breaks a bound (no validator, sums beyond 64 bits,
// classes more than 1.5x apart, a zero interval, unsorted accounts, ...).
Result<void, std::string> check_genesis(const Genesis& genesis);
// Writes the first state. The genesis must have passed check_genesis.
void apply_genesis(const Genesis& genesis, Overlay& state);

}  // namespace fog
