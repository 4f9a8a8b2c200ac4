// NodeHash: SHA256(prefix || left || right) of two hashes, which is what every inner node and leaf
// of the Merkle trees here is. Most of what a state costs is this function.
//
// With SHA instructions one takes 70 ns, and two that do not need each other 40 ns each, since the
// instructions of one fill the waiting times of the other. Functions without state, safe from any
// thread.
#pragma once

#include <span>

#include "chain/base/bytes.h"

namespace fog {

Hash32 node_hash(std::uint8_t prefix, const Hash32& left, const Hash32& right);

// One of several hashes to take at once. `out` may be none of the inputs of the others.
struct NodeHashJob {
  std::uint8_t prefix = 0;
  const Hash32* left = nullptr;
  const Hash32* right = nullptr;
  Hash32* out = nullptr;
};
void node_hashes(std::span<const NodeHashJob> jobs);

}  // namespace fog
