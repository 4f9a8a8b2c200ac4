// ChainChecker: agreement and ancestry. At each height one block is final, the same for everybody,
// and it stands on the one below.
#pragma once

#include <map>

#include "chain/store/block_log.h"
#include "tests/sim/checkers/findings.h"

namespace fog::sim {

class ChainChecker {
 public:
  ChainChecker(Findings& findings, const BlockId& genesis) : findings_(findings) {
    blocks_[0] = genesis;
  }

  // Whether the block is the first to be final at its height.
  bool on_final(std::size_t node, const StoredBlock& stored) {
    const BlockHeader& header = stored.proposal.block.header;
    const BlockId id = block_id(header);
    const std::string what =
        "node " + std::to_string(node) + ", height " + std::to_string(header.height) + ": ";
    if (id != stored.final.block || header.height != stored.final.height)
      findings_.add(what + "the log holds another block than was made final");
    const auto below = blocks_.find(header.height - 1);
    if (below == blocks_.end()) {
      findings_.add(what + "nobody has made the block below final");
    } else if (below->second != header.parent) {
      findings_.add(what + "the block does not stand on the final one below");
    }
    const auto [place, first] = blocks_.emplace(header.height, id);
    if (place->second != id) findings_.add(what + "two blocks are final");
    return first;
  }
  std::uint64_t height() const { return blocks_.rbegin()->first; }

 private:
  Findings& findings_;
  std::map<std::uint64_t, BlockId> blocks_;
};

}  // namespace fog::sim
