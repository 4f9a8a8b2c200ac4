#include "executor/usage_log.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <fcntl.h>
#include <thread>
#include <unistd.h>
#include <utility>

#include <boost/crc.hpp>
#include <sys/file.h>

namespace fog::executor {
namespace {

constexpr std::uint8_t kHeadRecord = 1;
constexpr std::uint8_t kEntryRecord = 2;
constexpr std::uint8_t kVoucherRecord = 3;
constexpr std::uint8_t kSyncedRecord = 4;
constexpr std::size_t kRecordBytesMax = 64 * 1024;
constexpr std::size_t kFileBytesMax = 1ULL << 36;
// Zeros written ahead: as many as there are records, between these.
constexpr std::uint64_t kRoomBytesMin = 64 * 1024;
constexpr std::uint64_t kRoomBytesMax = 4 << 20;
// In pieces: what is written at once can become one folio of the page cache, and ext4 walks through
// all buffers of a folio with each record that goes into it.
constexpr std::size_t kZerosBytes = 8 * 1024;
constexpr std::uint64_t kVoucherStepMax = 4'096;
constexpr int kLockTries = 500;  // of 10 ms

std::uint32_t crc_of(ByteView bytes) {
  boost::crc_32_type crc;
  crc.process_bytes(bytes.data(), bytes.size());
  return crc.checksum();
}

template <class T>
Bytes make_record(std::uint8_t kind, const T& value) {
  BcsWriter body;
  body.u8(kind);
  bcs_write(body, value);
  BcsWriter out;
  out.integer(static_cast<std::uint32_t>(body.bytes().size()));
  out.integer(crc_of(body.bytes()));
  out.raw(body.bytes());
  return std::move(out).take();
}

struct Record {
  std::uint8_t kind = 0;
  ByteView payload;
  std::size_t bytes = 0;  // in the file
};

// The whole and undamaged record at the start of `bytes`, if there is one.
std::optional<Record> record_at(ByteView bytes) {
  BcsReader in(bytes);
  std::uint32_t length = 0;
  std::uint32_t crc = 0;
  ByteView body;
  if (!in.integer(length) || !in.integer(crc)) return std::nullopt;
  if (length == 0 || length > kRecordBytesMax || !in.raw(body, length)) return std::nullopt;
  if (crc_of(body) != crc) return std::nullopt;
  return Record{body[0], body.subspan(1), 8 + length};
}

// Behind the last byte that is not zero. A record may end with zeros, but begins with a length.
std::size_t zeros_at(ByteView bytes) {
  const auto last = std::find_if(bytes.rbegin(), bytes.rend(), [](auto byte) { return byte != 0; });
  return static_cast<std::size_t>(bytes.rend() - last);
}

std::uint64_t synced_to(const Record& mark) {
  const auto offset = bcs_decode<std::uint64_t>(mark.payload);
  return offset ? *offset : 0;
}

// Whether a mark in `bytes` says that the file was synced beyond `offset`.
bool is_synced(ByteView bytes, std::uint64_t offset) {
  const std::size_t end = zeros_at(bytes);
  for (std::size_t at = 1; at < end; ++at) {
    const auto record = record_at(bytes.subspan(at));
    if (record && record->kind == kSyncedRecord && synced_to(*record) > offset) return true;
  }
  return false;
}

// One process at a time writes a log. A front that is ending lets go of it in a moment.
ErrorOr<void> lock_file(int file, const std::string& path) {
  for (int tries = 0; ::flock(file, LOCK_EX | LOCK_NB) != 0; ++tries) {
    if (errno != EWOULDBLOCK && errno != EINTR) return fail_errno("cannot lock " + path);
    if (tries == kLockTries) {
      return fail(ErrorCode::kUnavailable, "another process writes the usage log " + path);
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return {};
}

ErrorOr<void> go_to(int file, std::uint64_t offset) {
  if (::lseek(file, static_cast<off_t>(offset), SEEK_SET) >= 0) return {};
  return fail_errno("cannot move within the usage log");
}

std::string differs_at(std::uint64_t count, std::string_view what) {
  return "up to request " + std::to_string(count) + " this Host's " + std::string(what);
}

}  // namespace

ErrorOr<std::unique_ptr<UsageLog>> UsageLog::open(const std::string& path,
                                                  const UsageLogHead& head) {
  UniqueFd file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!file) return fail_errno("cannot open " + path);
  TRY_VOID(lock_file(file.get(), path));
  std::unique_ptr<UsageLog> log(new UsageLog(head, std::move(file)));
  TRY_VOID(log->load(path));
  return log;
}

ErrorOr<void> UsageLog::load(const std::string& path) {
  TRY(const Bytes content, read_all(file_.get(), kFileBytesMax));
  const auto damaged = [&](const std::string& why) {
    return fail(ErrorCode::kCorrupt, "the usage log " + path + " is damaged at byte " +
                                         std::to_string(size_) + " (" + why +
                                         "). Move it away; what it holds cannot be claimed");
  };
  std::uint64_t vouched = 0, synced = 0;  // up to where in the file
  while (size_ < content.size()) {
    const ByteView rest = ByteView(content).subspan(size_);
    const auto record = record_at(rest);
    if (!record) {
      if (is_synced(rest, size_)) return damaged("it was whole when it was synced");
      break;
    }
    if (size_ == 0) {
      const auto stored = bcs_decode<UsageLogHead>(record->payload);
      if (record->kind != kHeadRecord || !stored || *stored != head_) {
        return damaged("it is another log's");
      }
    } else if (const auto taken = load_record(record->kind, record->payload); !taken) {
      return damaged(taken.error().context);
    }
    size_ += record->bytes;
    if (record->kind == kVoucherRecord) vouched = size_;
    if (record->kind == kSyncedRecord) synced = synced_to(*record);
  }
  room_ = content.size();
  // Nothing of a torn tail may stand behind what is written over its beginning.
  const bool torn = zeros_at(ByteView(content).subspan(size_)) > 0;
  TRY_VOID(torn ? cut() : go_to(file_.get(), size_));
  const bool is_new = size_ == 0;
  if (is_new) TRY_VOID(append(make_record(kHeadRecord, head_)));
  // A voucher without its mark may have been on its way to the disk, and is claimed from now on.
  if (is_new || vouched > synced) return sync();
  return {};
}

ErrorOr<void> UsageLog::load_record(std::uint8_t kind, ByteView payload) {
  if (kind == kEntryRecord) {
    const auto entry = bcs_decode<market::LogEntry>(payload);
    if (!entry) return fail(ErrorCode::kCorrupt, "an entry that cannot be decoded");
    if (entry->index >= settled()) entries_.emplace(entry->index, *entry);
    return {};
  }
  if (kind == kSyncedRecord) return {};
  const auto update = bcs_decode<market::VoucherUpdate>(payload);
  if (kind != kVoucherRecord || !update) return fail(ErrorCode::kCorrupt, "an unknown record");
  const auto leaves = settle(*update);
  if (!leaves) return fail(ErrorCode::kCorrupt, leaves.error());
  apply(update->voucher, *leaves);
  return {};
}

ErrorOr<void> UsageLog::cut() {
  if (::ftruncate(file_.get(), static_cast<off_t>(size_)) != 0) {
    return fail_errno("cannot cut the usage log's torn tail");
  }
  room_ = size_;
  return go_to(file_.get(), size_);
}

// Zeros for so many bytes at least.
ErrorOr<void> UsageLog::make_room(std::size_t bytes) {
  if (room_ - size_ >= bytes) return {};
  const std::uint64_t end =
      room_ + std::max<std::uint64_t>(std::clamp(size_, kRoomBytesMin, kRoomBytesMax), bytes);
  const Bytes zeros(kZerosBytes);
  TRY_VOID(go_to(file_.get(), room_));
  ErrorOr<void> written;
  while (written && room_ < end) {
    written = write_all(file_.get(), zeros);
    if (written) room_ += zeros.size();
  }
  TRY_VOID(go_to(file_.get(), size_));
  return written;
}

ErrorOr<void> UsageLog::append(const Bytes& record) {
  auto written = make_room(record.size());
  if (written) written = write_all(file_.get(), record);
  if (written) {
    size_ += record.size();
  } else if (!cut()) {
    broken_ = "a write failed and could not be undone";
  }
  return written;
}

Admission UsageLog::admit(std::uint64_t index) const {
  if (!broken_.empty()) return Admission::kBroken;
  if (index < settled()) return Admission::kSettled;
  if (index - settled() >= market::kUnvoucheredMax) return Admission::kUnvouchered;
  if (entries_.contains(index) || running_.contains(index)) return Admission::kServed;
  return Admission::kYes;
}

void UsageLog::begin(std::uint64_t index) {
  running_.insert(index);
}

void UsageLog::abandon(std::uint64_t index) {
  running_.erase(index);
}

ErrorOr<void> UsageLog::record(const market::LogEntry& entry) {
  running_.erase(entry.index);
  if (entry.index < settled()) return {};
  if (!broken_.empty()) return fail(ErrorCode::kIo, "the usage log is broken: " + broken_);
  TRY_VOID(append(make_record(kEntryRecord, entry)));
  entries_.emplace(entry.index, entry);
  return {};
}

const market::LogEntry* UsageLog::entry(std::uint64_t index) const {
  const auto it = entries_.find(index);
  return it == entries_.end() ? nullptr : &it->second;
}

// Refuses unless chain hash and sums over what was served here are those of the voucher.
Result<UsageLog::Leaves, std::string> UsageLog::settle(const market::VoucherUpdate& update) const {
  const market::Voucher& voucher = update.voucher.voucher;
  const std::set<std::uint64_t> voids(update.voids.begin(), update.voids.end());
  market::Voucher own = voucher_ ? voucher_->voucher : market::Voucher{};
  if (voucher.count < own.count) return Fail{std::string("a voucher that goes backwards")};
  if (voucher.count - own.count > kVoucherStepMax) {
    return Fail{std::string("a voucher over more than 4096 new requests")};
  }
  Leaves out;
  market::Counters counters = sums_.root(sums_.size()).sums;
  for (std::uint64_t index = own.count; index < voucher.count; ++index) {
    market::LogEntry leaf;
    leaf.index = index;
    if (!voids.contains(index)) {
      const market::LogEntry* served = entry(index);
      if (served == nullptr) {
        return Fail{"request " + std::to_string(index) +
                    " was not served here; vouch for it as void"};
      }
      leaf = *served;
    }
    const auto sum = market::checked_add(counters, leaf.counters);
    if (!sum) return Fail{std::string("the counters overflow")};
    counters = *sum;
    own.request_bytes += leaf.request_bytes;
    own.response_bytes += leaf.counters.egress_bytes;
    own.chain = market::extend_chain(own.chain, leaf.request, leaf.response);
    out.push_back(market::log_leaf(leaf));
  }
  if (own.request_bytes != voucher.request_bytes) {
    return Fail{differs_at(voucher.count, "request bytes differ")};
  }
  if (own.response_bytes != voucher.response_bytes) {
    return Fail{differs_at(voucher.count, "response bytes differ")};
  }
  if (own.chain != voucher.chain) {
    return Fail{differs_at(voucher.count, "requests or answers differ (chain hash)")};
  }
  return out;
}

void UsageLog::apply(const market::SignedVoucher& voucher, const Leaves& leaves) {
  for (const market::SumNode& leaf : leaves) {
    // The sums were added up before.
    CHECK(sums_.append(leaf));
  }
  voucher_ = voucher;
  entries_.erase(entries_.begin(), entries_.lower_bound(settled()));
  CHECK(sums_.size() == settled());
}

Result<std::optional<PendingVoucher>, std::string> UsageLog::take_voucher(
    const market::VoucherUpdate& update) {
  CHECK(!voucher_pending_);
  const market::Voucher& voucher = update.voucher.voucher;
  if (voucher.chain_id != head_.chain || voucher.lease != head_.lease ||
      voucher.term != head_.term || voucher.gateway != head_.gateway) {
    return Fail{std::string("the voucher is for another chain, lease, term or gateway")};
  }
  if (!broken_.empty()) return Fail{"this Host cannot write its log: " + broken_};
  if (voucher.count <= settled()) return std::optional<PendingVoucher>();
  TRY(Leaves leaves, settle(update));
  if (!market::verify_voucher(update.voucher, head_.gateway_key)) {
    return Fail{std::string("the voucher's signature does not verify")};
  }
  market::VoucherUpdate kept = update;
  // Only what this voucher settles is needed again when the log is read.
  std::erase_if(kept.voids,
                [&](std::uint64_t index) { return index < settled() || index >= voucher.count; });
  if (const auto written = append(make_record(kVoucherRecord, kept)); !written) {
    return Fail{"this Host cannot write its log: " + written.error().context};
  }
  voucher_pending_ = true;
  return std::optional<PendingVoucher>({update.voucher, std::move(leaves), size_});
}

ErrorOr<void> UsageLog::sync() const {
  if (::fdatasync(file_.get()) != 0) return fail_errno("cannot sync the usage log");
  return {};
}

void UsageLog::finish_voucher(const PendingVoucher& pending, const ErrorOr<void>& synced) {
  CHECK(voucher_pending_);
  voucher_pending_ = false;
  if (!synced) {
    // What stands on the disk is not known: the next start reads it.
    broken_ = synced.error().context;
    return;
  }
  apply(pending.voucher, pending.leaves);
  // Without the mark damage would look like a torn tail, no more.
  (void)append(make_record(kSyncedRecord, pending.end));
}

std::vector<std::uint64_t> UsageLog::missing(const market::VoucherUpdate& update) const {
  const std::uint64_t count = update.voucher.voucher.count;
  std::vector<std::uint64_t> out;
  if (count < settled() || count - settled() > kVoucherStepMax) return out;
  for (std::uint64_t index = settled(); index < count; ++index) {
    const bool is_void =
        std::find(update.voids.begin(), update.voids.end(), index) != update.voids.end();
    if (!is_void && entry(index) == nullptr) out.push_back(index);
  }
  return out;
}

ErrorOr<std::optional<market::LogClaim>> UsageLog::claim(std::uint64_t from) const {
  if (from > settled()) {
    return fail(ErrorCode::kCorrupt, "the chain has included " + std::to_string(from) +
                                         " requests of a log that holds " +
                                         std::to_string(settled()));
  }
  if (from == settled()) return std::optional<market::LogClaim>();
  market::LogClaim out;
  out.gateway = head_.gateway;
  out.count = settled();
  out.root = sums_.root(out.count);
  out.consistency = sums_.consistency(from, out.count);
  out.voucher = *voucher_;
  return std::optional<market::LogClaim>(std::move(out));
}

}  // namespace fog::executor
