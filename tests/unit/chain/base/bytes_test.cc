// Hex and big-endian numbers go out and come back the same; anything else is refused.
#include "chain/base/bytes.h"

#include <gtest/gtest.h>

#include "tests/support/seeded_rng.h"

namespace fog {
namespace {

using testing::SeededRng;

TEST(Hex, WritesLowerCaseAndReadsBothCases) {
  const Bytes bytes{0x00, 0x0F, 0xAB, 0xFF};
  EXPECT_EQ(to_hex(bytes), "000fabff");
  EXPECT_EQ(to_hex0x(bytes), "0x000fabff");
  EXPECT_EQ(from_hex("000fabff"), bytes);
  EXPECT_EQ(from_hex("0x000FabFF"), bytes);
}

TEST(Hex, NothingIsHexToo) {
  EXPECT_EQ(to_hex({}), "");
  EXPECT_EQ(to_hex0x({}), "0x");
  EXPECT_EQ(from_hex(""), Bytes{});
  EXPECT_EQ(from_hex("0x"), Bytes{});
}

TEST(Hex, RefusesOddLengthsAndForeignCharacters) {
  for (const char* text : {"0", "0x0", "abc", "0g", " 00", "00 ", "0x0x00", "-1", "0X00", "g0",
                           "/0", ":0", "@0", "`0"}) {
    EXPECT_FALSE(from_hex(text)) << text;
  }
  EXPECT_FALSE(from_hex(std::string_view("0\0", 2)));
}

TEST(Hex, RoundTrips) {
  SeededRng rng(1);
  for (std::size_t size = 0; size < 100; ++size) {
    const Bytes bytes = rng.bytes(size);
    EXPECT_EQ(from_hex(to_hex(bytes)), bytes);
    EXPECT_EQ(from_hex(to_hex0x(bytes)), bytes);
  }
}

TEST(FixedBytes, TakeExactlyTheirSize) {
  EXPECT_TRUE(fixed_from_hex<2>("0102"));
  EXPECT_FALSE(fixed_from_hex<2>("01"));
  EXPECT_FALSE(fixed_from_hex<2>("010203"));
  EXPECT_FALSE(fixed_from_hex<2>("010g"));
  EXPECT_TRUE(fixed_from<3>(Bytes(3)));
  EXPECT_FALSE(fixed_from<3>(Bytes(2)));
  EXPECT_FALSE(fixed_from<3>(Bytes(4)));
}

TEST(FixedBytes, AreOrderedAsUnsignedBytes) {
  EXPECT_LT(*fixed_from_hex<2>("00ff"), *fixed_from_hex<2>("0100"));
  EXPECT_LT(*fixed_from_hex<2>("7f00"), *fixed_from_hex<2>("8000"));
  EXPECT_TRUE(FixedBytes<4>{}.is_zero());
  EXPECT_FALSE(fixed_from_hex<2>("0001")->is_zero());
}

TEST(BigEndian, KeepsTheOrderOfNumbers) {
  const auto written = [](std::uint64_t value) {
    Bytes out;
    append_be64(out, value);
    return out;
  };
  EXPECT_EQ(written(0x0102030405060708U), (Bytes{1, 2, 3, 4, 5, 6, 7, 8}));
  SeededRng rng(2);
  for (int i = 0; i < 200; ++i) {
    const std::uint64_t a = rng.next() >> rng.below(64);
    const std::uint64_t b = rng.next() >> rng.below(64);
    EXPECT_EQ(a < b, written(a) < written(b));
    EXPECT_EQ(read_be64(written(a)), a);
  }
  EXPECT_DEATH(read_be64(Bytes(7)), "CHECK failed");
}

TEST(Bytes, TextAndBytesShareTheirMemory) {
  const std::string text = "fog";
  EXPECT_EQ(as_text(as_bytes(text)), text);
  EXPECT_EQ(to_bytes(as_bytes(text)), (Bytes{'f', 'o', 'g'}));
}

}  // namespace
}  // namespace fog
