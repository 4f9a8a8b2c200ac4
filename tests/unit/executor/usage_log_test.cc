// The usage log settles what both sides agree on, keeps it over any crash, and never claims more.
#include "executor/usage_log.h"

#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "chain/crypto/hash.h"
#include "tests/support/seeded_rng.h"
#include "tests/support/wasm_guest.h"

namespace fog::executor {
namespace {

using fog::testing::SeededRng;
using fog::testing::TempFolder;
using market::LogEntry;
using market::VoucherUpdate;

SecretKey gateway_key() {
  SeededRng rng(5);
  return SecretKey::generate(rng);
}

UsageLogHead head() {
  UsageLogHead out;
  out.chain.data[0] = 1;
  out.lease.data[0] = 2;
  out.term = 3;
  out.gateway_key = gateway_key().public_key();
  out.gateway = address_of(out.gateway_key);
  return out;
}

LogEntry entry(std::uint64_t index) {
  LogEntry out;
  out.index = index;
  Bytes seed;
  append_be64(seed, index);
  out.request = sha256(seed);
  out.response = sha256(out.request);
  out.request_bytes = 10 + index;
  out.counters = {1, 1000 + index, 200 + index};
  out.time_ms = 1'700'000'000'000 + index;
  return out;
}

// The gateway's side: makes vouchers over entries in order, some of them void.
class Voucher {
 public:
  Voucher() {
    const UsageLogHead whose = head();
    voucher.chain_id = whose.chain;
    voucher.lease = whose.lease;
    voucher.term = whose.term;
    voucher.gateway = whose.gateway;
  }
  VoucherUpdate up_to(std::uint64_t count, const std::set<std::uint64_t>& voids = {}) {
    VoucherUpdate out;
    for (; voucher.count < count; ++voucher.count) {
      LogEntry leaf;
      if (voids.contains(voucher.count)) {
        out.voids.push_back(voucher.count);
      } else {
        leaf = entry(voucher.count);
      }
      voucher.request_bytes += leaf.request_bytes;
      voucher.response_bytes += leaf.counters.egress_bytes;
      voucher.chain = market::extend_chain(voucher.chain, leaf.request, leaf.response);
    }
    out.voucher = market::sign_voucher(voucher, gateway_key());
    return out;
  }
  market::Voucher voucher;
};

std::unique_ptr<UsageLog> open_log(const std::string& path) {
  auto log = UsageLog::open(path, head());
  EXPECT_TRUE(log.has_value()) << log.error().context;
  return *std::move(log);
}

void serve(UsageLog& log, std::uint64_t index) {
  ASSERT_EQ(log.admit(index), Admission::kYes) << index;
  log.begin(index);
  ASSERT_EQ(log.admit(index), Admission::kServed);
  ASSERT_TRUE(log.record(entry(index)).has_value());
}

std::string settle(UsageLog& log, const VoucherUpdate& update) {
  auto pending = log.take_voucher(update);
  if (!pending) return pending.error();
  if (!*pending) return "nothing to do";
  log.finish_voucher(**pending, log.sync());
  return "";
}

TEST(UsageLog, ClaimsExactlyWhatAVoucherCovers) {
  const TempFolder folder;
  auto log = open_log(folder.path() + "/log");
  for (const std::uint64_t index : {2U, 0U, 1U, 3U}) serve(*log, index);
  EXPECT_FALSE((*log->claim(0)).has_value());

  Voucher gateway;
  EXPECT_EQ(settle(*log, gateway.up_to(3)), "");
  const auto claim = log->claim(0);
  ASSERT_TRUE(claim.has_value() && claim->has_value());
  EXPECT_EQ((*claim)->count, 3U);
  EXPECT_EQ((*claim)->root.sums, (market::Counters{3, 3003, 603}));
  EXPECT_EQ(log->unsettled(), 1U);
  EXPECT_EQ(log->admit(2), Admission::kSettled);

  // The next claim extends the one before.
  EXPECT_EQ(settle(*log, gateway.up_to(4)), "");
  const auto next = log->claim(3);
  ASSERT_TRUE(next.has_value() && next->has_value());
  EXPECT_TRUE(
      market::verify_consistency(3, (*claim)->root, 4, (*next)->root, (*next)->consistency));
  EXPECT_FALSE((*log->claim(4)).has_value());
  EXPECT_FALSE(log->claim(5).has_value());
}

TEST(UsageLog, AVoidBillsNothingEvenIfItWasServed) {
  const TempFolder folder;
  auto log = open_log(folder.path() + "/log");
  serve(*log, 0);
  serve(*log, 2);
  Voucher gateway;
  EXPECT_EQ(settle(*log, gateway.up_to(3, {1, 2})), "");
  const auto claim = log->claim(0);
  EXPECT_EQ((*claim)->count, 3U);
  EXPECT_EQ((*claim)->root.sums, (market::Counters{1, 1000, 200}));
  // One that still runs when it is voided is dropped at its end.
  ASSERT_EQ(log->admit(3), Admission::kYes);
  log->begin(3);
  EXPECT_EQ(settle(*log, gateway.up_to(4, {3})), "");
  EXPECT_TRUE(log->record(entry(3)).has_value());
  EXPECT_EQ(log->unsettled(), 0U);
}

TEST(UsageLog, RefusesAVoucherThatDiffers) {
  const TempFolder folder;
  auto log = open_log(folder.path() + "/log");
  for (std::uint64_t index = 0; index < 4; ++index) serve(*log, index);
  Voucher unserved;
  EXPECT_EQ(settle(*log, unserved.up_to(5)), "request 4 was not served here; vouch for it as void");
  const auto changed = [&](auto change) {
    Voucher gateway;
    (void)gateway.up_to(3);
    change(gateway.voucher);
    VoucherUpdate update;
    update.voucher = market::sign_voucher(gateway.voucher, gateway_key());
    return settle(*log, update);
  };
  EXPECT_NE(changed([](auto& v) { v.chain.data[0] ^= 1; }).find("chain hash"), std::string::npos);
  EXPECT_NE(changed([](auto& v) { ++v.request_bytes; }).find("request bytes"), std::string::npos);
  EXPECT_NE(changed([](auto& v) { --v.response_bytes; }).find("response bytes"), std::string::npos);
  EXPECT_NE(changed([](auto& v) { ++v.term; }).find("another"), std::string::npos);
  Voucher gateway;
  VoucherUpdate forged = gateway.up_to(3);
  forged.voucher.signature.data[5] ^= 1;
  EXPECT_NE(settle(*log, forged).find("signature"), std::string::npos);
  EXPECT_EQ(log->settled(), 0U);

  // And takes the right one, twice without harm.
  Voucher right;
  const VoucherUpdate update = right.up_to(3);
  EXPECT_EQ(settle(*log, update), "");
  EXPECT_EQ(settle(*log, update), "nothing to do");
}

TEST(UsageLog, StopsBeyondTheUnvoucheredLimit) {
  const TempFolder folder;
  auto log = open_log(folder.path() + "/log");
  EXPECT_EQ(log->admit(market::kUnvoucheredMax - 1), Admission::kYes);
  EXPECT_EQ(log->admit(market::kUnvoucheredMax), Admission::kUnvouchered);
  serve(*log, 0);
  Voucher gateway;
  EXPECT_EQ(settle(*log, gateway.up_to(1)), "");
  EXPECT_EQ(log->admit(market::kUnvoucheredMax), Admission::kYes);
  // What did not run may come again.
  log->begin(7);
  log->abandon(7);
  EXPECT_EQ(log->admit(7), Admission::kYes);
}

TEST(UsageLog, KeepsEntriesThatComeWhileAVoucherIsWritten) {
  const TempFolder folder;
  const std::string path = folder.path() + "/log";
  auto log = open_log(path);
  serve(*log, 0);
  Voucher gateway;
  auto pending = log->take_voucher(gateway.up_to(1));
  ASSERT_TRUE(pending && *pending);
  EXPECT_TRUE(log->voucher_pending());
  EXPECT_EQ(log->settled(), 0U);
  serve(*log, 1);
  log->finish_voucher(**pending, log->sync());
  EXPECT_EQ(log->settled(), 1U);
  log.reset();
  log = open_log(path);
  EXPECT_EQ(log->settled(), 1U);
  EXPECT_EQ(log->unsettled(), 1U);
  EXPECT_EQ(settle(*log, gateway.up_to(2)), "");
}

// What has been written, without the zeros ahead (a record may end with a few itself).
Bytes written_part(const std::string& path) {
  Bytes out = fog::testing::read_whole(path);
  while (!out.empty() && out.back() == 0) out.pop_back();
  return out;
}

void write_whole(const std::string& path, const Bytes& bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc)
      .write(reinterpret_cast<const char*>(bytes.data()),
             static_cast<std::streamsize>(bytes.size()));
}

// Cut at every byte, the file opens as it stood at some earlier moment: whatever it then claims,
// the voucher in it covers; and it goes on from there.
TEST(UsageLog, SurvivesATornTailAtEveryByte) {
  const TempFolder folder;
  const std::string path = folder.path() + "/log";
  Voucher gateway;
  {
    auto log = open_log(path);
    for (std::uint64_t index = 0; index < 3; ++index) serve(*log, index);
    EXPECT_EQ(settle(*log, gateway.up_to(3, {1})), "");
    for (std::uint64_t index = 3; index < 6; ++index) serve(*log, index);
    EXPECT_EQ(settle(*log, gateway.up_to(5)), "");
  }
  Bytes whole = written_part(path);
  ASSERT_GT(whole.size(), 1000U);
  whole.resize(whole.size() + 16);
  std::uint64_t settled_before = 0;
  for (std::size_t size = 0; size <= whole.size(); ++size) {
    const std::string cut = folder.path() + "/cut";
    write_whole(cut, Bytes(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size)));
    auto log = open_log(cut);
    EXPECT_GE(log->settled(), settled_before);
    settled_before = log->settled();
    const auto claim = log->claim(0);
    ASSERT_TRUE(claim.has_value());
    if (*claim) {
      EXPECT_LE((*claim)->root.sums.requests, (*claim)->voucher.voucher.count);
      EXPECT_EQ((*claim)->count, (*claim)->voucher.voucher.count);
    }
    const std::uint64_t fresh = log->settled() + log->unsettled() + 100;
    EXPECT_TRUE(log->record(entry(fresh)).has_value());
    log.reset();
    EXPECT_NE(open_log(cut)->entry(fresh), nullptr);
  }
  EXPECT_EQ(settled_before, 5U);
}

