// The section `bid:` of a manifest: every demand, what is wrong with it said all at once, and the
// JSON Schema.
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "rpc/json/manifest.h"
#include "rpc/json/manifest_keys.h"
#include "rpc/json/plain_time.h"

namespace fog::rpc {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kSmallest = "name: echo\nruntime: wasm\nartifact: echo.wasm\n";

std::string with_bid(const std::string& lines) {
  return std::string(kSmallest) + "bid:\n  price_cap_per_hour: 1 FOG\n" + lines;
}
market::BidTerms terms_of(const std::string& lines) {
  const auto file = parse_service_file(with_bid(lines), "service.yaml");
  EXPECT_TRUE(file.has_value()) << (file ? "" : file.error().context);
  return file ? file->bid->terms : market::BidTerms{};
}
std::string refusal(const std::string& lines) {
  const auto file = parse_service_file(with_bid(lines), "service.yaml");
  return file ? "accepted" : file.error().context;
}
const std::string& somebody() {
  static const std::string kText = to_text(Address{});
  return kText;
}

TEST(ManifestBid, ReadsWhereAHostMayBe) {
  const market::BidTerms terms = terms_of(
      "  not_countries: [US, CN]\n"
      "  cells: [u33, u30]\n"
      "  near: {country: DE, lat: 52.52, lon: 13.405}\n"
      "  distance_max_km: 800\n"
      "  latency_max: 20ms\n");
  EXPECT_EQ(terms.constraints.not_countries.size(), 2U);
  EXPECT_EQ(terms.constraints.cells, (BoundedList<market::Cell, 16>{"u33", "u30"}));
  EXPECT_EQ(terms.constraints.distance_max_km, 800U);
  EXPECT_EQ(terms.constraints.latency_max_us, 20'000U);
}

TEST(ManifestBid, ReadsEveryAttributeRule) {
  const market::BidTerms terms = terms_of(
      "  attributes:\n"
      "    tier: gold\n"
      "    disk: {in: [ssd, nvme]}\n"
      "    net.mbps: {at_least: 1000, not: 5000}\n"
      "    sgx: {exists: true, audited: true}\n"
      "    arch: {is: x86}\n"
      "  auditors: [" +
      somebody() + "]\n");
  const auto& rules = terms.constraints.attributes;
  using enum market::AttributeOp;
  ASSERT_EQ(rules.size(), 6U);
  EXPECT_EQ(rules[0], (market::AttributeRule{"tier", kEquals, {"gold"}, false}));
  EXPECT_EQ(rules[1], (market::AttributeRule{"disk", kIn, {"ssd", "nvme"}, false}));
  EXPECT_EQ(rules[2], (market::AttributeRule{"net.mbps", kDiffers, {"5000"}, false}));
  EXPECT_EQ(rules[3], (market::AttributeRule{"net.mbps", kAtLeast, {"1000"}, false}));
  EXPECT_EQ(rules[4], (market::AttributeRule{"sgx", kExists, {}, true}));
  EXPECT_EQ(rules[5], (market::AttributeRule{"arch", kEquals, {"x86"}, false}));
  for (const auto& rule : rules) EXPECT_TRUE(rule.is_well_formed()) << rule.key;
  EXPECT_EQ(terms.constraints.auditors.size(), 1U);
}

TEST(ManifestBid, ReadsPricesResourcesAndTimes) {
  const market::BidTerms terms = terms_of(
      "  resources: {gpu: {model: l4, milli: 2000}}\n"
      "  unit_caps: {gpu_hour: 2 FOG, gfuel: 0.001 FOG}\n"
      "  standing_min: 9000\n"
      "  runtime_profile: 0x" +
      std::string(64, '7') +
      "\n"
      "  only_owners: [" +
      somebody() + "]\n  not_owners: [" + somebody() +
      "]\n"
      "  lease: 12h\n"
      "  start_by: 2026-12-24T18:00Z\n");
  EXPECT_EQ(terms.resources.gpu, (market::Gpu{"l4", 2'000}));
  EXPECT_EQ(terms.unit_caps.gpu_hour, market::step_for(2 * kDropletsPerFog));
  EXPECT_EQ(terms.unit_caps.gfuel, market::step_for(kDropletsPerFog / 1'000));
  EXPECT_FALSE(terms.unit_caps.egress_gib.has_value());
  EXPECT_EQ(terms.constraints.standing_min, 9'000);
  EXPECT_EQ(terms.constraints.runtime->data[0], 0x77);
  EXPECT_EQ(terms.constraints.only_owners.size(), 1U);
  EXPECT_EQ(terms.constraints.not_owners.size(), 1U);
  EXPECT_EQ(terms.lease_ms, 12U * 3'600'000);
  EXPECT_EQ(terms.start_by_ms, 1'798'135'200'000U);
  const auto within = parse_service_file(with_bid("  start_by: 1h30m\n"), "service.yaml");
  ASSERT_TRUE(within.has_value());
  EXPECT_EQ(within->bid->start_within_ms, 5'400'000U);
  EXPECT_EQ(within->bid->terms.start_by_ms, 0U);
}

TEST(ManifestBid, SaysAllThatIsWrongInTheOrderOfTheFileWithExamples) {
  const auto file = parse_service_file(
      "name: Echo\n"
      "runtime: wsam\n"
      "limits:\n"
      "  wall_ms: soon\n"
      "  memory: 5\n"
      "bid:\n"
      "  replicas: 5000\n"
      "  countries: [Germany]\n"
      "  lease: 12\n",
      "service.yaml");
  ASSERT_FALSE(file.has_value());
  std::vector<std::string> lines;
  std::istringstream text(file.error().context);
  for (std::string line; std::getline(text, line);) lines.push_back(line);
  ASSERT_EQ(lines.size(), 9U) << file.error().context;
  EXPECT_THAT(lines[0], HasSubstr("service.yaml:1:1: artifact: missing"));
  EXPECT_THAT(lines[0], HasSubstr("e.g. artifact: hello.wasm"));
  EXPECT_THAT(lines[1], HasSubstr("service.yaml:1:7: name: \"Echo\" is not a service name"));
  EXPECT_THAT(lines[2], HasSubstr("service.yaml:2:10: runtime: expected one of: wasm, wasm-http"));
  EXPECT_THAT(lines[3], HasSubstr("service.yaml:4:12: limits.wall_ms: expected a whole number from "
                                  "1 to 600000, not \"soon\"; e.g. wall_ms: 10000"));
  EXPECT_THAT(lines[4], HasSubstr("service.yaml:5:3: limits.memory: there is no such key; did you "
                                  "mean \"memory_mib\"?"));
  EXPECT_THAT(lines[5], HasSubstr("bid.price_cap_per_hour: missing. The most that"));
  EXPECT_THAT(lines[6], HasSubstr("service.yaml:7:13: bid.replicas: expected a whole number"));
  EXPECT_THAT(lines[7], HasSubstr("service.yaml:8:14: bid.countries: \"Germany\" is not a country "
                                  "code of two capital letters; e.g. countries: [DE, FR]"));
  EXPECT_THAT(lines[8],
              HasSubstr("service.yaml:9:10: bid.lease: expected a duration with its unit"));
}

TEST(ManifestBid, RefusesWhatContradictsItself) {
  EXPECT_THAT(refusal("  distance_max_km: 5\n"), HasSubstr("so `near` must name one"));
  EXPECT_THAT(refusal("  latency_max: 5ms\n"), HasSubstr("so `near` must name one"));
  EXPECT_THAT(refusal("  latency_weight: 5\n"), HasSubstr("so `near` must name one"));
  EXPECT_THAT(refusal("  attributes: {tier: {is: gold, audited: true}}\n"),
              HasSubstr("`auditors` must say whose word counts"));
  EXPECT_THAT(refusal("  attributes: {tier: {audited: true}}\n"),
              HasSubstr("at least one of is, not, in"));
  EXPECT_THAT(refusal("  attributes: {tier: {}}\n"), HasSubstr("at least one of is, not, in"));
  EXPECT_THAT(refusal("  spend_cap_per_hour: 0.5 FOG\n"),
              HasSubstr("expected at least the price cap"));
  EXPECT_THAT(refusal("  resources: {memory_mib: 32}\n"),
              HasSubstr("at least limits.memory_mib, which is 64"));
  EXPECT_THAT(refusal("  replicas: {min: 3, max: 2}\n"),
              HasSubstr("bid.replicas.min: expected no more than max, 2"));
}

TEST(ManifestBid, RefusesEachValueOutOfBounds) {
  for (const char* bad : {"  cells: [u3a]\n",
                          "  cells: [u33dc0123]\n",
                          "  not_countries: [usa]\n",
                          "  standing_min: 10001\n",
                          "  lease: 59s\n",
                          "  lease: 367d\n",
                          "  lease: forever\n",
                          "  latency_max: 2h\n",
                          "  start_by: tomorrow\n",
                          "  start_by: 2026-02-30T00:00Z\n",
                          "  unit_caps: {gpu: 1 FOG}\n",
                          "  unit_caps: {gfuel: lots}\n",
                          "  only_owners: [bob]\n",
                          "  auditors: [bob]\n",
                          "  runtime_profile: 0x12\n",
                          "  resources: {gpu: {model: l4}}\n",
                          "  resources: {gpu: {model: l4, milli: 0}}\n",
                          "  attributes: {tier: {at_least: many}}\n",
                          "  attributes: {tier: {in: []}}\n",
                          "  attributes: {tier: {exists: maybe}}\n",
                          "  attributes: {tier: {is: a, or: b}}\n",
                          "  attributes: {\"\": a}\n",
                          "  attributes: {\"a\\0b\": a}\n",
                          "  attributes: [tier]\n",
                          "  attributes: {tier: [a]}\n",
                          "  attributes: {a: 1, a: 2}\n"}) {
    EXPECT_THAT(refusal(bad), HasSubstr("service.yaml:")) << bad;
    EXPECT_THAT(refusal(bad), HasSubstr("bid.")) << bad;
  }
  std::string many = "  attributes: {";
  for (int i = 0; i < 17; ++i) many += "a" + std::to_string(i) + ": 1, ";
  EXPECT_THAT(refusal(many + "}\n"), HasSubstr("at most 16"));
}

TEST(ManifestBid, DurationsAndTimes) {
  EXPECT_EQ(parse_duration_us("90s"), 90'000'000U);
  EXPECT_EQ(parse_duration_us("1h30m"), 5'400'000'000U);
  EXPECT_EQ(parse_duration_us("500us"), 500U);
  for (const char* bad : {"", "5", "h", "1 h", "-1h", "1.5h", "1w", "99999999999999999999d",
                          "18446744073709551615h"}) {
    EXPECT_FALSE(parse_duration_us(bad).has_value()) << bad;
  }
  EXPECT_EQ(duration_text(5'400'000'000), "90m");
  EXPECT_EQ(parse_utc_ms("1970-01-01T00:00Z"), 0U);
  EXPECT_EQ(parse_utc_ms("2000-02-29T12:34:56Z"), 951'827'696'000U);
  for (const char* bad : {"2001-02-29T00:00Z", "2026-13-01T00:00Z", "2026-12-24 18:00Z",
                          "2026-12-24T24:00Z", "2026-12-24T18:00", "1969-12-31T23:59Z"}) {
    EXPECT_FALSE(parse_utc_ms(bad).has_value()) << bad;
  }
}

// ---- the table and the schema ----

TEST(ManifestSchema, TheDocumentIsWhatTheTableMakes) {
  const std::string path = std::string(FOG_TEST_DATA) + "/../../contrib/doc/service.schema.json";
  std::ifstream in(path);
  const std::string text{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  EXPECT_EQ(text, manifest_schema().dump(2) + "\n")
      << "run: fogcoin service schema > contrib/doc/service.schema.json";
}

// What the parser reads by a key that the table does not have stops it; here: what the table has
// and the parser would not read. Each key's example is accepted where it stands.
TEST(ManifestBid, DemandAndReservationsLieBetweenTheFewestAndTheMostReplicas) {
  EXPECT_EQ(terms_of("").demands_per_hour, 0U);
  EXPECT_EQ(terms_of("  replicas: {min: 0, max: 3}\n").demands_per_hour, 60U);
  const auto terms = terms_of("  replicas: {min: 1, max: 3}\n  warm: 2\n  demands_per_hour: 5\n");
  EXPECT_EQ(terms.warm, 2U);
  EXPECT_EQ(terms.demands_per_hour, 5U);
  EXPECT_THAT(refusal("  replicas: {min: 1, max: 3}\n  warm: 3\n"),
              HasSubstr("less replicas.min, 2"));
}

TEST(ManifestSchema, EveryExampleOfTheTableIsAccepted) {
  for (const ManifestKey& key : manifest_keys()) {
    if (!key.section.starts_with("bid")) continue;
    std::string value(key.example);
    for (const auto& [from, to] : {std::pair<std::string, std::string>{"fog1...", somebody()},
                                   {"0x12...", "0x" + std::string(64, '1')}}) {
      const std::size_t at = value.find(from);
      if (at != std::string::npos) value.replace(at, from.size(), to);
    }
    const std::string name(key.name);
    std::string lines = "  " + name + ": " + value + "\n";
    if (name == "price_cap_per_hour") lines = "";
    if (key.section == "bid" && name != "near" &&
        (name == "latency_weight" || name == "distance_max_km" || name == "latency_max")) {
      lines += "  near: {country: DE, lat: 1, lon: 1}\n";
    }
    if (name == "warm") lines += "  replicas: {min: 0, max: 1}\n";
    if (name == "audited")
      lines = "  auditors: [" + somebody() + "]\n  attributes: {x: {is: a, audited: true}}\n";
    else if (key.section == "bid.attributes.*")
      lines = "  attributes: {x: {" + name + ": " + value + "}}\n";
    else if (key.section == "bid.replicas")
      lines = "  replicas: {min: 0, max: 3}\n";
    else if (key.section == "bid.near")
      lines = "  near: {country: DE, lat: 1, lon: 1}\n";
    else if (key.section == "bid.resources.gpu")
      lines = "  resources: {gpu: {model: l4, milli: 1000}}\n";
    else if (key.section != "bid") {
      lines = "  " + std::string(key.section.substr(4)) + ": {" + name + ": " + value + "}\n";
    }
    EXPECT_EQ(refusal(lines), "accepted") << lines;
  }
}

TEST(ManifestSchema, HasEveryKeyOfTheTable) {
  const auto schema = manifest_schema();
  for (const char* name : {"name", "runtime"}) {
    EXPECT_THAT(schema["required"].dump(), HasSubstr(name));
  }
  EXPECT_EQ(schema["additionalProperties"], false);
  EXPECT_EQ(schema["properties"]["limits"]["properties"]["wall_ms"]["maximum"], 600'000);
  EXPECT_EQ(schema["properties"]["bid"]["properties"]["cells"]["maxItems"], 16);
  EXPECT_THAT(schema.dump(), Not(HasSubstr("null")));
}

}  // namespace
}  // namespace fog::rpc
