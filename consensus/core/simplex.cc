#include "consensus/core/simplex.h"

#include <algorithm>

namespace fog {
namespace {

// Two bad leaders in a row are nothing unusual; the delay doubles from the third on.
constexpr std::uint64_t kPatience = 2;
constexpr std::uint64_t kBackOffMax = 6;

SignedVote signed_vote(const Certificate& certificate, const ValidatorSignature& signature) {
  return {certificate.vote, signature};
}

bool same_proposal(const Vote& a, const Vote& b) {
  return a.parent_view == b.parent_view && a.block == b.block;
}

}  // namespace

Simplex::Simplex(SimplexConfig config) : config_(std::move(config)) {
  CHECK(!config_.set.validators.empty() && config_.floor.height <= config_.last_height);
  total_stake_ = total_stake(config_.set);
  floor_ = config_.floor;
  floor_view_ = config_.floor_view;
  view_ = floor_view_ + 1;
}

// ---- after a restart ----

void Simplex::restore_proposal(std::uint64_t view, std::uint64_t parent_view,
                               const BlockRef& block) {
  (void)parent_view;
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
  // Somebody honest has run out of patience, so there was something to do.
  if (vote.kind == VoteKind::kNullify && vote.view == view_ &&
      static_cast<u128>(find(view_)->votes.nullify_stake(config_.set)) * 3 > total_stake_)
    start_timers();
}

void Simplex::on(const CertificateInput& input) {
  if (input.certificate.vote.epoch != config_.epoch || !is_open(input.certificate.vote.view))
    return;
  for (const ValidatorSignature& signature : input.certificate.signatures) {
    std::uint64_t& heard = last_heard_[signature.index];
    heard = std::max(heard, input.certificate.vote.view);
  }
  take_certificate(input.certificate, false);
}

void Simplex::on(const BlockInput& input) {
  fetching_.erase(input.block.id);
  take_block(input.block);
  try_vote();
  try_propose();
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
    vote_nullify();
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
  build_wanted_ = true;
  start_timers();
  try_propose();
}

void Simplex::on(const TimerInput& input) {
  if (input.view != view_ || epoch_is_over()) return;
  const View* view = find(view_);
  switch (input.kind) {
    case TimerKind::kLeader:
      if (proposed_ || (view != nullptr && view->proposal)) return;
      note_missed(view_);
      vote_nullify();
      return;
    case TimerKind::kAdvance:
      vote_nullify();
      return;
    case TimerKind::kRetry:
      retry();
      return;
    case TimerKind::kFinal:
      if (!has_unfinal_block()) return;
      // Perhaps it is final and this validator has not heard. If not, a block that stands above it
      // finalizes it, be it empty.
      build_wanted_ = empty_wanted_ = true;
      retry();
      start_timers();
      try_propose();
      return;
  }
}

void Simplex::on(const FloorInput& input) {
  const Certificate& certificate = input.finalization;
  if (input.block.height <= floor_.height) return;
  blocks_.emplace(input.block.id, input.block);
  const std::uint64_t end = certificate.vote.view;
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

// ---- the story of a view ----

void Simplex::enter(std::uint64_t view) {
  view_ = view;
  timers_started_ = build_wanted_ = empty_wanted_ = proposed_ = false;
  building_.reset();
  forget_fetches();
  if (epoch_is_over()) return;
  const std::optional<Head> head = head_below(view_);
  effects_.push_back(Entered{view_, head ? head->block : floor_.id});
  if (has_unfinal_block()) effects_.push_back(SetTimer{TimerKind::kFinal, view_, delay(2)});
  const View* here = find(view_);
  if (here == nullptr) return;
  if (here->proposal ||
      static_cast<u128>(here->votes.nullify_stake(config_.set)) * 3 > total_stake_)
    start_timers();
  try_vote();
}

void Simplex::start_timers() {
  if (timers_started_ || epoch_is_over()) return;
  timers_started_ = true;
  effects_.push_back(SetTimer{TimerKind::kRetry, view_, retry_ms()});
  if (is_silent(leader(view_))) {
    const View* view = find(view_);
    if (view == nullptr || !view->proposal) {
      vote_nullify();
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
    vote_nullify();
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

void Simplex::vote_nullify() {
  View& view = views_[view_];
  if (!config_.own_index || view.nullified || view.finalized || view_ < config_.signed_view) return;
  view.nullified = true;
  const Vote vote{config_.epoch, view_, VoteKind::kNullify, 0, {}};
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
  if (formed_here) effects_.push_back(SendCertificate{certificate});
  if (vote.kind != VoteKind::kFinalize) effects_.push_back(AppendCertificate{certificate});
  if (vote.view >= view_) {
    end_view(certificate);
  } else {
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
      if (!views_[vote.view].proposal) note_missed(vote.view);
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

void Simplex::take_block(const BlockRef& block) {
  if (block.height <= floor_.height) return;
  if (!blocks_.emplace(block.id, block).second) return;
  fetching_.erase(block.id);
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
  if (const auto head = head_below(view_)) {
    if (const auto missing = missing_below(head->block)) fetch_block(*missing);
  }
  try_finalize();
  try_vote();
  try_propose();
}

void Simplex::fetch_certificates(std::uint64_t view, std::uint64_t from, std::uint64_t to) {
  const std::pair range{std::max(from, floor_view_ + 1), to};
  if (range.first > range.second || asked_ == range) return;
  asked_ = range;
  effects_.push_back(FetchCertificates{view, range.first, range.second});
}

void Simplex::forget_fetches() {
  fetching_.clear();
  asked_ = {0, 0};
}

void Simplex::fetch_block(const BlockId& block) {
  if (fetching_.insert(block).second) effects_.push_back(FetchBlock{block});
}

// ---- what is known ----

Simplex::View* Simplex::find(std::uint64_t view) {
  const auto found = views_.find(view);
  return found == views_.end() ? nullptr : &found->second;
}

const Simplex::View* Simplex::find(std::uint64_t view) const {
  const auto found = views_.find(view);
  return found == views_.end() ? nullptr : &found->second;
}

bool Simplex::is_open(std::uint64_t view) const {
  return view > floor_view_ && !epoch_is_over();
}

bool Simplex::has_certificate(const Vote& vote) const {
  const View* view = find(vote.view);
  if (view == nullptr) return false;
  switch (vote.kind) {
    case VoteKind::kNotarize:
      return view->notarization.has_value();
    case VoteKind::kNullify:
      return view->nullification.has_value();
    case VoteKind::kFinalize:
      return view->finalization.has_value();
  }
  return false;
}

bool Simplex::wants(const Vote& vote, std::uint8_t index) const {
  if (vote.epoch != config_.epoch || index >= config_.set.validators.size() ||
      vote.view > view_ + kViewsAhead)
    return false;
  // Too late to count, but a sign of life of a validator that was thought away.
  if (!is_open(vote.view)) return is_silent(index) && vote.view > missed_.at(index);
  const View* view = find(vote.view);
  if (view == nullptr) return true;
  const SignedVote* known = view->votes.find(vote.kind, index);
  return known == nullptr || known->vote != vote;
}

bool Simplex::wants(const Certificate& certificate) const {
  const Vote& vote = certificate.vote;
  if (vote.epoch != config_.epoch || !is_open(vote.view)) return false;
  const View* view = find(vote.view);
  // A second notarization for another block is worth a look: it is evidence.
  if (vote.kind == VoteKind::kNotarize && view != nullptr && view->notarization)
    return view->notarization->vote != vote;
  return !has_certificate(vote);
}

std::size_t Simplex::leader(std::uint64_t view) const {
  return leader_of(config_.set, config_.leader_seed, config_.epoch, view);
}

bool Simplex::leads(std::uint64_t view) const {
  return config_.own_index && leader(view) == *config_.own_index;
}

std::optional<BlockId> Simplex::notarized_in(std::uint64_t number) const {
  if (number == floor_view_) return floor_.id;
  const View* view = find(number);
  if (view == nullptr) return std::nullopt;
  // A final block is as good as a notarized one.
  if (view->notarization) return view->notarization->vote.block;
  if (view->finalization) return view->finalization->vote.block;
  return std::nullopt;
}

bool Simplex::skipped(std::uint64_t from, std::uint64_t to) const {
  for (std::uint64_t number = from + 1; number < to; ++number) {
    const View* view = find(number);
    if (view == nullptr || !view->nullification) return false;
  }
  return true;
}

std::optional<Simplex::Head> Simplex::head_below(std::uint64_t number) const {
  for (std::uint64_t below = number - 1;; --below) {
    if (const auto block = notarized_in(below)) return Head{below, *block};
    const View* view = find(below);
    if (below <= floor_view_ || view == nullptr || !view->nullification) return std::nullopt;
  }
}

BlockId Simplex::head() const {
  const std::optional<Head> head = head_below(view_);
  return head ? head->block : floor_.id;
}

std::optional<BlockId> Simplex::missing_below(BlockId block) const {
  while (block != floor_.id) {
    const auto found = blocks_.find(block);
    if (found == blocks_.end()) return block;
    block = found->second.parent;
  }
  return std::nullopt;
}

void Simplex::note_missed(std::uint64_t view) {
  std::uint64_t& missed = missed_[static_cast<std::uint8_t>(leader(view))];
  missed = std::max(missed, view);
}

bool Simplex::is_silent(std::size_t validator) const {
  if (config_.own_index == validator) return false;
  const auto missed = missed_.find(static_cast<std::uint8_t>(validator));
  if (missed == missed_.end()) return false;
  const auto heard = last_heard_.find(static_cast<std::uint8_t>(validator));
  return heard == last_heard_.end() || heard->second <= missed->second;
}

bool Simplex::has_unfinal_block() const {
  const std::optional<Head> head = head_below(view_);
  return head && head->block != floor_.id;
}

std::uint64_t Simplex::delay(std::uint64_t units) const {
  const std::uint64_t beyond =
      nullified_in_a_row_ > kPatience ? nullified_in_a_row_ - kPatience : 0;
  return (units * config_.delay_ms) << std::min(beyond, kBackOffMax);
}

std::vector<Certificate> Simplex::certificates(std::uint64_t from, std::uint64_t to,
                                               std::size_t max) const {
  std::vector<Certificate> out;
  // What is final ends every question about what lies below.
  if (finalization_ && finalization_->vote.view >= from) out.push_back(*finalization_);
  for (auto at = views_.lower_bound(from); at != views_.end() && at->first <= to; ++at) {
    const View& view = at->second;
    for (const auto* certificate : {&view.notarization, &view.nullification, &view.finalization}) {
      if (out.size() < max && *certificate) out.push_back(**certificate);
    }
  }
  return out;
}

std::optional<BlockRef> Simplex::proposal(std::uint64_t number) const {
  const View* view = find(number);
  if (view == nullptr || !view->proposal) return std::nullopt;
  const auto found = blocks_.find(view->proposal->vote.block);
  if (found == blocks_.end()) return std::nullopt;
  return found->second;
}

const Certificate* Simplex::notarization(std::uint64_t number) const {
  const View* view = find(number);
  return view != nullptr && view->notarization ? &*view->notarization : nullptr;
}

}  // namespace fog
