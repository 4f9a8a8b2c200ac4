// Published test vectors: files under tests/data, read when the test runs.
#pragma once

#include <fstream>
#include <iterator>
#include <string>
#include <string_view>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "chain/base/bytes.h"

namespace fog::testing {

// The whole file; fails the test if it is missing or empty.
inline std::string read_data(std::string_view name) {
  std::ifstream in(std::string(FOG_TEST_DATA) + "/" + std::string(name), std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  EXPECT_FALSE(text.empty()) << "missing test data: " << name;
  return text;
}

inline nlohmann::json read_json(std::string_view name) {
  return nlohmann::json::parse(read_data(name));
}

// Hex that must be hex: a typing error in a vector fails the test instead of passing as "refused".
inline Bytes hex(std::string_view text) {
  const auto bytes = from_hex(text);
  EXPECT_TRUE(bytes.has_value()) << text;
  return bytes.value_or(Bytes{});
}
template <std::size_t N>
FixedBytes<N> fixed_hex(std::string_view text) {
  const auto bytes = fixed_from_hex<N>(text);
  EXPECT_TRUE(bytes.has_value()) << text;
  return bytes.value_or(FixedBytes<N>{});
}

}  // namespace fog::testing
