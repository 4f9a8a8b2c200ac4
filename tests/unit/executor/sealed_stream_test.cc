#include "executor/sealed_stream.h"

#include <gtest/gtest.h>

#include "executor/view_query.h"
#include "tests/support/seeded_rng.h"

namespace fog::executor {
namespace {

using testing::SeededRng;

struct Ends {
  SealedStream asker, host;
};

class SealedStreamTest : public ::testing::Test {
 protected:
  Ends ends(std::string_view salt = "salt", std::string_view info = "info") const {
    return {*SealedStream::make(mine_, theirs_.public_key(), as_bytes(salt), as_bytes(info),
                                StreamSide::kAsker),
            *SealedStream::make(theirs_, mine_.public_key(), as_bytes(salt), as_bytes(info),
                                StreamSide::kHost)};
  }
  static std::string opened(SealedStream& stream) {
    const auto next = stream.next();
    if (!next) return "broken";
    return *next ? std::string(as_text(**next)) : "nothing";
  }

  SeededRng rng_{7};
  const SecretKey mine_ = SecretKey::generate(rng_);
  const SecretKey theirs_ = SecretKey::generate(rng_);
};

TEST_F(SealedStreamTest, BothSaySomethingInParts) {
  auto [asker, host] = ends();
  Bytes wire = asker.seal(as_bytes("one"));
  append(wire, asker.seal({}));
  append(wire, asker.seal(Bytes(kSealedPlainMax, 'x')));
  for (const std::uint8_t byte : ByteView(wire).first(20)) host.push(ByteView(&byte, 1));
  EXPECT_EQ(opened(host), "nothing");
  host.push(ByteView(wire).subspan(20));
  EXPECT_EQ(opened(host), "one");
  EXPECT_EQ(opened(host), "");
  EXPECT_EQ(opened(host).size(), kSealedPlainMax);
  EXPECT_EQ(opened(host), "nothing");
  asker.push(host.seal(as_bytes("two")));
  EXPECT_EQ(opened(asker), "two");
}

TEST_F(SealedStreamTest, NothingCanBeChangedLeftOutOrSaidTwice) {
  auto [asker, host] = ends();
  const Bytes first = asker.seal(as_bytes("first"));
  const Bytes second = asker.seal(as_bytes("second"));
  const auto heard = [&](const Bytes& wire) {
    SealedStream fresh = host;
    fresh.push(wire);
    return opened(fresh);
  };
  EXPECT_EQ(heard(first), "first");
  EXPECT_EQ(heard(second), "broken");  // the first is missing
  for (std::size_t at = 4; at < first.size(); ++at) {
    Bytes changed = first;
    changed[at] ^= 1;
    EXPECT_EQ(heard(changed), "broken") << at;
  }
  host.push(first);
  EXPECT_EQ(opened(host), "first");
  host.push(first);
  EXPECT_EQ(opened(host), "broken");
  // And then it stays so.
  host.push(second);
  EXPECT_EQ(opened(host), "broken");
}

TEST_F(SealedStreamTest, OneDirectionIsNotTheOther) {
  auto [asker, host] = ends();
  asker.push(asker.seal(as_bytes("an echo")));
  EXPECT_EQ(opened(asker), "broken");
}

TEST_F(SealedStreamTest, AnotherConversationIsNotThisOne) {
  for (auto [salt, info] : {std::pair("other", "info"), std::pair("salt", "other")}) {
    auto asker = ends().asker;
    auto host = ends(salt, info).host;
    host.push(asker.seal(as_bytes("hello")));
    EXPECT_EQ(opened(host), "broken");
  }
}

TEST_F(SealedStreamTest, LengthsOutOfBoundsAreRefusedBeforeAnythingIsKept) {
  for (const std::size_t length : {std::size_t{0}, std::size_t{15}, kSealedPlainMax + 17}) {
    auto host = ends().host;
    Bytes wire;
    for (int i = 0; i < 4; ++i) wire.push_back(static_cast<std::uint8_t>(length >> (8 * i)));
    host.push(wire);
    EXPECT_EQ(opened(host), "broken") << length;
  }
}

TEST(SealedStream, AKeyThatIsNoneMakesNone) {
  SeededRng rng(8);
  EXPECT_FALSE(
      SealedStream::make(SecretKey::generate(rng), PublicKey{}, {}, {}, StreamSide::kAsker));
}

TEST(ViewStream, IsBoundToTheWholeQuestion) {
  SeededRng rng(9);
  const SecretKey asker = SecretKey::generate(rng);
  const SecretKey host = SecretKey::generate(rng);
  ViewQuery query;
  query.key = asker.public_key();
  const auto mine = view_stream(query, {}, asker, host.public_key(), StreamSide::kAsker);
  query.replica.term = 2;
  auto theirs = view_stream(query, {}, host, query.key, StreamSide::kHost);
  SealedStream sender = *mine;
  theirs->push(sender.seal(as_bytes("hello")));
  EXPECT_FALSE(theirs->next());
}

TEST(TookBuckets, AreReadAsBounds) {
  TookCounts counts;
  EXPECT_EQ(took_us(counts, 500), 0U);
  for (const std::uint64_t us : {1U, 64U, 65U, 96U, 97U}) count_took(counts, us);
  EXPECT_EQ(counts[0], 2U);
  EXPECT_EQ(counts[1], 2U);
  EXPECT_EQ(counts[2], 1U);
  EXPECT_EQ(took_us(counts, 400), 64U);
  EXPECT_EQ(took_us(counts, 500), 96U);
  EXPECT_EQ(took_us(counts, 990), 128U);
  count_took(counts, UINT64_MAX);
  EXPECT_EQ(counts.back(), 1U);
}

}  // namespace
}  // namespace fog::executor
