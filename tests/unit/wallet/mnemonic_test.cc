// Mnemonics give the published seeds, and a slip of the pen is named.
#include "wallet/mnemonic.h"

#include <algorithm>
#include <set>

#include <gtest/gtest.h>

#include "tests/support/seeded_rng.h"
#include "tests/support/vectors.h"
#include "wallet/hd_key.h"
#include "wallet/text.h"
#include "wallet/wordlist.h"

namespace fog::wallet {
namespace {

using testing::hex;
using testing::read_data;
using testing::read_json;
using testing::SeededRng;

const std::string kGood =
    "legal winner thank year wave sausage worth useful legal winner thank yellow";

std::string refusal(std::string_view text) {
  const auto entropy = entropy_from_mnemonic(text);
  if (entropy) return "accepted";
  EXPECT_EQ(entropy.error().code, ErrorCode::kInvalidInput);
  return entropy.error().context;
}

TEST(Wordlist, IsThePublishedOneInOrder) {
  std::string published;
  for (const std::string_view word : english_words()) published += std::string(word) + "\n";
  EXPECT_EQ(published, read_data("vectors/bip39_english.txt"));
  EXPECT_TRUE(std::is_sorted(english_words().begin(), english_words().end()));
  std::set<std::string_view> beginnings;
  for (const std::string_view word : english_words()) beginnings.insert(word.substr(0, 4));
  EXPECT_EQ(beginnings.size(), 2048U);
}

TEST(Mnemonic, PassesThePublishedEnglishVectors) {
  int count = 0;
  const nlohmann::json vectors = read_json("vectors/bip39_vectors.json");
  for (const auto& vector : vectors.at("english")) {
    const Bytes entropy = hex(vector.at(0).get<std::string>());
    const std::string words = vector.at(1);
    EXPECT_EQ(mnemonic_from_entropy(entropy)->get(), words);
    EXPECT_EQ(entropy_from_mnemonic(words)->get(), entropy);
    const auto seed = seed_from_mnemonic(words, "TREZOR");
    EXPECT_EQ(to_hex(seed->get()), vector.at(2));
    EXPECT_EQ(HdPrivateKey::from_seed(seed->get())->to_text().get(), vector.at(3));
    ++count;
  }
  EXPECT_EQ(count, 24);
}

TEST(Mnemonic, SeedsOfOtherLanguagesNeedNormalizationAndPass) {
  // A seed depends on the text alone, so the other languages' vectors check the normalization.
  int count = 0;
  const nlohmann::json vectors = read_json("vectors/bip39_vectors.json");
  for (const auto& [language, list] : vectors.items()) {
    for (const auto& vector : list) {
      const auto seed = seed_from_mnemonic(vector.at(1).get<std::string>(), "TREZOR");
      EXPECT_EQ(to_hex(seed->get()), vector.at(2)) << language;
      EXPECT_EQ(HdPrivateKey::from_seed(seed->get())->to_text().get(), vector.at(3)) << language;
      ++count;
    }
  }
  EXPECT_EQ(count, 12 * 24);
}

TEST(Mnemonic, APassphraseMayBeAnyUnicodeInAnyForm) {
  // "é" as one code point and as e with a combining accent; a ligature and its letters.
  EXPECT_EQ(seed_from_mnemonic(kGood, "caf\xc3\xa9")->get(),
            seed_from_mnemonic(kGood, "cafe\xcc\x81")->get());
  EXPECT_EQ(seed_from_mnemonic(kGood, "\xef\xac\x81sh")->get(),
            seed_from_mnemonic(kGood, "fish")->get());
  EXPECT_NE(seed_from_mnemonic(kGood, "cafe")->get(),
            seed_from_mnemonic(kGood, "caf\xc3\xa9")->get());
  const auto bad = seed_from_mnemonic(kGood, "caf\xe9");
  ASSERT_FALSE(bad);
  EXPECT_EQ(bad.error().code, ErrorCode::kInvalidInput);
}

TEST(Mnemonic, AZeroByteInAPassphraseDoesNotEndIt) {
  const std::string with_zero("a\0b", 3);
  EXPECT_EQ(nfkd(with_zero)->get(), with_zero);
  EXPECT_NE(seed_from_mnemonic(kGood, with_zero)->get(), seed_from_mnemonic(kGood, "a")->get());
}

TEST(Mnemonic, CaseAndWhiteSpaceDoNotMatter) {
  std::string shouted = "  \n";
  for (const char c : kGood) {
    shouted +=
        c == ' ' ? std::string("\t \r\n") : std::string(1, static_cast<char>(std::toupper(c)));
  }
  EXPECT_EQ(entropy_from_mnemonic(shouted + "\n")->get(), entropy_from_mnemonic(kGood)->get());
}

TEST(Mnemonic, AWrongWordIsNamedWithItsNearest) {
  EXPECT_EQ(refusal("legal winner thank year wave sausage wroth useful legal winner thank yellow"),
            "word 7, \"wroth\", is not in the BIP-39 English word list; did you mean worth or "
            "cloth or north?");
  EXPECT_NE(refusal("abandom").find("word 1, \"abandom\""), std::string::npos);
  EXPECT_NE(refusal("abandom").find("did you mean abandon"), std::string::npos);
}

TEST(Mnemonic, AWrongWordIsShownSafely) {
  EXPECT_NE(refusal("\x1b[2J").find("\"?[2J\""), std::string::npos) << "no terminal control codes";
  EXPECT_NE(refusal("\xff\xfe").find("(not text)"), std::string::npos);
  EXPECT_LT(refusal(std::string(4000, 'z')).size(), 200U);
  EXPECT_NE(refusal(std::string(5000, 'z')).find("too long"), std::string::npos);
}

TEST(Mnemonic, TheNumberOfWordsIsSaid) {
  EXPECT_EQ(refusal(""), "a mnemonic has 12, 15, 18, 21 or 24 words; this has 0");
  EXPECT_EQ(refusal(kGood + " zoo"), "a mnemonic has 12, 15, 18, 21 or 24 words; this has 13");
  std::string many;
  for (int i = 0; i < 27; ++i) many += "zoo ";
  EXPECT_EQ(refusal(many), "a mnemonic has 12, 15, 18, 21 or 24 words; this has 27");
}

TEST(Mnemonic, AWrongChecksumIsSaid) {
  EXPECT_NE(refusal("winner legal thank year wave sausage worth useful legal winner thank yellow")
                .find("checksum"),
            std::string::npos);
  // Of the 2048 last words for eleven fixed ones, one in sixteen fits: the checksum has four bits.
  int fitting = 0;
  for (const std::string_view last : english_words()) {
    std::string text = kGood.substr(0, kGood.rfind(' ') + 1);
    text += last;
    fitting += entropy_from_mnemonic(text) ? 1 : 0;
  }
  EXPECT_EQ(fitting, 128);
}

TEST(Mnemonic, EverySizeRoundTripsAndOthersAreRefused) {
  SeededRng rng(1);
  for (unsigned words = 0; words <= 30; ++words) {
    const bool valid = words >= 12 && words <= 24 && words % 3 == 0;
    const auto mnemonic = generate_mnemonic(rng, words);
    ASSERT_EQ(mnemonic.has_value(), valid) << words;
    if (!valid) continue;
    const auto entropy = entropy_from_mnemonic(mnemonic->get());
    ASSERT_TRUE(entropy);
    EXPECT_EQ(entropy->get().size(), words / 3 * 4);
    EXPECT_EQ(mnemonic_from_entropy(entropy->get())->get(), mnemonic->get());
  }
  for (const std::size_t size : {0U, 15U, 17U, 33U, 36U}) {
    EXPECT_FALSE(mnemonic_from_entropy(Bytes(size)));
  }
}

TEST(NearestWords, CountEditsAndSwaps) {
  EXPECT_EQ(nearest_words("zoo", 1), std::vector<std::string_view>{"zoo"});
  EXPECT_EQ(nearest_words("zo", 1), std::vector<std::string_view>{"zoo"});
  EXPECT_EQ(nearest_words("abuot", 1), std::vector<std::string_view>{"about"});
  EXPECT_EQ(nearest_words("satoshii", 1), std::vector<std::string_view>{"satoshi"});
  EXPECT_EQ(nearest_words("", 0).size(), 0U);
  EXPECT_EQ(nearest_words("x", 5000).size(), 2048U);
}

TEST(Secret, MovesAndLeavesNothingBehind) {
  SecretText first(std::string("short"));
  const SecretText second = std::move(first);
  EXPECT_EQ(second.get(), "short");
  EXPECT_TRUE(first.empty());  // NOLINT(bugprone-use-after-move): that is what is shown.
  EXPECT_EQ(second.copy().get(), "short");
}

}  // namespace
}  // namespace fog::wallet
