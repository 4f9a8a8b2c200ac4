#include "chain/store/snapshot_inbox.h"

namespace fog {
namespace {

constexpr const char* kInfoName = "/info";
constexpr std::size_t kInfoBytesMax = 1024 * 1024;

}  // namespace

std::string SnapshotInbox::path(std::uint32_t index) const {
  std::string digits = std::to_string(index);
  digits.insert(0, 8 - std::min<std::size_t>(8, digits.size()), '0');
  return dir_ + "/" + digits;
}

bool SnapshotInbox::verifies(std::uint32_t index, ByteView bytes) const {
  const auto chunk = bcs_decode<SnapshotChunk>(bytes);
  return chunk && verify_chunk(ranges_[index], *chunk, info_.root);
}

ErrorOr<void> SnapshotInbox::begin(const SnapshotInfo& info) {
  auto ranges = ranges_of(info.depths);
  if (!ranges || info.format != kSnapshotFormat)
    return fail(ErrorCode::kInvalidInput, "a snapshot whose chunks are not the whole state");
  TRY_VOID(env_.make_dir(dir_));
  const Bytes encoded = bcs_encode(info);
  TRY(const bool has_info, env_.exists(dir_ + kInfoName));
  bool same = false;
  if (has_info) {
    const auto there = read_file(env_, dir_ + kInfoName, kInfoBytesMax);
    same = there && *there == encoded;
  }
  if (!same) {
    TRY_VOID(clear());
    TRY_VOID(write_file_atomic(env_, dir_ + kInfoName, encoded, FileMode::kShared));
  }
  info_ = info;
  ranges_ = *std::move(ranges);
  has_.assign(ranges_.size(), false);
  if (!same) return {};
  for (std::uint32_t index = 0; index < has_.size(); ++index) {
    TRY(const bool there, env_.exists(path(index)));
    if (!there) continue;
    const auto chunk = read_file(env_, path(index), kSnapshotChunkBytesMax);
    has_[index] = chunk && verifies(index, *chunk);
  }
  return {};
}

std::vector<std::uint32_t> SnapshotInbox::missing() const {
  std::vector<std::uint32_t> out;
  for (std::uint32_t index = 0; index < has_.size(); ++index) {
    if (!has_[index]) out.push_back(index);
  }
  return out;
}

ErrorOr<bool> SnapshotInbox::put(std::uint32_t index, ByteView chunk) {
  if (index >= has_.size() || !verifies(index, chunk)) return false;
  TRY_VOID(write_file_atomic(env_, path(index), chunk, FileMode::kShared));
  has_[index] = true;
  return true;
}

ErrorOr<void> SnapshotInbox::read(const RowVisitor& visit) const {
  for (std::uint32_t index = 0; index < has_.size(); ++index) {
    CHECK(has_[index]);
    TRY(const Bytes bytes, read_file(env_, path(index), kSnapshotChunkBytesMax));
    const auto chunk = bcs_decode<SnapshotChunk>(bytes);
    if (!chunk || !verify_chunk(ranges_[index], *chunk, info_.root))
      return fail(ErrorCode::kCorrupt, path(index) + " is damaged: remove " + dir_ +
                                           " and start again, which fetches it anew");
    for (const SnapshotRow& row : chunk->rows) TRY_VOID(visit(row));
  }
  return {};
}

ErrorOr<void> SnapshotInbox::clear() {
  has_.clear();
  ranges_.clear();
  TRY(const bool there, env_.exists(dir_));
  if (!there) return {};
  TRY(const auto names, env_.list_dir(dir_));
  for (const std::string& name : names) TRY_VOID(env_.remove(dir_ + "/" + name));
  return env_.sync_dir(dir_);
}

}  // namespace fog
