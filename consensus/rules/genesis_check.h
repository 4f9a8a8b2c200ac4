// The bounds that a genesis must keep, part by part. Each refusal is a sentence that names the
// field as the genesis file does.
#pragma once

#include <string>

#include "consensus/rules/genesis.h"

namespace fog {

Result<void, std::string> check_chain_params(const ChainParams& params);
Result<void, std::string> check_market_params(const market::MarketParams& params);
// Among others: unbonding takes longer than the trusting period and the evidence window together.
Result<void, std::string> check_staking_params(const StakingParams& params);
// At least one validator; each with a key of its own that is a point, a stake of at least min_bond
// and a commitment.
Result<void, std::string> check_validators(const Genesis& genesis);
// Ascending, no two equal; balances and stakes together within 64 bits.
Result<void, std::string> check_accounts(const Genesis& genesis);

}  // namespace fog
