// Genesis files: the first state of a chain as JSON that people write.
//
//   {
//     "chain_name": "fog-local",
//     "time_ms": "1700000000000",
//     "params": { "base_price_min": "10", ... },             fields left out have their defaults
//     "market": { "classes": [ { "name": "standard", "prices": { "cpu_core_hour": "...", ... } } ],
//                 "host_bond_min": "100 FOG", ... },
//     "staking": { "min_bond": "100 FOG", ... },             fields left out have their defaults
//     "validators": [ { "key": "0x...", "payout": "fog1...", "stake": "1000 FOG",
//                       "beacon_commitment": "0x..." } ],
//     "accounts": [ { "address": "fog1...", "balance": "12.5 FOG" } ]
//   }
//
// Whole numbers are JSON numbers or decimal strings; amounts are "12.5 FOG", or decimal strings of
// droplets. Unknown fields are refused: a misspelt one would silently mean its default.
#pragma once

#include <string>
#include <string_view>

#include "chain/base/env.h"
#include "consensus/rules/genesis.h"

namespace fog {

// kInvalidInput names the field ("accounts[3].balance: ..."). Accounts may come in any order; the
// result passes check_genesis.
ErrorOr<Genesis> parse_genesis(std::string_view json);
// Parses back to an equal genesis.
std::string format_genesis(const Genesis& genesis);

ErrorOr<Genesis> read_genesis_file(Env& env, const std::string& path);

// What a node needs of its genesis at every start.
struct GenesisHead {
  Hash32 file_hash;  // SHA-256
  ChainId chain_id;
  Genesis genesis;     // without its accounts, unless:
  bool whole = false;  // it was parsed just now
  static constexpr auto kFields =
      std::make_tuple(&GenesisHead::file_hash, &GenesisHead::chain_id, &GenesisHead::genesis);
};

// From a small copy beside the file that is made the first time: a million accounts take seconds to
// parse, and are of use at the first start only. The copy holds as long as the file has the bytes
// from which it was made; a damaged copy is made anew.
ErrorOr<GenesisHead> read_genesis_head(Env& env, const std::string& path,
                                       const std::string& cache_path);

}  // namespace fog