// The disk takes what was not synced in any order: whichever stretch of it is still zeros, the file
// opens with all that was vouched for, and nothing of the lost part comes back behind new records.
TEST(UsageLog, SurvivesStretchesThatNeverReachedTheDisk) {
  const TempFolder folder;
  const std::string path = folder.path() + "/log";
  std::size_t synced = 0;
  {
    auto log = open_log(path);
    serve(*log, 0);
    Voucher gateway;
    EXPECT_EQ(settle(*log, gateway.up_to(1)), "");
    synced = written_part(path).size() + 1;
    for (std::uint64_t index = 1; index < 5; ++index) serve(*log, index);
  }
  const Bytes whole = fog::testing::read_whole(path);
  const std::size_t end = written_part(path).size();
  constexpr std::size_t kStretch = 37;
  for (std::size_t from = synced; from < end; from += kStretch) {
    for (std::size_t to = from + kStretch; to < end + kStretch; to += kStretch) {
      Bytes lost = whole;
      std::fill(lost.begin() + static_cast<std::ptrdiff_t>(from),
                lost.begin() + static_cast<std::ptrdiff_t>(std::min(to, end)), 0);
      write_whole(path, lost);
      auto log = open_log(path);
      EXPECT_EQ(log->settled(), 1U);
      const std::uint64_t kept = log->unsettled();
      EXPECT_LT(kept, 5U);
      // As long as one that was lost: what stood behind that would be read again.
      EXPECT_TRUE(log->record(entry(9)).has_value());
      log.reset();
      log = open_log(path);
      EXPECT_EQ(log->unsettled(), kept + 1) << from << " to " << to;
      EXPECT_NE(log->entry(9), nullptr);
    }
  }
}

