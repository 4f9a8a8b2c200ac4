// LivenessChecker: once the network has healed and everybody has caught up, what honest leaders
// propose becomes final on every honest node within 6 D, from the second honest-led view on.
#pragma once

#include <map>
#include <optional>
#include <set>

#include "chain/types/vote.h"
#include "tests/sim/checkers/findings.h"

namespace fog::sim {

class LivenessChecker {
 public:
  LivenessChecker(Findings& findings, const SimTime& time) : findings_(findings), time_(time) {}

  void start(std::uint64_t delay_ms, std::set<std::size_t> honest_nodes) {
    bound_ns_ = 6 * delay_ms * kMs;
    honest_ = std::move(honest_nodes);
  }
  bool started() const { return bound_ns_ != 0; }

  // An honest leader proposes a block.
  void on_proposal(std::uint64_t view, const BlockId& block) {
    if (!started()) return;
    // Those who were in the middle of the first one when it began may be late, and so may the
    // leader of an earlier one, which has just come back and does not know that others have left
    // it.
    if (!first_view_) first_view_ = view;
    if (view <= *first_view_) return;
    const auto final = final_before_.find(block);
    const bool is_final = final != final_before_.end();
    proposed_.emplace(
        block, Proposed{view, time_.now_ns, is_final ? final->second : std::set<std::size_t>()});
  }
  void on_final(std::size_t node, const BlockId& block) {
    const auto found = proposed_.find(block);
    if (found == proposed_.end()) {
      // A leader that has not heard of it may still propose an epoch's last block again.
      if (started()) final_before_[block].insert(node);
      return;
    }
    if (time_.now_ns > found->second.at_ns + bound_ns_) late(found->second, node);
    found->second.final_at.insert(node);
  }
  // At the end: what is overdue.
  void finish() {
    for (const auto& [block, proposed] : proposed_) {
      if (time_.now_ns <= proposed.at_ns + bound_ns_) continue;
      for (const std::size_t node : honest_) {
        if (!proposed.final_at.contains(node)) late(proposed, node);
      }
    }
  }
  std::size_t blocks() const { return proposed_.size(); }

 private:
  struct Proposed {
    std::uint64_t view = 0;
    std::uint64_t at_ns = 0;
    std::set<std::size_t> final_at;
  };
  void late(const Proposed& proposed, std::size_t node) {
    findings_.add("the block that an honest leader proposed in view " +
                  std::to_string(proposed.view >> 32) + "/" +
                  std::to_string(proposed.view & 0xFFFFFFFFU) + " at " +
                  std::to_string(proposed.at_ns / kMs) + " ms is not final within 6 D on node " +
                  std::to_string(node));
  }

  Findings& findings_;
  const SimTime& time_;
  std::uint64_t bound_ns_ = 0;
  std::set<std::size_t> honest_;
  std::optional<std::uint64_t> first_view_;
  std::map<BlockId, Proposed> proposed_;
  std::map<BlockId, std::set<std::size_t>> final_before_;
};

}  // namespace fog::sim
