// A keystore gives back what was put in, to the one who has the passphrase, and notices any change.
#include "wallet/keystore.h"

#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <sys/stat.h>

#include "tests/support/seeded_rng.h"
#include "tests/support/temp_dir.h"
#include "tests/support/vectors.h"

namespace fog::wallet {
namespace {

using testing::hex;
using testing::SeededRng;
using testing::TempDir;

constexpr std::string_view kWords =
    "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about";
// Known from independent libraries (tests/data/vectors/wallet_compat.json).
constexpr std::string_view kFirstAddress = "fog19rl4cm2hmr8afy4kldpxz3fka4jguq0aydrj4k";
constexpr std::string_view kSecondAddress = "fog1jrkmdcwgq94uaamx6zax2luewlhf7u4ky4g7up";
// Quick, for tests; the default is for people's money.
constexpr ScryptParams kQuick{16, 1, 1};

class KeystoreTest : public ::testing::Test {
 protected:
  // A saved keystore with a derived and an imported account.
  Keystore make(const std::string& path) {
    auto store = Keystore::create(path, kWords, "", "correct horse", rng_, kQuick);
    EXPECT_TRUE(store);
    EXPECT_TRUE(store->add_derived("main", std::nullopt));
    EXPECT_TRUE(store->add_imported("old", *SecretKey::from_bytes(Bytes(32, 7))));
    EXPECT_TRUE(store->save(rng_));
    return *std::move(store);
  }
  std::string text_of(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  }
  void write(const std::string& path, std::string_view text) {
    std::ofstream(path, std::ios::binary) << text;
  }

