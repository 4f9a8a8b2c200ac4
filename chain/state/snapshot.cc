#include "chain/state/snapshot.h"

#include "chain/crypto/hash.h"

namespace fog {

bool verify_chunk(const PathRange& range, const SnapshotChunk& chunk, const Hash32& root) {
  std::vector<StateLeaf> leaves;
  leaves.reserve(chunk.rows.size());
  for (const SnapshotRow& row : chunk.rows)
    leaves.push_back({state_path(row.key), sha256(row.value)});
  return verify_range(range, leaves, chunk.siblings, root);
}

}  // namespace fog
