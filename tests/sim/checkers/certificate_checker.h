// CertificateChecker: every certificate that an honest node sends or logs holds; no view has two
// notarized blocks, nor a nullification beside a finalization.
#pragma once

#include <map>

#include "chain/types/vote.h"
#include "tests/sim/checkers/findings.h"
#include "tests/sim/checkers/vote_checker.h"

namespace fog::sim {

class CertificateChecker {
 public:
  CertificateChecker(Findings& findings, const ChainId& chain)
      : findings_(findings), chain_(chain) {}

  void on_certificate(const ValidatorSet& set, const Certificate& certificate) {
    const Vote& vote = certificate.vote;
    Seen& seen = views_[vote.view];
    const auto kind = static_cast<std::size_t>(vote.kind);
    if (seen.known[kind] && *seen.known[kind] == certificate) return;
    if (!verify_certificate(chain_, set, certificate)) {
      findings_.add("an honest node has a certificate that does not hold, view " +
                    VoteChecker::view_text(vote));
      return;
    }
    for (const auto& other : seen.known) {
      if (!other) continue;
      const Vote& before = other->vote;
      if (vote.kind != VoteKind::kNullify && before.kind != VoteKind::kNullify &&
          vote.block != before.block)
        findings_.add("two blocks are certified in view " + VoteChecker::view_text(vote));
      if (vote.kind != before.kind &&
          (vote.kind == VoteKind::kFinalize || before.kind == VoteKind::kFinalize) &&
          (vote.kind == VoteKind::kNullify || before.kind == VoteKind::kNullify))
        findings_.add("view " + VoteChecker::view_text(vote) + " is nullified and final");
    }
    seen.known[kind] = certificate;
  }
  std::uint64_t views() const { return views_.size(); }

 private:
  struct Seen {
    std::optional<Certificate> known[3];  // by VoteKind
  };
  Findings& findings_;
  const ChainId chain_;
  std::map<std::uint64_t, Seen> views_;
};

}  // namespace fog::sim