// A voucher that was never confirmed may reach the disk before the entries that it covers: it is
// part of the torn tail then, and can be given again.
TEST(UsageLog, AVoucherThatWasNotSyncedIsTornOffWithItsEntries) {
  const TempFolder folder;
  const std::string path = folder.path() + "/log";
  std::size_t synced = 0, entries_end = 0;
  Voucher gateway;
  VoucherUpdate second;
  {
    auto log = open_log(path);
    serve(*log, 0);
    EXPECT_EQ(settle(*log, gateway.up_to(1)), "");
    synced = written_part(path).size();
    serve(*log, 1);
    serve(*log, 2);
    entries_end = written_part(path).size();
    second = gateway.up_to(3);
    ASSERT_TRUE(log->take_voucher(second).has_value());
  }
  const Bytes whole = fog::testing::read_whole(path);
  for (std::size_t from = synced; from + 8 < entries_end; from += 5) {
    Bytes lost = whole;
    std::fill_n(lost.begin() + static_cast<std::ptrdiff_t>(from), 8, 0);
    if (lost == whole) continue;
    write_whole(path, lost);
    auto log = open_log(path);
    EXPECT_EQ(log->settled(), 1U);
    for (const std::uint64_t index : log->missing(second)) serve(*log, index);
    EXPECT_EQ(settle(*log, second), "");
    log.reset();
    EXPECT_EQ(open_log(path)->settled(), 3U);
  }
  // Killed, with nothing lost: it is there, and giving it again does no harm.
  write_whole(path, whole);
  auto log = open_log(path);
  EXPECT_EQ(log->settled(), 3U);
  EXPECT_EQ(settle(*log, second), "nothing to do");
}

