#include "executor/leaf_store.h"

#include <algorithm>
#include <charconv>
#include <fcntl.h>
#include <filesystem>
#include <limits>
#include <unistd.h>

#include "chain/base/crc32c.h"
#include "chain/base/fd.h"
#include "chain/base/file.h"
#include "chain/base/math.h"
#include "executor/folder_quota.h"

namespace fog::executor {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

constexpr std::string_view kSuffix = ".leaves";
constexpr std::size_t kNumberDigits = 10;
constexpr std::size_t kFlushBytes = 64 * 1024;
constexpr std::size_t kHeadBytes = 8;  // length and checksum

void append_framed(Bytes& out, ByteView body) {
  BcsWriter head;
  head.integer(static_cast<std::uint32_t>(body.size()));
  head.integer(crc32c(body));
  append(out, head.bytes());
  append(out, body);
}

// The whole record at the start of `bytes`, damaged or not.
struct Framed {
  ByteView body;
  bool intact = false;
};
std::optional<Framed> framed_at(ByteView bytes) {
  BcsReader in(bytes);
  std::uint32_t length = 0;
  std::uint32_t crc = 0;
  Framed out;
  if (!in.integer(length) || !in.integer(crc) || length > kLeafBytesMax) return std::nullopt;
  if (!in.raw(out.body, length)) return std::nullopt;
  out.intact = crc32c(out.body) == crc;
  return out;
}

// A record begins with its entry, and that with the index.
std::optional<std::uint64_t> index_of(ByteView record) {
  std::uint64_t index = 0;
  BcsReader in(record);
  if (!in.integer(index)) return std::nullopt;
  return index;
}

std::string name_of(const Address& gateway, std::uint64_t number) {
  std::string digits = std::to_string(number);
  digits.insert(0, kNumberDigits - std::min(kNumberDigits, digits.size()), '0');
  return to_hex(gateway) + '.' + digits + std::string(kSuffix);
}

std::optional<std::uint64_t> number_of(const Address& gateway, const std::string& name) {
  const std::string prefix = to_hex(gateway) + '.';
  if (!name.starts_with(prefix) || !name.ends_with(kSuffix)) return std::nullopt;
  std::uint64_t number = 0;
  const char* begin = name.data() + prefix.size();
  const char* end = name.data() + name.size() - kSuffix.size();
  const auto read = std::from_chars(begin, end, number);
  if (begin == end || read.ec != std::errc() || read.ptr != end) return std::nullopt;
  return number;
}

std::vector<std::uint64_t> numbers_in(const std::string& folder, const Address& gateway) {
  std::vector<std::uint64_t> out;
  std::error_code failed;
  for (fs::directory_iterator it(folder, failed), end; !failed && it != end; it.increment(failed)) {
    if (const auto number = number_of(gateway, it->path().filename().string())) {
      out.push_back(*number);
    }
  }
  std::sort(out.begin(), out.end());
  return out;
}

}  // namespace

// ---- writing ----

LeafStore::LeafStore(std::string folder, LeafTerms terms, std::uint64_t keep_ms)
    : folder_(std::move(folder)), terms_(std::move(terms)), keep_ms_(keep_ms) {}

ErrorOr<std::unique_ptr<LeafStore>> LeafStore::open(std::string folder, LeafTerms terms,
                                                    std::uint64_t keep_ms) {
  std::unique_ptr<LeafStore> store(new LeafStore(std::move(folder), std::move(terms), keep_ms));
  const auto numbers = numbers_in(store->folder_, store->terms_.gateway);
  // What an earlier process wrote may have a torn end: a new file begins.
  if (!numbers.empty()) store->number_ = numbers.back();
  return store;
}

void LeafStore::append(ByteView record) {
  append_framed(waiting_, record);
  if (waiting_.size() >= kFlushBytes) flush();
}

void LeafStore::flush() {
  if (waiting_.empty()) {
    // An idle replica keeps no memory for it.
    waiting_.shrink_to_fit();
    return;
  }
  const auto written = write();
  trouble_ = written ? "" : written.error().context;
  if (!written) path_.clear();
  waiting_.clear();
}

