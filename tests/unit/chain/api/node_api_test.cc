// scan_prefix, read_record and read_index: pages to the end or to the wanted number, records by
// their index, and a node that is not trusted.
#include "chain/api/node_api.h"

#include <map>

#include <gtest/gtest.h>

namespace fog {
namespace {

// A node that holds some records and answers them in pages of its own size.
class PagingNode final : public NodeApi {
 public:
  ErrorOr<ChainStatus> status() override { return unused(); }
  ErrorOr<std::vector<SubmitReply>> submit(const std::vector<Bytes>&) override { return unused(); }
  ErrorOr<TxStatus> transaction(const TxId&) override { return unused(); }
  ErrorOr<TxStatus> wait_transaction(const TxId&, std::uint64_t) override { return unused(); }
  ErrorOr<ChainStatus> wait_height(std::uint64_t, std::uint64_t) override { return unused(); }
  ErrorOr<BlockInfo> block(std::uint64_t) override { return unused(); }
  ErrorOr<StateProof> state_proof(const StateKey&) override { return unused(); }
  ErrorOr<std::vector<SubmitEvidence>> evidence() override { return unused(); }
  ErrorOr<SyncReport> sync_report() override { return unused(); }
  ErrorOr<Checkpoint> checkpoint() override { return unused(); }
  ErrorOr<SupplyReport> verify_supply() override { return unused(); }
  ErrorOr<std::vector<std::optional<Bytes>>> state_get(const std::vector<StateKey>& keys) override {
    reads.push_back(keys.size());
    std::vector<std::optional<Bytes>> values;
    if (short_answers) return values;
    for (const StateKey& key : keys) {
      const auto record = records.find(key);
      values.push_back(record == records.end() ? std::nullopt
                                               : std::optional<Bytes>(record->second));
    }
    return values;
  }
  ErrorOr<StatePage> state_scan(const StateKey& from, const StateKey& to,
                                std::uint32_t limit) override {
    ++pages;
    StatePage page;
    auto record = records.lower_bound(from);
    while (record != records.end() && record->first < to) {
      if (page.records.size() == std::min<std::size_t>(limit, page_size)) {
        page.next = stuck ? from : record->first;
        break;
      }
      page.records.push_back({record->first, record->second});
      ++record;
    }
    return page;
  }

  std::map<StateKey, Bytes> records;
  std::size_t page_size = 3;
  std::size_t pages = 0;
  std::vector<std::size_t> reads;  // keys of each state_get
  bool stuck = false;
  bool short_answers = false;

