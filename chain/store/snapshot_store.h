// SnapshotStore: the snapshots that this node can give to others, the newest few, on disk.
//
//   dir/000000000123.data    the state's records, ascending by H(key)
//   dir/000000000123.index   what it is, and where its chunks stand; written last
//
// One thread writes; any thread may read.
#pragma once

#include <atomic>
#include <map>
#include <mutex>

#include "chain/base/env.h"
#include "chain/state/snapshot.h"
#include "chain/store/state_store.h"

namespace fog {

class SnapshotStore {
 public:
  // Makes the directory if there is none, and removes what a crash has left half-written. A
  // snapshot that cannot be read is removed too: the next one takes its place.
  static ErrorOr<std::unique_ptr<SnapshotStore>> open(Env& env, std::string dir,
                                                      std::size_t keep = 2);

  // Writes the snapshot of a state, and removes the oldest beyond those to keep. On failure the
  // others stay. kCorrupt when the records do not have the root that the state names;
  // kUnavailable once `stopping`.
  ErrorOr<SnapshotInfo> write(const StateReader& state, const std::atomic<bool>& stopping);

  // Oldest first.
  std::vector<SnapshotInfo> list() const;
  // The BCS of a SnapshotChunk. kNotFound when it is not there (any more).
  ErrorOr<Bytes> load_chunk(std::uint64_t height, std::uint32_t index) const;
  // Bytes of all files.
  std::uint64_t disk_bytes() const;

 private:
  struct ChunkPlace {
    std::uint64_t offset = 0;
    std::uint32_t bytes = 0;
    std::uint32_t rows = 0;
    std::uint32_t crc = 0;
    BoundedList<Hash32, kStatePathBits> siblings;
    static constexpr auto kFields =
        std::make_tuple(&ChunkPlace::offset, &ChunkPlace::bytes, &ChunkPlace::rows,
                        &ChunkPlace::crc, &ChunkPlace::siblings);
  };
  struct Index {
    SnapshotInfo info;
    BoundedList<ChunkPlace, kSnapshotChunksMax> chunks;
    static constexpr auto kFields = std::make_tuple(&Index::info, &Index::chunks);
  };
  struct Snapshot {
    Index index;
    std::shared_ptr<const ReadFile> data;
    std::uint64_t bytes = 0;
  };

  SnapshotStore(Env& env, std::string dir, std::size_t keep)
      : env_(env), dir_(std::move(dir)), keep_(keep) {}
  std::string path(std::uint64_t height, const char* ending) const;
  ErrorOr<void> load();
  ErrorOr<void> add(Index&& index);
  ErrorOr<void> remove(std::uint64_t height);
  ErrorOr<Index> write_data(const StateReader& state, const std::atomic<bool>& stopping);

  Env& env_;
  const std::string dir_;
  const std::size_t keep_;
  mutable std::mutex mutex_;  // guards what follows
  std::map<std::uint64_t, Snapshot> snapshots_;
};

}  // namespace fog
