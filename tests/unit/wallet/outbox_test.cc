// What was sent is remembered by its id, and nothing that was touched is taken for it.
#include "wallet/outbox.h"

#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "tests/support/temp_dir.h"
#include "tests/support/test_chain.h"

namespace fog::wallet {
namespace {

using testing::TestKey;

TxFile sent(std::uint64_t sequence) {
  TxFile file;
  file.body = testing::make_body(TestKey(1).address, sequence,
                                 {testing::make_transfer(TestKey(2).address, 5)});
  KeySigner signer(TestKey(1).secret);
  EXPECT_TRUE(add_signature(file, signer));
  return file;
}

TEST(Outbox, RemembersUntilItIsTakenOut) {
  const testing::TempDir folder;
  EXPECT_EQ(outbox_path("/x/wallet.json"), "/x/wallet.sent");
  Outbox outbox(folder / "w.sent");
  EXPECT_TRUE(outbox.list().empty());
  const TxFile first = sent(0);
  const TxFile second = sent(1);
  ASSERT_TRUE(outbox.put(first) && outbox.put(second) && outbox.put(first));
  EXPECT_EQ(std::filesystem::status(folder / "w.sent").permissions(),
            std::filesystem::perms::owner_all);
  Outbox again(folder / "w.sent");
  EXPECT_EQ(again.list().size(), 2U);
  EXPECT_EQ(*again.get(tx_id(first.body)), first);
  again.remove(tx_id(first.body));
  again.remove(tx_id(first.body));
  EXPECT_EQ(again.list(), std::vector<TxId>{tx_id(second.body)});
  EXPECT_EQ(again.get(tx_id(first.body)).error().code, ErrorCode::kNotFound);
}

TEST(Outbox, PassesOverStrangersAndRefusesWhatWasTouched) {
  const testing::TempDir folder;
  Outbox outbox(folder / "w.sent");
  const TxFile file = sent(0);
  ASSERT_TRUE(outbox.put(file));
  std::ofstream(folder / "w.sent/notes.txt") << "mine";
  std::ofstream(folder / "w.sent/notes.json") << "{}";
  EXPECT_EQ(outbox.list().size(), 1U);
  const std::string path = folder / ("w.sent/" + to_hex(tx_id(file.body)) + ".json");
  std::ofstream(path) << encode_tx_file(sent(7));
  EXPECT_EQ(outbox.get(tx_id(file.body)).error().code, ErrorCode::kInvalidInput);
  std::ofstream(path) << "{}";
  EXPECT_EQ(outbox.get(tx_id(file.body)).error().code, ErrorCode::kInvalidInput);
}

}  // namespace
}  // namespace fog::wallet
