// The chain executed the plain way, for comparison with what a node holds: a map of records, and
// the root of the sparse Merkle tree computed from its definition over all of them.
#pragma once

#include <map>

#include "chain/crypto/hash.h"
#include "chain/types/state_proof.h"
#include "consensus/rules/execute.h"
#include "consensus/rules/genesis.h"
#include "tests/support/memory_state.h"

namespace fog::testing {

// ICS-23's SMT: path = H(key), leaf = H(00 || path || H(value)), inner = H(01 || left || right); an
// empty subtree is 32 zero bytes, a lone leaf stands for its subtree.
class NaiveTree {
 public:
  static Hash32 root(const std::map<StateKey, Bytes>& records) {
    Leaves leaves;
    for (const auto& [key, value] : records) leaves[sha256(key)] = sha256(value);
    return subtree(leaves.begin(), leaves.end(), 0);
  }

 private:
  using Leaves = std::map<Hash32, Hash32>;
  static Hash32 subtree(Leaves::const_iterator from, Leaves::const_iterator to, std::size_t depth) {
    if (from == to) return Hash32{};
    if (std::next(from) == to) return sha256({Bytes{0}, from->first, from->second});
    auto middle = from;
    while (middle != to && (middle->first[depth / 8] >> (7 - depth % 8) & 1) == 0) ++middle;
    return sha256({Bytes{1}, subtree(from, middle, depth + 1), subtree(middle, to, depth + 1)});
  }
};

// A chain from its genesis on.
class NaiveChain {
 public:
  explicit NaiveChain(const Genesis& genesis)
      : chain_id_(chain_id_of(genesis)), parent_(chain_id_), time_ms_(genesis.time_ms) {
    Overlay first(state_);
    apply_genesis(genesis, first);
    state_.apply(first.changes());
  }
  std::uint64_t height() const { return height_; }
  Hash32 root() const { return NaiveTree::root(state_.records()); }
  const MemoryState& state() const { return state_; }

  // Executes the next block; says what is wrong with it, or nothing.
  std::string execute(const Block& block) {
    const BlockHeader& header = block.header;
    if (header.height != height_ + 1) return "its height does not follow";
    if (header.parent != parent_) return "its parent is another block";
    if (header.app_hash != root()) return "its app hash is not the root after its parent";
    std::vector<CheckedTx> txs;
    std::vector<const CheckedTx*> pointers;
    for (const auto& bytes : block.txs) {
      auto checked = check_form(bytes, chain_id_);
      if (!checked) return "a transaction is not well formed";
      txs.push_back(*std::move(checked));
    }
    for (const CheckedTx& tx : txs) pointers.push_back(&tx);
    auto result = execute_block(state_, time_ms_, block, pointers);
    if (!result) return "it is invalid: " + std::string(fault_name(result.error()));
    state_.apply(result->changes);
    height_ = header.height;
    parent_ = block_id(header);
    time_ms_ = header.time_ms;
    return "";
  }

 private:
  ChainId chain_id_;
  MemoryState state_;
  std::uint64_t height_ = 0;
  BlockId parent_;
  std::uint64_t time_ms_ = 0;
};

}  // namespace fog::testing
