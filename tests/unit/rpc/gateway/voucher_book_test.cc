// The gateway's account with one lease: indexes without gaps, vouchers over what has settled,
// nothing given before it is on disk.
#include "rpc/gateway/voucher_book.h"

#include <filesystem>
#include <unistd.h>

#include <gtest/gtest.h>

#include "chain/base/file.h"
#include "chain/crypto/hash.h"

namespace fog::gateway {
namespace {

class VoucherBookTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = testing::TempDir() + "voucher_book_" + std::to_string(::getpid());
    std::filesystem::create_directories(folder_);
    path_ = folder_ + "/book";
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::unique_ptr<VoucherBook> open() {
    auto book =
        VoucherBook::open(path_, sha256(as_bytes("chain")), sha256(as_bytes("lease")), 3, key_);
    EXPECT_TRUE(book.has_value());
    return *std::move(book);
  }
  static Settlement settlement(std::uint8_t n) {
    Settlement out;
    out.request = sha256(as_bytes(std::string("request ") + std::to_string(n)));
    out.response = sha256(as_bytes(std::string("response ") + std::to_string(n)));
    out.request_bytes = n;
    out.response_bytes = 10U * n;
    return out;
  }

  const SecretKey key_ = SecretKey::generate(system_rng());
  std::string folder_;
  std::string path_;
};

TEST_F(VoucherBookTest, HandsOutIndexesWithoutGaps) {
  const auto book = open();
  for (std::uint64_t i = 0; i < 600; ++i) {
    const auto index = book->next_index();
    ASSERT_TRUE(index.has_value());
    EXPECT_EQ(*index, i);
  }
}

TEST_F(VoucherBookTest, SaysNothingWhileNothingHasSettled) {
  const auto book = open();
  ASSERT_TRUE(book->next_index());
  const auto update = book->update(true);
  ASSERT_TRUE(update.has_value());
  EXPECT_FALSE(update->has_value());
}

// A voucher covers the contiguous prefix only: request 1 is still running, so 2 waits with it.
TEST_F(VoucherBookTest, VouchesForTheContiguousPrefix) {
  const auto book = open();
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(book->next_index());
  book->settle(0, settlement(1));
  book->settle(2, settlement(3));
  const auto first = *book->update(true);
  ASSERT_TRUE(first.has_value());
  EXPECT_EQ(first->voucher.voucher.count, 1U);
  EXPECT_EQ(first->voucher.voucher.request_bytes, 1U);
  book->settle(1, settlement(2));
  const auto second = *book->update(true);
  ASSERT_TRUE(second.has_value());
  const market::Voucher& voucher = second->voucher.voucher;
  EXPECT_EQ(voucher.count, 3U);
  EXPECT_EQ(voucher.request_bytes, 6U);
  EXPECT_EQ(voucher.response_bytes, 60U);
  EXPECT_EQ(voucher.term, 3U);
  Hash32 chain;
  for (std::uint8_t n = 1; n <= 3; ++n) {
    chain = market::extend_chain(chain, settlement(n).request, settlement(n).response);
  }
  EXPECT_EQ(voucher.chain, chain);
  EXPECT_TRUE(market::verify_voucher(second->voucher, key_.public_key()));
}

TEST_F(VoucherBookTest, WaitsForABatchUnlessForced) {
  const auto book = open();
  for (std::uint64_t i = 0; i < market::kVoucherEveryRequests; ++i) {
    const auto early = book->update(false);
    ASSERT_TRUE(early.has_value());
    EXPECT_FALSE(early->has_value());
    const auto index = book->next_index();
    ASSERT_TRUE(index);
    book->settle(*index, settlement(1));
  }
  const auto update = *book->update(false);
  ASSERT_TRUE(update.has_value());
  EXPECT_EQ(update->voucher.voucher.count, market::kVoucherEveryRequests);
}

TEST_F(VoucherBookTest, VoidsAreToldUntilTheHostConfirms) {
  const auto book = open();
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(book->next_index());
  book->settle(0, settlement(1));
  book->settle_void(1);
  book->settle(2, settlement(2));
  for (int again = 0; again < 2; ++again) {
    const auto update = *book->update(true);
    ASSERT_TRUE(update.has_value());
    ASSERT_EQ(update->voids.size(), 1U);
    EXPECT_EQ(update->voids[0], 1U);
  }
  book->confirmed(3);
  EXPECT_FALSE(book->update(true)->has_value());
  EXPECT_EQ(book->voids(), 1U);
}

TEST_F(VoucherBookTest, WhatTheHostHasLostBecomesVoid) {
  {
    const auto book = open();
    for (std::uint8_t i = 0; i < 3; ++i) {
      ASSERT_TRUE(book->next_index());
      book->settle(i, settlement(i));
    }
    ASSERT_TRUE(book->update(true)->has_value());
    EXPECT_FALSE(*book->void_missing({7}));
    EXPECT_TRUE(*book->void_missing({1}));
    EXPECT_FALSE(*book->void_missing({1}));
  }
  // Also after a crash: what was vouched for is on disk.
  const auto book = open();
  const auto update = *book->update(false);
  ASSERT_TRUE(update.has_value());
  ASSERT_GT(update->voids.size(), 1U);
  EXPECT_EQ(update->voids[0], 1U);
  EXPECT_EQ(update->voids[1], 3U);  // reserved before the crash, never given out
  EXPECT_EQ(update->voucher.voucher.request_bytes, 2U);
  book->confirmed(update->voucher.voucher.count);
  EXPECT_FALSE(*book->void_missing({2}));
}

// The Host takes nothing any more: the gateway stops before it forwards what nobody would be paid
// for.
TEST_F(VoucherBookTest, StopsWhenTooMuchIsUnconfirmed) {
  const auto book = open();
  for (std::uint64_t i = 0; i < market::kUnvoucheredMax; ++i) {
    const auto index = book->next_index();
    ASSERT_TRUE(index);
    book->settle(*index, settlement(1));
  }
  const auto refused = book->next_index();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kExhausted);
  ASSERT_TRUE(book->update(true)->has_value());
  book->confirmed(market::kUnvoucheredMax);
  EXPECT_TRUE(book->next_index());
}

