// What nodes say to each other about snapshots and the ends of epochs; see wire.h.
#pragma once

#include "chain/state/snapshot.h"
#include "consensus/engine/epoch_chain.h"
#include "consensus/engine/wire.h"

namespace fog::wire {

constexpr std::size_t kEpochEndsMax = 32;
constexpr std::size_t kSnapshotsMax = 4;

// The ends of epochs from one on.
struct GetEpochs {
  static constexpr Kind kKind = Kind::kGetEpochs;
  std::uint64_t from = 0;
  static constexpr auto kFields = std::make_tuple(&GetEpochs::from);
  bool operator==(const GetEpochs&) const = default;
};
// Empty when the peer does not have them.
struct Epochs {
  static constexpr Kind kKind = Kind::kEpochs;
  std::uint64_t from = 0;  // as asked
  BoundedList<EpochEnd, kEpochEndsMax> ends;
  static constexpr auto kFields = std::make_tuple(&Epochs::from, &Epochs::ends);
  bool operator==(const Epochs&) const = default;
};

struct GetSnapshots {
  static constexpr Kind kKind = Kind::kGetSnapshots;
  std::uint16_t format = kSnapshotFormat;  // that the asker reads
  static constexpr auto kFields = std::make_tuple(&GetSnapshots::format);
  bool operator==(const GetSnapshots&) const = default;
};
struct Snapshots {
  static constexpr Kind kKind = Kind::kSnapshots;
  BoundedList<SnapshotInfo, kSnapshotsMax> snapshots;
  static constexpr auto kFields = std::make_tuple(&Snapshots::snapshots);
  bool operator==(const Snapshots&) const = default;
};

struct GetChunk {
  static constexpr Kind kKind = Kind::kGetChunk;
  std::uint64_t height = 0;  // the snapshot's
  std::uint32_t index = 0;
  static constexpr auto kFields = std::make_tuple(&GetChunk::height, &GetChunk::index);
  bool operator==(const GetChunk&) const = default;
};
// Empty when the peer does not have it (any more).
struct Chunk {
  static constexpr Kind kKind = Kind::kChunk;
  std::uint64_t height = 0;  // as asked
  std::uint32_t index = 0;
  BoundedBytes<kSnapshotChunkBytesMax> chunk;  // BCS of a SnapshotChunk
  static constexpr auto kFields = std::make_tuple(&Chunk::height, &Chunk::index, &Chunk::chunk);
  bool operator==(const Chunk&) const = default;
};

}  // namespace fog::wire
