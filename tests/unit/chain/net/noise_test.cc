// The handshake between two sides of our own, and what each of them refuses.
#include "chain/net/noise.h"

#include <gtest/gtest.h>

#include "tests/support/seeded_rng.h"

namespace fog {
namespace {

using testing::SeededRng;

struct Sides {
  explicit Sides(std::uint64_t seed, std::string_view dials = "fogcoin/1",
                 std::string_view listens = "fogcoin/1")
      : rng(seed),
        dialler(SecretKey::generate(rng)),
        listener(SecretKey::generate(rng)),
        initiator(dialler, listener.public_key(), as_bytes(dials), SecretKey::generate(rng)),
        responder(listener, as_bytes(listens), SecretKey::generate(rng)) {}
  SeededRng rng;
  SecretKey dialler;
  SecretKey listener;
  NoiseInitiator initiator;
  NoiseResponder responder;
};

TEST(Noise, BothSidesAgreeOnKeysAndTheListenerLearnsWhoCalls) {
  Sides sides(1);
  const auto act_one = sides.initiator.act_one();
  const auto act_two = sides.responder.read_act_one(*act_one);
  ASSERT_TRUE(act_two);
  const auto act_three = sides.initiator.read_act_two(*act_two);
  ASSERT_TRUE(act_three);
  const auto remote = sides.responder.read_act_three(*act_three);
  ASSERT_TRUE(remote);
  EXPECT_EQ(*remote, sides.dialler.public_key());
  const NoiseKeys dials = sides.initiator.keys();
  const NoiseKeys listens = sides.responder.keys();
  EXPECT_EQ(dials.send, listens.receive);
  EXPECT_EQ(dials.receive, listens.send);
  EXPECT_EQ(dials.chaining, listens.chaining);
  EXPECT_NE(dials.send, dials.receive);
}

TEST(Noise, AnotherNetworkIsRefusedInActOne) {
  Sides sides(2, "fogcoin/1 main", "fogcoin/1 test");
  const auto act_two = sides.responder.read_act_one(*sides.initiator.act_one());
  ASSERT_FALSE(act_two);
  EXPECT_EQ(act_two.error(), NoiseError::kBadTag);
}

TEST(Noise, WhoDialsAnotherIdThanAnswersIsRefused) {
  Sides sides(3);
  NoiseInitiator wrong(sides.dialler, SecretKey::generate(sides.rng).public_key(),
                       as_bytes("fogcoin/1"), SecretKey::generate(sides.rng));
  const auto act_two = sides.responder.read_act_one(*wrong.act_one());
  ASSERT_FALSE(act_two);
  EXPECT_EQ(act_two.error(), NoiseError::kBadTag);
}

TEST(Noise, AnIdThatIsNoPointCannotBeDialled) {
  Sides sides(4);
  PublicKey no_point;
  no_point.data.fill(0xFF);
  NoiseInitiator initiator(sides.dialler, no_point, as_bytes("fogcoin/1"),
                           SecretKey::generate(sides.rng));
  EXPECT_EQ(initiator.act_one().error(), NoiseError::kBadKey);
}

// Every single bit of every act is guarded.
TEST(Noise, AFlippedBitAnywhereInAnyActEndsTheHandshake) {
  for (std::size_t bit = 0; bit < kNoiseActOneSize * 8; bit += 7) {
    Sides sides(5);
    Bytes act_one = *sides.initiator.act_one();
    act_one[bit / 8] = static_cast<std::uint8_t>(act_one[bit / 8] ^ (1U << (bit % 8)));
    EXPECT_FALSE(sides.responder.read_act_one(act_one)) << bit;
  }
  for (std::size_t bit = 0; bit < kNoiseActTwoSize * 8; bit += 7) {
    Sides sides(6);
    Bytes act_two = *sides.responder.read_act_one(*sides.initiator.act_one());
    act_two[bit / 8] = static_cast<std::uint8_t>(act_two[bit / 8] ^ (1U << (bit % 8)));
    EXPECT_FALSE(sides.initiator.read_act_two(act_two)) << bit;
  }
  for (std::size_t bit = 0; bit < kNoiseActThreeSize * 8; bit += 7) {
    Sides sides(7);
    const Bytes act_two = *sides.responder.read_act_one(*sides.initiator.act_one());
    Bytes act_three = *sides.initiator.read_act_two(act_two);
    act_three[bit / 8] = static_cast<std::uint8_t>(act_three[bit / 8] ^ (1U << (bit % 8)));
    EXPECT_FALSE(sides.responder.read_act_three(act_three)) << bit;
  }
}

TEST(NoiseCipher, FramesOfEverySizeComeOutAsTheyWentIn) {
  SeededRng rng(8);
  const Hash32 chaining = *fixed_from<32>(rng.bytes(32));
  const AeadKey key = *fixed_from<32>(rng.bytes(32));
  NoiseCipher sender(chaining, key);
  NoiseCipher receiver(chaining, key);
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{255}, std::size_t{256},
                                 std::size_t{4096}, kNoisePlainMax}) {
    const Bytes plain = rng.bytes(size);
    Bytes frame;
    sender.seal_frame(plain, frame);
    ASSERT_EQ(frame.size(), kNoiseHeadSize + size + kNoiseTagSize);
    ASSERT_EQ(receiver.open_head(ByteView(frame).first(kNoiseHeadSize)), size);
    EXPECT_EQ(receiver.open_body(ByteView(frame).subspan(kNoiseHeadSize)), plain);
  }
}

TEST(NoiseCipher, AFrameThatIsRepeatedSwappedOrChangedDoesNotOpen) {
  SeededRng rng(9);
  const Hash32 chaining = *fixed_from<32>(rng.bytes(32));
  const AeadKey key = *fixed_from<32>(rng.bytes(32));
  NoiseCipher sender(chaining, key);
  Bytes first;
  Bytes second;
  sender.seal_frame(as_bytes("first"), first);
  sender.seal_frame(as_bytes("second"), second);

  NoiseCipher swapped(chaining, key);
  EXPECT_FALSE(swapped.open_head(ByteView(second).first(kNoiseHeadSize)));

  NoiseCipher repeated(chaining, key);
  ASSERT_TRUE(repeated.open_head(ByteView(first).first(kNoiseHeadSize)));
  ASSERT_TRUE(repeated.open_body(ByteView(first).subspan(kNoiseHeadSize)));
  EXPECT_FALSE(repeated.open_head(ByteView(first).first(kNoiseHeadSize)));

  NoiseCipher changed(chaining, key);
  ASSERT_TRUE(changed.open_head(ByteView(first).first(kNoiseHeadSize)));
  first.back() ^= 1;
  EXPECT_FALSE(changed.open_body(ByteView(first).subspan(kNoiseHeadSize)));
}

}  // namespace
}  // namespace fog
