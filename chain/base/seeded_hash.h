// Hashes for unordered maps in memory, whose start is secret and another in each process: nobody
// can choose ids that meet in one bucket. Never for anything that is stored, sent or agreed on.
#pragma once

#include <cstddef>

#include "chain/base/bytes.h"

namespace fog {

std::size_t seeded_hash(ByteView bytes);

// For keys that are views of bytes: std::unordered_map<TxId, Value, SeededHash>.
struct SeededHash {
  std::size_t operator()(ByteView bytes) const { return seeded_hash(bytes); }
};

}  // namespace fog
