// The story of a view, from entering it to the blocks that it makes final.
#include <algorithm>

#include "consensus/core/simplex.h"

namespace fog {
namespace {

SignedVote signed_vote(const Certificate& certificate, const ValidatorSignature& signature) {
  return {certificate.vote, signature};
}

bool same_proposal(const Vote& a, const Vote& b) {
  return a.parent_view == b.parent_view && a.block == b.block;
}

}  // namespace

void Simplex::enter(std::uint64_t view) {
  view_ = view;
  timers_started_ = build_wanted_ = empty_wanted_ = proposed_ = false;
  building_.reset();
  forget_fetches();
  if (epoch_is_over()) return;
  const std::optional<Head> head = head_below(view_);
  effects_.push_back(Entered{view_, head ? head->block : floor_.id});
  if (head) want_final(*head);
  // It is probably on its way.
  if (head && missing_below(head->block)) set_fetch_timer();
  const View* here = find(view_);
  if (here == nullptr) return;
  if (here->proposal ||
      static_cast<u128>(here->votes.nullify_stake(config_.set)) * 3 > total_stake_)
    start_timers();
  try_vote();
}

// Sees to it that the newest notarized block becomes final: by its own view's votes, which are
// given time; or, where that view is nullified and they cannot be enough, by a block that stands on
// it.
void Simplex::want_final(const Head& head) {
  if (head.block == floor_.id) return;
  const View* made = find(head.view);
  if (made == nullptr || !made->nullification) {
    effects_.push_back(SetTimer{TimerKind::kFinal, view_, delay(2)});
    return;
  }
  want_block(true);
}

void Simplex::want_block(bool be_it_empty) {
  build_wanted_ = true;
  empty_wanted_ = be_it_empty;
  start_timers();
  try_propose();
}

void Simplex::start_timers() {
  if (timers_started_ || epoch_is_over()) return;
  timers_started_ = true;
  effects_.push_back(SetTimer{TimerKind::kRetry, view_, retry_ms()});
  if (is_silent(leader(view_))) {
    const View* view = find(view_);
    if (view == nullptr || !view->proposal) {
      vote_nullify(view_);
      return;
    }
  }
  effects_.push_back(SetTimer{TimerKind::kLeader, view_, delay(2)});
  effects_.push_back(SetTimer{TimerKind::kAdvance, view_, delay(3)});
}

// As leader: on the newest notarized block.
void Simplex::try_propose() {
  if (!leads(view_) || proposed_ || building_ || !build_wanted_ || epoch_is_over() ||
      view_ <= config_.signed_view)
    return;
  if (led_unheard()) {
    given_up_ = view_;
    proposed_ = true;
    vote_nullify(view_);
    return;
  }
  const std::optional<Head> head = head_below(view_);
  if (!head) {
    fetch_certificates(view_, floor_view_ + 1, view_ - 1);
    return;
  }
  if (const auto missing = missing_below(head->block)) {
    fetch_block(*missing);
    return;
  }
  if (head->block != floor_.id && blocks_.at(head->block).height == config_.last_height) {
    vote_notarize(view_, Vote{config_.epoch, view_, VoteKind::kNotarize, head->view, head->block},
                  true);
    return;
  }
  building_ = head;
  effects_.push_back(Build{view_, head->view, head->block, empty_wanted_});
}

// A proposal counts when its parent is notarized and every view between is nullified.
void Simplex::try_vote() {
  View* view = find(view_);
  if (view == nullptr || !view->proposal || view->check != Check::kNone || epoch_is_over()) return;
  const Vote& vote = view->proposal->vote;
  const auto found = blocks_.find(vote.block);
  if (found == blocks_.end()) return;
  const BlockRef& block = found->second;
  const auto refuse = [&] {
    view->check = Check::kInvalid;
    vote_nullify(view_);
  };
  // Something above the parent is final: no quorum can have skipped it.
  if (vote.parent_view >= view_ || vote.parent_view < floor_view_) return refuse();
  const std::optional<BlockId> parent = notarized_in(vote.parent_view);
  if (!parent || !skipped(vote.parent_view, view_)) {
    fetch_certificates(view_, parent ? vote.parent_view + 1 : vote.parent_view, view_ - 1);
    return;
  }
  const bool repeats = vote.block == *parent;
  if (repeats) {
    if (block.height != config_.last_height || *parent == floor_.id) return refuse();
    view->check = Check::kValid;
    vote_notarize(view_, vote, false);
    return;
  }
  if (block.parent != *parent) return refuse();
  if (*parent != floor_.id) {
    // Whoever jumped here by a certificate may hold the parent and not what the parent stands on.
    if (const auto missing = missing_below(*parent)) {
      fetch_block(*missing);
      return;
    }
    if (block.height != blocks_.at(*parent).height + 1) return refuse();
  } else if (block.height != floor_.height + 1) {
    return refuse();
  }
  if (block.height > config_.last_height) return refuse();
  view->check = Check::kPending;
  effects_.push_back(Verify{view_, vote.block, *parent});
}

void Simplex::vote_notarize(std::uint64_t number, const Vote& vote, bool as_leader) {
  View& view = views_[number];
  if (!config_.own_index || view.notarized || number <= config_.signed_view) return;
  CHECK(number == view_);
  view.notarized = vote;
  if (as_leader) {
    proposed_ = true;
    view.check = Check::kValid;
  }
  effects_.push_back(AppendProposal{number, vote.parent_view, vote.block});
  effects_.push_back(AppendVote{vote});
  effects_.push_back(Sign{vote, as_leader});
}

void Simplex::vote_nullify(std::uint64_t number) {
  View& view = views_[number];
  if (!config_.own_index || view.nullified || view.finalized || number < config_.signed_view)
    return;
  view.nullified = true;
  const Vote vote{config_.epoch, number, VoteKind::kNullify, 0, {}};
  effects_.push_back(AppendVote{vote});
  effects_.push_back(Sign{vote, false});
}

void Simplex::vote_finalize(const Certificate& notarization) {
  View& view = views_[notarization.vote.view];
  if (!config_.own_index || view.nullified || view.finalized || view.leader_equivocated ||
      notarization.vote.view <= config_.signed_view)
    return;
  view.finalized = true;
  Vote vote = notarization.vote;
  vote.kind = VoteKind::kFinalize;
  effects_.push_back(AppendVote{vote});
  effects_.push_back(Sign{vote, false});
}

void Simplex::take_certificate(const Certificate& certificate, bool formed_here) {
  const Vote& vote = certificate.vote;
  View& view = views_[vote.view];
  const auto keep = [&](std::optional<Certificate>& place) {
    if (place) return false;
    place = certificate;
    return true;
  };
  switch (vote.kind) {
    case VoteKind::kNotarize:
      if (view.notarization && view.notarization->vote != vote) {
        for (const ValidatorSignature& a : view.notarization->signatures) {
          for (const ValidatorSignature& b : certificate.signatures) {
            if (a.index == b.index)
              effects_.push_back(
                  Evidence{signed_vote(*view.notarization, a), signed_vote(certificate, b)});
          }
        }
        return;
      }
      if (!keep(view.notarization)) return;
      if (view.proposal && !same_proposal(view.proposal->vote, vote))
        view.leader_equivocated = true;
      break;
    case VoteKind::kNullify:
      if (!keep(view.nullification)) return;
      break;
    case VoteKind::kFinalize:
      if (!keep(view.finalization)) return;
      if (!finalization_pending_ || finalization_pending_->vote.view < vote.view)
        finalization_pending_ = certificate;
      break;
  }
  note_signers(certificate, formed_here);
  // Passed on even if a peer sent it, as in 3.1, where everybody multicasts what he sees notarized:
  // a liar may have shown it to some only, who go on to where the others cannot follow.
  if (formed_here || vote.view >= view_ || vote.kind == VoteKind::kFinalize)
    effects_.push_back(SendCertificate{certificate});
  if (vote.kind != VoteKind::kFinalize) effects_.push_back(AppendCertificate{certificate});
  if (vote.view >= view_) {
    end_view(certificate);
  } else {
    // A view that was left by a nullification has a block after all, and nobody has timed it; or
    // the block's own votes will not make it final.
    const std::optional<Head> head = head_below(view_);
    if (head && head->view == vote.view) want_final(*head);
    // It may be what a proposal of this view has waited for.
    try_vote();
    try_propose();
  }
  if (vote.kind == VoteKind::kFinalize) try_finalize();
}

void Simplex::end_view(const Certificate& certificate) {
  const Vote& vote = certificate.vote;
  switch (vote.kind) {
    case VoteKind::kNotarize:
      nullified_in_a_row_ = 0;
      vote_finalize(certificate);
      break;
    case VoteKind::kNullify:
      if (!views_[vote.view].proposal) {
        note_missed(vote.view);
        // Without a proposal, the own nullify vote tells the others that this leader is there.
        if (leads(vote.view)) vote_nullify(vote.view);
      }
      ++nullified_in_a_row_;
      break;
    case VoteKind::kFinalize:
      nullified_in_a_row_ = 0;
      break;
  }
  enter(vote.view + 1);
}

// ---- what is final ----

void Simplex::try_finalize() {
  if (!finalization_pending_) return;
  const Certificate certificate = *finalization_pending_;
  std::vector<FinalizedBlock> blocks;
  BlockId block = certificate.vote.block;
  while (block != floor_.id) {
    const auto found = blocks_.find(block);
    if (found == blocks_.end()) {
      fetch_block(block);
      return;
    }
    // A finalized block above which the floor stands would be a fork.
    CHECK(found->second.height > floor_.height);
    blocks.push_back({0, 0, block});
    block = found->second.parent;
  }
  std::reverse(blocks.begin(), blocks.end());
  for (FinalizedBlock& entry : blocks) {
    for (const auto& [number, view] : views_) {
      if (!view.notarization || view.notarization->vote.block != entry.block) continue;
      entry.view = number;
      entry.parent_view = view.notarization->vote.parent_view;
      break;
    }
  }
  if (!blocks.empty() && blocks.back().view == 0) {
    blocks.back().view = certificate.vote.view;
    blocks.back().parent_view = certificate.vote.parent_view;
  }
  settle(blocks.empty() ? floor_ : blocks_.at(blocks.back().block), certificate);
  if (!blocks.empty()) effects_.push_back(Finalized{std::move(blocks), certificate});
}

// A new floor; what it decides is forgotten.
void Simplex::settle(const BlockRef block, const Certificate& certificate) {
  floor_ = block;
  floor_view_ = certificate.vote.view;
  finalization_ = certificate;
  finalization_pending_.reset();
  views_.erase(views_.begin(), views_.upper_bound(floor_view_));
  std::erase_if(blocks_, [&](const auto& entry) { return entry.second.height <= floor_.height; });
}

// Of a block that does not stand above the floor. Where the floor's own view was not known at the
// start (after a snapshot), certificates of what stands below came as news; whatever is notarized
// after the floor stands on it, so those are of views before the floor's, or of its own.
void Simplex::leave_behind(const BlockId& block) {
  for (const auto& [number, view] : views_) {
    const bool is_there = (view.notarization && view.notarization->vote.block == block) ||
                          (view.finalization && view.finalization->vote.block == block);
    if (is_there) floor_view_ = number;
  }
  views_.erase(views_.begin(), views_.upper_bound(floor_view_));
  if (finalization_pending_ && finalization_pending_->vote.block == block)
    finalization_pending_.reset();
}

void Simplex::take_block(const BlockRef& block) {
  if (block.height <= floor_.height) return;
  if (!blocks_.emplace(block.id, block).second) return;
  fetching_.erase(block.id);
  try_finalize();
}

}  // namespace fog
