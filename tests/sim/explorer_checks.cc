// What must never be, in any state.
#include <algorithm>

#include "tests/sim/explorer.h"

namespace fog::sim {

bool Explorer::is_below(const BlockId& ancestor, BlockId block) const {
  while (block != ancestor) {
    const auto found = blocks_.find(block);
    if (found == blocks_.end() || found->second.height == 0) return false;
    block = found->second.parent;
  }
  return true;
}

std::optional<std::string> Explorer::wrong(const State& state) const {
  if (framed_) return framed_;
  for (const VoteSet& said : state.said) {
    for (VoteId a = 0; a < votes_.size(); ++a) {
      for (VoteId b = 0; said[a] && b < a; ++b) {
        if (said[b] && is_equivocation(votes_[a], votes_[b]))
          return "an honest validator has voted against itself";
      }
    }
  }
  std::vector<const Vote*> certified;
  for (VoteId vote = 0; vote < votes_.size(); ++vote) {
    if (can_be_certified(state, vote)) certified.push_back(&votes_[vote]);
  }
  for (const Vote* a : certified) {
    for (const Vote* b : certified) {
      if (a->view == b->view && a->kind == VoteKind::kNullify && b->kind == VoteKind::kFinalize)
        return "a view is nullified and final";
      if (a->view == b->view && a->kind == VoteKind::kNotarize && b->kind == VoteKind::kNotarize &&
          a->block != b->block)
        return "two blocks are notarized in one view";
      if (a->kind == VoteKind::kFinalize && b->kind == VoteKind::kFinalize &&
          !is_below(a->block, b->block) && !is_below(b->block, a->block))
        return "two blocks are final, and neither stands on the other";
      // Ancestry: whatever is notarized later stands on what is final.
      if (a->kind == VoteKind::kFinalize && b->kind == VoteKind::kNotarize && b->view > a->view &&
          !is_below(a->block, b->block))
        return "a block is notarized after another was final, and does not stand on it";
    }
  }
  for (std::size_t member = 0; member < kHonest; ++member) {
    const BlockId floor = locals_[table_of(member)][state.locals[member]]->core.floor().id;
    if (floor == genesis_.id) continue;
    bool is_final = false;
    for (const Vote* vote : certified)
      is_final = is_final || (vote->kind == VoteKind::kFinalize && is_below(floor, vote->block));
    if (!is_final) return "a validator holds a block final that nobody could have finalized";
  }
  return std::nullopt;
}

std::string Explorer::describe(const Move& move) const {
  static constexpr const char* kKinds[] = {"timer", "work",    "certificate", "proposal",
                                           "vote",  "restart", "no timer"};
  static constexpr const char* kVotes[] = {"notarize", "nullify", "finalize"};
  std::string out = "validator " + std::to_string(move.member) + ": " +
                    kKinds[static_cast<std::size_t>(move.kind)];
  if (move.kind == Kind::kTimer || move.kind == Kind::kWork || move.kind == Kind::kRestart ||
      move.kind == Kind::kPass)
    return out;
  const Vote& vote = votes_[move.vote];
  out += std::string(" ") + kVotes[static_cast<std::size_t>(vote.kind)] + " in view " +
         std::to_string(vote.view - base());
  if (vote.kind != VoteKind::kNullify)
    out += " of " + to_hex0x(vote.block).substr(0, 10) + " on view " +
           std::to_string(vote.parent_view - base());
  if (move.kind == Kind::kVote) out += " by " + std::to_string(move.from);
  return out;
}

}  // namespace fog::sim
