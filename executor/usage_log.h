// UsageLog: a Host's durable account of what it served for one gateway in one term of a lease.
//
// Requests are recorded as they end, in any order; a voucher settles them in the order of their
// indexes, and only then do they become leaves of the Merkle-sum log that receipts claim from. A
// void settles as a leaf that counts nothing. An index is served once.
//
// The file is append-only:  length u32 | CRC-32 u32 | kind u8, BCS   (length and CRC cover kind and
// BCS), then zeros. Entries and vouchers are written as they come, and a voucher counts once all up
// to it has been synced, which a mark behind it then says. So what a lost power supply tears off is
// entries that no voucher covers and vouchers that did not count yet: it is cut off, those requests
// bill nothing until they are vouched for again, and nothing is ever claimed twice or beyond a
// voucher. A damaged record that a later mark calls synced is no torn tail: open() refuses the
// file.
//
// The zeros are written ahead, so that a record changes neither the file's size nor its blocks: its
// sync then takes its own bytes. Else it would have the file system commit its journal, which waits
// for all that other files had appended.
//
// Not thread safe, but for sync(), which may run beside the rest.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>

#include "chain/base/error.h"
#include "executor/fd.h"
#include "market/types/host_link.h"
#include "market/types/messages.h"

namespace fog::executor {

// Whose log it is; the file's first record.
struct UsageLogHead {
  ChainId chain;
  market::LeaseId lease;
  std::uint32_t term = 1;
  Address gateway;
  PublicKey gateway_key;
  static constexpr auto kFields =
      std::make_tuple(&UsageLogHead::chain, &UsageLogHead::lease, &UsageLogHead::term,
                      &UsageLogHead::gateway, &UsageLogHead::gateway_key);
  bool operator==(const UsageLogHead&) const = default;
};

// Whether a request with an index may run.
enum class Admission : std::uint8_t {
  kYes,
  kSettled,      // below what the last voucher covers
  kServed,       // already served, or running
  kUnvouchered,  // too far beyond the last voucher: the gateway has to vouch first
  kBroken,       // the log cannot be written; see broken()
};

// A checked voucher on its way to the disk.
struct PendingVoucher {
  market::SignedVoucher voucher;
  std::vector<market::SumNode> leaves;  // that it settles
  std::uint64_t end = 0;                // of its record in the file
};

class UsageLog {
 public:
  // Opens or creates, for this process alone. kCorrupt for a damaged file or one of another log,
  // kUnavailable while another process has it.
  static ErrorOr<std::unique_ptr<UsageLog>> open(const std::string& path, const UsageLogHead& head);

  Admission admit(std::uint64_t index) const;
  // The request runs; admit() said yes.
  void begin(std::uint64_t index);
  // It did not run after all: its index is free again.
  void abandon(std::uint64_t index);
  // It has ended: appends the entry, so that a killed Host does not lose what it answers. An error
  // leaves the file as it was and the index free. An entry whose index was voided meanwhile is
  // dropped.
  ErrorOr<void> record(const market::LogEntry& entry);

  // Checks a voucher against what was served and appends it. Nothing to do when it covers no more
  // than the last one. The failure is a sentence for the gateway. After a PendingVoucher, no other
  // until finish_voucher.
  Result<std::optional<PendingVoucher>, std::string> take_voucher(
      const market::VoucherUpdate& update);
  // Everything appended so far is on the disk afterwards. From any thread.
  ErrorOr<void> sync() const;
  // With what sync() said. After a failure the log is broken.
  void finish_voucher(const PendingVoucher& pending, const ErrorOr<void>& synced);

  // The claim that extends one of `from` leaves to all settled ones; nothing when there are no
  // more. kCorrupt when the chain has included more than this log holds.
  ErrorOr<std::optional<market::LogClaim>> claim(std::uint64_t from) const;

  const UsageLogHead& head() const { return head_; }
  std::uint64_t settled() const { return voucher_ ? voucher_->voucher.count : 0; }
  std::uint64_t unsettled() const { return entries_.size(); }
  bool voucher_pending() const { return voucher_pending_; }
  // The indexes that a voucher calls served and this Host did not serve, or lost.
  std::vector<std::uint64_t> missing(const market::VoucherUpdate& update) const;
  const market::LogEntry* entry(std::uint64_t index) const;
  // All settled leaves.
  const market::SumLog& sums() const { return sums_; }
  // Why the log takes no more; empty while it does.
  const std::string& broken() const { return broken_; }

 private:
  UsageLog(UsageLogHead head, UniqueFd file) : head_(std::move(head)), file_(std::move(file)) {}

  // The leaves that a voucher settles, computed before anything is changed.
  using Leaves = std::vector<market::SumNode>;
  Result<Leaves, std::string> settle(const market::VoucherUpdate& update) const;
  void apply(const market::SignedVoucher& voucher, const Leaves& leaves);
  ErrorOr<void> load(const std::string& path);
  ErrorOr<void> load_record(std::uint8_t kind, ByteView payload);
  ErrorOr<void> append(const Bytes& record);
  ErrorOr<void> make_room(std::size_t bytes);
  ErrorOr<void> cut();

  const UsageLogHead head_;
  UniqueFd file_;
  std::uint64_t size_ = 0;  // of the file's good part, where the next record goes
  std::uint64_t room_ = 0;  // of the file: zeros from size_ on
  market::SumLog sums_;     // settled leaves
  std::optional<market::SignedVoucher> voucher_;
  std::map<std::uint64_t, market::LogEntry> entries_;  // served, not settled
  std::set<std::uint64_t> running_;
  bool voucher_pending_ = false;
  std::string broken_;
};

}  // namespace fog::executor
