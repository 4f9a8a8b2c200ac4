// Names for addresses are kept in a file that survives, and that cannot say something else than it
// said when it was written.
#include "wallet/book.h"

#include <gtest/gtest.h>

#include "chain/base/file.h"
#include "tests/support/temp_dir.h"
#include "tests/support/test_chain.h"
#include "wallet/multisig.h"

namespace fog::wallet {
namespace {

using testing::TempDir;
using testing::TestKey;

ErrorCode code_of(const auto& result) {
  EXPECT_FALSE(result);
  return result ? ErrorCode::kIo : result.error().code;
}

BookEntry contact(const std::string& name, std::uint64_t key) {
  return {name, TestKey(key).address, BookKind::kContact, std::nullopt, std::nullopt};
}
BookEntry team() {
  const auto policy = *make_policy(2, {TestKey(1).public_key, TestKey(2).public_key});
  return {"team", address_of(policy), BookKind::kMultisig, std::nullopt, policy};
}

TEST(Book, StandsBesideItsWallet) {
  EXPECT_EQ(book_path("/home/me/.fogcoin/wallet.json"), "/home/me/.fogcoin/wallet.book.json");
  EXPECT_EQ(book_path("keys"), "keys.book.json");
}

TEST(Book, WhatWasSavedIsThereAgain) {
  const TempDir folder;
  const std::string path = folder.path() + "/w.book.json";
  Book book = *Book::open(path);
  EXPECT_TRUE(book.empty());
  ASSERT_TRUE(book.add(contact("bob", 1)));
  ASSERT_TRUE(
      book.add({"cold", TestKey(2).address, BookKind::kWatched, TestKey(2).public_key, {}}));
  ASSERT_TRUE(book.add(team()));
  ASSERT_TRUE(book.set_label(TestKey(1).address, "Bob, who repairs the roof"));
  ASSERT_TRUE(book.save());
  ASSERT_TRUE(book.save());

  Book again = *Book::open(path);
  EXPECT_EQ(again.entries(), book.entries());
  EXPECT_EQ(again.label(TestKey(1).address), "Bob, who repairs the roof");
  EXPECT_EQ(again.find("team")->policy, team().policy);
  EXPECT_EQ(again.find(TestKey(2).address)->name, "cold");
  ASSERT_TRUE(again.remove("bob"));
  ASSERT_TRUE(again.set_label(TestKey(1).address, ""));
  ASSERT_TRUE(again.save());
  EXPECT_EQ(Book::open(path)->find("bob"), nullptr);
  EXPECT_EQ(Book::open(path)->label(TestKey(1).address), "");
}

TEST(Book, ANameAndAnAddressStandForEachOther) {
  Book book = *Book::open("/nowhere/x.book.json");
  ASSERT_TRUE(book.add(contact("bob", 1)));
  EXPECT_EQ(code_of(book.add(contact("bob", 2))), ErrorCode::kAlreadyExists);
  EXPECT_EQ(code_of(book.add(contact("robert", 1))), ErrorCode::kAlreadyExists);
  EXPECT_EQ(code_of(book.add(contact("no name", 3))), ErrorCode::kInvalidInput);
  EXPECT_EQ(code_of(book.remove("alice")), ErrorCode::kNotFound);
  BookEntry wrong_key = contact("carol", 3);
  wrong_key.key = TestKey(4).public_key;
  EXPECT_EQ(code_of(book.add(wrong_key)), ErrorCode::kInvalidInput);
  BookEntry wrong_team = team();
  wrong_team.address = TestKey(5).address;
  EXPECT_EQ(code_of(book.add(wrong_team)), ErrorCode::kInvalidInput);
  EXPECT_EQ(code_of(book.set_label(TestKey(1).address, "two\nlines")), ErrorCode::kInvalidInput);
  EXPECT_EQ(code_of(book.set_label(TestKey(1).address, std::string(kLabelBytesMax + 1, 'x'))),
            ErrorCode::kInvalidInput);
  EXPECT_EQ(book.entries().size(), 1U);
}

TEST(Book, AnotherProgramsChangeIsNotOverwritten) {
  const TempDir folder;
  const std::string path = folder.path() + "/w.book.json";
  Book first = *Book::open(path);
  ASSERT_TRUE(first.add(contact("bob", 1)));
  ASSERT_TRUE(first.save());
  Book second = *Book::open(path);
  ASSERT_TRUE(second.add(contact("carol", 2)));
  ASSERT_TRUE(second.save());
  ASSERT_TRUE(first.add(contact("dave", 3)));
  EXPECT_EQ(code_of(first.save()), ErrorCode::kUnavailable);
  EXPECT_NE(Book::open(path)->find("carol"), nullptr);
  // Two that both found no file.
  Book third = *Book::open(folder.path() + "/new.book.json");
  Book fourth = *Book::open(folder.path() + "/new.book.json");
  ASSERT_TRUE(third.add(contact("bob", 1)) && third.save());
  ASSERT_TRUE(fourth.add(contact("eve", 4)));
  EXPECT_EQ(code_of(fourth.save()), ErrorCode::kAlreadyExists);
}

TEST(Book, ADamagedOneIsNotRead) {
  Book book = *Book::open("/nowhere/x.book.json");
  ASSERT_TRUE(book.add(team()));
  const std::string text = book.encode();
  ASSERT_TRUE(Book::read("x", text));
  const auto replaced = [&](const std::string& what, const std::string& by) {
    std::string out = text;
    return out.replace(out.find(what), what.size(), by);
  };
  for (const std::string& bad :
       {std::string("{}"), text.substr(0, text.size() - 5), replaced("multisig", "unknown"),
        replaced("\"threshold\": 2", "\"threshold\": 1"),
        replaced("\"version\": 1", "\"version\": 9"), replaced("\"labels\": []", "\"labels\": [1]"),
        replaced("\"name\": \"team\"", "\"name\": 4")}) {
    EXPECT_FALSE(Book::read("x", bad)) << bad;
  }
}

}  // namespace
}  // namespace fog::wallet
