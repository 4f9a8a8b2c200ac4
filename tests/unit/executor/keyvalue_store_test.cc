// A replica's key-value store: what it answers, that it never exceeds its size, and that what was
// written outlives whoever wrote it.
#include "executor/keyvalue_store.h"

#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "chain/base/file.h"
#include "chain/crypto/hash.h"
#include "tests/support/wasm_guest.h"

namespace fog::executor {
namespace {

using fog::testing::TempFolder;
using ::testing::ElementsAre;

constexpr std::uint64_t kLarge = 64ULL << 20;

KeyvalueEntry entry(std::string_view key, std::string_view value = "") {
  return {to_bytes(as_bytes(key)), to_bytes(as_bytes(value))};
}
KeyvalueCall call(KeyvalueOp op, std::vector<KeyvalueEntry> entries, std::int64_t delta = 0) {
  KeyvalueCall out;
  out.op = op;
  out.entries.assign(entries.begin(), entries.end());
  out.delta = static_cast<std::uint64_t>(delta);
  return out;
}

class KeyvalueStoreTest : public ::testing::Test {
 protected:
  KeyvalueReply ask(KeyvalueOp op, std::vector<KeyvalueEntry> entries, std::int64_t delta = 0) {
    const KeyvalueCall asked = call(op, std::move(entries), delta);
    EXPECT_TRUE(is_keyvalue_call(asked));
    return store_->apply(asked);
  }
  KeyvalueFault set(std::string_view key, std::string_view value) {
    return ask(KeyvalueOp::kSet, {entry(key, value)}).fault;
  }
  std::string get(std::string_view key) {
    const KeyvalueReply reply = ask(KeyvalueOp::kGet, {entry(key)});
    if (reply.fault != KeyvalueFault::kDone || reply.values.size() != 1) return "fault";
    return reply.values[0] ? std::string(as_text(*reply.values[0])) : "none";
  }
  std::vector<std::string> keys_after(std::vector<KeyvalueEntry> after, std::uint64_t more = 0) {
    const KeyvalueReply reply = ask(KeyvalueOp::kList, std::move(after));
    EXPECT_EQ(reply.number, more);
    std::vector<std::string> out;
    for (const auto& key : reply.values) out.emplace_back(as_text(*key));
    return out;
  }
  void reopen(std::uint64_t bytes_max) { open(folder_.path() + "/store", bytes_max); }
  void open(const std::string& folder, std::uint64_t bytes_max) {
    store_.reset();
    store_.emplace(folder, bytes_max);
  }

