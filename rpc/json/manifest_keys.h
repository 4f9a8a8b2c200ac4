// Every key that a service manifest may have: what the parser takes, what an error says is allowed,
// and what the JSON Schema (contrib/doc/service.schema.json) is made of.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

namespace fog::rpc {

enum class ManifestKind : std::uint8_t {
  kText,      // min..max bytes
  kWhole,     // a whole number from min to max
  kAmount,    // "0.5 FOG", "500 droplets"
  kDuration,  // "90s", "30m", "12h", "7d": min..max in microseconds
  kMoment,    // a duration from now, or a time like 2026-12-24T18:00Z
  kDegrees,   // -max..max, at most three decimals
  kChoice,    // one of the pattern's words
  kFlag,      // true or false
  kTexts,     // a list of up to max texts
  kSection,   // keys of their own
  kReplicas,  // a whole number, or keys of their own
  kPairs,     // up to max names with single values
  kRules,     // up to max names, each with a value or keys of their own
};

struct ManifestKey {
  std::string_view section;  // "" or "bid" or "bid.near"; "bid.attributes.*" for each name there
  std::string_view name;
  ManifestKind kind = ManifestKind::kText;
  std::uint64_t min = 0;
  std::uint64_t max = 0;
  // kChoice: words between '|'. Texts: a regular expression for the schema; "": any.
  std::string_view pattern;
  bool is_required = false;
  std::string_view meaning;
  std::string_view example;  // of the value, as YAML
};

std::span<const ManifestKey> manifest_keys();
// The key must be in the table.
const ManifestKey& manifest_key(std::string_view section, std::string_view name);

// The JSON Schema (draft 2020-12) of a manifest. A value in quotes is text to it, so it takes a
// little less than the parser does.
nlohmann::ordered_json manifest_schema();

}  // namespace fog::rpc
