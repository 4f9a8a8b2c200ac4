#include "consensus/rules/genesis.h"

#include "chain/crypto/hash.h"
#include "consensus/rules/genesis_check.h"
#include "consensus/staking/epochs.h"
#include "consensus/staking/validators.h"
#include "market/types/objects.h"

namespace fog {
namespace {

// Accounts and stakes together; check_genesis has bounded the sum.
Amount minted(const Genesis& genesis) {
  Amount sum;
  for (const GenesisAccount& account : genesis.accounts) sum += account.balance;
  for (const GenesisValidator& validator : genesis.validators) sum += validator.stake;
  return sum;
}

void store_account(Overlay& state, const Address& address, Amount balance) {
  Account account;
  account.balance = balance;
  store(state, account_key(address), account);
}

void apply_validators(const Genesis& genesis, Overlay& state) {
  ValidatorSet set;
  for (const GenesisValidator& validator : genesis.validators) {
    set.validators.push_back({validator.key, validator.stake.droplets});
    enter_validator(state, validator.key, validator.payout, validator.stake,
                    validator.beacon_commitment);
    // Tips are credited to it from the first block on, so it exists.
    if (!state.get(account_key(validator.payout))) store_account(state, validator.payout, {});
  }
  begin_first_epoch(state, set, chain_id_of(genesis), genesis.time_ms);
}

}  // namespace

ChainId chain_id_of(const Genesis& genesis) {
  return tagged_hash("fog/genesis", bcs_encode(genesis));
}

Result<void, std::string> check_genesis(const Genesis& genesis) {
  if (genesis.chain_name.empty()) return Fail{std::string("chain_name is empty")};
  TRY_VOID(check_chain_params(genesis.params));
  TRY_VOID(check_market_params(genesis.market));
  TRY_VOID(check_staking_params(genesis.staking));
  TRY_VOID(check_validators(genesis));
  return check_accounts(genesis);
}

void apply_genesis(const Genesis& genesis, Overlay& state) {
  store(state, chain_params_key(), genesis.params);
  store(state, staking_params_key(), genesis.staking);
  store(state, market::market_params_key(), genesis.market);
  store(state, supply_key(), Supply{minted(genesis), Amount{}});
  store(state, fee_market_key(), FeeMarket{genesis.params.base_price_min, genesis.time_ms});
  store(state, beacon_key(), Beacon{chain_id_of(genesis)});
  for (const GenesisAccount& account : genesis.accounts) {
    store_account(state, account.address, account.balance);
  }
  apply_validators(genesis, state);
}

}  // namespace fog
