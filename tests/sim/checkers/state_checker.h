// StateChecker: every node has the same root after a block, equal to a naive re-execution of the
// chain, and no money is made or lost.
#pragma once

#include "chain/store/block_log.h"
#include "consensus/rules/supply.h"
#include "consensus/staking/validators.h"
#include "tests/sim/checkers/findings.h"
#include "tests/support/naive_state.h"

namespace fog::sim {

class StateChecker {
 public:
  StateChecker(Findings& findings, const Genesis& genesis) : findings_(findings), chain_(genesis) {
    sets_[0] = load_validators(chain_.state());
  }

  // In the order of heights, the first time that a block is final.
  void execute(const StoredBlock& stored) {
    const Block& block = stored.proposal.block;
    const std::string wrong = chain_.execute(block);
    if (!wrong.empty())
      findings_.add("height " + std::to_string(block.header.height) + ": executed naively, " +
                    wrong);
    roots_[block.header.height] = chain_.root();
    sets_.emplace(block.header.epoch + 1, load_validators(chain_.state()));
    if (sets_[block.header.epoch + 1] != load_validators(chain_.state()))
      sets_[block.header.epoch + 1] = load_validators(chain_.state());
    const SupplySums sums = add_up_supply([&](const StateVisitor& visit) {
      for (const auto& [key, value] : chain_.state().records()) visit(key, value);
    });
    if (!sums.conserved())
      findings_.add("height " + std::to_string(block.header.height) + ": supply is not conserved");
    txs_ += block.txs.size();
  }
  void on_final(std::size_t node, const StoredBlock& stored) {
    const auto root = roots_.find(stored.final.height);
    if (root == roots_.end() || root->second == stored.final.app_hash) return;
    findings_.add("node " + std::to_string(node) + ", height " +
                  std::to_string(stored.final.height) + ": another root than the naive chain's");
  }
  // The set that certifies an epoch, as soon as the epoch before has ended.
  const ValidatorSet* set_of(std::uint64_t epoch) const {
    const auto found = sets_.find(epoch);
    return found == sets_.end() ? nullptr : &found->second;
  }
  std::uint64_t txs() const { return txs_; }
  std::uint64_t height() const { return chain_.height(); }

 private:
  Findings& findings_;
  testing::NaiveChain chain_;
  std::map<std::uint64_t, Hash32> roots_;
  std::map<std::uint64_t, ValidatorSet> sets_;
  std::uint64_t txs_ = 0;
};

}  // namespace fog::sim
