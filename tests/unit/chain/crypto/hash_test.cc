// Hashes give the answers that their standards publish, and the quick roads give what the slow ones
// do.
#include "chain/crypto/hash.h"

#include <gtest/gtest.h>

#include "tests/support/seeded_rng.h"
#include "tests/support/vectors.h"

namespace fog {
namespace {

using testing::hex;
using testing::read_json;
using testing::SeededRng;

const std::string kMillionA(1'000'000, 'a');

TEST(Sha256, GivesFips180Answers) {
  EXPECT_EQ(to_hex(sha256(ByteView{})),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(to_hex(sha256(as_bytes("abc"))),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(to_hex(sha256(as_bytes("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"))),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  EXPECT_EQ(to_hex(sha256(as_bytes(kMillionA))),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Sha256, PartsAndStreamsEqualTheWhole) {
  SeededRng rng(1);
  Sha256Stream stream;
  // Every length around the block boundaries, cut in two at every eighth place.
  for (std::size_t size = 0; size <= 200; ++size) {
    const Bytes data = rng.bytes(size);
    const Hash32 whole = sha256(data);
    for (std::size_t cut = 0; cut <= size; cut += 8) {
      const ByteView first = ByteView(data).first(cut);
      const ByteView second = ByteView(data).subspan(cut);
      EXPECT_EQ(sha256({first, second}), whole);
      stream.update(first);
      stream.update(second);
      EXPECT_EQ(stream.finish(), whole) << "the stream starts anew after finish()";
    }
  }
}

TEST(Sha256, AStreamCanMove) {
  Sha256Stream first;
  first.update(as_bytes("a"));
  Sha256Stream second = std::move(first);
  second.update(as_bytes("bc"));
  EXPECT_EQ(second.finish(), sha256(as_bytes("abc")));
}

TEST(Sha512, GivesFips180Answers) {
  EXPECT_EQ(to_hex(sha512(as_bytes("abc"))),
            "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
            "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f");
  EXPECT_EQ(to_hex(sha512(ByteView{})),
            "cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce"
            "47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e");
}

TEST(Ripemd160, GivesItsAuthorsAnswers) {
  EXPECT_EQ(to_hex(ripemd160(ByteView{})), "9c1185a5c5e9fc54612808977ee8f548b2258d31");
  EXPECT_EQ(to_hex(ripemd160(as_bytes("a"))), "0bdc9d2d256b3ee9daae347be6f4dc835a467ffe");
  EXPECT_EQ(to_hex(ripemd160(as_bytes("abc"))), "8eb208f7e05d987a9b044a8e98c6b087f15a0bfc");
  EXPECT_EQ(to_hex(ripemd160(as_bytes("message digest"))),
            "5d0689ef49d2fae572b881b123a85ffa21595f36");
  EXPECT_EQ(to_hex(ripemd160(as_bytes(kMillionA))), "52783243c1697bdbe16d37f97f68f08325dc1528");
}

TEST(Hash160, IsTheKeyHashOfBip173sExample) {
  // BIP-173's examples pay to the key of the secret 1.
  const Bytes key = hex("0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798");
  EXPECT_EQ(to_hex(hash160(key)), "751e76e8199196d454941c45d1b3a323f1433bd6");
}

struct HmacCase {
  std::string key, data, sha256, sha512;
};

TEST(Hmac, GivesRfc4231Answers) {
  const std::vector<HmacCase> cases = {
      {std::string(40, '0').replace(0, 40, "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b"),
       to_hex(as_bytes("Hi There")),
       "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
       "87aa7cdea5ef619d4ff0b4241a1d6cb02379f4e2ce4ec2787ad0b30545e17cde"
       "daa833b7d6b8a702038b274eaea3f4e4be9d914eeb61f1702e696c203a126854"},
      {to_hex(as_bytes("Jefe")), to_hex(as_bytes("what do ya want for nothing?")),
       "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
       "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554"
       "9758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737"},
      // A key longer than a block is hashed first.
      {to_hex(Bytes(131, 0xaa)),
       to_hex(as_bytes("Test Using Larger Than Block-Size Key - Hash Key First")),
       "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
       "80b24263c7c1a3ebb71493c1dd7be8b49b46d1f41b4aeec1121b013783f8f352"
       "6b56d037e05f2598bd0fd2215d6a1e5295e64f73f63f0aec8b915a985d786598"},
  };
  for (const HmacCase& c : cases) {
    EXPECT_EQ(to_hex(hmac_sha256(hex(c.key), hex(c.data))), c.sha256);
    EXPECT_EQ(to_hex(hmac_sha512(hex(c.key), hex(c.data))), c.sha512);
  }
}

TEST(Hkdf, PassesWycheproof) {
  int derived = 0;
  int too_long = 0;
  const nlohmann::json vectors = read_json("vectors/wycheproof_hkdf_sha256_test.json");
  for (const auto& group : vectors.at("testGroups")) {
    for (const auto& test : group.at("tests")) {
      const Bytes ikm = hex(test.at("ikm").get<std::string>());
      const Bytes salt = hex(test.at("salt").get<std::string>());
      const Bytes info = hex(test.at("info").get<std::string>());
      const auto size = test.at("size").get<std::size_t>();
      if (test.at("result") == "invalid") {
        // Asking for more than 255 blocks is our own bug.
        EXPECT_DEATH(hkdf_sha256(ikm, salt, info, size), "CHECK failed");
        ++too_long;
        continue;
      }
      EXPECT_EQ(to_hex(hkdf_sha256(ikm, salt, info, size)), test.at("okm")) << test.at("tcId");
      ++derived;
    }
  }
  EXPECT_EQ(derived, 83);
  EXPECT_EQ(too_long, 3);
}

TEST(TaggedHash, IsBip340sConstruction) {
  const Hash32 tag = sha256(as_bytes("BIP0340/challenge"));
  const std::string message = "forty-two";
  EXPECT_EQ(tagged_hash("BIP0340/challenge", as_bytes(message)),
            sha256({tag, tag, as_bytes(message)}));
}

TEST(TaggedHash, APreparedTagGivesTheSame) {
  SeededRng rng(2);
  const HashTag tag("fog/test");
  for (std::size_t size = 0; size <= 200; ++size) {
    const Bytes data = rng.bytes(size);
    const ByteView head = ByteView(data).first(size / 3);
    const ByteView tail = ByteView(data).subspan(size / 3);
    EXPECT_EQ(tagged_hash(tag, {head, tail}), tagged_hash("fog/test", ByteView(data)));
  }
}

TEST(TaggedHash, TagsSeparate) {
  EXPECT_NE(tagged_hash("fog/a", as_bytes("x")), tagged_hash("fog/b", as_bytes("x")));
}

}  // namespace
}  // namespace fog
