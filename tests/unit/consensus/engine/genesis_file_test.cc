// A genesis file means one genesis, and a mistake in it is named.
#include "consensus/engine/genesis_file.h"

#include <gtest/gtest.h>

#include "tests/support/fault_env.h"
#include "tests/support/test_node.h"

namespace fog {
namespace {

using testing::test_genesis;
using testing::test_validator_key;
using testing::TestKey;

std::string replaced(std::string text, const std::string& what, const std::string& with) {
  const std::size_t at = text.find(what);
  EXPECT_NE(at, std::string::npos) << what;
  return text.replace(at, what.size(), with);
}

class GenesisFileTest : public ::testing::Test {
 protected:
  Genesis genesis_ = test_genesis(test_validator_key(), 3);
  std::string text_ = format_genesis(genesis_);
  std::string error_of(const std::string& text) {
    const auto parsed = parse_genesis(text);
    EXPECT_FALSE(parsed) << text;
    if (parsed) return "";
    EXPECT_EQ(parsed.error().code, ErrorCode::kInvalidInput);
    return parsed.error().context;
  }
};

TEST_F(GenesisFileTest, WhatIsWrittenIsRead) {
  const auto parsed = parse_genesis(text_);
  ASSERT_TRUE(parsed) << parsed.error().context;
  EXPECT_EQ(*parsed, genesis_);
  EXPECT_EQ(chain_id_of(*parsed), chain_id_of(genesis_));
}

TEST_F(GenesisFileTest, NumbersAndAmountsComeInSeveralForms) {
  const auto parsed =
      parse_genesis(replaced(replaced(replaced(text_, "\"1700000000000\"", "1700000000000"),
                                      "\"1000000 FOG\"", "\"1000000000000000\""),
                             "\"1000000 FOG\"", "\"1000000.000000000 FOG\""));
  ASSERT_TRUE(parsed) << parsed.error().context;
  EXPECT_EQ(*parsed, genesis_);
}

TEST_F(GenesisFileTest, FieldsLeftOutHaveTheirDefaults) {
  const std::size_t from = text_.find("  \"params\"");
  const std::size_t to = text_.find("  \"market\"");
  const auto parsed = parse_genesis(text_.substr(0, from) + text_.substr(to));
  ASSERT_TRUE(parsed) << parsed.error().context;
  EXPECT_EQ(parsed->params, ChainParams{});
}

TEST_F(GenesisFileTest, AccountsComeInAnyOrder) {
  const std::string a = "\"" + to_text(genesis_.accounts[0].address) + "\"";
  const std::string b = "\"" + to_text(genesis_.accounts[1].address) + "\"";
  const auto parsed =
      parse_genesis(replaced(replaced(replaced(text_, a, "\"X\""), b, a), "\"X\"", b));
  ASSERT_TRUE(parsed) << parsed.error().context;
  EXPECT_EQ(*parsed, genesis_);
}

TEST_F(GenesisFileTest, NamesTheFieldThatIsWrong) {
  const auto expect = [&](const std::string& what, const std::string& with,
                          const std::string& named) {
    const std::string error = error_of(replaced(text_, what, with));
    EXPECT_NE(error.find(named), std::string::npos) << error;
  };
  expect("\"chain_name\"", "\"chainname\"", "chainname: there is no such field");
  expect("\"balance\": \"1000000 FOG\"", "\"balance\": \"12.5\"", "accounts[0].balance: an amount");
  expect("\"balance\": \"1000000 FOG\"", "\"balance\": -5", "accounts[0].balance");
  expect("\"balance\": \"1000000 FOG\"", "\"amount\": \"5 FOG\"", "accounts[0].amount");
  expect("\"stake\": \"1000 FOG\"", "\"stake\": \"99999999999999999999 FOG\"",
         "validators[0].stake");
  expect("\"stake\": \"1000 FOG\",", "", "validators[0].stake: this field is missing");
  expect("\"key\": \"0x", "\"key\": \"0x00", "validators[0].key: 32 bytes");
  expect("\"address\": \"fog1", "\"address\": \"fog1q", "accounts[0].address");
  expect("\"base_price_min\": \"10\"", "\"base_price_min\": \"ten\"", "params.base_price_min");
  expect("\"base_price_min\": \"10\"", "\"base_price_min\": 1.5", "params.base_price_min");
  expect("\"base_price_min\": \"10\"", "\"base_price\": \"10\"", "params.base_price: there is no");
  expect("\"burn_permille\": \"20\"", "\"burn_permille\": \"4294967296\"", "market.burn_permille");
  expect("\"gfuel\"", "\"fuel\"", "market.classes[0].prices.fuel");
  expect("\"time_ms\": \"1700000000000\"", "\"time_ms\": {}", "time_ms: a whole number");
}

TEST_F(GenesisFileTest, RefusesWhatTheRulesRefuseAndWhatIsNoJson) {
  EXPECT_NE(error_of("{").find("not JSON"), std::string::npos);
  EXPECT_NE(error_of("[]").find("object"), std::string::npos);
  EXPECT_FALSE(error_of(replaced(text_, "\"fog-test\"", "\"\"")).empty());
  const std::string twice = "\"" + to_text(genesis_.accounts[1].address) + "\"";
  EXPECT_FALSE(error_of(replaced(text_, "\"" + to_text(genesis_.accounts[0].address) + "\"", twice))
                   .empty());
}

TEST_F(GenesisFileTest, ReadsAFileAndNamesIt) {
  testing::FaultEnv env;
  ASSERT_TRUE(env.create_file("d/genesis.json", as_bytes(text_), FileMode::kShared));
  EXPECT_EQ(*read_genesis_file(env, "d/genesis.json"), genesis_);
  EXPECT_EQ(read_genesis_file(env, "d/none.json").error().code, ErrorCode::kNotFound);
  ASSERT_TRUE(env.create_file("d/bad.json", as_bytes("x"), FileMode::kShared));
  EXPECT_NE(read_genesis_file(env, "d/bad.json").error().context.find("d/bad.json"),
            std::string::npos);
}

TEST_F(GenesisFileTest, ACopyOfTheHeadHoldsAsLongAsTheFileIsTheSame) {
  testing::FaultEnv env;
  const std::string path = "d/genesis.json";
  const std::string cache = "d/genesis.cache";
  ASSERT_TRUE(env.create_file(path, as_bytes(text_), FileMode::kShared));
  Genesis without_accounts = genesis_;
  without_accounts.accounts.clear();
  const auto expect_head = [&](bool whole) {
    const auto head = read_genesis_head(env, path, cache);
    ASSERT_TRUE(head);
    EXPECT_EQ(head->chain_id, chain_id_of(genesis_));
    EXPECT_EQ(head->whole, whole);
    EXPECT_EQ(head->genesis, whole ? genesis_ : without_accounts);
  };
  expect_head(true);
  const Bytes made = env.contents(cache);
  const std::uint64_t written = env.bytes_written();
  expect_head(false);
  EXPECT_EQ(env.bytes_written(), written) << "nothing was made anew";
  for (const std::size_t at : {std::size_t{0}, std::size_t{40}, std::size_t{70}, made.size() - 1}) {
    env.contents(cache)[at] ^= 1U;
    expect_head(true);  // a damaged copy
    EXPECT_EQ(env.contents(cache), made);
  }
  env.contents(cache).resize(20);
  expect_head(true);
  // Longer than one piece of what is hashed.
  std::string other = replaced(text_, "fog-test", "fog-else");
  for (const std::size_t spaces :
       {std::size_t{0}, 256 * 1024 - other.size(), std::size_t{300'000}}) {
    env.contents(path) = to_bytes(as_bytes(std::string(spaces, ' ') + other));
    EXPECT_EQ(read_genesis_head(env, path, cache)->genesis.chain_name, "fog-else");
    EXPECT_EQ(read_genesis_head(env, path, cache)->file_hash, sha256(env.contents(path)));
  }
}

TEST(ValidatorKeyFile, IsReadBackOnlyByItsOwner) {
  testing::FaultEnv env;
  const ValidatorKey key = test_validator_key();
  ASSERT_TRUE(key.write(env, "d/validator.key"));
  EXPECT_EQ(key.write(env, "d/validator.key").error().code, ErrorCode::kAlreadyExists);
  const auto read = ValidatorKey::read(env, "d/validator.key");
  ASSERT_TRUE(read);
  EXPECT_EQ(read->secret.bytes(), key.secret.bytes());
  EXPECT_EQ(read->beacon_secret, key.beacon_secret);
  const Bytes good = env.contents("d/validator.key");
  ASSERT_TRUE(env.create_file("d/open.key", good, FileMode::kShared));
  EXPECT_EQ(ValidatorKey::read(env, "d/open.key").error().code, ErrorCode::kPermission);
  for (std::size_t length = 0; length + 2 < good.size(); ++length) {
    env.contents("d/validator.key").assign(good.begin(), good.begin() + static_cast<long>(length));
    EXPECT_EQ(ValidatorKey::read(env, "d/validator.key").error().code, ErrorCode::kCorrupt);
  }
}

}  // namespace
}  // namespace fog
