// VoteChecker: what honest validators say on the wire. None votes against itself, whatever crashes;
// nobody holds evidence against an honest one.
#pragma once

#include <map>
#include <set>

#include "consensus/core/vote_keeper.h"
#include "tests/sim/checkers/findings.h"

namespace fog::sim {

class VoteChecker {
 public:
  VoteChecker(Findings& findings, const ChainId& chain, std::set<XOnlyKey> honest)
      : findings_(findings), chain_(chain), honest_(std::move(honest)) {}

  // A vote that an honest node has sent or passed on, in the set of its epoch.
  void on_vote(const ValidatorSet& set, const SignedVote& vote) {
    if (vote.signature.index >= set.validators.size()) {
      findings_.add("an honest node passes on a vote of nobody");
      return;
    }
    const XOnlyKey& key = set.validators[vote.signature.index].key;
    if (!honest_.contains(key)) return;
    auto& said = votes_[{vote.vote.view, key}];
    for (const Vote& before : said) {
      if (before == vote.vote) return;
    }
    if (!verify_schnorr(key, vote_digest(chain_, vote.vote), vote.signature.signature)) {
      findings_.add("an honest node passes on a vote with a wrong signature");
      return;
    }
    for (const Vote& before : said) {
      if (is_equivocation(before, vote.vote))
        findings_.add("an honest validator has voted against itself in view " +
                      view_text(vote.vote));
    }
    said.push_back(vote.vote);
  }

  void on_evidence(std::size_t node, const ValidatorSet& set, const Evidence& proof) {
    const std::string who = "node " + std::to_string(node) + " holds evidence ";
    const std::uint8_t index = proof.first.signature.index;
    if (index != proof.second.signature.index || index >= set.validators.size() ||
        !is_equivocation(proof.first.vote, proof.second.vote)) {
      findings_.add(who + "that proves nothing");
      return;
    }
    const XOnlyKey& key = set.validators[index].key;
    for (const SignedVote* vote : {&proof.first, &proof.second}) {
      if (!verify_schnorr(key, vote_digest(chain_, vote->vote), vote->signature.signature))
        findings_.add(who + "with a wrong signature");
    }
    if (honest_.contains(key))
      findings_.add(who + "against an honest validator, view " + view_text(proof.first.vote));
    ++proofs_;
  }
  std::uint64_t proofs() const { return proofs_; }

  static std::string view_text(const Vote& vote) {
    return std::to_string(vote.epoch) + "/" + std::to_string(vote.view & 0xFFFFFFFFU);
  }

 private:
  Findings& findings_;
  const ChainId chain_;
  const std::set<XOnlyKey> honest_;
  std::map<std::pair<std::uint64_t, XOnlyKey>, std::vector<Vote>> votes_;
  std::uint64_t proofs_ = 0;
};

}  // namespace fog::sim
