// What the core knows: all that only looks.
#include <algorithm>

#include "consensus/core/simplex.h"

namespace fog {
namespace {

// Two bad leaders in a row are nothing unusual; the delay doubles from the third on.
constexpr std::uint64_t kPatience = 2;
constexpr std::uint64_t kBackOffMax = 6;

}  // namespace

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
  if (!is_open(vote.view)) return is_silent(index) && vote.view >= missed_.at(index);
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
  return heard == last_heard_.end() || heard->second < missed->second;
}

std::optional<std::uint64_t> Simplex::led_unheard() const {
  if (!config_.own_index || quorum(config_.set.validators[*config_.own_index].stake, total_stake_))
    return std::nullopt;
  // Whoever was away for longer has led one of so many.
  constexpr std::uint64_t kLookBack = 1'024;
  const std::uint64_t heard = std::max(acknowledged_, given_up_);
  for (std::uint64_t view = view_ - 1; view > heard; --view) {
    if (leads(view) || view + kLookBack == view_) return view;
  }
  return std::nullopt;
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
