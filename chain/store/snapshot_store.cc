#include "chain/store/snapshot_store.h"

#include <set>

#include "chain/base/crc32c.h"
#include "chain/crypto/hash.h"

namespace fog {
namespace {

constexpr const char* kData = ".data";
constexpr const char* kIndex = ".index";
constexpr std::size_t kHeightDigits = 12;
constexpr std::size_t kIndexBytesMax = 256ULL * 1024 * 1024;
constexpr std::size_t kWriteBytes = 1024 * 1024;

// The height in a file's name; nothing when it is not one of ours.
std::optional<std::uint64_t> height_of(const std::string& name) {
  const std::size_t dot = name.find('.');
  if (dot == std::string::npos || dot < kHeightDigits || dot > 20) return std::nullopt;
  std::uint64_t height = 0;
  for (const char c : name.substr(0, dot)) {
    if (c < '0' || c > '9') return std::nullopt;
    height = height * 10 + static_cast<std::uint64_t>(c - '0');
  }
  return height;
}

}  // namespace

std::string SnapshotStore::path(std::uint64_t height, const char* ending) const {
  std::string digits = std::to_string(height);
  if (digits.size() < kHeightDigits) digits.insert(0, kHeightDigits - digits.size(), '0');
  return dir_ + "/" + digits + ending;
}

ErrorOr<std::unique_ptr<SnapshotStore>> SnapshotStore::open(Env& env, std::string dir,
                                                            std::size_t keep) {
  std::unique_ptr<SnapshotStore> store(new SnapshotStore(env, std::move(dir), keep));
  TRY_VOID(store->load());
  return store;
}

ErrorOr<void> SnapshotStore::load() {
  TRY_VOID(env_.make_dir(dir_));
  TRY(const auto names, env_.list_dir(dir_));
  std::set<std::uint64_t> heights;
  for (const std::string& name : names) {
    if (const auto height = height_of(name)) heights.insert(*height);
  }
  for (const std::uint64_t height : heights) {
    const auto bytes = read_file(env_, path(height, kIndex), kIndexBytesMax);
    auto index = bytes ? bcs_decode<Index>(*bytes) : Fail{BcsError::kBadValue};
    const bool fits = index && index->info.height == height &&
                      index->info.format == kSnapshotFormat &&
                      index->info.depths.size() == index->chunks.size();
    if (!fits || !add(*std::move(index))) TRY_VOID(remove(height));
  }
  while (snapshots_.size() > keep_) TRY_VOID(remove(snapshots_.begin()->first));
  return {};
}

ErrorOr<void> SnapshotStore::add(Index&& index) {
  const std::uint64_t height = index.info.height;
  TRY(std::shared_ptr<const ReadFile> data, env_.open_read(path(height, kData)));
  TRY(const std::uint64_t bytes, data->size());
  const std::uint64_t wanted =
      index.chunks.empty() ? 0 : index.chunks.back().offset + index.chunks.back().bytes;
  if (bytes != wanted)
    return fail(ErrorCode::kCorrupt, path(height, kData) + " has another size than it should");
  const std::lock_guard lock(mutex_);
  snapshots_[height] = Snapshot{std::move(index), std::move(data), bytes};
  return {};
}

// The index first: data without it is a snapshot that was never finished.
ErrorOr<void> SnapshotStore::remove(std::uint64_t height) {
  {
    const std::lock_guard lock(mutex_);
    snapshots_.erase(height);
  }
  for (const char* ending : {kIndex, kData}) {
    TRY(const bool there, env_.exists(path(height, ending)));
    if (there) TRY_VOID(env_.remove(path(height, ending)));
  }
  return env_.sync_dir(dir_);
}

ErrorOr<SnapshotStore::Index> SnapshotStore::write_data(const StateReader& state,
                                                        const std::atomic<bool>& stopping) {
  const std::string data_path = path(state.meta().height, kData);
  TRY(const auto file, env_.open_append(data_path));
  RangeCutter cutter(kSnapshotChunkWeight);
  Bytes waiting;
  ErrorOr<void> bad;
  TRY_VOID(state.read([&](const Hash32& at, StateKey&& key, Bytes&& value) {
    if (stopping) bad = fail(ErrorCode::kUnavailable, "the node is shutting down");
    if (!bad) return false;
    const Hash32 value_hash = sha256(value);
    SnapshotRow row;
    row.key = std::move(key);
    row.value = std::move(value);
    const Bytes encoded = bcs_encode(row);
    cutter.add({at, value_hash}, encoded.size() + kSnapshotRowWeight);
    append(waiting, encoded);
    if (waiting.size() < kWriteBytes) return true;
    bad = file->append(waiting);
    waiting.clear();
    return bad.has_value();
  }));
  if (!bad) return Fail{bad.error()};
  TRY_VOID(file->append(waiting));
  TRY_VOID(file->sync());

  RangeCutter::Result result = std::move(cutter).finish();
  Index index;
  index.info.height = state.meta().height;
  index.info.root = state.meta().root;
  if (result.root != index.info.root) {
    return fail(ErrorCode::kCorrupt,
                "the state database at height " + std::to_string(index.info.height) +
                    " does not have the root that stands there: stop the node, remove the state "
                    "folder and start again, which rebuilds it");
  }
  if (result.cuts.size() > kSnapshotChunksMax)
    return fail(ErrorCode::kExhausted, "the state has more chunks than a snapshot may have");
  TRY(const auto data, env_.open_read(data_path));
  std::uint64_t offset = 0;
  for (RangeCutter::Cut& cut : result.cuts) {
    if (stopping) return fail(ErrorCode::kUnavailable, "the node is shutting down");
    ChunkPlace& place = index.chunks.emplace_back();
    place.offset = offset;
    place.bytes = static_cast<std::uint32_t>(cut.weight - cut.leaves * kSnapshotRowWeight);
    place.rows = static_cast<std::uint32_t>(cut.leaves);
    place.siblings.assign(cut.siblings.begin(), cut.siblings.end());
    TRY(const Bytes rows, data->read_at(place.offset, place.bytes));
    place.crc = crc32c(rows);
    offset += place.bytes;
    index.info.records += cut.leaves;
    index.info.depths.push_back(cut.depth);
  }
  return index;
}

ErrorOr<SnapshotInfo> SnapshotStore::write(const StateReader& state,
                                           const std::atomic<bool>& stopping) {
  const std::uint64_t height = state.meta().height;
  TRY_VOID(remove(height));
  auto index = write_data(state, stopping);
  if (!index) {
    (void)remove(height).has_value();
    return Fail{index.error()};
  }
  SnapshotInfo info = index->info;
  TRY_VOID(write_file_atomic(env_, path(height, kIndex), bcs_encode(*index), FileMode::kShared));
  TRY_VOID(add(*std::move(index)));
  while (snapshots_.size() > keep_) TRY_VOID(remove(snapshots_.begin()->first));
  return info;
}

std::vector<SnapshotInfo> SnapshotStore::list() const {
  const std::lock_guard lock(mutex_);
  std::vector<SnapshotInfo> out;
  for (const auto& [height, snapshot] : snapshots_) out.push_back(snapshot.index.info);
  return out;
}

ErrorOr<Bytes> SnapshotStore::load_chunk(std::uint64_t height, std::uint32_t number) const {
  std::shared_ptr<const ReadFile> data;
  ChunkPlace place;
  {
    const std::lock_guard lock(mutex_);
    const auto found = snapshots_.find(height);
    if (found == snapshots_.end() || number >= found->second.index.chunks.size())
      return fail(ErrorCode::kNotFound, "no such chunk");
    data = found->second.data;
    place = found->second.index.chunks[number];
  }
  TRY(const Bytes rows, data->read_at(place.offset, place.bytes));
  if (rows.size() != place.bytes || crc32c(rows) != place.crc)
    return fail(ErrorCode::kCorrupt, path(height, kData) + " is damaged");
  BcsWriter out;
  bcs_write(out, place.siblings);
  out.uleb(place.rows);
  out.raw(rows);
  return std::move(out).take();
}

std::uint64_t SnapshotStore::disk_bytes() const {
  const std::lock_guard lock(mutex_);
  std::uint64_t out = 0;
  for (const auto& [height, snapshot] : snapshots_) out += snapshot.bytes;
  return out;
}

}  // namespace fog
