// Authenticated encryption opens what it sealed and nothing else; passphrase hashes give the RFCs'
// answers.
#include "chain/crypto/aead.h"

#include <gtest/gtest.h>

#include "tests/support/seeded_rng.h"
#include "tests/support/vectors.h"

namespace fog {
namespace {

using testing::fixed_hex;
using testing::hex;
using testing::read_json;
using testing::SeededRng;

struct AeadVector {
  Bytes key, nonce, associated, plain, sealed;
  bool valid;
  int id;
};

std::vector<AeadVector> load(std::string_view name) {
  std::vector<AeadVector> out;
  const nlohmann::json vectors = read_json(name);
  for (const auto& group : vectors.at("testGroups")) {
    for (const auto& test : group.at("tests")) {
      const auto field = [&](const char* key) { return hex(test.at(key).get<std::string>()); };
      Bytes sealed = field("ct");
      append(sealed, field("tag"));
      out.push_back({field("key"), field("iv"), field("aad"), field("msg"), std::move(sealed),
                     test.at("result") == "valid", test.at("tcId").get<int>()});
    }
  }
  return out;
}

TEST(ChaCha20Poly1305, PassesWycheproof) {
  int valid = 0;
  int invalid = 0;
  for (const AeadVector& v : load("vectors/wycheproof_chacha20_poly1305_test.json")) {
    const auto key = fixed_from<32>(v.key);
    const auto nonce = fixed_from<12>(v.nonce);
    if (!key || !nonce) {
      EXPECT_FALSE(v.valid) << v.id << ": a nonce of another length has no type here";
      ++invalid;
      continue;
    }
    const auto opened = chacha20poly1305_open(*key, *nonce, v.associated, v.sealed);
    if (v.valid) {
      EXPECT_EQ(opened, v.plain) << v.id;
      EXPECT_EQ(chacha20poly1305_seal(*key, *nonce, v.associated, v.plain), v.sealed) << v.id;
      ++valid;
    } else {
      EXPECT_FALSE(opened) << v.id;
      ++invalid;
    }
  }
  EXPECT_EQ(valid, 256);
  EXPECT_EQ(invalid, 69);
}

TEST(ChaCha20Poly1305, GivesRfc8439AppendixA5) {
  const std::string text =
      "Internet-Drafts are draft documents valid for a maximum of six months and may be updated, "
      "replaced, or obsoleted by other documents at any time. It is inappropriate to use "
      "Internet-Drafts as reference material or to cite them other than as "
      "/\xe2\x80\x9cwork in progress./\xe2\x80\x9d";
  const auto key =
      fixed_hex<32>("1c9240a5eb55d38af333888604f6b5f0473917c1402b80099dca5cbc207075c0");
  const auto nonce = fixed_hex<12>("000000000102030405060708");
  const Bytes sealed =
      chacha20poly1305_seal(key, nonce, hex("f33388860000000000004e91"), as_bytes(text));
  EXPECT_EQ(to_hex(ByteView(sealed).last(16)), "eead9d67890cbb22392336fea1851f38");
  EXPECT_EQ(to_hex(ByteView(sealed).first(16)), "64a0861575861af460f062c79be643bd");
}

TEST(AesGcm, PassesWycheproof) {
  int valid = 0;
  int invalid = 0;
  for (const AeadVector& v : load("vectors/wycheproof_aes_gcm_test.json")) {
    const auto opened = aes_gcm_open(v.key, v.nonce, v.associated, v.sealed);
    if (v.valid) {
      EXPECT_EQ(opened, v.plain) << v.id;
      EXPECT_EQ(aes_gcm_seal(v.key, v.nonce, v.associated, v.plain), v.sealed) << v.id;
      ++valid;
    } else {
      EXPECT_FALSE(opened) << v.id;
      ++invalid;
    }
  }
  EXPECT_EQ(valid, 229);
  EXPECT_EQ(invalid, 87);
}

TEST(AesGcm, OtherKeyAndNonceSizesAreRefused) {
  const Bytes sealed(32, 0);
  for (const std::size_t size : {0U, 15U, 17U, 31U, 33U}) {
    EXPECT_FALSE(aes_gcm_open(Bytes(size, 1), Bytes(12, 1), {}, sealed)) << size;
    EXPECT_DEATH(aes_gcm_seal(Bytes(size, 1), Bytes(12, 1), {}, {}), "CHECK failed");
  }
  EXPECT_FALSE(aes_gcm_open(Bytes(32, 1), {}, {}, sealed));
  EXPECT_FALSE(aes_gcm_open(Bytes(32, 1), Bytes(1025, 1), {}, sealed));
}

TEST(Aead, EveryFlippedBitAndEveryTruncationIsRefused) {
  SeededRng rng(7);
  AeadKey key;
  AeadNonce nonce;
  rng.fill(key.data);
  rng.fill(nonce.data);
  const Bytes associated = rng.bytes(9);
  const Bytes plain = rng.bytes(40);
  const Bytes chacha = chacha20poly1305_seal(key, nonce, associated, plain);
  const Bytes gcm = aes_gcm_seal(key, nonce, associated, plain);
  EXPECT_NE(chacha, gcm);
  for (std::size_t bit = 0; bit < chacha.size() * 8; ++bit) {
    Bytes a = chacha;
    Bytes b = gcm;
    a[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
    b[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
    EXPECT_FALSE(chacha20poly1305_open(key, nonce, associated, a));
    EXPECT_FALSE(aes_gcm_open(key, nonce, associated, b));
  }
  for (std::size_t size = 0; size < chacha.size(); ++size) {
    EXPECT_FALSE(chacha20poly1305_open(key, nonce, associated, ByteView(chacha).first(size)));
    EXPECT_FALSE(aes_gcm_open(key, nonce, associated, ByteView(gcm).first(size)));
  }
  EXPECT_FALSE(chacha20poly1305_open(key, nonce, {}, chacha)) << "the associated data counts";
  EXPECT_FALSE(aes_gcm_open(key, nonce, {}, gcm));
}

TEST(Aead, SealsNothingWithOnlyATag) {
  const AeadKey key{};
  const AeadNonce nonce{};
  const Bytes sealed = chacha20poly1305_seal(key, nonce, as_bytes("header"), {});
  EXPECT_EQ(sealed.size(), 16U);
  EXPECT_EQ(chacha20poly1305_open(key, nonce, as_bytes("header"), sealed), Bytes{});
}

std::string scrypt_hex(std::string_view passphrase, std::string_view salt, std::uint64_t n,
                       std::uint32_t r, std::uint32_t p) {
  const auto key = scrypt(as_bytes(passphrase), as_bytes(salt), n, r, p, 64);
  return key ? to_hex(*key) : "refused";
}

TEST(Scrypt, GivesRfc7914Answers) {
  EXPECT_EQ(scrypt_hex("", "", 16, 1, 1),
            "77d6576238657b203b19ca42c18a0497f16b4844e3074ae8dfdffa3fede21442"
            "fcd0069ded0948f8326a753a0fc81f17e8d3e0fb2e0d3628cf35e20c38d18906");
  EXPECT_EQ(scrypt_hex("password", "NaCl", 1024, 8, 16),
            "fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b373162"
            "2eaf30d92e22a3886ff109279d9830dac727afb94a83ee6d8360cbdfa2cc0640");
  EXPECT_EQ(scrypt_hex("pleaseletmein", "SodiumChloride", 16384, 8, 1),
            "7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2"
            "d5432955613f0fcf62d49705242a9af9e61e85dc0d651e40dfcf017b45575887");
}

TEST(Scrypt, RefusesParametersOutOfBounds) {
  const Bytes text(4, 'x');
  EXPECT_TRUE(scrypt(text, text, 2, 1, 1, 1));
  EXPECT_FALSE(scrypt(text, text, 0, 8, 1, 32));
  EXPECT_FALSE(scrypt(text, text, 1, 8, 1, 32));
  EXPECT_FALSE(scrypt(text, text, 1000, 8, 1, 32)) << "not a power of two";
  EXPECT_FALSE(scrypt(text, text, std::uint64_t{1} << 21, 8, 1, 32));
  EXPECT_FALSE(scrypt(text, text, std::uint64_t{1} << 63, 8, 1, 32));
  EXPECT_FALSE(scrypt(text, text, std::uint64_t{1} << 20, 9, 1, 32)) << "more than 1 GiB";
  EXPECT_FALSE(scrypt(text, text, 16, 0, 1, 32));
  EXPECT_FALSE(scrypt(text, text, 16, 33, 1, 32));
  EXPECT_FALSE(scrypt(text, text, 16, 8, 0, 32));
  EXPECT_FALSE(scrypt(text, text, 16, 8, 17, 32));
  EXPECT_FALSE(scrypt(text, text, 16, 8, 1, 0));
  EXPECT_FALSE(scrypt(text, text, std::uint64_t{1} << 16, 1, 1, 32)) << "n must be below 2^(16 r)";
}

TEST(Pbkdf2, GivesTheKnownAnswers) {
  EXPECT_EQ(to_hex(pbkdf2_sha512(as_bytes("password"), as_bytes("salt"), 1)),
            "867f70cf1ade02cff3752599a3a53dc4af34c7a669815ae5d513554e1c8cf252"
            "c02d470a285a0501bad999bfe943c08f050235d7d68b1da55e63f73b60a57fce");
  EXPECT_EQ(to_hex(pbkdf2_sha512(as_bytes("password"), as_bytes("salt"), 4096)),
            "d197b1b33db0143e018b12f3d1d1479e6cdebdcc97c5c0f87f6902e072f457b5"
            "143f30602641b3d55cd335988cb36b84376060ecd532e039b742a239434af2d5");
}

TEST(SecureWipe, LeavesZeros) {
  Bytes secret(33, 0xAB);
  secure_wipe(secret.data(), secret.size());
  EXPECT_EQ(secret, Bytes(33, 0));
  secure_wipe(nullptr, 0);
}

}  // namespace
}  // namespace fog
