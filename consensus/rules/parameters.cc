#include "consensus/rules/parameters.h"

#include <array>
#include <set>

#include "consensus/rules/genesis_check.h"
#include "consensus/staking/due.h"
#include "consensus/staking/validators.h"
#include "market/types/objects.h"

namespace fog {
namespace {

constexpr std::uint32_t kProposalsOpenMax = 16;
constexpr std::string_view kEpochLength = "epoch_length";

// Half to double, plus one so that a zero can grow.
Fault step(std::uint64_t& value, std::uint64_t to) {
  const std::uint64_t most = value > ~std::uint64_t{0} / 2 ? ~std::uint64_t{0} : 2 * value + 1;
  if (to < value / 2 || to > most) return Fault::kBadParameters;
  value = to;
  return Fault::kNone;
}

template <class T>
Fault change_field(std::span<const NumberField<T>> fields, std::string_view name,
                   std::uint64_t value, T& out) {
  for (const NumberField<T>& field : fields) {
    if (name != field.name) continue;
    if (field.wide != nullptr) return step(out.*field.wide, value);
    if (field.amount != nullptr) return step((out.*field.amount).droplets, value);
    std::uint64_t wide = out.*field.narrow;
    if (const Fault fault = step(wide, value); fault != Fault::kNone) return fault;
    if (wide > ~std::uint32_t{0}) return Fault::kBadParameters;
    out.*field.narrow = static_cast<std::uint32_t>(wide);
    return Fault::kNone;
  }
  return Fault::kBadParameters;
}

// "standard.gfuel" of the price classes.
Fault change_price(market::MarketParams& market, std::string_view name, std::uint64_t value) {
  const std::size_t dot = name.rfind('.');
  if (dot == std::string_view::npos) return Fault::kBadParameters;
  for (market::PriceClass& price_class : market.classes) {
    if (name.substr(0, dot) == static_cast<const std::string&>(price_class.name))
      return change_field(price_fields(), name.substr(dot + 1), value, price_class.prices);
  }
  return Fault::kBadParameters;
}

Fault change_one(Parameters& parameters, std::string_view name, std::uint64_t value) {
  const auto below = [&](std::string_view prefix) {
    if (!name.starts_with(prefix)) return false;
    name.remove_prefix(prefix.size());
    return true;
  };
  if (below("market.classes.")) return change_price(parameters.market, name, value);
  if (below("market.")) return change_field(market_fields(), name, value, parameters.market);
  if (below("staking.")) return change_field(staking_fields(), name, value, parameters.staking);
  if (!below("params.") || name == kEpochLength) return Fault::kBadParameters;
  return change_field(chain_fields(), name, value, parameters.chain);
}

bool has_vote(const ReadView& state, const Address& sender) {
  for (const Validator& validator : load_validators(state).validators) {
    if (find_validator(state, validator.key)->owner == sender) return true;
  }
  return false;
}

void keep_proposal(Overlay& state, const Proposal& proposal) {
  store(state, proposal_key(proposal.number), proposal);
}

Proposal must_load_proposal(const ReadView& state, std::uint64_t number) {
  auto proposal = load<Proposal>(state, proposal_key(number));
  CHECK(proposal.has_value());
  return *std::move(proposal);
}

}  // namespace

std::span<const NumberField<ChainParams>> chain_fields() {
  using P = ChainParams;
  static constexpr std::array<NumberField<P>, 8> kFields{{
      {.name = "base_price_min", .wide = &P::base_price_min},
      {.name = "block_units_target", .wide = &P::block_units_target},
      {.name = "block_units_max", .wide = &P::block_units_max},
      {.name = "base_price_change_denominator", .wide = &P::base_price_change_denominator},
      {.name = "base_price_interval_ms", .wide = &P::base_price_interval_ms},
      {.name = "account_creation_burn", .amount = &P::account_creation_burn},
      {.name = "expiry_ahead_max_ms", .wide = &P::expiry_ahead_max_ms},
      {.name = kEpochLength.data(), .wide = &P::epoch_length},
  }};
  return kFields;
}

std::span<const NumberField<StakingParams>> staking_fields() {
  using P = StakingParams;
  static constexpr std::array<NumberField<P>, 11> kFields{{
      {.name = "unbonding_ms", .wide = &P::unbonding_ms},
      {.name = "evidence_window_ms", .wide = &P::evidence_window_ms},
      {.name = "trusting_period_ms", .wide = &P::trusting_period_ms},
      {.name = "jail_ms", .wide = &P::jail_ms},
      {.name = "min_bond", .amount = &P::min_bond},
      {.name = "slash_per_10000", .narrow = &P::slash_per_10000},
      {.name = "reporter_per_10000", .narrow = &P::reporter_per_10000},
      {.name = "inflation_per_10000", .narrow = &P::inflation_per_10000},
      {.name = "validators_max", .narrow = &P::validators_max},
      {.name = "voting_ms", .wide = &P::voting_ms},
      {.name = "lock_ms", .wide = &P::lock_ms},
  }};
  return kFields;
}

std::span<const NumberField<market::MarketParams>> market_fields() {
  using P = market::MarketParams;
  static constexpr std::array<NumberField<P>, 19> kFields{{
      {.name = "ack_deadline_ms", .wide = &P::ack_deadline_ms},
      {.name = "receipt_interval_ms", .wide = &P::receipt_interval_ms},
      {.name = "lease_timeout_ms", .wide = &P::lease_timeout_ms},
      {.name = "notice_ms", .wide = &P::notice_ms},
      {.name = "final_receipt_window_ms", .wide = &P::final_receipt_window_ms},
      {.name = "audit_window_ms", .wide = &P::audit_window_ms},
      {.name = "bond_return_ms", .wide = &P::bond_return_ms},
      {.name = "burn_permille", .narrow = &P::burn_permille},
      {.name = "holdback_permille", .narrow = &P::holdback_permille},
      {.name = "failure_slash_permille", .narrow = &P::failure_slash_permille},
      {.name = "host_bond_min", .amount = &P::host_bond_min},
      {.name = "service_fee_burn", .amount = &P::service_fee_burn},
      {.name = "gateway_fee_burn", .amount = &P::gateway_fee_burn},
      {.name = "fuel_per_core_second_max", .wide = &P::fuel_per_core_second_max},
      {.name = "sleep_retry_ms", .narrow = &P::sleep_retry_ms},
      {.name = "demand_fee", .amount = &P::demand_fee},
      {.name = "escrow_low_ms", .wide = &P::escrow_low_ms},
      {.name = "events_kept_ms", .wide = &P::events_kept_ms},
      {.name = "searches_per_block", .narrow = &P::searches_per_block},
  }};
  return kFields;
}

std::span<const NumberField<market::UnitPrices>> price_fields() {
  using P = market::UnitPrices;
  static constexpr std::array<NumberField<P>, 7> kFields{{
      {.name = "cpu_core_hour", .wide = &P::cpu_core_hour},
      {.name = "memory_gib_hour", .wide = &P::memory_gib_hour},
      {.name = "storage_gib_month", .wide = &P::storage_gib_month},
      {.name = "gpu_hour", .wide = &P::gpu_hour},
      {.name = "gfuel", .wide = &P::gfuel},
      {.name = "egress_gib", .wide = &P::egress_gib},
      {.name = "million_requests", .wide = &P::million_requests},
  }};
  return kFields;
}

Parameters load_parameters(const ReadView& state) {
  const auto chain = load<ChainParams>(state, chain_params_key());
  auto market = load<market::MarketParams>(state, market::market_params_key());
  CHECK(chain && market);
  return {*chain, load_staking_params(state), *std::move(market)};
}

Fault change_parameters(Parameters& parameters, const ParameterChanges& changes) {
  if (changes.empty()) return Fault::kBadParameters;
  std::set<std::string_view> names;
  for (const ParameterChange& change : changes) {
    if (!names.insert(change.name).second) return Fault::kBadParameters;
    const Fault fault = change_one(parameters, change.name, change.value);
    if (fault != Fault::kNone) return fault;
  }
  const bool sound = check_chain_params(parameters.chain).has_value() &&
                     check_staking_params(parameters.staking).has_value() &&
                     check_market_params(parameters.market).has_value();
  return sound ? Fault::kNone : Fault::kBadParameters;
}

Fault apply(Overlay& state, const BlockContext& block, const TxContext& tx,
            const ProposeParameters& message) {
  if (!has_vote(state, tx.sender)) return Fault::kNoVote;
  Parameters parameters = load_parameters(state);
  const StakingParams terms = parameters.staking;
  if (const Fault fault = change_parameters(parameters, message.changes); fault != Fault::kNone)
    return fault;
  Proposals proposals = load<Proposals>(state, proposals_key()).value_or(Proposals{});
  if (proposals.open >= kProposalsOpenMax) return Fault::kTooManyProposals;

  Proposal proposal;
  proposal.number = proposals.next++;
  proposal.proposer = tx.sender;
  proposal.changes = message.changes;
  proposal.created_ms = block.time_ms;
  proposal.closes_ms = block.time_ms + terms.voting_ms;
  proposal.applies_ms = proposal.closes_ms + terms.lock_ms;
  ++proposals.open;
  store(state, proposals_key(), proposals);
  keep_proposal(state, proposal);
  schedule(state, {proposal.closes_ms, StakingDueKind::kCloseProposal, proposal.number});
  return Fault::kNone;
}

Fault apply(Overlay& state, const BlockContext& /*block*/, const TxContext& tx,
            const VoteParameters& message) {
  auto proposal = load<Proposal>(state, proposal_key(message.proposal));
  if (!proposal) return Fault::kProposalNotFound;
  if (proposal->state != ProposalState::kOpen) return Fault::kProposalClosed;
  if (!has_vote(state, tx.sender)) return Fault::kNoVote;
  for (OwnerVote& vote : proposal->votes) {
    if (vote.owner != tx.sender) continue;
    vote.approve = message.approve;
    keep_proposal(state, *proposal);
    return Fault::kNone;
  }
  if (proposal->votes.size() >= kOwnerVotesMax) return Fault::kProposalClosed;
  proposal->votes.push_back({tx.sender, message.approve});
  keep_proposal(state, *proposal);
  return Fault::kNone;
}

void close_proposal(Overlay& state, const BlockContext& block, std::uint64_t number) {
  Proposal proposal = must_load_proposal(state, number);
  std::set<Address> approve;
  for (const OwnerVote& vote : proposal.votes) {
    if (vote.approve) approve.insert(vote.owner);
  }
  const ValidatorSet set = load_validators(state);
  u128 stake_for = 0;
  for (const Validator& validator : set.validators) {
    if (approve.contains(find_validator(state, validator.key)->owner)) stake_for += validator.stake;
  }
  const bool accepted = quorum(stake_for, total_stake(set));
  // Stakes are droplets that exist, so their sums fit.
  proposal.stake_for = static_cast<std::uint64_t>(stake_for);
  proposal.stake_total = static_cast<std::uint64_t>(total_stake(set));
  proposal.state = accepted ? ProposalState::kAccepted : ProposalState::kRejected;
  if (accepted) {
    // A late block may come after the lock's end; it applies this in the same settlement.
    const std::uint64_t at = std::max(proposal.applies_ms, block.time_ms);
    schedule(state, {at, StakingDueKind::kApplyProposal, number});
  }
  keep_proposal(state, proposal);
  Proposals proposals = *load<Proposals>(state, proposals_key());
  --proposals.open;
  store(state, proposals_key(), proposals);
}

void apply_proposal(Overlay& state, std::uint64_t number) {
  Proposal proposal = must_load_proposal(state, number);
  Parameters parameters = load_parameters(state);
  const bool fits = change_parameters(parameters, proposal.changes) == Fault::kNone;
  proposal.state = fits ? ProposalState::kApplied : ProposalState::kFailed;
  keep_proposal(state, proposal);
  if (!fits) return;
  store(state, chain_params_key(), parameters.chain);
  store(state, staking_params_key(), parameters.staking);
  store(state, market::market_params_key(), parameters.market);
}

}  // namespace fog
