// SnapshotInbox: the chunks of a snapshot that is being taken over, on disk, so that a node that is
// stopped on the way goes on where it was. Only chunks that verify get in.
//
//   dir/info      which snapshot
//   dir/00000007  a chunk
//
// Not thread safe.
#pragma once

#include "chain/base/env.h"
#include "chain/state/snapshot.h"

namespace fog {

class SnapshotInbox {
 public:
  SnapshotInbox(Env& env, std::string dir) : env_(env), dir_(std::move(dir)) {}

  // Gets ready for a snapshot's chunks. Chunks of the very same one that are there and verify are
  // kept; anything else goes. kInvalidInput when its ranges do not fill the whole.
  ErrorOr<void> begin(const SnapshotInfo& info);
  // Which chunks are still missing.
  std::vector<std::uint32_t> missing() const;
  // Whether the chunk verifies; then it is on disk.
  ErrorOr<bool> put(std::uint32_t index, ByteView chunk);
  // Every record of every chunk, ascending by H(key). All chunks must be there.
  using RowVisitor = std::function<ErrorOr<void>(const SnapshotRow& row)>;
  ErrorOr<void> read(const RowVisitor& visit) const;
  // Removes everything.
  ErrorOr<void> clear();

 private:
  std::string path(std::uint32_t index) const;
  bool verifies(std::uint32_t index, ByteView chunk) const;

  Env& env_;
  const std::string dir_;
  SnapshotInfo info_;
  std::vector<PathRange> ranges_;
  std::vector<bool> has_;
};

}  // namespace fog