// Records may need more room than stands ready, and stay what they are.
TEST(UsageLog, WritesMoreRoomAheadAsItGrows) {
  const TempFolder folder;
  const std::string path = folder.path() + "/log";
  Voucher gateway;
  auto log = open_log(path);
  const auto first = std::filesystem::file_size(path);
  EXPECT_GT(first, written_part(path).size());
  std::uint64_t count = 0;
  while (std::filesystem::file_size(path) == first) {
    for (int i = 0; i < 100; ++i) serve(*log, count++);
    EXPECT_EQ(settle(*log, gateway.up_to(count)), "");
  }
  serve(*log, count);
  log.reset();
  log = open_log(path);
  EXPECT_EQ(log->settled(), count);
  EXPECT_EQ(log->unsettled(), 1U);
}

// A flipped bit in what was synced is damage, and said so; behind that it is a torn tail.
TEST(UsageLog, TellsDamageFromATornTail) {
  const TempFolder folder;
  const std::string path = folder.path() + "/log";
  constexpr std::size_t kMarkBytes = 4 + 4 + 1 + 8;
  std::size_t settled_size = 0;
  {
    auto log = open_log(path);
    serve(*log, 0);
    serve(*log, 1);
    Voucher gateway;
    EXPECT_EQ(settle(*log, gateway.up_to(2)), "");
    settled_size = written_part(path).size();
    serve(*log, 2);
  }
  const Bytes whole = fog::testing::read_whole(path);
  for (std::size_t at = 0; at < written_part(path).size() + 20; at += 7) {
    Bytes flipped = whole;
    flipped[at] ^= 0x10;
    const std::string bad = folder.path() + "/bad";
    write_whole(bad, flipped);
    const auto log = UsageLog::open(bad, head());
    if (log) {
      EXPECT_LE((*log)->settled(), 2U) << at;
      // The mark itself, or what stands behind it.
      EXPECT_TRUE(at >= settled_size - kMarkBytes) << at;
    } else {
      EXPECT_EQ(log.error().code, ErrorCode::kCorrupt);
      EXPECT_NE(log.error().context.find("Move it away"), std::string::npos);
    }
  }
}

TEST(UsageLog, IsNotOpenedForAnother) {
  const TempFolder folder;
  const std::string path = folder.path() + "/log";
  (void)open_log(path);
  UsageLogHead other = head();
  ++other.term;
  const auto log = UsageLog::open(path, other);
  ASSERT_FALSE(log.has_value());
  EXPECT_EQ(log.error().code, ErrorCode::kCorrupt);
}

}  // namespace
}  // namespace fog::executor