  SeededRng rng_{1};
  TempDir dir_;
  const std::string path_ = dir_ / "wallet.json";
};

ErrorCode code_of(const auto& result) {
  EXPECT_FALSE(result);
  return result ? ErrorCode::kIo : result.error().code;
}
std::string text_of_error(const auto& result) {
  EXPECT_FALSE(result);
  return result ? "" : result.error().context;
}

TEST_F(KeystoreTest, GivesBackWhatWasPutIn) {
  make(path_);
  const auto store = Keystore::open(path_, "correct horse");
  ASSERT_TRUE(store);
  EXPECT_EQ(store->mnemonic()->get(), kWords);
  ASSERT_EQ(store->accounts().size(), 2U);
  EXPECT_EQ(to_text(store->accounts()[0].address), kFirstAddress);
  EXPECT_EQ(store->accounts()[0].index, 0U);
  EXPECT_FALSE(store->accounts()[1].index) << "imported";
  EXPECT_EQ(store->secret_key("main")->public_key(), store->accounts()[0].key);
  EXPECT_EQ(store->secret_key(kFirstAddress)->public_key(), store->accounts()[0].key);
  EXPECT_EQ(to_hex(store->secret_key("old")->bytes()), to_hex(Bytes(32, 7)));
}

TEST_F(KeystoreTest, TheFileIsForTheOwnerAloneAndShowsNoSecret) {
  make(path_);
  struct stat status {};
  ASSERT_EQ(::stat(path_.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
  const std::string text = text_of(path_);
  EXPECT_EQ(text.find("abandon"), std::string::npos);
  EXPECT_EQ(text.find(to_hex(Bytes(32, 7))), std::string::npos);
  const auto json = nlohmann::json::parse(text);
  EXPECT_EQ(json.at("format"), "fogcoin-keystore");
  EXPECT_EQ(json.at("accounts")[0].at("path"), "m/44'/118'/0'/0/0");
  EXPECT_EQ(json.at("accounts")[1].at("path"), "imported");
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(dir_.path()), {}), 1)
      << "no temporary file is left";
}

TEST_F(KeystoreTest, ListsAccountsWithoutThePassphrase) {
  const Keystore store = make(path_);
  EXPECT_EQ(*Keystore::list(path_), store.accounts());
}

TEST_F(KeystoreTest, AWrongPassphraseIsToldFromDamage) {
  make(path_);
  for (const char* wrong : {"", "correct hors", "correct horse ", "Correct horse"}) {
    const auto store = Keystore::open(path_, wrong);
    EXPECT_EQ(code_of(store), ErrorCode::kPermission) << wrong;
    EXPECT_NE(text_of_error(store).find("wrong passphrase"), std::string::npos);
  }
}

TEST_F(KeystoreTest, AnyFormOfUnicodeOpensIt) {
  ASSERT_TRUE(Keystore::create(path_, kWords, "", "caf\xc3\xa9", rng_, kQuick)->save(rng_));
  EXPECT_TRUE(Keystore::open(path_, "cafe\xcc\x81"));
}

TEST_F(KeystoreTest, EveryChangedByteIsRefused) {
  make(path_);
  const std::string good = text_of(path_);
  for (std::size_t at = 0; at < good.size(); ++at) {
    for (const int flip : {0x01, 0x20, 0x80, 0x2A}) {
      std::string bad = good;
      bad[at] = static_cast<char>(bad[at] ^ flip);
      const auto decoded = decode_keystore(bad);
      ASSERT_FALSE(decoded) << "byte " << at << " xor " << flip;
      EXPECT_EQ(decoded.error().code, ErrorCode::kCorrupt);
    }
  }
}

TEST_F(KeystoreTest, EveryTruncationAndEveryAdditionIsRefused) {
  make(path_);
  const std::string good = text_of(path_);
  for (std::size_t size = 0; size < good.size(); ++size) {
    ASSERT_FALSE(decode_keystore(std::string_view(good).substr(0, size))) << size;
  }
  EXPECT_FALSE(decode_keystore(good + "\n"));
  EXPECT_FALSE(decode_keystore(" " + good));
  write(path_, std::string_view(good).substr(0, good.size() / 2));
  const auto store = Keystore::open(path_, "correct horse");
  EXPECT_EQ(code_of(store), ErrorCode::kCorrupt);
  EXPECT_NE(text_of_error(store).find("restore it from a copy"), std::string::npos);
}

TEST_F(KeystoreTest, AChangeWithARepairedChecksumIsStillRefused) {
  // Someone who can write the file cannot point an account elsewhere: the header is authenticated.
  make(path_);
  auto file = decode_keystore(text_of(path_));
  ASSERT_TRUE(file);
  file->header.accounts[0].address.data[0] ^= 1;
  write(path_, encode_keystore(*file));
  EXPECT_TRUE(Keystore::list(path_)) << "without the passphrase nobody can tell";
  EXPECT_EQ(code_of(Keystore::open(path_, "correct horse")), ErrorCode::kPermission);

  file = decode_keystore(text_of(path_));
  file->header.accounts[0].address.data[0] ^= 1;
  file->sealed[0] ^= 1;
  write(path_, encode_keystore(*file));
  EXPECT_EQ(code_of(Keystore::open(path_, "correct horse")), ErrorCode::kPermission);
}

TEST_F(KeystoreTest, ParametersOfAStrangersFileAreBounded) {
  make(path_);
  auto file = decode_keystore(text_of(path_));
  ASSERT_TRUE(file);
  file->header.scrypt = {std::uint64_t{1} << 40, 8, 1};
  write(path_, encode_keystore(*file));
  const auto store = Keystore::open(path_, "correct horse");
  EXPECT_EQ(code_of(store), ErrorCode::kInvalidInput);
  EXPECT_NE(text_of_error(store).find("out of bounds"), std::string::npos);
}

TEST_F(KeystoreTest, OtherFilesAreNamedForWhatTheyAre) {
  EXPECT_NE(text_of_error(decode_keystore("")).find("not JSON"), std::string::npos);
  EXPECT_NE(text_of_error(decode_keystore("[]")).find("not a FogCoin keystore"), std::string::npos);
  EXPECT_NE(text_of_error(decode_keystore("{\"format\": 7}")).find("not a FogCoin keystore"),
            std::string::npos);
  EXPECT_NE(text_of_error(decode_keystore("{\"format\": \"fogcoin-keystore\", \"version\": 2}"))
                .find("newer program"),
            std::string::npos);
  EXPECT_FALSE(decode_keystore("{\"format\": \"fogcoin-keystore\", \"version\": 0}"));
  EXPECT_FALSE(decode_keystore("{\"format\": \"fogcoin-keystore\", \"version\": 1}"));
  EXPECT_FALSE(decode_keystore(std::string(kKeystoreBytesMax + 1, ' ')));
  EXPECT_FALSE(decode_keystore(std::string(200'000, '['))) << "deep nesting";
  EXPECT_EQ(code_of(Keystore::open(dir_ / "none", "x")), ErrorCode::kNotFound);
}

TEST_F(KeystoreTest, NeverOverwritesAnotherFile) {
  write(path_, "precious");
  auto store = Keystore::create(path_, kWords, "", "x", rng_, kQuick);
  const auto saved = store->save(rng_);
  EXPECT_EQ(code_of(saved), ErrorCode::kAlreadyExists);
  EXPECT_EQ(text_of(path_), "precious");
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(dir_.path()), {}), 1);
}

TEST_F(KeystoreTest, AChangeByAnotherProgramIsNoticed) {
  make(path_);
  auto one = Keystore::open(path_, "correct horse");
  auto other = Keystore::open(path_, "correct horse");
  ASSERT_TRUE(one->add_derived("one", std::nullopt));
  ASSERT_TRUE(one->save(rng_));
  ASSERT_TRUE(other->add_derived("other", std::nullopt));
  EXPECT_EQ(code_of(other->save(rng_)), ErrorCode::kUnavailable);
  EXPECT_TRUE(Keystore::open(path_, "correct horse")->find("one"));
  ASSERT_TRUE(one->add_derived("two", std::nullopt));
  EXPECT_TRUE(one->save(rng_)) << "it knows its own last version";
  std::filesystem::remove(path_);
  EXPECT_EQ(code_of(one->save(rng_)), ErrorCode::kNotFound) << "a file taken away stays away";
}

TEST_F(KeystoreTest, EverySaveHasAFreshNonce) {
  Keystore store = make(path_);
  const auto first = decode_keystore(text_of(path_));
  ASSERT_TRUE(store.save(rng_));
  const auto second = decode_keystore(text_of(path_));
  EXPECT_NE(to_hex(first->header.nonce), to_hex(second->header.nonce));
  EXPECT_EQ(to_hex(first->header.salt), to_hex(second->header.salt));
}

TEST_F(KeystoreTest, DerivesAtTheLowestFreeIndexOrTheOneAskedFor) {
  Keystore store = make(path_);
  EXPECT_EQ(to_text(store.add_derived("second", std::nullopt)->address), kSecondAddress);
  EXPECT_EQ(store.add_derived("seven", 7)->index, 7U);
  EXPECT_EQ(store.add_derived("third", std::nullopt)->index, 2U);
  EXPECT_EQ(code_of(store.add_derived("again", 7)), ErrorCode::kAlreadyExists);
  EXPECT_EQ(code_of(store.add_derived("far", kHardened)), ErrorCode::kInvalidInput);
  EXPECT_EQ(store.accounts().size(), 5U) << "a refusal changes nothing";
}

TEST_F(KeystoreTest, NamesAndKeysAreUnique) {
  Keystore store = make(path_);
  EXPECT_EQ(code_of(store.add_derived("main", std::nullopt)), ErrorCode::kAlreadyExists);
  EXPECT_EQ(code_of(store.add_imported("copy", *SecretKey::from_bytes(Bytes(32, 7)))),
            ErrorCode::kAlreadyExists);
  for (const char* name : {"", "a b", "a/b", "é", "..\n", "123456789012345678901234567890123"}) {
    EXPECT_EQ(code_of(store.add_derived(name, std::nullopt)), ErrorCode::kInvalidInput) << name;
  }
  EXPECT_NE(text_of_error(store.find("nobody")).find("it has: main, old"), std::string::npos);
}

TEST_F(KeystoreTest, AMnemonicPassphraseBelongsToTheSecret) {
  auto plain = Keystore::create(dir_ / "a", kWords, "", "x", rng_, kQuick);
  auto other = Keystore::create(dir_ / "b", kWords, "extra", "x", rng_, kQuick);
  EXPECT_NE(plain->add_derived("main", 0)->address, other->add_derived("main", 0)->address);
  ASSERT_TRUE(other->save(rng_));
  const auto reopened = Keystore::open(dir_ / "b", "x");
  EXPECT_TRUE(reopened->has_mnemonic_passphrase());
  EXPECT_FALSE(plain->has_mnemonic_passphrase());
  EXPECT_EQ(reopened->accounts(), other->accounts());
}

TEST_F(KeystoreTest, WithoutAMnemonicItHoldsImportedKeysOnly) {
  auto store = Keystore::create(path_, "", "", "x", rng_, kQuick);
  ASSERT_TRUE(store->add_imported("host", *SecretKey::from_bytes(Bytes(32, 9))));
  ASSERT_TRUE(store->save(rng_));
  auto reopened = Keystore::open(path_, "x");
  EXPECT_EQ(to_hex(reopened->secret_key("host")->bytes()), to_hex(Bytes(32, 9)));
  EXPECT_EQ(code_of(reopened->mnemonic()), ErrorCode::kNotFound);
  EXPECT_EQ(code_of(reopened->add_derived("main", 0)), ErrorCode::kInvalidInput);
}

TEST_F(KeystoreTest, ThePassphraseCanBeChanged) {
  Keystore store = make(path_);
  ASSERT_TRUE(store.change_passphrase("battery staple", rng_, kQuick));
  ASSERT_TRUE(store.save(rng_));
  EXPECT_EQ(code_of(Keystore::open(path_, "correct horse")), ErrorCode::kPermission);
  EXPECT_EQ(Keystore::open(path_, "battery staple")->accounts(), store.accounts());
  EXPECT_EQ(code_of(store.change_passphrase("", rng_, kQuick)), ErrorCode::kInvalidInput);
}

TEST_F(KeystoreTest, BadBeginningsAreRefused) {
  EXPECT_EQ(code_of(Keystore::create(path_, kWords, "", "", rng_, kQuick)),
            ErrorCode::kInvalidInput);
  EXPECT_EQ(code_of(Keystore::create(path_, "abandon", "", "x", rng_, kQuick)),
            ErrorCode::kInvalidInput);
  EXPECT_EQ(code_of(Keystore::create(path_, kWords, std::string(5000, 'x'), "x", rng_, kQuick)),
            ErrorCode::kInvalidInput);
  EXPECT_EQ(code_of(Keystore::create(path_, kWords, "", "x", rng_, ScryptParams{15, 1, 1})),
            ErrorCode::kInvalidInput);
}

TEST_F(KeystoreTest, TheDefaultParametersAreStrongAndWork) {
  EXPECT_GE(ScryptParams{}.n, 1U << 15);
  EXPECT_EQ(ScryptParams{}.r, 8U);
  auto store = Keystore::create(path_, kWords, "", "x", rng_);
  ASSERT_TRUE(store);
  ASSERT_TRUE(store->save(rng_));
  EXPECT_TRUE(Keystore::open(path_, "x"));
}

}  // namespace
}  // namespace fog::wallet
