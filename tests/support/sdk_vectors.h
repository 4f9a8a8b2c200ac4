// Vectors that the TypeScript SDK (contrib/sdk) shares with this side, byte for byte, in both
// directions; all under tests/data/vectors:
//
//   sdk_types.json    values of every public type: JSON and BCS; bent encodings and their verdicts
//   sdk_signed.json   ids, addresses, signatures, certificates, proofs, prices
//   sdk_made.json     made by the SDK: a signed transaction of every kind
//
// The first two are made here, from seeds: FOG_WRITE_VECTORS=1 writes them, and without it a test
// says which line differs. The third is made by `npm run vectors` in contrib/sdk.
#pragma once

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "tests/support/vectors.h"

namespace fog::testing {

// One vector a line, so that a difference is a line.
inline std::string as_lines(const nlohmann::json& vectors) {
  std::string out = "[\n";
  for (std::size_t i = 0; i < vectors.size(); ++i) {
    out += vectors[i].dump() + (i + 1 == vectors.size() ? "\n" : ",\n");
  }
  return out + "]\n";
}

inline void expect_recorded(const std::string& name, const nlohmann::json& vectors) {
  const std::string text = as_lines(vectors);
  if (std::getenv("FOG_WRITE_VECTORS") != nullptr) {
    std::ofstream(std::string(FOG_TEST_DATA) + "/" + name, std::ios::binary) << text;
  }
  const std::string recorded = read_data(name);
  if (text == recorded) return;
  std::istringstream made(text);
  std::istringstream was(recorded);
  std::string made_line;
  std::string was_line;
  for (int line = 1; std::getline(made, made_line); ++line) {
    if (std::getline(was, was_line) && made_line == was_line) continue;
    FAIL() << name << " differs at line " << line
           << ". If the format has changed, and no chain has "
           << "it yet: FOG_WRITE_VECTORS=1, and then the SDK's types.\n made: "
           << made_line.substr(0, 400) << "\n file: " << was_line.substr(0, 400);
  }
  FAIL() << name << " has more lines than are made";
}

}  // namespace fog::testing