// After a crash no index is given twice, and what no voucher covers is void.
TEST_F(VoucherBookTest, NeverGivesAnIndexTwiceOverACrash) {
  std::uint64_t last = 0;
  {
    const auto book = open();
    for (int i = 0; i < 10; ++i) last = *book->next_index();
    for (std::uint64_t i = 0; i < 4; ++i) book->settle(i, settlement(1));
    ASSERT_TRUE(book->update(true)->has_value());
  }
  const auto book = open();
  const auto index = book->next_index();
  ASSERT_TRUE(index);
  EXPECT_GT(*index, last);
  const auto update = *book->update(true);
  ASSERT_TRUE(update.has_value());
  EXPECT_EQ(update->voucher.voucher.count, *index);
  EXPECT_EQ(update->voids.size(), *index - 4);
}

TEST_F(VoucherBookTest, RefusesADamagedFileAndNamesIt) {
  {
    const auto book = open();
    ASSERT_TRUE(book->next_index());
  }
  const auto good = read_file(path_, 1 << 20);
  ASSERT_TRUE(good.has_value());
  for (std::size_t at = 0; at < good->size(); ++at) {
    Bytes bad = *good;
    bad[at] ^= 1;
    ASSERT_TRUE(write_file_atomically(path_, bad, FileMode::kPrivate).has_value());
    const auto book =
        VoucherBook::open(path_, sha256(as_bytes("chain")), sha256(as_bytes("lease")), 3, key_);
    ASSERT_FALSE(book.has_value()) << "byte " << at;
    EXPECT_EQ(book.error().code, ErrorCode::kCorrupt);
    EXPECT_NE(book.error().context.find(path_), std::string::npos);
  }
}

}  // namespace
}  // namespace fog::gateway
