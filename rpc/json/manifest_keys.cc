#include "rpc/json/manifest_keys.h"

#include <nlohmann/json.hpp>

#include "chain/base/check.h"
#include "market/types/objects.h"
#include "market/types/terms.h"

namespace fog::rpc {
namespace {

using enum ManifestKind;
using market::Constraints;

constexpr std::uint64_t kU64Max = ~std::uint64_t{0};
constexpr std::uint64_t kBodyMax = 1ULL << 30;
constexpr std::string_view kCountry = "^[A-Z]{2}$";
constexpr std::string_view kHostIds = "^(0x)?[0-9a-fA-F]{64}$";
constexpr std::string_view kAddress = "^fog1[02-9ac-hj-np-z]{38}$";

constexpr std::string_view kImage =
    "^[a-z0-9][a-z0-9.-]*(:[0-9]{1,5})?(/[a-z0-9]+([._-]+[a-z0-9]+)*)+@sha256:[0-9a-f]{64}$";
constexpr std::string_view kSecret = "^[A-Za-z_][A-Za-z0-9_]{0,63}$";
constexpr std::string_view kOutbound =
    "^((\\*\\.)?[a-z0-9_]([a-z0-9_.-]*[a-z0-9_])?|\\[[0-9a-f:.]+\\])(:[0-9]{1,5})?$";

template <class List>
constexpr std::uint64_t most(List Constraints::*) {
  return List::kMax;
}

constexpr ManifestKey kKeys[] = {
    {"", "name", kText, 1, 256, "^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$", true,
     "The service's name: 3 to 63 of a-z, 0-9 and '-', no '-' at the ends; unique on the chain, "
     "and its host name.",
     "my-service"},
    {"", "summary", kText, 0, 256, "", false, "What it does, in a line.", "Says hello"},
    {"", "runtime", kChoice, 0, 0, "wasm|wasm-http|container", true,
     "What runs it. wasm: a WASI preview 1 command, once for each request; wasm-http: a component "
     "of the world wasi:http/proxy; container: a Linux container that listens on `port`.",
     "wasm"},
    {"", "artifact", kText, 1, 4'096, "", false,
     "The program's file, relative to the manifest's folder; for a container its image, as an OCI "
     "or docker archive. Either this or `image` must be there.",
     "hello.wasm"},
    {"", "image", kText, 1, 400, kImage, false,
     "Instead of `artifact`, a container's image in a registry: REGISTRY/NAME@sha256:DIGEST, where "
     "DIGEST is its manifest's. Hosts pull it themselves.",
     "docker.io/library/caddy@sha256:12..."},
    {"", "port", kWhole, 1, 65'535, "", false,
     "Of a container: where it listens for HTTP; the program finds it in $PORT. Default 8080.",
     "8080"},
    {"", "limits", kSection, 0, 0, "", false, "What one request may use.", "{memory_mib: 64}"},
    {"", "env", kPairs, 0, 64, "", false,
     "Variables for the program, up to 64; public. A name has 1 to 64 bytes without '=', a value "
     "at most 1024.",
     "{GREETING: hello}"},
    {"", "secrets", kTexts, 0, decltype(market::Manifest::secrets)::kMax, kSecret, false,
     "Variables whose values `fogcoin secret set` hands over; it does not start before they have "
     "come.",
     "[DB_PASSWORD]"},
    {"", "volumes", kPairs, 0, decltype(market::Manifest::volumes)::kMax, "", false,
     "Folders of a container that it finds again when it is started again, while its lease lasts: "
     "PATH: MIB. They take from bid.resources.storage_mib.",
     "{/data: 256}"},
    {"", "keyvalue", kSection, 0, 0, "", false,
     "Of a wasm-http program: a key-value store (wasi:keyvalue) for each replica, kept while its "
     "lease lasts.",
     "{mib: 64}"},
    {"", "outbound", kTexts, 0, decltype(market::Manifest::outbound)::kMax, kOutbound, false,
     "Other servers that a wasm-http program may ask: HOST or HOST:PORT, where HOST may begin with "
     "\"*.\" for all names below a domain. Default: none.",
     "[api.example.org, \"*.example.net:8443\"]"},
    {"", "bid", kSection, 0, 0, "", false, "What is asked of the market, and its price.",
     "{price_cap_per_hour: 0.5 FOG}"},

    {"limits", "memory_mib", kWhole, 1, 4'096, "", false, "Memory, in MiB. Default 64.", "64"},
    {"limits", "fuel_per_request", kWhole, 1, 1'000'000'000'000, "", false,
     "About one unit for each WebAssembly instruction. Default 10^9.", "1000000000"},
    {"limits", "wall_ms", kWhole, 1, 600'000, "", false, "Time, in milliseconds. Default 10000.",
     "10000"},
    {"limits", "request_bytes", kWhole, 0, kBodyMax, "", false,
     "The request's body. Default 1048576.", "1048576"},
    {"limits", "response_bytes", kWhole, 1, kBodyMax, "", false,
     "The answer, head and body. Default 1048576.", "1048576"},
    {"limits", "outbound_bytes", kWhole, 0, 1ULL << 27, "", false,
     "What it may send to other servers, heads and bodies; paid for like the answer. Default "
     "1048576 where outbound names any.",
     "1048576"},

    {"keyvalue", "mib", kWhole, 1, market::kKeyvalueMibMax, "", true,
     "What it may hold, in MiB. It takes from bid.resources.storage_mib.", "64"},

    {"bid", "replicas", kReplicas, 1, 1'024, "", false,
     "How many run at once: a number, or the fewest and the most. Default 1.", "2"},
    {"bid", "warm", kWhole, 0, 1'023, "", false,
     "Reservations kept ready beside the replicas: they pay rent and are opened without waiting "
     "for "
     "a block. At most replicas.max, less replicas.min. Default 0.",
     "1"},
    {"bid", "demands_per_hour", kWhole, 0, 65'535, "", false,
     "How often in an hour each gateway may ask for more replicas, up to replicas.max; each time "
     "costs a fee from the escrow. Default 60 where replicas has a range, else 0.",
     "60"},
    {"bid", "resources", kSection, 0, 0, "", false, "What is reserved for each replica.",
     "{cpu_milli: 500, memory_mib: 256}"},
    {"bid", "profile", kSection, 0, 0, "", false,
     "What one replica is expected to use in an hour: Hosts are compared by what that costs.",
     "{requests_per_hour: 3600}"},
    {"bid", "price_cap_per_hour", kAmount, 0, 0, "", true,
     "The most that a replica may cost an hour at the profile. Rounded up to a step of 1.25x.",
     "0.5 FOG"},
    {"bid", "unit_caps", kSection, 0, 0, "", false,
     "The most that single units may cost, each rounded up to a step of 1.25x.",
     "{gpu_hour: 2 FOG}"},
    {"bid", "spend_cap_per_hour", kAmount, 0, 0, "", false,
     "The most that a replica can ever be paid an hour. Default: the price cap's step.", "2 FOG"},
    {"bid", "deposit", kAmount, 0, 0, "", false, "Put into escrow when the bid is made.", "5 FOG"},
    {"bid", "countries", kTexts, 0, most(&Constraints::countries), kCountry, false,
     "Only Hosts in one of these: two capital letters each (ISO 3166-1).", "[DE, FR]"},
    {"bid", "not_countries", kTexts, 0, most(&Constraints::not_countries), kCountry, false,
     "No Host in any of these.", "[US]"},
    {"bid", "cells", kTexts, 0, most(&Constraints::cells), "^[0-9b-hjkmnp-z]{1,8}$", false,
     "Only Hosts in one of these geohash cells, 1 to 8 characters each.", "[u33, u30]"},
    {"bid", "near", kSection, 0, 0, "", false, "A place from which distances count.",
     "{country: DE, lat: 52.52, lon: 13.405}"},
    {"bid", "latency_weight", kWhole, 0, 0xFFFF'FFFF, "", false,
     "Droplets an hour that a kilometre less is worth; needs near.", "100"},
    {"bid", "distance_max_km", kWhole, 1, 0xFFFF'FFFF, "", false,
     "No Host farther than this from near.", "800"},
    {"bid", "latency_max", kDuration, 1, 0xFFFF'FFFF, "", false,
     "No Host for which light in fibre needs longer, from near and back: 10 us a kilometre.",
     "20ms"},
    {"bid", "attributes", kRules, 0, most(&Constraints::attributes), "", false,
     "What Hosts must say of themselves, or auditors of them: NAME: VALUE, or NAME: {is, not, in, "
     "at_least, exists, audited}.",
     "{disk: nvme, net.mbps: {at_least: 1000}}"},
    {"bid", "auditors", kTexts, 0, most(&Constraints::auditors), kAddress, false,
     "Whose attestations count for audited attributes.", "[fog1...]"},
    {"bid", "only_hosts", kTexts, 0, most(&Constraints::only_hosts), kHostIds, false,
     "Only these Hosts, by id.", "[0x12...]"},
    {"bid", "not_hosts", kTexts, 0, most(&Constraints::not_hosts), kHostIds, false,
     "None of these Hosts, by id.", "[0x12...]"},
    {"bid", "only_owners", kTexts, 0, most(&Constraints::only_owners), kAddress, false,
     "Only Hosts of these owners.", "[fog1...]"},
    {"bid", "not_owners", kTexts, 0, most(&Constraints::not_owners), kAddress, false,
     "No Host of these owners.", "[fog1...]"},
    {"bid", "runtime_profile", kText, 64, 66, kHostIds, false,
     "The exact engine that Hosts must have, as they name it.", "0x12..."},
    {"bid", "standing_min", kWhole, 0, market::kStandingOne, "", false,
     "The least standing of a Host; 10000 has no failure to heal.", "9000"},
    {"bid", "spread", kSection, 0, 0, "", false,
     "At most so many replicas on one Host, with one owner, in one country.",
     "{host: 1, owner: 2, country: 9}"},
    {"bid", "lease", kDuration, market::kLeaseMsMin * 1'000, market::kLeaseMsMax * 1'000, "", false,
     "How long a replica is leased, from when it runs. Default: until the bid is closed.", "12h"},
    {"bid", "start_by", kMoment, 1'000, market::kStartAheadMsMax * 1'000, "", false,
     "Replicas that nobody was found for by then are given up: a duration from when the bid is "
     "made, or a time (UTC). Default: never.",
     "2h"},
    {"bid", "verification", kChoice, 0, 0, "none|sampled|every", false,
     "How results are audited. This chain's rules know none.", "none"},
    {"bid", "gateways", kTexts, 0, 8, kAddress, false,
     "Who may serve it. Default: all registered gateways, up to 8.", "[fog1...]"},

    {"bid.replicas", "min", kWhole, 0, 1'024, "", true, "Run always; 0: only on demand.", "0"},
    {"bid.replicas", "max", kWhole, 1, 1'024, "", true, "Run at most.", "3"},
    {"bid.resources", "cpu_milli", kWhole, 1, 1U << 20, "", false,
     "Thousandths of a core. Default 1000.", "500"},
    {"bid.resources", "memory_mib", kWhole, 1, 1U << 24, "", false,
     "At least limits.memory_mib, which is the default.", "256"},
    {"bid.resources", "storage_mib", kWhole, 0, 1U << 30, "", false, "Default 0.", "1024"},
    {"bid.resources", "egress_mbps", kWhole, 0, 1'000'000, "", false, "Default 0.", "10"},
    {"bid.resources", "gpu", kSection, 0, 0, "", false, "Part of a GPU, or several.",
     "{model: l4, milli: 1000}"},
    {"bid.resources.gpu", "model", kText, 1, 32, "", true, "As Hosts name it.", "l4"},
    {"bid.resources.gpu", "milli", kWhole, 1, 64'000, "", true, "Thousandths of one device.",
     "1000"},
    {"bid.profile", "fuel_per_hour", kWhole, 0, kU64Max, "", false, "Default 0.", "100000000000"},
    {"bid.profile", "egress_bytes_per_hour", kWhole, 0, kU64Max, "", false, "Default 0.",
     "67108864"},
    {"bid.profile", "requests_per_hour", kWhole, 0, kU64Max, "", false, "Default 0.", "3600"},
    {"bid.unit_caps", "cpu_core_hour", kAmount, 0, 0, "", false, "A core for an hour.", "0.01 FOG"},
    {"bid.unit_caps", "memory_gib_hour", kAmount, 0, 0, "", false, "A GiB of memory for an hour.",
     "0.005 FOG"},
    {"bid.unit_caps", "storage_gib_month", kAmount, 0, 0, "", false,
     "A GiB of storage for 30 days.", "0.02 FOG"},
    {"bid.unit_caps", "gpu_hour", kAmount, 0, 0, "", false, "A GPU for an hour.", "2 FOG"},
    {"bid.unit_caps", "gfuel", kAmount, 0, 0, "", false, "10^9 units of fuel.", "0.001 FOG"},
    {"bid.unit_caps", "egress_gib", kAmount, 0, 0, "", false, "A GiB of answers.", "0.01 FOG"},
    {"bid.unit_caps", "million_requests", kAmount, 0, 0, "", false, "A million requests.",
     "0.1 FOG"},
    {"bid.spread", "host", kWhole, 1, 255, "", false, "Default 1.", "1"},
    {"bid.spread", "owner", kWhole, 1, 255, "", false, "Default 255.", "2"},
    {"bid.spread", "country", kWhole, 1, 255, "", false, "Default 255.", "9"},
    {"bid.near", "country", kText, 2, 2, kCountry, true, "Two capital letters (ISO 3166-1).", "DE"},
    {"bid.near", "lat", kDegrees, 0, 90, "", true, "Degrees north, at most three decimals.",
     "52.52"},
    {"bid.near", "lon", kDegrees, 0, 180, "", true, "Degrees east, at most three decimals.",
     "13.405"},
    {"bid.attributes.*", "is", kText, 0, 64, "", false, "Has this value.", "nvme"},
    {"bid.attributes.*", "not", kText, 0, 64, "", false, "Has another value, or none.", "hdd"},
    {"bid.attributes.*", "in", kTexts, 1, 8, "", false, "Has one of these values, up to 8.",
     "[ssd, nvme]"},
    {"bid.attributes.*", "at_least", kWhole, 0, kU64Max, "", false,
     "Has a whole number, no smaller.", "1000"},
    {"bid.attributes.*", "exists", kFlag, 0, 0, "", false, "Has any value.", "true"},
    {"bid.attributes.*", "audited", kFlag, 0, 0, "", false,
     "By the word of one of the auditors, not of the Host.", "true"},
};

// ---- the schema ----

using Schema = nlohmann::ordered_json;

Schema section_schema(std::string_view section);

std::string path_of(const ManifestKey& key) {
  return (key.section.empty() ? "" : std::string(key.section) + ".") + std::string(key.name);
}

Schema texts(std::string_view pattern, std::uint64_t min, std::uint64_t max) {
  Schema out{{"type", "string"}};
  if (!pattern.empty()) out["pattern"] = pattern;
  if (min > 0) out["minLength"] = min;
  if (max > 0) out["maxLength"] = max;
  return out;
}

Schema words(std::string_view pattern) {
  Schema out{{"enum", Schema::array()}};
  for (std::size_t from = 0; from <= pattern.size();) {
    const std::size_t to = std::min(pattern.find('|', from), pattern.size());
    out["enum"].push_back(pattern.substr(from, to - from));
    from = to + 1;
  }
  return out;
}

constexpr const char* kDurationPattern = "^([0-9]+(us|ms|s|m|h|d))+$";

Schema any_single_value() {
  return {{"type", {"string", "number", "boolean"}}};
}

Schema value_schema(const ManifestKey& key) {
  switch (key.kind) {
    case kText:
      return texts(key.pattern, key.min, key.max);
    case kWhole:
      return {{"type", "integer"}, {"minimum", key.min}, {"maximum", key.max}};
    case kAmount:
      return {
          {"anyOf",
           {{{"type", "string"}, {"pattern", "^([0-9]+(\\.[0-9]{1,9})?( FOG)?|[0-9]+ droplets)$"}},
            {{"type", "number"}, {"minimum", 0}}}}};
    case kDuration:
      return texts(kDurationPattern, 0, 0);
    case kMoment:
      return {{"anyOf",
               {texts(kDurationPattern, 0, 0),
                texts("^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2})?Z$", 0, 0)}}};
    case kDegrees:
      return {{"type", "number"},
              {"minimum", -static_cast<std::int64_t>(key.max)},
              {"maximum", key.max}};
    case kChoice:
      return words(key.pattern);
    case kFlag:
      return {{"type", "boolean"}};
    case kTexts: {
      const Schema item = key.pattern.empty() ? any_single_value() : texts(key.pattern, 0, 0);
      Schema out{{"type", "array"}, {"items", item}, {"maxItems", key.max}};
      if (key.min > 0) out["minItems"] = key.min;
      return out;
    }
    case kSection:
      return section_schema(path_of(key));
    case kReplicas:
      return {{"anyOf",
               {{{"type", "integer"}, {"minimum", key.min}, {"maximum", key.max}},
                section_schema(path_of(key))}}};
    case kPairs:
      return {{"type", "object"},
              {"additionalProperties", any_single_value()},
              {"maxProperties", key.max}};
    case kRules:
      return {{"type", "object"},
              {"additionalProperties",
               {{"anyOf", {any_single_value(), section_schema(path_of(key) + ".*")}}}},
              {"maxProperties", key.max}};
  }
  return {};
}

Schema section_schema(std::string_view section) {
  Schema out{{"type", "object"}, {"additionalProperties", false}};
  Schema required = Schema::array();
  for (const ManifestKey& key : kKeys) {
    if (key.section != section) continue;
    Schema value = value_schema(key);
    value["description"] = key.meaning;
    out["properties"][std::string(key.name)] = std::move(value);
    if (key.is_required) required.push_back(key.name);
  }
  if (!required.empty()) out["required"] = std::move(required);
  return out;
}

}  // namespace

std::span<const ManifestKey> manifest_keys() {
  return kKeys;
}

const ManifestKey& manifest_key(std::string_view section, std::string_view name) {
  for (const ManifestKey& key : kKeys) {
    if (key.section == section && key.name == name) return key;
  }
  CHECK(false);
}

nlohmann::ordered_json manifest_schema() {
  Schema out{{"$schema", "https://json-schema.org/draft/2020-12/schema"},
             {"title", "FogCoin service manifest"}};
  out.update(section_schema(""));
  // The program is a file, or an image in a registry.
  out["oneOf"] = {{{"required", {"artifact"}}}, {{"required", {"image"}}}};
  return out;
}

}  // namespace fog::rpc