  TempFolder folder_;
  std::optional<KeyvalueStore> store_{std::in_place, folder_.path() + "/store", kLarge};
};

TEST_F(KeyvalueStoreTest, KeepsValuesByTheirKeys) {
  EXPECT_EQ(get("a"), "none");
  EXPECT_EQ(set("a", "one"), KeyvalueFault::kDone);
  EXPECT_EQ(set("b", ""), KeyvalueFault::kDone);
  EXPECT_EQ(get("a"), "one");
  EXPECT_EQ(get("b"), "");
  EXPECT_EQ(ask(KeyvalueOp::kExists, {entry("b")}).number, 1U);
  EXPECT_EQ(ask(KeyvalueOp::kExists, {entry("c")}).number, 0U);
  EXPECT_EQ(ask(KeyvalueOp::kDelete, {entry("a"), entry("c")}).fault, KeyvalueFault::kDone);
  EXPECT_EQ(get("a"), "none");
  EXPECT_EQ(get("b"), "");
}

TEST_F(KeyvalueStoreTest, ListsKeysPageByPageInTheirOrder) {
  EXPECT_THAT(keys_after({}), ElementsAre());
  std::vector<std::string> keys;
  for (int i = 1000; i < 1130; ++i) {
    keys.push_back(std::to_string(i));
    ASSERT_EQ(set(keys.back(), "x"), KeyvalueFault::kDone);
  }
  const auto first = keys_after({}, 1);
  ASSERT_EQ(first.size(), kKeyvalueKeysMax);
  EXPECT_EQ(first.back(), keys[127]);
  EXPECT_THAT(keys_after({entry(first.back())}), ElementsAre(keys[128], keys[129]));
  EXPECT_THAT(keys_after({entry(keys[129])}), ElementsAre());
}

TEST_F(KeyvalueStoreTest, IncrementsWholeNumbers) {
  const auto add = [&](std::string_view key, std::int64_t delta) {
    return ask(KeyvalueOp::kIncrement, {entry(key)}, delta);
  };
  EXPECT_EQ(add("n", 5).number, 5U);
  EXPECT_EQ(static_cast<std::int64_t>(add("n", -7).number), -2);
  EXPECT_EQ(get("n"), "-2");
  ASSERT_EQ(set("n", "9223372036854775806"), KeyvalueFault::kDone);
  EXPECT_EQ(add("n", 1).fault, KeyvalueFault::kDone);
  EXPECT_EQ(add("n", 1).fault, KeyvalueFault::kOverflow);
  for (const char* text : {"", "1 ", "+1", "1.5", "9223372036854775808"}) {
    ASSERT_EQ(set("t", text), KeyvalueFault::kDone);
    EXPECT_EQ(add("t", 1).fault, KeyvalueFault::kNotNumber) << text;
    EXPECT_EQ(get("t"), text);
  }
}

TEST_F(KeyvalueStoreTest, SwapsWhatIsAsExpected) {
  const auto swap = [&](std::optional<Hash32> expected, std::string_view value) {
    KeyvalueCall asked = call(KeyvalueOp::kSwap, {entry("s", value)});
    asked.expected = expected;
    return store_->apply(asked);
  };
  EXPECT_EQ(swap(sha256(as_bytes("one")), "two").fault, KeyvalueFault::kChanged);
  EXPECT_EQ(swap({}, "one").fault, KeyvalueFault::kDone);
  const KeyvalueReply changed = swap({}, "three");
  EXPECT_EQ(changed.fault, KeyvalueFault::kChanged);
  ASSERT_EQ(changed.values.size(), 1U);
  EXPECT_EQ(*changed.values[0], to_bytes(sha256(as_bytes("one"))));
  EXPECT_EQ(swap(sha256(as_bytes("one")), "two").fault, KeyvalueFault::kDone);
  EXPECT_EQ(get("s"), "two");
}

// The version counts writes alone, so that reads can be told before from after.
TEST_F(KeyvalueStoreTest, NumbersItsWrites) {
  EXPECT_EQ(ask(KeyvalueOp::kGet, {entry("a")}).version, 0U);
  EXPECT_EQ(ask(KeyvalueOp::kSet, {entry("a", "1")}).version, 1U);
  EXPECT_EQ(ask(KeyvalueOp::kGet, {entry("a")}).version, 1U);
  EXPECT_EQ(ask(KeyvalueOp::kDelete, {entry("zz")}).version, 2U);
  EXPECT_EQ(ask(KeyvalueOp::kIncrement, {entry("a")}, 1).version, 3U);
  reopen(kLarge);
  EXPECT_EQ(ask(KeyvalueOp::kGet, {entry("a")}).version, 3U);
  EXPECT_EQ(get("a"), "2");
}

TEST_F(KeyvalueStoreTest, HoldsAsMuchAsItMayAndNotAByteMore) {
  const std::uint64_t room = 1 + 100 + kKeyvalueEntryBytes;
  reopen(2 * room);
  EXPECT_EQ(set("a", std::string(100, 'x')), KeyvalueFault::kDone);
  EXPECT_EQ(set("b", std::string(101, 'x')), KeyvalueFault::kFull);
  EXPECT_EQ(get("b"), "none");
  EXPECT_EQ(set("b", std::string(100, 'x')), KeyvalueFault::kDone);
  EXPECT_EQ(store_->bytes(), 2 * room);
  EXPECT_EQ(set("c", ""), KeyvalueFault::kFull);
  // What takes no more room than was there goes on.
  EXPECT_EQ(set("a", std::string(100, 'y')), KeyvalueFault::kDone);
  EXPECT_EQ(ask(KeyvalueOp::kDelete, {entry("b")}).fault, KeyvalueFault::kDone);
  EXPECT_EQ(store_->bytes(), room);
  // All of a batch or none of it; the last of equal keys counts.
  EXPECT_EQ(ask(KeyvalueOp::kSet, {entry("b", "1"), entry("c", std::string(100, 'x'))}).fault,
            KeyvalueFault::kFull);
  EXPECT_EQ(get("b"), "none");
  EXPECT_EQ(ask(KeyvalueOp::kSet, {entry("b", std::string(300, 'x')), entry("b", "1")}).fault,
            KeyvalueFault::kDone);
  EXPECT_EQ(get("b"), "1");
  // A manifest that grants less leaves what there is, and lets it become less.
  reopen(10);
  EXPECT_EQ(get("b"), "1");
  EXPECT_EQ(set("b", "22"), KeyvalueFault::kFull);
  EXPECT_EQ(set("b", ""), KeyvalueFault::kDone);
}

TEST_F(KeyvalueStoreTest, BringsBackNoMoreThanFitsACall) {
  const std::string large(kKeyvalueValueBytesMax, 'x');
  ASSERT_EQ(set("a", large), KeyvalueFault::kDone);
  ASSERT_EQ(set("b", large), KeyvalueFault::kDone);
  EXPECT_EQ(get("b"), large);
  EXPECT_EQ(ask(KeyvalueOp::kGet, {entry("a"), entry("b")}).fault, KeyvalueFault::kTooLarge);
}

TEST_F(KeyvalueStoreTest, ADiskThatFailsIsSaidAndTriedAgain) {
  const std::string there = folder_.path() + "/there";
  ASSERT_TRUE(write_file_atomically(there, as_bytes("a file"), FileMode::kPrivate).has_value());
  open(there + "/store", kLarge);
  EXPECT_EQ(set("a", "1"), KeyvalueFault::kFailed);
  EXPECT_THAT(store_->why(), ::testing::HasSubstr(there));
  std::filesystem::remove(there);
  EXPECT_EQ(set("a", "1"), KeyvalueFault::kDone);
  EXPECT_EQ(store_->why(), "");
  store_->close();
  EXPECT_EQ(set("a", "2"), KeyvalueFault::kFailed);
  std::filesystem::remove_all(there);
  EXPECT_EQ(set("a", "2"), KeyvalueFault::kFailed);
  EXPECT_FALSE(std::filesystem::exists(there)) << "a store that was closed stays closed";
}

TEST(KeyvalueCall, BoundsAreThoseOfTheProfile) {
  const std::string key(kKeyvalueKeyBytesMax, 'k');
  EXPECT_TRUE(is_keyvalue_call(call(KeyvalueOp::kGet, {})));
  EXPECT_TRUE(is_keyvalue_call(call(KeyvalueOp::kList, {})));
  EXPECT_TRUE(is_keyvalue_call(call(KeyvalueOp::kSet, {entry(key, "x")})));
  EXPECT_FALSE(is_keyvalue_call(call(KeyvalueOp::kSet, {entry("", "x")})));
  EXPECT_FALSE(is_keyvalue_call(call(KeyvalueOp::kGet, {entry("a", "x")})));
  EXPECT_FALSE(is_keyvalue_call(call(KeyvalueOp::kList, {entry("a"), entry("b")})));
  for (const auto op : {KeyvalueOp::kExists, KeyvalueOp::kIncrement, KeyvalueOp::kSwap}) {
    EXPECT_FALSE(is_keyvalue_call(call(op, {})));
    EXPECT_TRUE(is_keyvalue_call(call(op, {entry("a")})));
    EXPECT_FALSE(is_keyvalue_call(call(op, {entry("a"), entry("b")})));
  }
  const std::string half(kKeyvalueCallBytesMax / 2 - 1, 'x');
  EXPECT_TRUE(is_keyvalue_call(call(KeyvalueOp::kSet, {entry("a", half), entry("b", half)})));
  EXPECT_FALSE(
      is_keyvalue_call(call(KeyvalueOp::kSet, {entry("a", half), entry("b", half + "x")})));
}

}  // namespace
}  // namespace fog::executor
