// Snapshots from peers: the list of a snapshot's ranges, and chunks against a state of forty
// records. Whatever chunk verifies has exactly the records that the state has in that range.
#include "chain/crypto/hash.h"
#include "chain/state/snapshot.h"

namespace {

using namespace fog;

struct Claim {
  BoundedList<std::uint16_t, 300> depths;
  std::uint16_t range = 0;
  SnapshotChunk chunk;
  static constexpr auto kFields = std::make_tuple(&Claim::depths, &Claim::range, &Claim::chunk);
};

// Records 01 i -> i i, i in 0..39.
Changes records() {
  Changes all;
  for (std::uint8_t i = 0; i < 40; ++i) all[{0x01, i}] = Bytes{i, i};
  return all;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static SparseMerkleTree tree;
  static const Changes kRecords = records();
  static const Hash32 kRoot =
      tree.root_hash(tree.apply(TreeRoot::kEmpty, leaf_changes(kRecords)).root);
  const auto claim = bcs_decode<Claim>(ByteView(data, size));
  if (!claim) return 0;
  const auto ranges = ranges_of(claim->depths);
  if (!ranges || claim->range >= ranges->size()) return 0;
  const PathRange& range = (*ranges)[claim->range];
  if (!verify_chunk(range, claim->chunk, kRoot)) return 0;
  std::size_t inside = 0;
  for (const auto& [key, value] : kRecords) {
    if (range.contains(state_path(key))) ++inside;
  }
  CHECK(inside == claim->chunk.rows.size());
  for (const SnapshotRow& row : claim->chunk.rows) {
    const auto record = kRecords.find(row.key);
    CHECK(record != kRecords.end() && *record->second == static_cast<const Bytes&>(row.value));
  }
  return 0;
}
