// VoteKeeper: the votes of one view, and the certificates that they make. One vote of a kind from
// each validator is kept; a second that differs is evidence against it.
#pragma once

#include <map>
#include <optional>
#include <variant>

#include "consensus/core/messages.h"

namespace fog {

class VoteKeeper {
 public:
  struct Added {
    bool is_new = false;
    std::optional<Evidence> evidence;
    std::optional<Certificate> certificate;  // this vote completed it
  };
  // The vote must be of this view and epoch, its index within the set.
  Added add(const ValidatorSet& set, const SignedVote& vote);

  // Stake that has voted to nullify.
  std::uint64_t nullify_stake(const ValidatorSet& set) const;
  const SignedVote* find(VoteKind kind, std::uint8_t index) const;
  std::vector<SignedVote> all() const;

 private:
  using Votes = std::map<std::uint8_t, SignedVote>;  // by validator
  Votes& votes(VoteKind kind) { return votes_[static_cast<std::size_t>(kind)]; }
  const Votes& votes(VoteKind kind) const { return votes_[static_cast<std::size_t>(kind)]; }
  std::optional<Evidence> conflict(const SignedVote& vote) const;
  std::optional<Certificate> complete(const ValidatorSet& set, const Vote& vote) const;

  std::array<Votes, 3> votes_;
};

}  // namespace fog
