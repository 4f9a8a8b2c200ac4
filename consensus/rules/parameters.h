// Parameters: their names, and how a vote changes them.
//
//   propose -> votes for voting_ms -> accepted by > 2/3 of the set's stake -> lock_ms -> applied
//                                  -> rejected                                       -> failed
//
// A name is the one in the genesis file: "params.block_units_max", "staking.min_bond",
// "market.burn_permille", "market.classes.standard.gfuel". A change goes to no less than half and
// no more than double (plus one) of what stands, and what comes out must pass the genesis's own
// checks, when it is proposed and again when it applies. The length of epochs cannot change:
// heights would belong to other epochs.
#pragma once

#include <span>
#include <string_view>

#include "consensus/staking/rules.h"
#include "market/types/params.h"

namespace fog {

// A number among a struct's fields: exactly one of the members is set.
template <class T>
struct NumberField {
  const char* name = "";
  std::uint64_t T::*wide = nullptr;
  std::uint32_t T::*narrow = nullptr;
  Amount T::*amount = nullptr;
};
std::span<const NumberField<ChainParams>> chain_fields();
std::span<const NumberField<StakingParams>> staking_fields();
std::span<const NumberField<market::MarketParams>> market_fields();
std::span<const NumberField<market::UnitPrices>> price_fields();

struct Parameters {
  ChainParams chain;
  StakingParams staking;
  market::MarketParams market;
};
Parameters load_parameters(const ReadView& state);
// Makes all changes: kBadParameters when a name is unknown, cannot change or comes twice, a step is
// too large, or the result breaks a bound of the genesis.
Fault change_parameters(Parameters& parameters, const ParameterChanges& changes);

// kBadParameters, kNoVote, kTooManyProposals.
Fault apply(Overlay& state, const BlockContext& block, const TxContext& tx,
            const ProposeParameters& message);
// kProposalNotFound, kProposalClosed, kNoVote.
Fault apply(Overlay& state, const BlockContext& block, const TxContext& tx,
            const VoteParameters& message);

// Counts a proposal's votes, by the stake of the present set.
void close_proposal(Overlay& state, const BlockContext& block, std::uint64_t number);
// Makes an accepted proposal's changes.
void apply_proposal(Overlay& state, std::uint64_t number);

}  // namespace fog
