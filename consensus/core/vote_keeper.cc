#include "consensus/core/vote_keeper.h"

namespace fog {

const SignedVote* VoteKeeper::find(VoteKind kind, std::uint8_t index) const {
  const auto found = votes(kind).find(index);
  return found == votes(kind).end() ? nullptr : &found->second;
}

std::vector<SignedVote> VoteKeeper::all() const {
  std::vector<SignedVote> out;
  for (const Votes& kind : votes_) {
    for (const auto& [index, vote] : kind) out.push_back(vote);
  }
  return out;
}

std::optional<Evidence> VoteKeeper::conflict(const SignedVote& vote) const {
  for (const Votes& kind : votes_) {
    const auto found = kind.find(vote.signature.index);
    if (found != kind.end() && is_equivocation(found->second.vote, vote.vote))
      return Evidence{found->second, vote};
  }
  return std::nullopt;
}

VoteKeeper::Added VoteKeeper::add(const ValidatorSet& set, const SignedVote& vote) {
  CHECK(vote.signature.index < set.validators.size());
  Added added;
  if (const SignedVote* known = find(vote.vote.kind, vote.signature.index);
      known != nullptr && known->vote == vote.vote)
    return added;
  added.evidence = conflict(vote);
  if (!votes(vote.vote.kind).emplace(vote.signature.index, vote).second) return added;
  added.is_new = true;
  added.certificate = complete(set, vote.vote);
  return added;
}

std::optional<Certificate> VoteKeeper::complete(const ValidatorSet& set, const Vote& vote) const {
  Certificate certificate;
  certificate.vote = vote;
  std::uint64_t stake = 0;
  for (const auto& [index, other] : votes(vote.kind)) {
    if (other.vote != vote) continue;
    stake += set.validators[index].stake;
    certificate.signatures.push_back(other.signature);
  }
  if (!quorum(stake, total_stake(set))) return std::nullopt;
  return certificate;
}

std::uint64_t VoteKeeper::nullify_stake(const ValidatorSet& set) const {
  std::uint64_t stake = 0;
  for (const auto& [index, vote] : votes(VoteKind::kNullify)) stake += set.validators[index].stake;
  return stake;
}

}  // namespace fog
