// What comes in, a restart, and what may have been lost on the way.
#include "consensus/core/simplex.h"

#include <algorithm>

namespace fog {

Simplex::Simplex(SimplexConfig config) : config_(std::move(config)) {
  CHECK(!config_.set.validators.empty() && config_.floor.height <= config_.last_height);
  total_stake_ = total_stake(config_.set);
  floor_ = config_.floor;
  floor_view_ = config_.floor_view;
  view_ = floor_view_ + 1;
  acknowledged_ = epoch_view(config_.epoch);
}

// ---- after a restart ----

void Simplex::restore_proposal(std::uint64_t view, const BlockRef& block) {
  if (is_open(view)) blocks_.emplace(block.id, block);
}

void Simplex::restore_vote(const Vote& own) {
  if (!is_open(own.view)) return;
  View& view = views_[own.view];
  switch (own.kind) {
    case VoteKind::kNotarize:
      view.notarized = own;
      // It was found valid before the vote was journalled.
      view.check = Check::kValid;
      break;
    case VoteKind::kNullify:
      view.nullified = true;
      break;
    case VoteKind::kFinalize:
      view.finalized = true;
      break;
  }
  view_ = std::max(view_, own.view);
}

void Simplex::restore_certificate(const Certificate& certificate) {
  if (!is_open(certificate.vote.view)) return;
  View& view = views_[certificate.vote.view];
  if (certificate.vote.kind == VoteKind::kNotarize) view.notarization = certificate;
  if (certificate.vote.kind == VoteKind::kNullify) view.nullification = certificate;
  view_ = std::max(view_, certificate.vote.view + 1);
}

Effects Simplex::start() {
  const std::uint64_t first = view_;
  if (config_.own_index) {
    for (auto& [number, view] : views_) {
      if (view.notarized) effects_.push_back(Sign{*view.notarized, leads(number)});
      if (view.nullified)
        effects_.push_back(Sign{Vote{config_.epoch, number, VoteKind::kNullify, 0, {}}, false});
      if (view.finalized && view.notarization) {
        Vote vote = view.notarization->vote;
        vote.kind = VoteKind::kFinalize;
        effects_.push_back(Sign{vote, false});
      }
    }
  }
  enter(first);
  // The own proposal of this view is not made twice.
  if (const View* view = find(first); view != nullptr && view->notarized) proposed_ = true;
  return std::exchange(effects_, {});
}

Effects Simplex::step(const Input& input) {
  std::visit([&](const auto& kind) { on(kind); }, input);
  return std::exchange(effects_, {});
}

// ---- inputs ----

void Simplex::on(const ProposalInput& input) {
  const Vote& vote = input.notarize.vote;
  if (vote.kind != VoteKind::kNotarize || !is_open(vote.view) ||
      vote.view > view_ + kProposalsAhead || input.notarize.signature.index != leader(vote.view) ||
      vote.block != input.block.id)
    return;
  View& view = views_[vote.view];
  if (!view.proposal) {
    view.proposal = input.notarize;
    take_block(input.block);
  } else if (view.notarization && view.notarization->vote.block == input.block.id) {
    take_block(input.block);  // its leader said two things; this one counts
  }
  on(VoteInput{input.notarize});
  if (!is_open(vote.view)) return;
  // Others are ahead: what ended the views between is missing here.
  if (vote.view > view_) fetch_certificates(vote.view, view_, vote.view - 1);
  if (vote.view == view_) {
    start_timers();
    try_vote();
  }
}

void Simplex::on(const VoteInput& input) {
  const Vote& vote = input.vote.vote;
  const std::uint8_t index = input.vote.signature.index;
  if (vote.epoch != config_.epoch || index >= config_.set.validators.size() ||
      vote.view > view_ + kViewsAhead)
    return;
  std::uint64_t& heard = last_heard_[index];
  heard = std::max(heard, vote.view);
  if (!is_open(vote.view)) return;
  View& view = views_[vote.view];
  VoteKeeper::Added added = view.votes.add(config_.set, input.vote);
  if (added.evidence) {
    if (index == leader(vote.view) && added.evidence->first.vote.kind == VoteKind::kNotarize)
      view.leader_equivocated = true;
    effects_.push_back(*std::move(added.evidence));
  }
  if (added.certificate && !has_certificate(vote)) take_certificate(*added.certificate, true);
  if (vote.kind != VoteKind::kNullify || vote.view != view_) return;
  const View& here = *find(view_);
  // Somebody honest has run out of patience, so there was something to do.
  if (static_cast<u128>(here.votes.nullify_stake(config_.set)) * 3 > total_stake_) start_timers();
  // A leader that gives up its view will not propose.
  if (index == leader(view_) && !here.proposal) vote_nullify(view_);
}

void Simplex::note_signers(const Certificate& certificate, bool formed_here) {
  const std::uint64_t view = certificate.vote.view;
  // In what was formed here the own vote counts whether or not anybody has heard it; that others
  // have voted for the own proposal tells.
  const bool shows_heard =
      !formed_here || (certificate.vote.kind == VoteKind::kNotarize && leads(view));
  for (const ValidatorSignature& signature : certificate.signatures) {
    std::uint64_t& heard = last_heard_[signature.index];
    heard = std::max(heard, view);
    if (signature.index == config_.own_index && shows_heard)
      acknowledged_ = std::max(acknowledged_, view);
  }
}

void Simplex::on(const CertificateInput& input) {
  if (input.certificate.vote.epoch != config_.epoch || !is_open(input.certificate.vote.view))
    return;
  take_certificate(input.certificate, false);
}

void Simplex::on(const BlockInput& input) {
  fetching_.erase(input.block.id);
  if (input.block.height <= floor_.height) leave_behind(input.block.id);
  take_block(input.block);
  try_vote();
  try_propose();
  fetch_head();
}

void Simplex::on(const VerifiedInput& input) {
  View* view = find(input.view);
  if (view == nullptr || view->check != Check::kPending || !view->proposal ||
      view->proposal->vote.block != input.block)
    return;
  view->check = input.valid ? Check::kValid : Check::kInvalid;
  if (input.view != view_) return;
  if (input.valid) {
    vote_notarize(input.view, view->proposal->vote, false);
  } else {
    vote_nullify(view_);
  }
}

void Simplex::on(const BuiltInput& input) {
  if (input.view != view_ || !building_) return;
  const Head parent = *std::exchange(building_, std::nullopt);
  if (!input.block) {
    build_wanted_ = false;  // whoever drives the core says again when there is work
    return;
  }
  // What it stands on was left behind meanwhile.
  if (parent.view < floor_view_ || parent.block != input.block->parent) {
    try_propose();
    return;
  }
  take_block(*input.block);
  vote_notarize(
      view_, Vote{config_.epoch, view_, VoteKind::kNotarize, parent.view, input.block->id}, true);
}

void Simplex::on(const WorkInput& input) {
  if (input.view != view_) return;
  want_block(empty_wanted_);
}

void Simplex::on(const TimerInput& input) {
  if (epoch_is_over()) return;
  if (input.kind == TimerKind::kFetch) {
    forget_fetches();
    look_again();
    return;
  }
  if (input.view != view_) return;
  const View* view = find(view_);
  switch (input.kind) {
    case TimerKind::kLeader:
      if (proposed_ || (view != nullptr && view->proposal)) return;
      note_missed(view_);
      vote_nullify(view_);
      return;
    case TimerKind::kAdvance:
      vote_nullify(view_);
      return;
    case TimerKind::kRetry:
      retry();
      return;
    case TimerKind::kFinal:
      if (!has_unfinal_block()) return;
      // Perhaps it is final and this validator has not heard. If not, a block that stands above it
      // finalizes it, be it empty.
      want_block(true);
      retry();
      return;
    case TimerKind::kFetch:
      return;
  }
}

void Simplex::on(const FloorInput& input) {
  const Certificate& certificate = input.finalization;
  if (input.block.height <= floor_.height) return;
  blocks_.emplace(input.block.id, input.block);
  const std::uint64_t end = certificate.vote.view;
  note_signers(certificate, false);
  const std::optional<Certificate> pending = std::exchange(finalization_pending_, std::nullopt);
  settle(input.block, certificate);
  if (pending && pending->vote.view > end) finalization_pending_ = pending;
  if (end >= view_) {
    nullified_in_a_row_ = 0;
    enter(end + 1);
  } else {
    try_vote();
    try_propose();
  }
  try_finalize();
}

// ---- what may have been lost ----

void Simplex::retry() {
  effects_.push_back(SetTimer{TimerKind::kRetry, view_, retry_ms()});
  forget_fetches();
  // What led here.
  if (const View* before = find(view_ - 1); before != nullptr) {
    if (before->notarization) effects_.push_back(SendCertificate{*before->notarization});
    if (before->nullification) effects_.push_back(SendCertificate{*before->nullification});
  } else if (finalization_) {
    effects_.push_back(SendCertificate{*finalization_});
  }
  if (const View* view = find(view_); view != nullptr) {
    for (const SignedVote& vote : view->votes.all()) {
      const bool proposal = vote.vote.kind == VoteKind::kNotarize &&
                            vote.signature.index == leader(view_) &&
                            config_.own_index == vote.signature.index;
      effects_.push_back(SendVote{vote, proposal});
    }
  }
  // Own finalize votes that may not have arrived: the block they are for is not final here.
  for (const auto& [number, view] : views_) {
    if (number >= view_ || !config_.own_index) continue;
    if (const SignedVote* vote = view.votes.find(VoteKind::kFinalize, *config_.own_index))
      effects_.push_back(SendVote{*vote, false});
  }
  fetch_certificates(view_, floor_view_ + 1, view_);
  look_again();
}

void Simplex::look_again() {
  try_finalize();
  try_vote();
  try_propose();
  fetch_head();
}

void Simplex::fetch_certificates(std::uint64_t view, std::uint64_t from, std::uint64_t to) {
  const std::pair range{std::max(from, floor_view_ + 1), to};
  if (range.first > range.second || asked_ == range) return;
  asked_ = range;
  effects_.push_back(FetchCertificates{view, range.first, range.second});
  set_fetch_timer();
}

void Simplex::forget_fetches() {
  fetching_.clear();
  asked_ = {0, 0};
}

void Simplex::fetch_block(const BlockId& block) {
  if (!fetching_.insert(block).second) return;
  effects_.push_back(FetchBlock{block});
  set_fetch_timer();
}

// What the next block would stand on.
void Simplex::fetch_head() {
  if (const auto head = head_below(view_)) {
    if (const auto missing = missing_below(head->block)) fetch_block(*missing);
  }
}

void Simplex::set_fetch_timer() {
  effects_.push_back(SetTimer{TimerKind::kFetch, view_, (config_.delay_ms + 7) / 8});
}

}  // namespace fog