 private:
  static Fail<Error> unused() { return fail(ErrorCode::kUnavailable, "not part of this test"); }
};

class ScanPrefix : public ::testing::Test {
 protected:
  void SetUp() override {
    node.records[{0x80, 9}] = {9};
    for (std::uint8_t i = 0; i < 8; ++i) node.records[{0x81, i}] = {i};
    node.records[{0x82}] = {9};
  }
  PagingNode node;
};

TEST_F(ScanPrefix, FollowsPagesToTheEnd) {
  const auto records = scan_prefix(node, {0x81}, 100);
  ASSERT_TRUE(records.has_value());
  ASSERT_EQ(records->size(), 8U);
  for (std::uint8_t i = 0; i < 8; ++i) EXPECT_EQ((*records)[i].value, Bytes{i});
  EXPECT_EQ(node.pages, 3U);
}

TEST_F(ScanPrefix, StopsAtTheWantedNumber) {
  const auto records = scan_prefix(node, {0x81}, 4);
  ASSERT_TRUE(records.has_value());
  EXPECT_EQ(records->size(), 4U);
  EXPECT_EQ(scan_prefix(node, {0x81}, 0)->size(), 0U);
}

TEST_F(ScanPrefix, APrefixWithoutRecordsIsEmpty) {
  EXPECT_EQ(scan_prefix(node, {0x81, 0xFE}, 10)->size(), 0U);
}

TEST_F(ScanPrefix, ANodeThatDoesNotAdvanceIsRefused) {
  node.stuck = true;
  const auto records = scan_prefix(node, {0x81}, 100);
  ASSERT_FALSE(records.has_value());
  EXPECT_EQ(records.error().code, ErrorCode::kProtocol);
}

TEST_F(ScanPrefix, APrefixOfOnesIsRefused) {
  const auto records = scan_prefix(node, {0xFF}, 100);
  ASSERT_FALSE(records.has_value());
  EXPECT_EQ(records.error().code, ErrorCode::kInvalidInput);
}

TEST_F(ScanPrefix, ReadRecordTellsAbsentFromDamaged) {
  node.records[supply_key()] = bcs_encode(Supply{Amount{5}, Amount{1}});
  const auto supply = read_record<Supply>(node, supply_key());
  ASSERT_TRUE(supply.has_value());
  EXPECT_EQ(*supply, (Supply{Amount{5}, Amount{1}}));
  EXPECT_EQ(*read_record<Beacon>(node, beacon_key()), std::nullopt);
  node.records[beacon_key()] = {1, 2};
  EXPECT_EQ(read_record<Beacon>(node, beacon_key()).error().code, ErrorCode::kProtocol);
}

// An index 0xA0 | n names the supply records 0x10 | n.
class ReadIndex : public ::testing::Test {
 protected:
  void put(std::uint8_t a, std::uint8_t b, std::uint64_t droplets) {
    node.records[{0xA0, a, b}] = {};
    node.records[{0x10, a, b}] = bcs_encode(Supply{Amount{droplets}, Amount{}});
  }
  ErrorOr<std::vector<Supply>> read(std::size_t max = 1'000) {
    return read_index<Supply>(node, {0xA0}, {0x10}, max);
  }
  PagingNode node;
};

TEST_F(ReadIndex, ReadsTheRecordsThatTheIndexNamesInItsOrder) {
  put(0, 2, 2);
  put(0, 1, 1);
  put(1, 0, 3);
  node.records[{0x10, 9, 9}] = {1};  // not in the index: nobody decodes it
  const auto found = read();
  ASSERT_TRUE(found.has_value());
  ASSERT_EQ(found->size(), 3U);
  for (std::uint64_t i = 0; i < 3; ++i) EXPECT_EQ((*found)[i].minted, Amount{i + 1});
  EXPECT_EQ(read(2)->size(), 2U);
}

TEST_F(ReadIndex, AnEmptyIndexAsksForNoRecords) {
  EXPECT_EQ(read()->size(), 0U);
  EXPECT_TRUE(node.reads.empty());
}

TEST_F(ReadIndex, ReadsAtMost256AtATime) {
  node.page_size = 1'000;
  for (unsigned i = 0; i < 257; ++i)
    put(static_cast<std::uint8_t>(i >> 8), static_cast<std::uint8_t>(i), i);
  EXPECT_EQ(read()->size(), 257U);
  EXPECT_EQ(node.reads, (std::vector<std::size_t>{256, 1}));
}

TEST_F(ReadIndex, ARecordErasedSinceIsLeftOut) {
  put(0, 1, 1);
  put(0, 2, 2);
  node.records.erase({0x10, 0, 1});
  const auto found = read();
  ASSERT_EQ(found->size(), 1U);
  EXPECT_EQ(found->front().minted, Amount{2});
}

TEST_F(ReadIndex, ADamagedRecordAndAShortAnswerAreRefused) {
  put(0, 1, 1);
  node.short_answers = true;
  EXPECT_EQ(read().error().code, ErrorCode::kProtocol);
  node.short_answers = false;
  node.records[{0x10, 0, 1}] = {1, 2};
  EXPECT_EQ(read().error().code, ErrorCode::kProtocol);
}

}  // namespace
}  // namespace fog
