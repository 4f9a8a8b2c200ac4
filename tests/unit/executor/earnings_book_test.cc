#include "executor/earnings_book.h"

#include <gtest/gtest.h>

#include "chain/base/file.h"
#include "chain/crypto/hash.h"
#include "tests/support/temp_dir.h"

namespace fog::executor {
namespace {

constexpr std::uint64_t kDayMs = 86'400'000;
constexpr std::uint32_t kToday = 20'000;

class EarningsBookTest : public ::testing::Test {
 protected:
  std::unique_ptr<EarningsBook> open() const {
    auto book = EarningsBook::load(earnings_path(dir.path()));
    CHECK(book.has_value());
    return *std::move(book);
  }
  static market::Lease lease(const std::string& service, std::uint64_t rent, std::uint64_t use,
                             std::uint64_t requests) {
    market::Lease out;
    out.id = sha256(as_bytes(service));
    out.service = service;
    out.rent_due = Amount{rent};
    out.use_due = Amount{use};
    out.paid = Amount{rent + use};
    out.burned = Amount{(rent + use) / 50};
    market::LogState log;
    log.root.sums.requests = requests;
    out.logs.push_back(log);
    return out;
  }
  static ReplicaId id_of(const market::Lease& lease) { return {lease.id, lease.term}; }
  static void note(EarningsBook& book, const market::Lease& lease, std::uint32_t day = kToday) {
    book.note(id_of(lease), lease, day * kDayMs + 5);
  }
  testing::TempDir dir;
};

TEST_F(EarningsBookTest, AddsWhatCameSinceALeaseWasSeenLast) {
  const auto book = open();
  EXPECT_TRUE(book->days().empty());
  note(*book, lease("a", 100, 50, 3));
  note(*book, lease("a", 100, 50, 3));
  note(*book, lease("a", 300, 50, 3), kToday + 1);
  note(*book, lease("b", 1'000, 0, 0), kToday + 1);
  const auto days = book->days();
  ASSERT_EQ(days.size(), 3U);
  const Earned first = days.at({kToday, "a"});
  EXPECT_EQ(first.rent, Amount{100});
  EXPECT_EQ(first.use, Amount{50});
  EXPECT_EQ(first.burned, Amount{3});
  EXPECT_EQ(first.counters.requests, 3U);
  EXPECT_EQ(first.net(), Amount{147});
  const Earned second = days.at({kToday + 1, "a"});
  EXPECT_EQ(second.rent, Amount{200});
  EXPECT_EQ(second.use, Amount{});
  EXPECT_EQ(second.counters.requests, 0U);
  EXPECT_EQ(days.at({kToday + 1, "b"}).net(), Amount{980});
}

TEST_F(EarningsBookTest, EachTermCountsAlone) {
  const auto book = open();
  market::Lease one = lease("a", 100, 0, 1);
  note(*book, one);
  one.term = 2;  // has come back to this Host
  note(*book, one);
  EXPECT_EQ(book->days().at({kToday, "a"}).rent, Amount{200});
}

TEST_F(EarningsBookTest, ARestartCountsNothingTwice) {
  {
    const auto book = open();
    note(*book, lease("a", 100, 50, 3));
    ASSERT_TRUE(book->save());
    note(*book, lease("a", 200, 50, 3));  // not saved: the next start sees it again
  }
  const auto book = open();
  EXPECT_EQ(book->days().at({kToday, "a"}).rent, Amount{100});
  note(*book, lease("a", 200, 50, 3));
  EXPECT_EQ(book->days().at({kToday, "a"}).rent, Amount{200});
  EXPECT_EQ(book->days().at({kToday, "a"}).use, Amount{50});
}

TEST_F(EarningsBookTest, WhatIsLongPastIsLetGoOf) {
  const auto book = open();
  note(*book, lease("old", 100, 0, 1));
  note(*book, lease("new", 100, 0, 1), kToday + kEarningsDaysKept + 1);
  ASSERT_TRUE(book->save());
  EXPECT_FALSE(book->days().contains({kToday, "old"}));
  EXPECT_TRUE(book->days().contains({kToday + kEarningsDaysKept + 1, "new"}));
}

TEST_F(EarningsBookTest, AClockThatGoesBackOpensNoDayAgain) {
  const auto book = open();
  note(*book, lease("a", 100, 0, 1));
  note(*book, lease("a", 200, 0, 1), kToday - 3);
  EXPECT_EQ(book->days().size(), 1U);
}

TEST_F(EarningsBookTest, SomethingElseIsRefusedAndStays) {
  const std::string path = earnings_path(dir.path());
  ASSERT_TRUE(write_file_atomically(path, as_bytes("no book"), FileMode::kPrivate));
  const auto book = EarningsBook::load(path);
  ASSERT_FALSE(book.has_value());
  EXPECT_EQ(book.error().code, ErrorCode::kCorrupt);
  EXPECT_TRUE(read_file(path, 100).has_value());
}

}  // namespace
}  // namespace fog::executor
