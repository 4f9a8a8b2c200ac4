// Extended keys derive as BIP-32's vectors say, and its invalid keys are refused for their own
// reasons.
#include "wallet/hd_key.h"

#include <gtest/gtest.h>

#include "chain/crypto/hash.h"
#include "chain/types/address.h"
#include "tests/support/seeded_rng.h"
#include "tests/support/vectors.h"
#include "wallet/base58.h"
#include "wallet/mnemonic.h"

namespace fog::wallet {
namespace {

using testing::fixed_hex;
using testing::hex;
using testing::read_json;
using testing::SeededRng;

HdPath path(std::string_view text) {
  const auto parsed = parse_hd_path(text);
  EXPECT_TRUE(parsed) << text;
  return parsed ? *parsed : HdPath{};
}

TEST(HdKey, PassesBip32Vectors) {
  int keys = 0;
  const nlohmann::json vectors = read_json("vectors/bip32_vectors.json");
  for (const auto& vector : vectors.at("valid")) {
    const auto root = HdPrivateKey::from_seed(hex(vector.at("seed").get<std::string>()));
    ASSERT_TRUE(root);
    for (const auto& step : vector.at("chain")) {
      const auto key = root->descendant(path(step.at("path").get<std::string>()));
      ASSERT_TRUE(key);
      EXPECT_EQ(key->to_text().get(), step.at("xprv"));
      EXPECT_EQ(key->public_part().to_text(), step.at("xpub"));
      EXPECT_EQ(HdPrivateKey::from_text(key->to_text().get())->to_text().get(), step.at("xprv"));
      EXPECT_EQ(*HdPublicKey::from_text(key->public_part().to_text()), key->public_part());
      ++keys;
    }
  }
  EXPECT_EQ(keys, 6 + 6 + 2 + 3);
}

TEST(HdKey, RefusesBip32sInvalidKeys) {
  const std::vector<std::string> reasons = {
      "holds no point",  "no valid secret", "holds no point", "no valid secret",
      "holds no point",  "no valid secret", "is a root",      "is a root",
      "is a root",       "is a root",       "is not an",      "is not an",
      "no valid secret", "no valid secret", "holds no point", "checksum"};
  const nlohmann::json vectors = read_json("vectors/bip32_vectors.json");
  ASSERT_EQ(vectors.at("invalid").size(), reasons.size());
  for (std::size_t i = 0; i < reasons.size(); ++i) {
    const std::string text = vectors.at("invalid")[i].at("key");
    const auto as_private = HdPrivateKey::from_text(text);
    const auto as_public = HdPublicKey::from_text(text);
    ASSERT_FALSE(as_private) << text;
    ASSERT_FALSE(as_public) << text;
    const Error& error = text.starts_with("xpub") ? as_public.error() : as_private.error();
    EXPECT_EQ(error.code, ErrorCode::kInvalidInput);
    EXPECT_NE(error.context.find(reasons[i]), std::string::npos)
        << vectors.at("invalid")[i].at("why") << ": " << error.context;
  }
}

TEST(HdKey, PublicAndPrivateDerivationMeet) {
  SeededRng rng(1);
  for (int round = 0; round < 20; ++round) {
    auto secret = *HdPrivateKey::from_seed(rng.bytes(32));
    auto shown = secret.public_part();
    for (int depth = 0; depth < 5; ++depth) {
      const auto index = static_cast<std::uint32_t>(rng.below(kHardened));
      secret = *secret.child(index);
      shown = *shown.child(index);
      EXPECT_EQ(secret.public_part(), shown);
    }
  }
}

TEST(HdKey, AHardenedChildNeedsThePrivateKey) {
  const auto root = HdPrivateKey::from_seed(Bytes(32, 1));
  EXPECT_TRUE(root->child(kHardened));
  EXPECT_TRUE(root->public_part().child(kHardened - 1));
  const auto refused = root->public_part().child(kHardened);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().context.find("private key"), std::string::npos);
}

TEST(HdKey, DepthEndsAt255) {
  auto key = *HdPrivateKey::from_seed(Bytes(32, 1));
  for (int depth = 0; depth < 255; ++depth) key = *key.child(0);
  EXPECT_EQ(key.place().depth, 255);
  EXPECT_FALSE(key.child(0));
  EXPECT_FALSE(key.public_part().child(0));
}

TEST(HdKey, SeedsHave16To64Bytes) {
  EXPECT_FALSE(HdPrivateKey::from_seed(Bytes(15)));
  EXPECT_TRUE(HdPrivateKey::from_seed(Bytes(16)));
  EXPECT_TRUE(HdPrivateKey::from_seed(Bytes(64)));
  EXPECT_FALSE(HdPrivateKey::from_seed(Bytes(65)));
}

TEST(HdKey, DerivesTheAddressesAndSignaturesOfIndependentLibraries) {
  const Hash32 digest = sha256(as_bytes("FogCoin wallet compatibility"));
  int accounts = 0;
  const nlohmann::json data = read_json("vectors/wallet_compat.json");
  for (const auto& wallet : data.at("wallets")) {
    const auto seed = seed_from_mnemonic(wallet.at("mnemonic").get<std::string>(),
                                         wallet.at("passphrase").get<std::string>());
    EXPECT_EQ(to_hex(seed->get()), wallet.at("seed"));
    const auto root = HdPrivateKey::from_seed(seed->get());
    EXPECT_EQ(root->to_text().get(), wallet.at("root_xprv"));
    for (const auto& account : wallet.at("accounts")) {
      const auto key = root->descendant(account_path(account.at("index").get<std::uint32_t>()));
      EXPECT_EQ(to_hex(key->key().bytes()), account.at("secret_key"));
      EXPECT_EQ(to_hex(key->key().public_key()), account.at("public_key"));
      EXPECT_EQ(fog::to_text(address_of(key->key().public_key())), account.at("address"));
      const auto signature = fixed_hex<64>(account.at("signature").get<std::string>());
      EXPECT_EQ(key->key().sign_ecdsa(digest), signature);
      EXPECT_TRUE(verify_ecdsa(key->key().public_key(), digest, signature));
      ++accounts;
    }
  }
  EXPECT_EQ(accounts, 25);
}

TEST(HdPath, ReadsAndWrites) {
  EXPECT_EQ(path("m"), HdPath{});
  EXPECT_EQ(path("m/44'/118'/0'/0/7"), account_path(7));
  EXPECT_EQ(path("m/44h/118H/0'/0/7"), account_path(7));
  EXPECT_EQ(path("m/2147483647'"), HdPath{0xFFFFFFFF});
  EXPECT_EQ(to_text(account_path(7)), "m/44'/118'/0'/0/7");
  EXPECT_EQ(to_text(HdPath{}), "m");
}

TEST(HdPath, RefusesWhatIsNoPath) {
  for (const char* text :
       {"",      "/",    "M/0",          "n/0",          "0/1",
        "m0",    "m/",   "m//0",         "m/0/",         "m/-1",
        "m/+1",  "m/ 1", "m/1 ",         "m/0x1",        "m/1''",
        "m/'",   "m/h",  "m/2147483648", "m/4294967296", "m/99999999999999999999",
        "m/1.0", "m/a",  "m/1'h"}) {
    const auto parsed = parse_hd_path(text);
    EXPECT_FALSE(parsed) << text;
  }
  EXPECT_NE(parse_hd_path("m/44'/x/0").error().context.find("step 2"), std::string::npos);
}

TEST(HdPath, HasAtMost255Steps) {
  std::string text = "m";
  for (int i = 0; i < 255; ++i) text += "/0";
  EXPECT_TRUE(parse_hd_path(text));
  EXPECT_FALSE(parse_hd_path(text + "/0"));
}

TEST(Base58Check, RoundTripsWithLeadingZeros) {
  SeededRng rng(2);
  for (std::size_t size = 0; size <= kBase58SizeMax; ++size) {
    Bytes data = rng.bytes(size);
    for (std::size_t i = 0; i < std::min<std::size_t>(size, size % 4); ++i) data[i] = 0;
    const std::string text = base58check_encode(data);
    EXPECT_EQ(base58check_decode(text), data);
  }
  EXPECT_EQ(base58check_decode(base58check_encode(Bytes(kBase58SizeMax, 0))),
            Bytes(kBase58SizeMax, 0));
  EXPECT_EQ(base58check_decode(base58check_encode(Bytes(kBase58SizeMax, 0xFF))),
            Bytes(kBase58SizeMax, 0xFF));
  // The well-known address of the secret 1.
  EXPECT_EQ(base58check_encode(hex("00751e76e8199196d454941c45d1b3a323f1433bd6")),
            "1BgGZ9tcN4rm9KBzDn7KprQz87SZ26SAMH");
}

TEST(Base58Check, RefusesForeignCharactersAndWrongChecksums) {
  const std::string good = "1BgGZ9tcN4rm9KBzDn7KprQz87SZ26SAMH";
  for (std::size_t i = 0; i < good.size(); ++i) {
    std::string bad = good;
    bad[i] = bad[i] == '2' ? '3' : '2';
    EXPECT_FALSE(base58check_decode(bad));
    for (const char foreign : {'0', 'O', 'I', 'l', ' ', '\0'}) {
      bad[i] = foreign;
      EXPECT_FALSE(base58check_decode(bad));
    }
  }
  EXPECT_FALSE(base58check_decode(""));
  EXPECT_FALSE(base58check_decode("1"));
  EXPECT_FALSE(base58check_decode(std::string(100'000, 'z')));
}

}  // namespace
}  // namespace fog::wallet
