#include "consensus/staking/epochs.h"

#include "consensus/staking/due.h"
#include "consensus/staking/rewards.h"
#include "consensus/staking/validators.h"

namespace fog {
namespace {

void start_tally(Overlay& state, const ValidatorSet& set) {
  EpochTally tally;
  tally.validators.resize(set.validators.size());
  store(state, epoch_tally_key(), tally);
}

}  // namespace

EpochRecord load_epoch(const ReadView& state) {
  const auto record = load<EpochRecord>(state, epoch_key());
  CHECK(record.has_value());
  return *record;
}

ValidatorSet load_next_validators(const ReadView& state) {
  std::optional<ValidatorSet> set = load<ValidatorSet>(state, next_validators_key());
  CHECK(set.has_value());
  return *std::move(set);
}

void begin_first_epoch(Overlay& state, const ValidatorSet& set, const Hash32& genesis,
                       std::uint64_t time_ms) {
  store(state, validators_key(), set);
  store(state, next_validators_key(), set);
  store(state, epoch_key(), EpochRecord{0, genesis, time_ms});
  start_tally(state, set);
}

Fault check_carried_certificate(const BlockHeader& header,
                                const std::optional<Certificate>& certificate,
                                const ValidatorSet& set, std::uint64_t epoch_length) {
  if (certificate_hash(certificate) != header.certificate_hash) return Fault::kBlockBadCertificate;
  if (!certificate) return Fault::kNone;
  const Vote& vote = certificate->vote;
  const bool fits = !is_first_of_epoch(header.height, epoch_length) &&
                    vote.kind != VoteKind::kNullify && vote.epoch == header.epoch &&
                    vote.block == header.parent &&
                    verify_certificate(header.chain_id, set, *certificate);
  return fits ? Fault::kNone : Fault::kBlockBadCertificate;
}

void tally_block(Overlay& state, const ValidatorSet& set, const XOnlyKey& proposer,
                 const std::optional<Certificate>& certificate, Amount tips) {
  std::optional<EpochTally> tally = load<EpochTally>(state, epoch_tally_key());
  CHECK(tally && tally->validators.size() == set.validators.size());
  ++tally->blocks;
  const std::optional<std::size_t> place = place_of(set, proposer);
  CHECK(place.has_value());
  ++tally->validators[*place].proposed;
  tally->validators[*place].tips += tips;
  if (certificate) {
    ++tally->certificates;
    for (const ValidatorSignature& entry : certificate->signatures)
      ++tally->validators[entry.index].certified;
  }
  store(state, epoch_tally_key(), *tally);
}

void close_epoch(Overlay& state, const BlockContext& block) {
  const EpochRecord ended = load_epoch(state);
  const ValidatorSet set = load_validators(state);
  const ValidatorSet next = load_next_validators(state);
  const auto tally = load<EpochTally>(state, epoch_tally_key());
  CHECK(tally.has_value());
  settle_epoch(state, block, set, *tally, ended);

  const StakingParams params = load_staking_params(state);
  store(state, past_epoch_key(ended.epoch), PastEpoch{block.time_ms, set});
  schedule(state,
           {block.time_ms + params.evidence_window_ms, StakingDueKind::kForgetEpoch, ended.epoch});
  schedule(state, {block.time_ms + params.unbonding_ms, StakingDueKind::kRelease, ended.epoch});

  store(state, epoch_key(), EpochRecord{ended.epoch + 1, block.beacon, block.time_ms});
  if (set != next) store(state, validators_key(), next);
  const ValidatorSet after = choose_validators(state, next);
  if (after != next) store(state, next_validators_key(), after);
  start_tally(state, next);
}

}  // namespace fog
