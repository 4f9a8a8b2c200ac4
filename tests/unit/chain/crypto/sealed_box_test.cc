// A sealed box opens with one key and what was associated, and with nothing else.
#include "chain/crypto/sealed_box.h"

#include <gtest/gtest.h>

namespace fog {
namespace {

SecretKey key_of(std::uint8_t byte) {
  Hash32 bytes;
  bytes.data.fill(byte);
  return *SecretKey::from_bytes(bytes);
}

TEST(SealedBox, OpensWithItsKeyAndContext) {
  const SecretKey key = key_of(7);
  for (const std::string& plain : {std::string(), std::string("a"), std::string(20'000, 'x')}) {
    const auto box = seal_box(key.public_key(), as_bytes("context"), as_bytes(plain), system_rng());
    ASSERT_TRUE(box.has_value());
    EXPECT_EQ(box->size(), plain.size() + kSealedBoxOverhead);
    const auto opened = open_box(key, as_bytes("context"), *box);
    ASSERT_TRUE(opened.has_value());
    EXPECT_EQ(as_text(*opened), plain);
    EXPECT_FALSE(open_box(key_of(8), as_bytes("context"), *box));
    EXPECT_FALSE(open_box(key, as_bytes("contexT"), *box));
  }
}

TEST(SealedBox, EveryChangedByteKeepsItShut) {
  const SecretKey key = key_of(7);
  const Bytes box = *seal_box(key.public_key(), {}, as_bytes("secret"), system_rng());
  for (std::size_t i = 0; i < box.size(); ++i) {
    Bytes changed = box;
    changed[i] ^= 1;
    EXPECT_FALSE(open_box(key, {}, changed)) << i;
  }
  for (std::size_t size = 0; size < box.size(); ++size)
    EXPECT_FALSE(open_box(key, {}, ByteView(box).first(size))) << size;
}

TEST(SealedBox, TwoBoxesOfTheSameAreNotAlike) {
  const PublicKey to = key_of(7).public_key();
  EXPECT_NE(seal_box(to, {}, as_bytes("x"), system_rng()),
            seal_box(to, {}, as_bytes("x"), system_rng()));
}

TEST(SealedBox, ARecipientMustBeAPoint) {
  PublicKey none;
  EXPECT_FALSE(seal_box(none, {}, as_bytes("x"), system_rng()));
}

}  // namespace
}  // namespace fog
