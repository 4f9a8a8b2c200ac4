// Snapshot: a whole state in chunks, each of which verifies on its own against the state root that
// a final header carries.
//
// A chunk is one range of the tree (range_proof.h) with its records. Which ranges a state is cut
// into follows from the state alone, so that every node that has the snapshot of a height has the
// same chunks, and each can be taken from another.
#pragma once

#include "chain/state/range_proof.h"

namespace fog {

constexpr std::uint16_t kSnapshotFormat = 1;
// What a chunk's records may take, each counted with kSnapshotRowWeight more than its bytes. Only a
// single record may be larger.
constexpr std::uint64_t kSnapshotChunkWeight = 4 * 1024 * 1024;
constexpr std::uint64_t kSnapshotRowWeight = 32;
constexpr std::size_t kSnapshotRowsMax = kSnapshotChunkWeight / kSnapshotRowWeight;
// Of one chunk as it is sent.
constexpr std::size_t kSnapshotChunkBytesMax = 10 * 1000 * 1000;
// 256 GiB of records, and more than that only if somebody has searched for keys that lie together.
constexpr std::size_t kSnapshotChunksMax = 65'536;

struct SnapshotInfo {
  std::uint16_t format = kSnapshotFormat;
  std::uint64_t height = 0;  // of the last block that is in the state
  Hash32 root;               // after it; the header of height + 1 carries it
  std::uint64_t records = 0;
  BoundedList<std::uint16_t, kSnapshotChunksMax> depths;  // of the chunks' ranges, in their order
  static constexpr auto kFields =
      std::make_tuple(&SnapshotInfo::format, &SnapshotInfo::height, &SnapshotInfo::root,
                      &SnapshotInfo::records, &SnapshotInfo::depths);
  bool operator==(const SnapshotInfo&) const = default;
};

struct SnapshotRow {
  BoundedBytes<4'096> key;
  BoundedBytes<kSnapshotChunkBytesMax> value;
  static constexpr auto kFields = std::make_tuple(&SnapshotRow::key, &SnapshotRow::value);
  bool operator==(const SnapshotRow&) const = default;
};

struct SnapshotChunk {
  BoundedList<Hash32, kStatePathBits> siblings;
  BoundedList<SnapshotRow, kSnapshotRowsMax> rows;  // ascending by the hash of their key
  static constexpr auto kFields = std::make_tuple(&SnapshotChunk::siblings, &SnapshotChunk::rows);
  bool operator==(const SnapshotChunk&) const = default;
};

// Whether the chunk's rows are all that a state with this root has in the range.
bool verify_chunk(const PathRange& range, const SnapshotChunk& chunk, const Hash32& root);

}  // namespace fog