ErrorOr<void> LeafStore::write() {
  const auto age = Clock::now() - since_;
  const bool old = keep_ms_ > 0 && age > std::chrono::milliseconds(keep_ms_);
  UniqueFd file;
  // A file that was trimmed away meanwhile is not made again.
  if (!path_.empty() && size_ < kLeafFileBytes && !old) {
    file.reset(::open(path_.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC));
  }
  if (!file) {
    path_ = folder_ + "/" + name_of(terms_.gateway, ++number_);
    size_ = 0;
    since_ = Clock::now();
    file.reset(::open(path_.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    if (!file) return fail_errno("cannot open " + path_);
    Bytes head;
    append_framed(head, bcs_encode(terms_));
    TRY_VOID(write_all(file.get(), head));
    size_ = head.size();
  }
  TRY_VOID(write_all(file.get(), waiting_));
  size_ += waiting_.size();
  return {};
}

// ---- reading ----

ErrorOr<LeafFile> LeafFile::open(const std::string& path, std::uint64_t bytes_max) {
  LeafFile out;
  TRY(out.content_, read_file(path, bytes_max));
  const auto head = framed_at(out.content_);
  auto terms = head && head->intact ? bcs_decode<LeafTerms>(head->body)
                                    : Result<LeafTerms, BcsError>(Fail{BcsError::kTruncated});
  if (!terms) return fail(ErrorCode::kCorrupt, path + " is no file of leaves, or damaged");
  out.terms_ = *std::move(terms);
  out.at_ = kHeadBytes + head->body.size();
  return out;
}

std::optional<ByteView> LeafFile::next() {
  while (at_ < content_.size()) {
    const auto record = framed_at(ByteView(content_).subspan(at_));
    if (!record) break;
    at_ += kHeadBytes + record->body.size();
    if (record->intact) return record->body;
    damaged_ = true;
  }
  damaged_ = damaged_ || at_ < content_.size();
  at_ = content_.size();
  return std::nullopt;
}

Bytes encode_leaf_file(const LeafTerms& terms, const std::vector<Bytes>& records) {
  Bytes out;
  append_framed(out, bcs_encode(terms));
  for (const Bytes& record : records) append_framed(out, record);
  return out;
}

namespace {

// The index of the first record of a file; only its beginning is read.
std::optional<std::uint64_t> first_index(const std::string& path) {
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) return std::nullopt;
  FixedBytes<sizeof(std::uint32_t)> bytes;
  if (::pread(file.get(), bytes.data.data(), bytes.kSize, 0) != static_cast<ssize_t>(bytes.kSize)) {
    return std::nullopt;
  }
  std::uint32_t length = 0;
  BcsReader in(bytes);
  if (!in.integer(length)) return std::nullopt;
  FixedBytes<sizeof(std::uint64_t)> index;
  const auto at = static_cast<off_t>(kHeadBytes + length + kHeadBytes);
  if (::pread(file.get(), index.data.data(), index.kSize, at) !=
      static_cast<ssize_t>(index.kSize)) {
    return std::nullopt;
  }
  return index_of(index);
}

}  // namespace

std::map<std::uint64_t, FoundLeaf> find_leaves(const std::string& folder, const Address& gateway,
                                               const std::set<std::uint64_t>& wanted) {
  std::map<std::uint64_t, FoundLeaf> out;
  if (wanted.empty()) return out;
  const std::vector<std::uint64_t> numbers = numbers_in(folder, gateway);
  // A request is at most kUnvoucheredMax behind or ahead of any that ended before it.
  const std::uint64_t reach = market::kUnvoucheredMax;
  std::optional<std::uint64_t> next_first;
  for (auto number = numbers.rbegin(); number != numbers.rend() && out.size() < wanted.size();
       ++number) {
    const std::string path = folder + "/" + name_of(gateway, *number);
    const auto first = first_index(path);
    if (!first) continue;
    const auto from = wanted.lower_bound(*first < reach ? 0 : *first - reach);
    const bool has_some =
        from != wanted.end() &&
        (!next_first ||
         *from <
             checked_add(*next_first, reach).value_or(std::numeric_limits<std::uint64_t>::max()));
    next_first = first;
    if (!has_some) continue;
    auto leaves = LeafFile::open(path);
    if (!leaves) continue;
    while (const auto record = leaves->next()) {
      const auto index = index_of(*record);
      if (!index || !wanted.contains(*index)) continue;
      out.try_emplace(*index, FoundLeaf{leaves->terms(), to_bytes(*record)});
    }
  }
  return out;
}

// ---- trimming ----

void trim_leaves(const std::string& usage_folder, std::uint64_t quota_bytes,
                 std::uint64_t keep_ms) {
  std::vector<CachedItem> items;
  std::uint64_t total = 0;
  const auto oldest = fs::file_time_type::clock::now() - std::chrono::milliseconds(keep_ms);
  std::error_code failed;
  for (fs::recursive_directory_iterator it(usage_folder, failed), end; !failed && it != end;
       it.increment(failed)) {
    if (it->path().extension() != kSuffix) continue;
    std::error_code gone;
    const auto used = fs::last_write_time(it->path(), gone);
    const auto bytes = gone ? 0 : fs::file_size(it->path(), gone);
    if (gone) continue;
    if (keep_ms > 0 && used < oldest) {
      fs::remove(it->path(), gone);
      continue;
    }
    total += bytes;
    items.push_back({it->path(), used, bytes});
  }
  trim_items(std::move(items), total, quota_bytes);
}

}  // namespace fog::executor
