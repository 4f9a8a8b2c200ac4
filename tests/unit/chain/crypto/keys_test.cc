// Keys and signatures agree with the published vectors, and every malformed one is refused.
#include "chain/crypto/keys.h"

#include <secp256k1.h>
#include <sstream>

#include <gtest/gtest.h>

#include "chain/crypto/hash.h"
#include "tests/support/seeded_rng.h"
#include "tests/support/vectors.h"

namespace fog {
namespace {

using testing::fixed_hex;
using testing::hex;
using testing::read_data;
using testing::read_json;
using testing::SeededRng;

constexpr std::string_view kOrder =
    "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141";
constexpr std::string_view kOrderMinus1 =
    "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364140";
constexpr std::string_view kHalfOrder =
    "7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0";
constexpr std::string_view kOne =
    "0000000000000000000000000000000000000000000000000000000000000001";

SecretKey key_of(std::string_view text) {
  const auto key = SecretKey::from_bytes(hex(text));
  EXPECT_TRUE(key.has_value()) << text;
  return key.value();
}

// Whether S is at most half the order.
bool is_low_s(ByteView signature) {
  const Bytes half = hex(kHalfOrder);
  return std::lexicographical_compare(signature.begin() + 32, signature.end(), half.begin(),
                                      half.end()) ||
         std::equal(signature.begin() + 32, signature.end(), half.begin());
}

// Replaces s by n - s, which plain ECDSA accepts as well.
EcdsaSig with_other_s(EcdsaSig signature) {
  const Bytes order = hex(kOrder);
  int borrow = 0;
  for (std::size_t i = 32; i-- > 0;) {
    const int digit = order[i] - signature[32 + i] - borrow;
    borrow = digit < 0 ? 1 : 0;
    signature.data[32 + i] = static_cast<std::uint8_t>(digit & 0xFF);
  }
  return signature;
}

PublicKey compress(ByteView uncompressed65) {
  PublicKey key;
  key.data[0] = static_cast<std::uint8_t>(2 + (uncompressed65[64] & 1));
  std::copy(uncompressed65.begin() + 1, uncompressed65.begin() + 33, key.data.begin() + 1);
  return key;
}

TEST(SecretKey, IsAScalarFromOneToTheOrder) {
  EXPECT_TRUE(SecretKey::from_bytes(hex(kOne)));
  EXPECT_TRUE(SecretKey::from_bytes(hex(kOrderMinus1)));
  EXPECT_FALSE(SecretKey::from_bytes(hex(kOrder)));
  EXPECT_FALSE(SecretKey::from_bytes(Bytes(32, 0)));
  EXPECT_FALSE(SecretKey::from_bytes(Bytes(32, 0xFF)));
  EXPECT_FALSE(SecretKey::from_bytes(Bytes(31, 1)));
  EXPECT_FALSE(SecretKey::from_bytes(Bytes(33, 1)));
}

TEST(SecretKey, GeneratesAnewWhileTheBytesAreNoKey) {
  // A source whose first answer is above the order and whose second is good.
  class TwoAnswers final : public Rng {
   public:
    void fill(std::span<std::uint8_t> out) override {
      std::fill(out.begin(), out.end(), calls_++ == 0 ? std::uint8_t{0xFF} : std::uint8_t{7});
    }

   private:
    int calls_ = 0;
  } rng;
  EXPECT_EQ(to_hex(SecretKey::generate(rng).bytes()), to_hex(Bytes(32, 7)));
}

TEST(SecretKey, PlusWrapsAroundTheOrderAndRefusesZero) {
  const SecretKey last = key_of(kOrderMinus1);
  EXPECT_FALSE(last.plus(hex(kOne))) << "n - 1 + 1 is zero";
  const auto wrapped =
      last.plus(hex("0000000000000000000000000000000000000000000000000000000000000003"));
  ASSERT_TRUE(wrapped);
  EXPECT_EQ(to_hex(wrapped->bytes()).back(), '2');
  EXPECT_FALSE(last.plus(hex(kOrder))) << "a tweak must be below the order";
}

TEST(PublicKey, TweakedPublicAndSecretKeysMeet) {
  SeededRng rng(3);
  for (int i = 0; i < 50; ++i) {
    const SecretKey secret = SecretKey::generate(rng);
    const Bytes tweak = rng.bytes(32);
    const auto moved = secret.plus(tweak);
    const auto moved_point = plus_tweak(secret.public_key(), tweak);
    ASSERT_EQ(moved.has_value(), moved_point.has_value());
    if (moved) {
      EXPECT_EQ(moved->public_key(), *moved_point);
    }
  }
  EXPECT_FALSE(plus_tweak(key_of(kOrderMinus1).public_key(), hex(kOne))) << "infinity";
  EXPECT_FALSE(plus_tweak(PublicKey{}, hex(kOne)));
}

TEST(PublicKey, OnlyCompressedPointsOnTheCurveAreValid) {
  const PublicKey good =
      fixed_hex<33>("0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798");
  EXPECT_TRUE(is_valid(good));
  EXPECT_EQ(key_of(kOne).public_key(), good);
  for (const int prefix : {0, 1, 4, 5, 6, 7, 0xFF}) {
    PublicKey bad = good;
    bad.data[0] = static_cast<std::uint8_t>(prefix);
    EXPECT_FALSE(is_valid(bad)) << prefix;
  }
  // x = 5 is not on the curve; x = p is not a field element.
  EXPECT_FALSE(is_valid(
      fixed_hex<33>("020000000000000000000000000000000000000000000000000000000000000005")));
  EXPECT_FALSE(is_valid(
      fixed_hex<33>("02fffffffffffffffffffffffffffffffffffffffffffffffffffffffefffffc2f")));
  EXPECT_FALSE(is_valid(PublicKey{}));
}

struct Rfc6979Case {
  std::string_view secret, message, signature;
};

TEST(Ecdsa, SignsWithRfc6979Nonces) {
  // The vectors that Bitcoin wallets share for secp256k1 with SHA-256; low-S.
  const std::vector<Rfc6979Case> cases = {
      {kOne, "Satoshi Nakamoto",
       "934b1ea10a4b3c1757e2b0c017d0b6143ce3c9a7e6a4a49860d7a6ab210ee3d8"
       "2442ce9d2b916064108014783e923ec36b49743e2ffa1c4496f01a512aafd9e5"},
      {kOne, "All those moments will be lost in time, like tears in rain. Time to die...",
       "8600dbd41e348fe5c9465ab92d23e3db8b98b873beecd930736488696438cb6b"
       "547fe64427496db33bf66019dacbf0039c04199abb0122918601db38a72cfc21"},
      {kOrderMinus1, "Satoshi Nakamoto",
       "fd567d121db66e382991534ada77a6bd3106f0a1098c231e47993447cd6af2d0"
       "6b39cd0eb1bc8603e159ef5c20a5c8ad685a45b06ce9bebed3f153d10d93bed5"},
      {"f8b8af8ce3c7cca5e300d33939540c10d45ce001b8f252bfbc57ba0342904181", "Alan Turing",
       "7063ae83e7f62bbb171798131b4a0564b956930092b33b07b395615d9ec7e15c"
       "58dfcc1e00a35e1572f366ffe34ba0fc47db1e7189759b9fb233c5b05ab388ea"},
      {"e91671c46231f833a6406ccbea0e3e392c76c167bac1cb013f6f1013980455c2",
       "There is a computer disease that anybody who works with computers knows about. It's a very "
       "serious disease and it interferes completely with the work. The trouble with computers is "
       "that you 'play' with them!",
       "b552edd27580141f3b2a5463048cb7cd3e047b97c9f98076c32dbdf85a68718b"
       "279fa72dd19bfae05577e06c7c0c1900c371fcd5893f7e1d56a37d30174671f6"},
  };
  for (const Rfc6979Case& c : cases) {
    const SecretKey secret = key_of(c.secret);
    const Hash32 digest = sha256(as_bytes(c.message));
    const EcdsaSig signature = secret.sign_ecdsa(digest);
    EXPECT_EQ(to_hex(signature), c.signature);
    EXPECT_TRUE(verify_ecdsa(secret.public_key(), digest, signature));
  }
}

TEST(Ecdsa, EverySignatureIsLowSAndItsTwinIsRefused) {
  SeededRng rng(4);
  for (int i = 0; i < 100; ++i) {
    const SecretKey secret = SecretKey::generate(rng);
    const Hash32 digest = sha256(rng.bytes(20));
    const EcdsaSig signature = secret.sign_ecdsa(digest);
    EXPECT_TRUE(is_low_s(signature));
    EXPECT_TRUE(verify_ecdsa(secret.public_key(), digest, signature));
    EXPECT_FALSE(verify_ecdsa(secret.public_key(), digest, with_other_s(signature)));
  }
}

TEST(Ecdsa, AnyFlippedBitIsRefused) {
  SeededRng rng(5);
  const SecretKey secret = SecretKey::generate(rng);
  const Hash32 digest = sha256(as_bytes("pay 1 FOG"));
  const EcdsaSig signature = secret.sign_ecdsa(digest);
  for (std::size_t bit = 0; bit < 512; ++bit) {
    EcdsaSig bad = signature;
    bad.data[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
    EXPECT_FALSE(verify_ecdsa(secret.public_key(), digest, bad)) << bit;
  }
  for (std::size_t bit = 0; bit < 256; ++bit) {
    Hash32 bad = digest;
    bad.data[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
    EXPECT_FALSE(verify_ecdsa(secret.public_key(), bad, signature)) << bit;
  }
  EXPECT_FALSE(verify_ecdsa(PublicKey{}, digest, signature));
  EXPECT_FALSE(verify_ecdsa(secret.public_key(), digest, EcdsaSig{}));
}

TEST(Ecdsa, PassesWycheproofWithTheLowSRule) {
  int accepted = 0;
  int high_s_refused = 0;
  int invalid_refused = 0;
  int wrong_size = 0;
  const nlohmann::json vectors =
      read_json("vectors/wycheproof_ecdsa_secp256k1_sha256_p1363_test.json");
  for (const auto& group : vectors.at("testGroups")) {
    const PublicKey key =
        compress(hex(group.at("publicKey").at("uncompressed").get<std::string>()));
    for (const auto& test : group.at("tests")) {
      const Hash32 digest = sha256(hex(test.at("msg").get<std::string>()));
      const Bytes raw = hex(test.at("sig").get<std::string>());
      const auto signature = fixed_from<64>(raw);
      const bool valid = test.at("result") == "valid";
      if (!signature) {
        EXPECT_FALSE(valid) << test.at("tcId");
        ++wrong_size;
        continue;
      }
      const bool answer = verify_ecdsa(key, digest, *signature);
      if (!valid) {
        EXPECT_FALSE(answer) << test.at("tcId");
        ++invalid_refused;
      } else if (is_low_s(*signature)) {
        EXPECT_TRUE(answer) << test.at("tcId");
        ++accepted;
      } else {
        // Valid as plain ECDSA; its twin with the low S is what our rule accepts.
        EXPECT_FALSE(answer) << test.at("tcId");
        EXPECT_TRUE(verify_ecdsa(key, digest, with_other_s(*signature))) << test.at("tcId");
        ++high_s_refused;
      }
    }
  }
  EXPECT_EQ(accepted + high_s_refused, 167);
  EXPECT_EQ(invalid_refused + wrong_size, 85);
  EXPECT_GT(accepted, 0);
  EXPECT_GT(high_s_refused, 0);
}

TEST(Schnorr, PassesBip340) {
  std::istringstream lines(read_data("vectors/bip340_test_vectors.csv"));
  std::string line;
  std::getline(lines, line);  // the heading
  int signed_here = 0;
  int accepted = 0;
  int refused = 0;
  while (std::getline(lines, line)) {
    std::vector<std::string> field;
    std::istringstream cells(line);
    for (std::string cell; std::getline(cells, cell, ',');) field.push_back(cell);
    ASSERT_GE(field.size(), 7U) << line;
    const auto key = fixed_hex<32>(field[2]);
    const Bytes message = hex(field[4]);
    const auto signature = fixed_hex<64>(field[5]);
    const bool valid = field[6] == "TRUE";
    EXPECT_EQ(verify_schnorr(key, message, signature), valid) << line;
    (valid ? accepted : refused)++;
    if (field[1].empty()) continue;
    const SecretKey secret = key_of(field[1]);
    EXPECT_EQ(secret.x_only_key(), key);
    if (message.size() != 32) continue;
    EXPECT_EQ(secret.sign_schnorr(fixed_hex<32>(field[4]), fixed_hex<32>(field[3])), signature);
    ++signed_here;
  }
  EXPECT_EQ(accepted, 9);
  EXPECT_EQ(refused, 10);
  EXPECT_EQ(signed_here, 4);
}

// The point inside an ASN.1 SubjectPublicKeyInfo that names secp256k1 in the usual way; nothing for
// another curve, explicit parameters, or a point that is not on the curve.
std::optional<PublicKey> point_of(const Bytes& spki) {
  const Bytes long_head = hex("3056301006072a8648ce3d020106052b8104000a034200");
  const Bytes short_head = hex("3036301006072a8648ce3d020106052b8104000a032200");
  const bool is_long = spki.size() == long_head.size() + 65 &&
                       std::equal(long_head.begin(), long_head.end(), spki.begin());
  const bool is_short = spki.size() == short_head.size() + 33 &&
                        std::equal(short_head.begin(), short_head.end(), spki.begin());
  if (!is_long && !is_short) return std::nullopt;
  const ByteView point = ByteView(spki).subspan(long_head.size());
  secp256k1_pubkey parsed;
  if (secp256k1_ec_pubkey_parse(secp256k1_context_static, &parsed, point.data(), point.size()) !=
      1) {
    return std::nullopt;
  }
  return is_long ? compress(point) : *fixed_from<33>(point);
}

std::optional<SecretKey> secret_of(std::string_view number) {
  std::string text(number.size() % 2, '0');
  text += number;
  Bytes bytes = hex(text);
  while (bytes.size() > 32 && bytes.front() == 0) bytes.erase(bytes.begin());
  bytes.insert(bytes.begin(), bytes.size() < 32 ? 32 - bytes.size() : 0, 0);
  return SecretKey::from_bytes(bytes);
}

TEST(Ecdh, PassesWycheproof) {
  int agreed = 0;
  int refused = 0;
  const nlohmann::json vectors = read_json("vectors/wycheproof_ecdh_secp256k1_test.json");
  for (const auto& group : vectors.at("testGroups")) {
    for (const auto& test : group.at("tests")) {
      const auto point = point_of(hex(test.at("public").get<std::string>()));
      const auto secret = secret_of(test.at("private").get<std::string>());
      const auto shared = point && secret ? ecdh(*secret, *point) : std::optional<Hash32>{};
      const std::string result = test.at("result");
      if (!shared) {
        EXPECT_NE(result, "valid") << test.at("tcId");
        ++refused;
        continue;
      }
      ASSERT_NE(result, "invalid") << test.at("tcId");
      // The vectors give the x coordinate; our secret is the hash of the compressed point.
      const Bytes x = hex(test.at("shared").get<std::string>());
      const Bytes even{2};
      const Bytes odd{3};
      EXPECT_TRUE(*shared == sha256({even, x}) || *shared == sha256({odd, x})) << test.at("tcId");
      ++agreed;
    }
  }
  EXPECT_GE(agreed, 473);
  EXPECT_GE(refused, 49);
  EXPECT_EQ(agreed + refused, 752);
}

TEST(Ecdh, BothSidesAgreeAndAnInvalidPointIsRefused) {
  SeededRng rng(6);
  const SecretKey a = SecretKey::generate(rng);
  const SecretKey b = SecretKey::generate(rng);
  EXPECT_EQ(ecdh(a, b.public_key()), ecdh(b, a.public_key()));
  EXPECT_FALSE(ecdh(a, PublicKey{}));
}

}  // namespace
}  // namespace fog
