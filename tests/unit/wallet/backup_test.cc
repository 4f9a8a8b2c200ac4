// A backup gives back the wallet that it was made of, with the passphrase of that day, and nothing
// that was touched.
#include "wallet/backup.h"

#include <gtest/gtest.h>

#include "chain/base/file.h"
#include "tests/support/seeded_rng.h"
#include "tests/support/temp_dir.h"
#include "tests/support/test_chain.h"
#include "wallet/private_file.h"

namespace fog::wallet {
namespace {

using testing::SeededRng;
using testing::TempDir;
using testing::TestKey;

constexpr ScryptParams kQuick{1U << 4, 8, 1};
constexpr std::string_view kWords =
    "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about";

ErrorCode code_of(const auto& result) {
  EXPECT_FALSE(result);
  return result ? ErrorCode::kIo : result.error().code;
}

class Backup : public ::testing::Test {
 protected:
  Backup() {
    Keystore keystore = *Keystore::create(path_, kWords, "", "old", rng_, kQuick);
    EXPECT_TRUE(keystore.add_derived("main", 0));
    EXPECT_TRUE(keystore.add_derived("savings", 7));
    EXPECT_TRUE(keystore.add_imported("shop", TestKey(5).secret));
    EXPECT_TRUE(keystore.save(rng_));
    Wallet::accounts = keystore.accounts();
    Book book = *Book::open(book_path(path_));
    EXPECT_TRUE(book.add({"bob", TestKey(1).address, BookKind::kContact, {}, {}}));
    contents_.made_ms = 1'000;
    contents_.keystore = std::string(as_text(*read_file(path_, kKeystoreBytesMax)));
    contents_.book = book.encode();
  }
  struct Wallet {
    inline static std::vector<ShownAccount> accounts;
  };
  TempDir folder_;
  SeededRng rng_{1};
  std::string path_ = folder_ / "w.json";
  BackupContents contents_;
};

TEST_F(Backup, GivesBackWhatItWasMadeOf) {
  const std::string text = *make_backup(contents_, "old", rng_, kQuick);
  const auto tested = test_backup(text, "old");
  ASSERT_TRUE(tested) << tested.error().context;
  EXPECT_EQ(tested->accounts, Wallet::accounts);
  EXPECT_EQ(tested->contents.keystore, contents_.keystore);
  ASSERT_EQ(tested->entries.size(), 1U);
  EXPECT_EQ(tested->entries[0].name, "bob");
  EXPECT_EQ(tested->contents.made_ms, 1'000U);
  // Nothing of it stands in the open.
  for (const ShownAccount& account : Wallet::accounts) {
    EXPECT_EQ(text.find(to_text(account.address)), std::string::npos);
  }
  EXPECT_EQ(text.find("bob"), std::string::npos);
}

TEST_F(Backup, KeepsThePassphraseOfItsDay) {
  const std::string text = *make_backup(contents_, "old", rng_, kQuick);
  Keystore keystore = *Keystore::open(path_, "old");
  ASSERT_TRUE(keystore.change_passphrase("new", rng_, kQuick));
  ASSERT_TRUE(keystore.save(rng_));
  EXPECT_EQ(code_of(test_backup(text, "new")), ErrorCode::kPermission);
  EXPECT_TRUE(test_backup(text, "old"));
  // A backup under a passphrase that does not open what is in it would be none.
  EXPECT_EQ(code_of(make_backup(contents_, "new", rng_, kQuick)), ErrorCode::kPermission);
}

TEST_F(Backup, WithoutAnAddressBookIsWhole) {
  contents_.book.clear();
  EXPECT_TRUE(test_backup(*make_backup(contents_, "old", rng_, kQuick), "old"));
}

TEST_F(Backup, AnyTouchedByteIsNoticed) {
  const std::string text = *make_backup(contents_, "old", rng_, kQuick);
  const std::size_t sealed = text.find("\"sealed\"");
  const std::size_t salt = text.find("\"salt\": \"0x") + 11;
  const std::size_t nonce = text.find("\"nonce\": \"0x") + 12;
  for (const std::size_t at : {salt, nonce, sealed + 13, sealed + 1'000, text.size() - 6}) {
    std::string touched = text;
    touched[at] = touched[at] == 'a' ? 'b' : 'a';
    EXPECT_FALSE(open_backup(touched, "old")) << at;
  }
  for (const std::string& bad : {std::string(), std::string("{}"), text.substr(0, text.size() / 2),
                                 std::string(contents_.keystore)}) {
    EXPECT_EQ(code_of(open_backup(bad, "old")), ErrorCode::kCorrupt);
  }
}

TEST_F(Backup, AnAccountGetsAnotherNameAndAnIndexHasAnAddress) {
  Keystore keystore = *Keystore::open(path_, "old");
  EXPECT_EQ(*keystore.derived_address(7), keystore.find("savings")->address);
  EXPECT_EQ(code_of(keystore.derived_address(1U << 31U)), ErrorCode::kInvalidInput);
  ASSERT_TRUE(keystore.rename("savings", "roof"));
  EXPECT_EQ(code_of(keystore.rename("savings", "x")), ErrorCode::kNotFound);
  EXPECT_EQ(code_of(keystore.rename("roof", "main")), ErrorCode::kAlreadyExists);
  EXPECT_EQ(code_of(keystore.rename("roof", "a b")), ErrorCode::kInvalidInput);
  ASSERT_TRUE(keystore.save(rng_));
  EXPECT_EQ(Keystore::open(path_, "old")->find("roof")->index, 7U);
}

TEST_F(Backup, AWipedFileIsGoneAndALinkIsNotFollowed) {
  std::filesystem::create_symlink(path_, folder_ / "link");
  EXPECT_FALSE(wipe_file(folder_ / "link"));
  EXPECT_TRUE(Keystore::open(path_, "old"));
  // Another name of the same file shows what is left of its bytes.
  std::filesystem::create_hard_link(path_, folder_ / "same");
  ASSERT_TRUE(wipe_file(path_));
  EXPECT_FALSE(std::filesystem::exists(path_));
  const Bytes left = *read_file(folder_ / "same", kKeystoreBytesMax);
  EXPECT_FALSE(left.empty());
  EXPECT_EQ(left, Bytes(left.size()));
  EXPECT_EQ(code_of(wipe_file(path_)), ErrorCode::kNotFound);
}

}  // namespace
}  // namespace fog::wallet
