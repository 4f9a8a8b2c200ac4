// BCS writes what its specification shows and accepts exactly one encoding of each value.
#include "chain/base/bcs.h"

#include <gtest/gtest.h>

#include "tests/support/seeded_rng.h"
#include "tests/support/vectors.h"

namespace fog {
namespace {

using testing::hex;
using testing::SeededRng;

using Text = BoundedText<1000>;

struct MyStruct {
  bool boolean = false;
  BoundedBytes<8> bytes;
  Text label;
  static constexpr auto kFields =
      std::make_tuple(&MyStruct::boolean, &MyStruct::bytes, &MyStruct::label);
  bool operator==(const MyStruct&) const = default;
};
struct Wrapper {
  MyStruct inner;
  Text name;
  static constexpr auto kFields = std::make_tuple(&Wrapper::inner, &Wrapper::name);
};
enum class Color : std::uint8_t { kRed, kGreen, kBlue };
constexpr Color bcs_last(Color) {
  return Color::kBlue;
}

struct Even {
  std::uint8_t number = 0;
  static constexpr auto kFields = std::make_tuple(&Even::number);
  bool check_value() const { return number % 2 == 0; }
};

template <class T>
std::optional<BcsError> refusal(std::string_view encoded) {
  const auto decoded = bcs_decode<T>(hex(encoded));
  return decoded ? std::nullopt : std::optional(decoded.error());
}

// Each of these encodings stands in the specification.
TEST(Bcs, WritesTheSpecificationsExamples) {
  EXPECT_EQ(to_hex(bcs_encode(true)), "01");
  EXPECT_EQ(to_hex(bcs_encode(false)), "00");
  EXPECT_EQ(to_hex(bcs_encode(std::uint8_t{1})), "01");
  EXPECT_EQ(to_hex(bcs_encode(std::uint16_t{4660})), "3412");
  EXPECT_EQ(to_hex(bcs_encode(std::uint32_t{305419896})), "78563412");
  EXPECT_EQ(to_hex(bcs_encode(std::uint64_t{1311768467750121216U})), "00efcdab78563412");
  EXPECT_EQ(to_hex(bcs_encode(std::optional<std::uint8_t>{8})), "0108");
  EXPECT_EQ(to_hex(bcs_encode(std::optional<std::uint8_t>{})), "00");
  EXPECT_EQ(to_hex(bcs_encode(std::array<std::uint16_t, 3>{1, 2, 3})), "010002000300");
  EXPECT_EQ(to_hex(bcs_encode(BoundedList<std::uint16_t, 9>{1, 2})), "0201000200");
  EXPECT_EQ(to_hex(bcs_encode(Text("çå∞≠¢õß∂ƒ∫"))),
            "18c3a7c3a5e2889ee289a0c2a2c3b5c39fe28882c692e288ab");
  const Wrapper wrapper{{true, Bytes{0xC0, 0xDE}, Text("a")}, Text("b")};
  EXPECT_EQ(to_hex(bcs_encode(wrapper)), "0102c0de01610162");
  using E = std::variant<std::uint16_t, std::uint8_t, Text>;
  EXPECT_EQ(to_hex(bcs_encode(E(std::uint16_t{8000}))), "00401f");
  EXPECT_EQ(to_hex(bcs_encode(E(std::uint8_t{255}))), "01ff");
  EXPECT_EQ(to_hex(bcs_encode(E(Text("e")))), "020165");
  EXPECT_EQ(to_hex(bcs_encode(BoundedMap<Text, Text, 9>{{"e", "f"}, {"a", "b"}, {"c", "d"}})),
            "03016101620163016401650166");
}

TEST(Bcs, WritesUlebAsTheSpecificationShows) {
  const std::vector<std::pair<std::uint32_t, std::string>> examples = {
      {0, "00"},
      {1, "01"},
      {127, "7f"},
      {128, "8001"},
      {9487, "8f4a"},
      {16384, "808001"},
      {2097152, "80808001"},
      {268435456, "8080808001"},
      {0xFFFFFFFFU, "ffffffff0f"},
  };
  for (const auto& [number, encoded] : examples) {
    BcsWriter out;
    out.uleb(number);
    EXPECT_EQ(to_hex(out.bytes()), encoded);
    const Bytes bytes = hex(encoded);
    BcsReader in(bytes);
    std::uint32_t back = 0;
    EXPECT_TRUE(in.uleb(back));
    EXPECT_EQ(back, number);
    EXPECT_EQ(in.remaining(), 0U);
  }
}

TEST(Bcs, ASizeIsTheEncodingsLength) {
  const auto check = [](const auto& value) {
    EXPECT_EQ(bcs_size(value), bcs_encode(value).size());
    EXPECT_EQ(bcs_encode(value).capacity(), bcs_size(value)) << "room is made once";
  };
  check(true);
  check(std::uint64_t{7});
  check(Color::kBlue);
  check(Wrapper{{true, Bytes{0xC0, 0xDE}, Text(std::string(200, 'a'))}, Text("b")});
  check(std::optional<std::uint8_t>{8});
  check(std::optional<std::uint8_t>{});
  check(std::array<std::uint16_t, 3>{1, 2, 3});
  check(BoundedList<std::uint16_t, 20'000>(16'384));
  check(std::variant<std::uint16_t, Text>(Text("e")));
  check(BoundedMap<Text, Text, 9>{{"e", "f"}, {"a", "b"}, {"long", "longer"}});
}

TEST(Bcs, MapsAreSortedByTheEncodedKey) {
  // 256 is 0001 in bytes and 1 is 0100: the order of bytes is not the order of numbers.
  const BoundedMap<std::uint16_t, std::uint8_t, 9> map{{1, 0xA}, {256, 0xB}};
  EXPECT_EQ(to_hex(bcs_encode(map)), "0200010b01000a");
  EXPECT_EQ((refusal<BoundedMap<std::uint16_t, std::uint8_t, 9>>("0200010b01000a")), std::nullopt);
  EXPECT_EQ((refusal<BoundedMap<std::uint16_t, std::uint8_t, 9>>("0201000a00010b")),
            BcsError::kUnsorted);
}

TEST(BcsRefusal, Truncated) {
  EXPECT_EQ(refusal<bool>(""), BcsError::kTruncated);
  EXPECT_EQ(refusal<std::uint64_t>("01020304050607"), BcsError::kTruncated);
  EXPECT_EQ(refusal<FixedBytes<4>>("010203"), BcsError::kTruncated);
  EXPECT_EQ(refusal<Text>("0261"), BcsError::kTruncated);
  EXPECT_EQ(refusal<Text>("80"), BcsError::kTruncated);
  EXPECT_EQ((refusal<BoundedList<std::uint16_t, 4>>("02010002")), BcsError::kTruncated);
  EXPECT_EQ(refusal<std::optional<std::uint8_t>>("01"), BcsError::kTruncated);
}

TEST(BcsRefusal, Trailing) {
  EXPECT_EQ(refusal<bool>("0100"), BcsError::kTrailing);
  EXPECT_EQ(refusal<Text>("016162"), BcsError::kTrailing);
}

TEST(BcsRefusal, NonMinimal) {
  // 0 and 1 in two bytes, 2^32, six bytes, and a fifth byte that goes on.
  for (const char* text :
       {"8000", "8100", "808080801000", "8080808010", "ff80808000", "ffffffff1f", "ffffffffff01"}) {
    EXPECT_EQ(refusal<Text>(text), BcsError::kNonMinimal) << text;
  }
}

TEST(BcsRefusal, TooLongEvenWhenTheBytesAreThere) {
  EXPECT_EQ(refusal<BoundedBytes<2>>("020000"), std::nullopt);
  EXPECT_EQ(refusal<BoundedBytes<2>>("03000000"), BcsError::kTooLong);
  EXPECT_EQ(refusal<BoundedText<2>>("03616161"), BcsError::kTooLong);
  EXPECT_EQ((refusal<BoundedList<std::uint8_t, 2>>("03000000")), BcsError::kTooLong);
  EXPECT_EQ((refusal<BoundedMap<std::uint8_t, std::uint8_t, 1>>("0200000100")), BcsError::kTooLong);
}

TEST(BcsRefusal, Unsorted) {
  using Map = BoundedMap<std::uint8_t, std::uint8_t, 9>;
  EXPECT_EQ(refusal<Map>("0201000200"), std::nullopt);
  EXPECT_EQ(refusal<Map>("0202000100"), BcsError::kUnsorted);
  EXPECT_EQ(refusal<Map>("0201000100"), BcsError::kUnsorted) << "a key twice";
}

TEST(BcsRefusal, BadTag) {
  EXPECT_EQ(refusal<bool>("02"), BcsError::kBadTag);
  EXPECT_EQ(refusal<std::optional<std::uint8_t>>("0208"), BcsError::kBadTag);
  EXPECT_EQ(refusal<Color>("02"), std::nullopt);
  EXPECT_EQ(refusal<Color>("03"), BcsError::kBadTag);
  EXPECT_EQ((refusal<std::variant<std::uint8_t, bool>>("0200")), BcsError::kBadTag);
}

TEST(BcsRefusal, BadText) {
  EXPECT_EQ(refusal<Text>("01ff"), BcsError::kBadText);
  EXPECT_EQ(refusal<Text>("02c080"), BcsError::kBadText);
}

TEST(BcsRefusal, BadValue) {
  EXPECT_EQ(refusal<Even>("04"), std::nullopt);
  EXPECT_EQ(refusal<Even>("05"), BcsError::kBadValue);
  EXPECT_EQ((refusal<BoundedList<Even, 3>>("020405")), BcsError::kBadValue);
}

TEST(BcsRefusal, EveryReasonHasAText) {
  for (int error = 0; error <= static_cast<int>(BcsError::kBadValue); ++error) {
    EXPECT_NE(bcs_error_text(static_cast<BcsError>(error)), "unknown") << error;
  }
}

TEST(Bcs, ALengthWithoutBytesDoesNotReserveForThem) {
  // A thousand million structs are announced, within the bound, by an input of six bytes.
  using List = BoundedList<Wrapper, 2'000'000'000>;
  const Bytes input = hex("8094ebdc0300");
  BcsReader in(input);
  List list;
  EXPECT_FALSE(bcs_read(in, list));
  EXPECT_EQ(in.error(), BcsError::kTruncated);
  EXPECT_LE(list.capacity(), 8U);
}

TEST(Bcs, WritingBeyondTheBoundIsOurBug) {
  EXPECT_DEATH(bcs_encode(BoundedBytes<2>(Bytes(3))), "CHECK failed");
  EXPECT_DEATH(bcs_encode(BoundedText<2>("abc")), "CHECK failed");
  EXPECT_DEATH(bcs_encode(BoundedList<bool, 1>{true, false}), "CHECK failed");
  EXPECT_DEATH(bcs_encode(BoundedMap<bool, bool, 1>{{true, true}, {false, true}}), "CHECK failed");
}

TEST(Bcs, TheFirstErrorStays) {
  const Bytes input = hex("0200");
  BcsReader in(input);
  bool flag = false;
  std::uint64_t number = 0;
  EXPECT_FALSE(bcs_read(in, flag));
  EXPECT_FALSE(bcs_read(in, number));
  EXPECT_FALSE(bcs_read(in, flag)) << "nothing can be read after a failure";
  EXPECT_EQ(in.error(), BcsError::kBadTag);
}

TEST(Utf8, IsRfc3629) {
  const std::vector<std::string> good = {"",
                                         "fog",
                                         "\x7f",
                                         "é",
                                         "ह",
                                         "€",
                                         "한",
                                         "𐍈",
                                         "\xf4\x8f\xbf\xbf",
                                         "\xee\x80\x80",
                                         "\xed\x9f\xbf",
                                         std::string("\0", 1)};
  for (const std::string& text : good) EXPECT_TRUE(is_utf8(text)) << to_hex(as_bytes(text));
  const std::vector<std::string> bad = {"\x80",
                                        "\xbf",
                                        "\xc0\xaf",
                                        "\xc1\xbf",
                                        "\xe0\x80\xaf",
                                        "\xe0\x9f\xbf",
                                        "\xf0\x80\x80\xaf",
                                        "\xf0\x8f\xbf\xbf",
                                        "\xed\xa0\x80",
                                        "\xed\xbf\xbf",
                                        "\xf4\x90\x80\x80",
                                        "\xf5\x80\x80\x80",
                                        "\xff",
                                        "\xfe",
                                        "\xc3",
                                        "\xe2\x82",
                                        "\xf0\x9f\x98",
                                        "a\xc3",
                                        "\xc3g",
                                        "\xe2\x28\xa1"};
  for (const std::string& text : bad) EXPECT_FALSE(is_utf8(text)) << to_hex(as_bytes(text));
}

// Something of everything, nested.
struct Leaf {
  std::uint16_t number = 0;
  std::optional<Color> color;
  static constexpr auto kFields = std::make_tuple(&Leaf::number, &Leaf::color);
  bool operator==(const Leaf&) const = default;
};
struct Tree {
  BoundedList<Leaf, 20> leaves;
  BoundedMap<std::uint16_t, Text, 20> names;
  std::variant<std::uint64_t, FixedBytes<3>, Leaf, BoundedBytes<9>> choice;
  std::array<std::uint32_t, 2> pair{};
  static constexpr auto kFields =
      std::make_tuple(&Tree::leaves, &Tree::names, &Tree::choice, &Tree::pair);
  bool operator==(const Tree&) const = default;
};

Leaf random_leaf(SeededRng& rng) {
  Leaf leaf;
  leaf.number = static_cast<std::uint16_t>(rng.next());
  if (rng.below(2) == 0) leaf.color = static_cast<Color>(rng.below(3));
  return leaf;
}

Tree random_tree(SeededRng& rng) {
  Tree tree;
  for (std::uint64_t i = rng.below(6); i > 0; --i) tree.leaves.push_back(random_leaf(rng));
  for (std::uint64_t i = rng.below(6); i > 0; --i) {
    tree.names[static_cast<std::uint16_t>(rng.next())] = std::string(rng.below(5), 'n');
  }
  switch (rng.below(4)) {
    case 0:
      tree.choice = rng.next();
      break;
    case 1:
      rng.fill(tree.choice.emplace<1>().data);
      break;
    case 2:
      tree.choice = random_leaf(rng);
      break;
    default:
      tree.choice = BoundedBytes<9>(rng.bytes(rng.below(10)));
      break;
  }
  tree.pair = {static_cast<std::uint32_t>(rng.next()), 7};
  return tree;
}

TEST(BcsProperty, RoundTripsAndEveryPrefixIsTruncated) {
  SeededRng rng(1);
  for (int round = 0; round < 500; ++round) {
    const Tree tree = random_tree(rng);
    const Bytes encoded = bcs_encode(tree);
    const auto decoded = bcs_decode<Tree>(encoded);
    ASSERT_TRUE(decoded);
    EXPECT_TRUE(*decoded == tree);
    for (std::size_t size = 0; size < encoded.size(); ++size) {
      const auto cut = bcs_decode<Tree>(ByteView(encoded).first(size));
      ASSERT_FALSE(cut);
      EXPECT_EQ(cut.error(), BcsError::kTruncated);
    }
  }
}

TEST(BcsProperty, WhatIsAcceptedIsWrittenTheSameWay) {
  // One value, one encoding: random damage is refused or is the encoding of another value.
  SeededRng rng(2);
  int accepted = 0;
  int refused = 0;
  for (int round = 0; round < 20'000; ++round) {
    Bytes encoded = bcs_encode(random_tree(rng));
    for (std::uint64_t i = 1 + rng.below(3); i > 0; --i) {
      encoded[rng.below(encoded.size())] = static_cast<std::uint8_t>(rng.next());
    }
    const auto decoded = bcs_decode<Tree>(encoded);
    if (!decoded) {
      ++refused;
      continue;
    }
    ++accepted;
    ASSERT_EQ(to_hex(bcs_encode(*decoded)), to_hex(encoded));
  }
  EXPECT_GT(accepted, 1000);
  EXPECT_GT(refused, 1000);
}

}  // namespace
}  // namespace fog
