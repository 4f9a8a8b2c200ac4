// The core's state as bytes, for those who tell states apart: the explorer and the simulator.
#include "consensus/core/simplex.h"

namespace fog {
namespace {

void write_vote(BcsWriter& out, const Vote& vote) {
  bcs_write(out, vote);
}

// Which quorum signed changes nothing in what follows.
void write_certificate(BcsWriter& out, const std::optional<Certificate>& certificate) {
  out.integer(static_cast<std::uint8_t>(certificate.has_value()));
  if (certificate) write_vote(out, certificate->vote);
}

}  // namespace

Bytes Simplex::state_bytes(bool with_votes) const {
  BcsWriter out;
  const auto flag = [&](bool value) { out.integer(static_cast<std::uint8_t>(value)); };
  out.integer(view_);
  out.integer(floor_view_);
  bcs_write(out, floor_.id);
  out.integer(nullified_in_a_row_);
  out.integer(led_unheard().value_or(0));
  for (const bool value : {timers_started_, build_wanted_, empty_wanted_, proposed_}) flag(value);
  flag(building_.has_value());
  if (building_) out.integer(building_->view);
  write_certificate(out, finalization_pending_);
  out.integer(static_cast<std::uint32_t>(blocks_.size()));
  for (const auto& [id, block] : blocks_) bcs_write(out, id);
  for (const auto& [validator, view] : missed_) {
    out.integer(validator);
    out.integer(view);
    flag(is_silent(validator));
  }
  for (const auto& [number, view] : views_) {
    out.integer(number);
    for (const auto* certificate : {&view.notarization, &view.nullification, &view.finalization})
      write_certificate(out, *certificate);
    flag(view.proposal.has_value());
    if (view.proposal) write_vote(out, view.proposal->vote);
    out.integer(static_cast<std::uint8_t>(view.check));
    flag(view.leader_equivocated);
    flag(view.notarized.has_value());
    if (view.notarized) write_vote(out, *view.notarized);
    flag(view.nullified);
    flag(view.finalized);
    if (!with_votes) continue;
    const std::vector<SignedVote> votes = view.votes.all();
    out.integer(static_cast<std::uint32_t>(votes.size()));
    for (const SignedVote& vote : votes) {
      out.integer(vote.signature.index);
      write_vote(out, vote.vote);
    }
  }
  return std::move(out).take();
}

}  // namespace fog
