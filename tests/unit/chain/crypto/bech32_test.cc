// Bech32 reads and writes what BIP-173 lists as valid and refuses what it lists as invalid.
#include "chain/crypto/bech32.h"

#include <cctype>

#include <gtest/gtest.h>

#include "tests/support/seeded_rng.h"
#include "tests/support/vectors.h"

namespace fog {
namespace {

using testing::hex;
using testing::SeededRng;

std::string lower(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

TEST(Bech32, ReadsBip173sValidStringsAndWritesThemBack) {
  const std::vector<std::string> valid = {
      "A12UEL5L",
      "a12uel5l",
      "an83characterlonghumanreadablepartthatcontainsthenumber1andtheexcludedcharactersbio1tt5tgs",
      "abcdef1qpzry9x8gf2tvdw0s3jn54khce6mua7lmqqqxw",
      "11qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqc8247j",
      "split1checkupstagehandshakeupstreamerranterredcaperred2y9e3w",
      "?1ezyfcl",
  };
  for (const std::string& text : valid) {
    const auto decoded = bech32_decode(text);
    ASSERT_TRUE(decoded) << text;
    EXPECT_EQ(bech32_encode(decoded->prefix, decoded->data), lower(text));
  }
  EXPECT_EQ(to_hex(bech32_decode(valid[3])->data), "00443214c74254b635cf84653a56d7c675be77df");
}

TEST(Bech32, RefusesBip173sInvalidStrings) {
  const std::vector<std::pair<std::string, const char*>> invalid = {
      {"\x20"
       "1nwldj5",
       "the prefix has a character below the printable range"},
      {"\x7f"
       "1axkwrx",
       "the prefix has a character above it"},
      {"\x80"
       "1eym55h",
       "the prefix has a byte that is not ASCII"},
      {"an84characterslonghumanreadablepartthatcontainsthenumber1andtheexcludedcharactersbio1569pv"
       "x",
       "longer than 90"},
      {"pzry9x0s0muk", "no separator"},
      {"1pzry9x0s0muk", "empty prefix"},
      {"x1b4n0q5v", "a data character outside the alphabet"},
      {"li1dgmt3", "the checksum is too short"},
      {"de1lg7wt\xff", "a foreign byte in the checksum"},
      {"A1G7SGD8", "checksum calculated with the prefix in upper case"},
      {"10a06t8", "empty prefix"},
      {"1qzzfhee", "empty prefix"},
      {"A12uel5l", "mixed case"},
      {"a12UEL5L", "mixed case"},
      {"", "empty"},
      {"1", "only a separator"},
      // Bech32m (BIP-350) is another checksum.
      {"a1lqfn3a", "bech32m"},
      {"abcdef1l7aum6echk45nj3s0wdvt2fg8x9yrzpqzd3ryx", "bech32m"},
  };
  for (const auto& [text, why] : invalid) EXPECT_FALSE(bech32_decode(text)) << text << ": " << why;
}

// A segregated witness program, as BIP-173 defines it on top of Bech32.
std::optional<std::string> script_of(std::string_view network, std::string_view address) {
  const auto decoded = bech32_decode_words(address);
  if (!decoded || decoded->prefix != network || decoded->words.empty()) return std::nullopt;
  const std::uint8_t version = decoded->words[0];
  const auto program = bech32_words_to_bytes(ByteView(decoded->words).subspan(1));
  if (!program || version > 16 || program->size() < 2 || program->size() > 40) return std::nullopt;
  if (version == 0 && program->size() != 20 && program->size() != 32) return std::nullopt;
  const std::uint8_t head[] = {static_cast<std::uint8_t>(version == 0 ? 0 : 0x50 + version),
                               static_cast<std::uint8_t>(program->size())};
  return to_hex(head) + to_hex(*program);
}

TEST(Bech32, ReadsBip173sAddresses) {
  EXPECT_EQ(script_of("bc", "BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4"),
            "0014751e76e8199196d454941c45d1b3a323f1433bd6");
  EXPECT_EQ(script_of("tb", "tb1qrp33g0q5c5txsp9arysrx4k6zdkfs4nce4xj0gdcccefvpysxf3q0sl5k7"),
            "00201863143c14c5166804bd19203356da136c985678cd4d27a1b8c6329604903262");
  EXPECT_EQ(
      script_of("bc", "bc1pw508d6qejxtdg4y5r3zarvary0c5xw7kw508d6qejxtdg4y5r3zarvary0c5xw7k7grplx"),
      "5128751e76e8199196d454941c45d1b3a323f1433bd6751e76e8199196d454941c45d1b3a323f1433bd6");
  EXPECT_EQ(script_of("bc", "BC1SW50QA3JX3S"), "6002751e");
  EXPECT_EQ(script_of("bc", "bc1zw508d6qejxtdg4y5r3zarvaryvg6kdaj"),
            "5210751e76e8199196d454941c45d1b3a323");
  EXPECT_EQ(script_of("tb", "tb1qqqqqp399et2xygdj5xreqhjjvcmzhxw4aywxecjdzew6hylgvsesrxh6hy"),
            "0020000000c4a5cad46221b2a187905e5266362b99d5e91c6ce24d165dab93e86433");
}

TEST(Bech32, RefusesBip173sInvalidAddresses) {
  const std::vector<std::pair<std::string, const char*>> invalid = {
      {"tc1qw508d6qejxtdg4y5r3zarvary0c5xw7kg3g4ty", "another network"},
      {"bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t5", "bad checksum"},
      {"BC13W508D6QEJXTDG4Y5R3ZARVARY0C5XW7KN40WF2", "bad version"},
      {"bc1rw5uspcuh", "too short"},
      {"bc10w508d6qejxtdg4y5r3zarvary0c5xw7kw508d6qejxtdg4y5r3zarvary0c5xw7kw5rljs90", "too long"},
      {"BC1QR508D6QEJXTDG4Y5R3ZARVARYV98GJ9P", "a length that version 0 does not have"},
      {"tb1qrp33g0q5c5txsp9arysrx4k6zdkfs4nce4xj0gdcccefvpysxf3q0sL5k7", "mixed case"},
      {"bc1zw508d6qejxtdg4y5r3zarvaryvqyzf3du", "more than four bits of padding"},
      {"tb1qrp33g0q5c5txsp9arysrx4k6zdkfs4nce4xj0gdcccefvpysxf3pjxtptv", "padding is not zero"},
      {"bc1gmk9yu", "no data"},
  };
  for (const auto& [text, why] : invalid) {
    EXPECT_FALSE(script_of("bc", text)) << why;
    EXPECT_FALSE(script_of("tb", text)) << why;
  }
}

TEST(Bech32, RoundTripsAndNoticesUpToFourWrongCharacters) {
  SeededRng rng(8);
  const std::string alphabet = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";
  for (int round = 0; round < 200; ++round) {
    const Bytes data = rng.bytes(rng.below(49));
    const std::string text = bech32_encode("fog", data);
    const auto decoded = bech32_decode(text);
    ASSERT_TRUE(decoded);
    EXPECT_EQ(decoded->prefix, "fog");
    EXPECT_EQ(decoded->data, data);
    std::string wrong = text;
    for (std::uint64_t errors = 1 + rng.below(4); errors > 0; --errors) {
      wrong[4 + rng.below(wrong.size() - 4)] = alphabet[rng.below(32)];
    }
    if (wrong != text) {
      EXPECT_FALSE(bech32_decode(wrong)) << text << " " << wrong;
    }
  }
}

TEST(Bech32, WritingWhatCannotBeReadIsOurBug) {
  EXPECT_DEATH(bech32_encode("", {}), "CHECK failed");
  EXPECT_DEATH(bech32_encode("Fog", {}), "CHECK failed");
  EXPECT_DEATH(bech32_encode("fog", Bytes(51, 0)), "CHECK failed");
  EXPECT_EQ(bech32_encode("fog", Bytes(50, 0)).size(), 90U);
}

TEST(Bech32, WordsAboveFiveBitsAreRefused) {
  EXPECT_EQ(bech32_words_to_bytes(hex("1f1c")), hex("ff"));
  EXPECT_FALSE(bech32_words_to_bytes(hex("201c")));
  EXPECT_FALSE(bech32_words_to_bytes(hex("1f1f"))) << "padding is not zero";
  EXPECT_FALSE(bech32_words_to_bytes(hex("00"))) << "five bits of padding";
}

}  // namespace
}  // namespace fog
