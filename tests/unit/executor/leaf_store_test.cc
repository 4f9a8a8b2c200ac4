// Leaf records are found again by their index whatever files they are in, over damage, loss and
// trimming.
#include "executor/leaf_store.h"

#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "chain/crypto/hash.h"
#include "tests/support/wasm_guest.h"

namespace fog::executor {
namespace {

using fog::testing::read_whole;
using fog::testing::TempFolder;
namespace fs = std::filesystem;

LeafTerms some_terms() {
  LeafTerms out;
  out.replica.lease.data[0] = 3;
  out.gateway.data[0] = 4;
  out.manifest.summary = "a service";
  return out;
}

LeafRecord record(std::uint64_t index, std::size_t body_bytes = 100) {
  LeafRecord out;
  out.entry.index = index;
  out.entry.time_ms = 5 * index;
  LeafContent& content = out.content.emplace();
  content.request.method = to_bytes(as_bytes("GET"));
  content.response_body = Bytes(body_bytes, static_cast<std::uint8_t>(index));
  return out;
}

std::unique_ptr<LeafStore> open_store(const TempFolder& folder, std::uint64_t keep_ms = 0) {
  auto store = LeafStore::open(folder.path(), some_terms(), keep_ms);
  EXPECT_TRUE(store.has_value());
  return *std::move(store);
}

std::vector<std::string> files(const std::string& folder) {
  std::vector<std::string> out;
  for (const auto& entry : fs::directory_iterator(folder)) out.push_back(entry.path().string());
  std::sort(out.begin(), out.end());
  return out;
}

std::vector<std::uint64_t> found(const TempFolder& folder, const std::set<std::uint64_t>& wanted) {
  std::vector<std::uint64_t> out;
  for (const auto& [index, leaf] : find_leaves(folder.path(), some_terms().gateway, wanted)) {
    EXPECT_EQ(leaf.terms, some_terms());
    const auto decoded = bcs_decode<LeafRecord>(leaf.record);
    EXPECT_TRUE(decoded.has_value());
    if (decoded) {
      EXPECT_EQ(*decoded, record(index, decoded->content->response_body.size()));
    }
    out.push_back(index);
  }
  return out;
}
using Indexes = std::vector<std::uint64_t>;

TEST(LeafStore, FindsWhatWasFlushedAndNothingElse) {
  const TempFolder folder;
  auto store = open_store(folder);
  for (const std::uint64_t index : {1U, 0U, 2U, 5U}) store->append(bcs_encode(record(index)));
  EXPECT_EQ(found(folder, {0}), Indexes{});
  store->flush();
  EXPECT_EQ(store->trouble(), "");
  EXPECT_EQ(found(folder, {0, 1, 3, 5}), (Indexes{0, 1, 5}));
  EXPECT_TRUE(find_leaves(folder.path(), Address{}, {0}).empty()) << "another gateway's";
}

// Files are as many as it takes, and an index may stand a little before or after its neighbours.
TEST(LeafStore, FindsAnyIndexInManyFiles) {
  const TempFolder folder;
  auto store = open_store(folder);
  constexpr std::uint64_t kCount = 3'000;
  constexpr std::size_t kBodyBytes = 10'000;
  for (std::uint64_t i = 0; i < kCount; ++i) {
    // In blocks of 500, each from its end.
    store->append(bcs_encode(record(i / 500 * 500 + 499 - i % 500, kBodyBytes)));
  }
  store->flush();
  EXPECT_GE(files(folder.path()).size(), 4U);
  for (std::uint64_t i = 0; i < kCount; i += 97) {
    EXPECT_EQ(found(folder, {i, kCount + i}), Indexes{i});
  }
  std::set<std::uint64_t> wanted;
  for (std::uint64_t i = 0; i < 64; ++i) wanted.insert(i * 46);
  EXPECT_EQ(found(folder, wanted).size(), 64U);
}

TEST(LeafStore, GoesOnInANewFileAfterARestartAndAfterItsOwnWasTrimmed) {
  const TempFolder folder;
  open_store(folder)->append(bcs_encode(record(0)));
  auto store = open_store(folder);
  store->append(bcs_encode(record(1)));
  store->flush();
  ASSERT_EQ(files(folder.path()).size(), 2U);
  EXPECT_EQ(found(folder, {0, 1}), (Indexes{0, 1}));
  fs::remove(files(folder.path())[1]);
  store->append(bcs_encode(record(2)));
  store->flush();
  EXPECT_EQ(found(folder, {0, 1, 2}), (Indexes{0, 2}));
}

TEST(LeafStore, ADamagedRecordIsLeftOutAndTheOthersAreNot) {
  const TempFolder folder;
  auto store = open_store(folder);
  for (std::uint64_t i = 0; i < 3; ++i) store->append(bcs_encode(record(i)));
  store->flush();
  const std::string path = files(folder.path())[0];
  Bytes content = read_whole(path);
  const std::size_t each = bcs_encode(record(0)).size() + 8;
  content[content.size() - each - 20] ^= 1;  // within record 1
  std::ofstream(path, std::ios::binary) << as_text(content);
  EXPECT_EQ(found(folder, {0, 1, 2}), (Indexes{0, 2}));
  auto file = LeafFile::open(path);
  ASSERT_TRUE(file.has_value());
  int records = 0;
  while (file->next()) ++records;
  EXPECT_EQ(records, 2);
  EXPECT_TRUE(file->damaged());
  // A torn end.
  content.resize(content.size() - 5);
  std::ofstream(path, std::ios::binary) << as_text(content);
  EXPECT_EQ(found(folder, {0, 1, 2}), Indexes{0});
}

TEST(LeafStore, WhatCannotBeWrittenIsDroppedAndSaid) {
  const TempFolder folder;
  auto store = LeafStore::open(folder.path() + "/nowhere", some_terms(), 0);
  ASSERT_TRUE(store.has_value());
  (*store)->append(bcs_encode(record(0)));
  (*store)->flush();
  EXPECT_NE((*store)->trouble(), "");
  fs::create_directory(folder.path() + "/nowhere");
  (*store)->append(bcs_encode(record(1)));
  (*store)->flush();
  EXPECT_EQ((*store)->trouble(), "");
  const auto kept = find_leaves(folder.path() + "/nowhere", some_terms().gateway, {0, 1});
  ASSERT_EQ(kept.size(), 1U);
  EXPECT_EQ(kept.begin()->first, 1U);
}

TEST(LeafStore, TrimmingTakesTheOldestFirst) {
  const TempFolder folder;
  const auto now = fs::file_time_type::clock::now();
  for (int i = 0; i < 5; ++i) {
    const std::string replica = folder.path() + "/replica" + std::to_string(i % 2);
    fs::create_directory(replica);
    const std::string path = replica + "/" + std::to_string(i) + ".leaves";
    std::ofstream(path) << std::string(1'000, 'x');
    std::ofstream(replica + "/keep.log") << "a usage log";
    fs::last_write_time(path, now - std::chrono::hours(10 - i));
  }
  const auto left = [&] {
    std::string out;
    for (const auto& entry : fs::recursive_directory_iterator(folder.path())) {
      if (entry.path().extension() == ".leaves") out += entry.path().stem().string();
    }
    std::sort(out.begin(), out.end());
    return out;
  };
  trim_leaves(folder.path(), 1 << 20, 0);
  EXPECT_EQ(left(), "01234");
  trim_leaves(folder.path(), 3'500, 0);
  EXPECT_EQ(left(), "234");
  trim_leaves(folder.path(), 1 << 20, 7 * 3'600'000 - 1'000);
  EXPECT_EQ(left(), "4");
  EXPECT_TRUE(fs::exists(folder.path() + "/replica0/keep.log"));
}

TEST(LeafFile, RefusesWhatIsNone) {
  const TempFolder folder;
  const std::string path = folder.path() + "/file";
  EXPECT_EQ(LeafFile::open(path).error().code, ErrorCode::kNotFound);
  std::ofstream(path) << "no leaves at all, but long enough";
  EXPECT_EQ(LeafFile::open(path).error().code, ErrorCode::kCorrupt);
  const Bytes good = encode_leaf_file(some_terms(), {bcs_encode(record(7))});
  std::ofstream(path, std::ios::binary) << as_text(good);
  auto file = LeafFile::open(path);
  ASSERT_TRUE(file.has_value());
  EXPECT_EQ(file->terms(), some_terms());
  const auto first = file->next();
  ASSERT_TRUE(first.has_value());
  EXPECT_EQ(to_bytes(*first), bcs_encode(record(7)));
  EXPECT_FALSE(file->next().has_value());
  EXPECT_FALSE(file->damaged());
}

}  // namespace
}  // namespace fog::executor
