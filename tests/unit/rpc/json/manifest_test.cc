#include "rpc/json/manifest.h"

#include <fstream>
#include <iterator>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fog::rpc {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr const char* kSmallest = "name: echo\nruntime: wasm\nartifact: echo.wasm\n";

std::string refusal(const std::string& text) {
  const auto file = parse_service_file(text, "service.yaml");
  return file ? "accepted" : file.error().context;
}
// The smallest manifest with a bid of these lines.
std::string with_bid(const std::string& lines) {
  return std::string(kSmallest) + "bid:\n  price_cap_per_hour: 1 FOG\n" + lines;
}

TEST(Manifest, NeedsOnlyNameRuntimeAndArtifact) {
  const auto file = parse_service_file(kSmallest, "service.yaml");
  ASSERT_TRUE(file.has_value()) << file.error().context;
  EXPECT_EQ(file->name, "echo");
  EXPECT_EQ(file->artifact_path, "echo.wasm");
  EXPECT_EQ(file->manifest.runtime, market::RuntimeKind::kWasmCommand);
  EXPECT_EQ(file->manifest.memory_mib, 64U);
  EXPECT_EQ(file->manifest.fuel_per_request, 1'000'000'000U);
  EXPECT_EQ(file->manifest.request_bytes_max, 1U << 20);
  EXPECT_FALSE(file->bid.has_value());
}

TEST(Manifest, AContainerListensOnAPort) {
  const std::string head = "name: box\nartifact: box.tar\n";
  const auto port = [&](const std::string& rest) {
    return parse_service_file(head + rest, "service.yaml");
  };
  EXPECT_EQ(port("runtime: container\n")->manifest.port, 8'080);
  EXPECT_EQ(port("runtime: container\nport: 80\n")->manifest.port, 80);
  EXPECT_EQ(port("runtime: wasm\n")->manifest.port, 0);
  for (const char* bad : {"runtime: container\nport: 0\n", "runtime: container\nport: 65536\n",
                          "runtime: wasm\nport: 80\n"})
    EXPECT_FALSE(port(bad).has_value()) << bad;
}

TEST(Manifest, AnImageInARegistryInsteadOfAFile) {
  const std::string digest(64, 'a');
  const auto with = [&](const std::string& rest) { return "name: box\n" + rest; };
  const std::string image = "image: docker.io/library/caddy@sha256:" + digest + "\n";
  const auto file = parse_service_file(with("runtime: container\n" + image), "service.yaml");
  ASSERT_TRUE(file.has_value()) << file.error().context;
  EXPECT_EQ(file->manifest.image, "docker.io/library/caddy");
  EXPECT_EQ(to_hex(file->manifest.artifact), digest);
  EXPECT_EQ(file->artifact_path, "");
  EXPECT_THAT(refusal(with("runtime: wasm\n" + image)), HasSubstr("`runtime: container` only"));
  EXPECT_THAT(refusal(with("runtime: container\nartifact: box.tar\n" + image)),
              HasSubstr("stands beside `artifact`"));
  EXPECT_THAT(refusal(with("runtime: container\n")), HasSubstr("or else `image`"));
  for (const char* bad :
       {"docker.io/library/caddy:latest", "caddy@sha256:", "docker.io/Caddy@sha256:"})
    EXPECT_NE(refusal(with("runtime: container\nimage: " + std::string(bad) + digest + "\n")),
              "accepted")
        << bad;
}

TEST(Manifest, SecretsAreNamedOnceAndNotSetElsewhere) {
  const auto with = [](const std::string& lines) { return std::string(kSmallest) + lines; };
  const auto file = parse_service_file(with("secrets: [B, A, B]\n"), "service.yaml");
  ASSERT_TRUE(file.has_value()) << file.error().context;
  EXPECT_THAT(file->manifest.secrets, ::testing::ElementsAre("A", "B"));
  EXPECT_THAT(refusal(with("secrets: [A-B]\n")), HasSubstr("secrets"));
  EXPECT_THAT(refusal(with("secrets: [PORT]\n")), HasSubstr("cannot be a secret's name"));
  EXPECT_THAT(refusal(with("secrets: [A]\nenv: {A: x}\n")), HasSubstr("stands in env already"));
}

TEST(Manifest, VolumesOfAContainer) {
  const auto with = [](const std::string& lines) {
    return "name: box\nartifact: box.tar\nruntime: container\n" + lines;
  };
  const auto file = parse_service_file(with("volumes: {/data: 16, /var/lib/x: 8}\n"), "s.yaml");
  ASSERT_TRUE(file.has_value()) << file.error().context;
  ASSERT_EQ(file->manifest.volumes.size(), 2U);
  EXPECT_EQ(file->manifest.volumes[0], (market::Volume{"/data", 16}));
  for (const char* bad : {"{/data: 0}", "{/data: 16MiB}", "{/data: 1048577}", "{data: 1}",
                          "{/proc: 1}", "{/data: 1, /data/x: 1}", "{/tmp/x: 1}"})
    EXPECT_THAT(refusal(with("volumes: " + std::string(bad) + "\n")), HasSubstr("volumes")) << bad;
  EXPECT_THAT(refusal(std::string(kSmallest) + "volumes: {/data: 16}\n"),
              HasSubstr("only a container has volumes"));
  const auto bid = [&](int storage) {
    return with(
        "volumes: {/data: 16}\nbid:\n  price_cap_per_hour: 1 FOG\n  resources: "
        "{storage_mib: " +
        std::to_string(storage) + "}\n");
  };
  EXPECT_EQ(refusal(bid(17)), "accepted");
  EXPECT_THAT(refusal(bid(16)), HasSubstr("raise bid.resources.storage_mib"));
}

TEST(Manifest, TheKeyValueStoreOfAComponent) {
  const auto with = [](const std::string& lines) {
    return "name: box\nartifact: box.wasm\nruntime: wasm-http\n" + lines;
  };
  const auto file = parse_service_file(with("keyvalue: {mib: 16}\n"), "s.yaml");
  ASSERT_TRUE(file.has_value()) << file.error().context;
  EXPECT_EQ(file->manifest.keyvalue_mib, 16U);
  for (const char* bad : {"{mib: 0}", "{mib: 1048577}", "{mib: x}", "{}", "16", "{mb: 1}"})
    EXPECT_NE(refusal(with("keyvalue: " + std::string(bad) + "\n")), "accepted") << bad;
  EXPECT_THAT(refusal(std::string(kSmallest) + "keyvalue: {mib: 16}\n"),
              HasSubstr("only a program with runtime: wasm-http has a key-value store"));
  const auto bid = [&](int storage) {
    return with(
        "keyvalue: {mib: 16}\nbid:\n  price_cap_per_hour: 1 FOG\n  resources: {storage_mib: " +
        std::to_string(storage) + "}\n");
  };
  EXPECT_EQ(refusal(bid(16)), "accepted");
  EXPECT_THAT(refusal(bid(15)), HasSubstr("bid.resources.storage_mib"));
}

TEST(Manifest, ReadsEveryKeyOfAService) {
  const auto file = parse_service_file(
      "name: thumbnailer\n"
      "summary: \"Makes small pictures: of large ones\"\n"
      "runtime: wasm-http\n"
      "artifact: ../out/thumb.wasm\n"
      "limits:\n"
      "  memory_mib: 128\n"
      "  fuel_per_request: 5000000000\n"
      "  wall_ms: 3000\n"
      "  request_bytes: 8388608\n"
      "  response_bytes: 65536\n"
      "env: {LOG: debug, SIZE: \"12\"}\n"
      "outbound: [api.example.org, \"*.example.net:8443\"]\n",
      "service.yaml");
  ASSERT_TRUE(file.has_value()) << file.error().context;
  EXPECT_EQ(file->name, "thumbnailer");
  EXPECT_EQ(file->manifest.summary, "Makes small pictures: of large ones");
  EXPECT_EQ(file->manifest.runtime, market::RuntimeKind::kWasmHttp);
  EXPECT_EQ(file->artifact_path, "../out/thumb.wasm");
  EXPECT_EQ(file->manifest.memory_mib, 128U);
  EXPECT_EQ(file->manifest.fuel_per_request, 5'000'000'000U);
  EXPECT_EQ(file->manifest.wall_ms, 3'000U);
  EXPECT_EQ(file->manifest.request_bytes_max, 8'388'608U);
  EXPECT_EQ(file->manifest.response_bytes_max, 65'536U);
  EXPECT_EQ(file->manifest.env.at("SIZE"), "12");
  ASSERT_EQ(file->manifest.outbound.size(), 2U);
  EXPECT_EQ(file->manifest.outbound[1], "*.example.net:8443");
  EXPECT_EQ(file->manifest.outbound_bytes_max, 1U << 20);
}

TEST(Manifest, ReadsEveryKeyOfABid) {
  const auto file = parse_service_file(
      with_bid("  replicas: {min: 0, max: 3}\n"
               "  resources: {cpu_milli: 500, memory_mib: 256, storage_mib: 10, egress_mbps: 5}\n"
               "  profile: {fuel_per_hour: 7, egress_bytes_per_hour: 8, requests_per_hour: 9}\n"
               "  spend_cap_per_hour: 2 FOG\n"
               "  countries: [DE, FR]\n"
               "  attributes: {tier: gold}\n"
               "  only_hosts: [0x" +
               std::string(64, '1') +
               "]\n"
               "  not_hosts: [" +
               std::string(64, '2') +
               "]\n"
               "  spread: {host: 2, owner: 4, country: 6}\n"
               "  near: {country: DE, lat: 52.52, lon: -13.405}\n"
               "  latency_weight: 11\n"
               "  verification: sampled\n"
               "  gateways: [" +
               to_text(Address{}) +
               "]\n"
               "  deposit: 20 FOG\n"),
      "service.yaml");
  ASSERT_TRUE(file.has_value()) << file.error().context;
  const market::BidTerms& terms = file->bid->terms;
  EXPECT_EQ(terms.service, "echo");
  EXPECT_EQ(terms.replicas_min, 0);
  EXPECT_EQ(terms.replicas_max, 3);
  EXPECT_EQ(terms.resources, (market::Resources{500, 256, 10, 5, std::nullopt}));
  EXPECT_EQ(terms.profile, (market::UseProfile{7, 8, 9}));
  EXPECT_GE(market::cap_of_step(terms.cap_step), kDropletsPerFog);
  EXPECT_LT(market::cap_of_step(static_cast<std::uint8_t>(terms.cap_step - 1)), kDropletsPerFog);
  EXPECT_EQ(terms.spend_per_hour_max, Amount{2 * kDropletsPerFog});
  EXPECT_EQ(terms.constraints.countries.size(), 2U);
  ASSERT_EQ(terms.constraints.attributes.size(), 1U);
  EXPECT_EQ(terms.constraints.attributes[0].key, "tier");
  EXPECT_EQ(terms.constraints.attributes[0].values.at(0), "gold");
  EXPECT_EQ(terms.constraints.only_hosts.at(0)[0], 0x11);
  EXPECT_EQ(terms.constraints.not_hosts.at(0)[0], 0x22);
  EXPECT_EQ(terms.constraints.per_owner_max, 4);
  ASSERT_TRUE(terms.near.has_value());
  EXPECT_EQ(terms.near->lat_milli, 90'000U + 52'520);
  EXPECT_EQ(terms.near->lon_milli, 180'000U - 13'405);
  EXPECT_EQ(terms.latency_weight, 11U);
  EXPECT_EQ(terms.verification, market::Verification::kSampled);
  EXPECT_EQ(terms.gateways.at(0), Address{});
  EXPECT_EQ(file->bid->deposit, Amount{20 * kDropletsPerFog});
}

// JSON is YAML too, so the same file may be either.
TEST(Manifest, ReadsJson) {
  const auto file = parse_service_file(
      R"({"name": "echo", "runtime": "wasm", "artifact": "echo.wasm", "env": {"A": "1"}, "bid": {"replicas": 2, "price_cap_per_hour": "0.5 FOG"}})",
      "service.json");
  ASSERT_TRUE(file.has_value()) << file.error().context;
  EXPECT_EQ(file->manifest.env.at("A"), "1");
  EXPECT_EQ(file->bid->terms.replicas_min, 2);
}

TEST(Manifest, ReadsTheExamples) {
  for (const char* name : {"thermostat"}) {
    std::ifstream in(std::string(FOG_TEST_DATA) + "/../../contrib/examples/" + name +
                     "/service.yaml");
    const std::string text{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
    const auto file = parse_service_file(text, name);
    ASSERT_TRUE(file.has_value()) << file.error().context;
    EXPECT_EQ(file->name, name);
  }
}

TEST(Manifest, NamesLineColumnAndKey) {
  EXPECT_THAT(
      refusal("name: echo\nruntime: wasm\nartifact: a\nlimits:\n  wall_ms: soon\n"),
      StartsWith("service.yaml:5:12: limits.wall_ms: expected a whole number from 1 to 600000"));
  EXPECT_THAT(
      refusal("name: echo\nruntime: native\nartifact: a\n"),
      StartsWith("service.yaml:2:10: runtime: expected one of: wasm, wasm-http, container"));
  EXPECT_THAT(refusal("name: echo\n"), HasSubstr("runtime: missing"));
  EXPECT_THAT(refusal("name: echo\n  runtime: [\n"), HasSubstr("not valid YAML"));
}

TEST(Manifest, GuessesWhatAnUnknownKeyMeant) {
  EXPECT_THAT(
      refusal(std::string(kSmallest) + "sumary: x\n"),
      HasSubstr("service.yaml:4:1: sumary: there is no such key; did you mean \"summary\"?"));
  EXPECT_THAT(refusal(with_bid("  replica: 1\n")), HasSubstr("did you mean \"replicas\"?"));
  EXPECT_THAT(refusal(std::string(kSmallest) + "zzzzzzzzzz: x\n"),
              HasSubstr("there is no such key"));
}

TEST(Manifest, RefusesAKeyThatStandsTwice) {
  EXPECT_THAT(refusal(std::string(kSmallest) + "name: other\n"), HasSubstr("stands here twice"));
  EXPECT_THAT(refusal(std::string(kSmallest) + "env: {A: 1, A: 2}\n"),
              HasSubstr("stands here twice"));
}

TEST(Manifest, RefusesEachValueOutOfBounds) {
  for (const char* bad : {"name: ab\n", "name: -abc\n", "name: ABC\n", "name: [a]\n"}) {
    EXPECT_THAT(refusal(std::string(bad) + "runtime: wasm\nartifact: a\n"), HasSubstr("name: "))
        << bad;
  }
  for (const char* bad :
       {"memory_mib: 0", "memory_mib: 4097", "fuel_per_request: 1000000000001", "wall_ms: 600001",
        "request_bytes: 1073741825", "response_bytes: 0", "wall_ms: -1", "wall_ms: 1e3"}) {
    EXPECT_THAT(refusal(std::string(kSmallest) + "limits: {" + bad + "}\n"),
                HasSubstr("expected a whole number"))
        << bad;
  }
  for (const char* bad :
       {"  replicas: 0\n", "  replicas: {min: 3, max: 2}\n", "  replicas: 1025\n",
        "  countries: [de]\n", "  countries: [DEU]\n", "  countries: DE\n",
        "  only_hosts: [0x12]\n", "  spread: {host: 0}\n",
        "  near: {country: DE, lat: 91, lon: 0}\n", "  near: {country: DE, lat: 1.2345, lon: 0}\n",
        "  verification: always\n", "  gateways: [bob]\n", "  deposit: much\n",
        "  deposit: -1 FOG\n", "  latency_weight: 4294967296\n"}) {
    EXPECT_THAT(refusal(with_bid(bad)), HasSubstr("bid.")) << bad;
  }
}

TEST(Manifest, RefusesACapAboveTheLadder) {
  EXPECT_THAT(refusal(std::string(kSmallest) + "bid: {price_cap_per_hour: 18000000000 FOG}\n"),
              HasSubstr("price_cap_per_hour: 18000000000 FOG is above the highest cap"));
  EXPECT_THAT(refusal(std::string(kSmallest) + "bid: {}\n"),
              HasSubstr("price_cap_per_hour: missing"));
}

TEST(Manifest, RefusesWhatIsNotAManifestAtAll) {
  EXPECT_NE(refusal(""), "accepted");
  EXPECT_NE(refusal("- a\n- b\n"), "accepted");
  EXPECT_NE(refusal(std::string("\xff\xfe", 2)), "accepted");
  EXPECT_THAT(refusal(std::string(kManifestFileBytesMax + 1, 'a')),
              HasSubstr("is it really a manifest?"));
  EXPECT_NE(refusal(std::string(10'000, '[')), "accepted");
  // Aliases that would expand to billions of nodes stay small: only known keys are walked.
  EXPECT_NE(refusal("a: &a [x,x]\nb: &b [*a,*a]\nc: &c [*b,*b]\nname: *c\n"), "accepted");
}

}  // namespace
}  // namespace fog::rpc
