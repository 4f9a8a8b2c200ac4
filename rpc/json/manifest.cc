#include "rpc/json/manifest.h"

#include <array>

#include "rpc/json/yaml_section.h"

namespace fog::rpc {
namespace {

using market::BidTerms;

constexpr std::uint64_t kFuelMax = 1'000'000'000'000;
constexpr std::uint64_t kBodyMax = 1ULL << 30;
constexpr std::uint64_t kU64Max = ~0ULL;

template <class E>
ErrorOr<E> one_of(const YamlSection& in, const char* key,
                  std::initializer_list<std::pair<std::string_view, E>> choices) {
  TRY(const std::string value, in.text(key, 64));
  std::string names;
  for (const auto& [name, choice] : choices) {
    if (value == name) return choice;
    names += (names.empty() ? "" : ", ") + std::string(name);
  }
  return in.refuse(key, "expected one of: " + names);
}

Result<void, Error> read_limits(const YamlSection& in, market::Manifest& out) {
  TRY_VOID(
      in.only({"memory_mib", "fuel_per_request", "wall_ms", "request_bytes", "response_bytes"}));
  TRY(const std::uint64_t memory, in.number_or("memory_mib", 64, 1, 4'096));
  TRY(out.fuel_per_request, in.number_or("fuel_per_request", 1'000'000'000, 1, kFuelMax));
  TRY(const std::uint64_t wall, in.number_or("wall_ms", 10'000, 1, 600'000));
  TRY(out.request_bytes_max, in.number_or("request_bytes", 1U << 20, 0, kBodyMax));
  TRY(out.response_bytes_max, in.number_or("response_bytes", 1U << 20, 1, kBodyMax));
  out.memory_mib = static_cast<std::uint32_t>(memory);
  out.wall_ms = static_cast<std::uint32_t>(wall);
  return {};
}

Result<void, Error> read_env(const YamlSection& in, market::Manifest& out) {
  TRY(const auto entries, in.pairs("env", decltype(out.env)::kMax));
  for (const auto& [name, value] : entries) {
    if (name.empty() || name.size() > 64 || name.find('=') != std::string::npos) {
      return in.refuse("env",
                       "\"" + name + "\" cannot be a variable's name (1 to 64 bytes, no '=')");
    }
    if (value.size() > 1'024) {
      return in.refuse("env", "the value of " + name + " is longer than 1024 bytes");
    }
    out.env[BoundedText<64>(name)] = BoundedText<1024>(value);
  }
  return {};
}

Result<void, Error> read_replicas(const YamlSection& in, BidTerms& out) {
  constexpr std::uint64_t kMost = 1'024;
  if (!in.has("replicas")) return {};
  if (!in.is_map("replicas")) {
    TRY(const std::uint64_t count, in.number("replicas", 1, kMost));
    out.replicas_min = out.replicas_max = static_cast<std::uint16_t>(count);
    return {};
  }
  TRY(const YamlSection range, in.section("replicas"));
  TRY_VOID(range.only({"min", "max"}));
  TRY(const std::uint64_t max, range.number("max", 1, kMost));
  TRY(const std::uint64_t min, range.number("min", 0, max));
  out.replicas_min = static_cast<std::uint16_t>(min);
  out.replicas_max = static_cast<std::uint16_t>(max);
  return {};
}

Result<void, Error> read_resources(const YamlSection& in, std::uint32_t memory_default,
                                   market::Resources& out) {
  out = {1'000, memory_default, 0, 0, std::nullopt};
  if (!in.has("resources")) return {};
  TRY(const YamlSection section, in.section("resources"));
  TRY_VOID(section.only({"cpu_milli", "memory_mib", "storage_mib", "egress_mbps"}));
  TRY(const std::uint64_t cpu, section.number_or("cpu_milli", 1'000, 1, 1U << 20));
  TRY(const std::uint64_t memory, section.number_or("memory_mib", memory_default, 1, 1U << 24));
  TRY(const std::uint64_t storage, section.number_or("storage_mib", 0, 0, 1U << 30));
  TRY(const std::uint64_t egress, section.number_or("egress_mbps", 0, 0, 1'000'000));
  out.cpu_milli = static_cast<std::uint32_t>(cpu);
  out.memory_mib = static_cast<std::uint32_t>(memory);
  out.storage_mib = static_cast<std::uint32_t>(storage);
  out.egress_mbps = static_cast<std::uint32_t>(egress);
  return {};
}

Result<void, Error> read_profile(const YamlSection& in, market::UseProfile& out) {
  if (!in.has("profile")) return {};
  TRY(const YamlSection section, in.section("profile"));
  TRY_VOID(section.only({"fuel_per_hour", "egress_bytes_per_hour", "requests_per_hour"}));
  TRY(out.fuel, section.number_or("fuel_per_hour", 0, 0, kU64Max));
  TRY(out.egress_bytes, section.number_or("egress_bytes_per_hour", 0, 0, kU64Max));
  TRY(out.requests, section.number_or("requests_per_hour", 0, 0, kU64Max));
  return {};
}

ErrorOr<BoundedText<2>> country_of(const YamlSection& in, const char* key,
                                   const std::string& text) {
  const auto upper = [](char c) { return c >= 'A' && c <= 'Z'; };
  if (text.size() != 2 || !upper(text[0]) || !upper(text[1])) {
    return in.refuse(key, "\"" + text.substr(0, 40) +
                              "\" is not a country code of two capital letters, e.g. DE");
  }
  return BoundedText<2>(text);
}

template <class List>
Result<void, Error> read_hosts(const YamlSection& in, const char* key, List& out) {
  if (!in.has(key)) return {};
  TRY(const auto texts, in.texts(key, List::kMax));
  for (const std::string& text : texts) {
    const auto id = fixed_from_hex<32>(text);
    if (!id)
      return in.refuse(key, "\"" + text.substr(0, 80) + "\" is not a Host id (32 bytes hex)");
    out.push_back(*id);
  }
  return {};
}

Result<void, Error> read_spread(const YamlSection& in, market::Constraints& out) {
  if (!in.has("spread")) return {};
  TRY(const YamlSection section, in.section("spread"));
  TRY_VOID(section.only({"host", "owner", "country"}));
  TRY(const std::uint64_t host, section.number_or("host", 1, 1, 255));
  TRY(const std::uint64_t owner, section.number_or("owner", 255, 1, 255));
  TRY(const std::uint64_t country, section.number_or("country", 255, 1, 255));
  out.per_host_max = static_cast<std::uint8_t>(host);
  out.per_owner_max = static_cast<std::uint8_t>(owner);
  out.per_country_max = static_cast<std::uint8_t>(country);
  return {};
}

Result<void, Error> read_constraints(const YamlSection& in, market::Constraints& out) {
  if (in.has("countries")) {
    TRY(const auto texts, in.texts("countries", decltype(out.countries)::kMax));
    for (const std::string& text : texts) {
      TRY(auto country, country_of(in, "countries", text));
      out.countries.push_back(std::move(country));
    }
  }
  if (in.has("attributes")) {
    TRY(const auto entries, in.pairs("attributes", decltype(out.attributes)::kMax));
    for (const auto& [name, value] : entries) {
      if (name.empty() || name.size() > 32 || value.size() > 64) {
        return in.refuse("attributes", "a name has 1 to 32 bytes and a value at most 64");
      }
      out.attributes.push_back({name, market::AttributeOp::kEquals, {value}, false});
    }
  }
  TRY_VOID(read_hosts(in, "only_hosts", out.only_hosts));
  TRY_VOID(read_hosts(in, "not_hosts", out.not_hosts));
  return read_spread(in, out);
}

Result<void, Error> read_near(const YamlSection& in, BidTerms& out) {
  if (in.has("latency_weight")) {
    TRY(const std::uint64_t weight, in.number("latency_weight", 0, 0xFFFF'FFFF));
    out.latency_weight = static_cast<std::uint32_t>(weight);
  }
  if (!in.has("near")) return {};
  TRY(const YamlSection section, in.section("near"));
  TRY_VOID(section.only({"country", "lat", "lon"}));
  market::Location near;
  TRY(const std::string country, section.text("country", 16));
  TRY(near.country, country_of(section, "country", country));
  TRY(near.lat_milli, section.degrees("lat", 90));
  TRY(near.lon_milli, section.degrees("lon", 180));
  out.near = std::move(near);
  return {};
}

Result<void, Error> read_money(const YamlSection& in, BidPlan& out) {
  TRY(const Amount cap, in.amount("price_cap_per_hour"));
  const auto step = cap_step_for(cap);
  if (!step) return in.refuse("price_cap_per_hour", step.error().context);
  out.terms.cap_step = *step;
  out.terms.spend_per_hour_max = Amount{market::cap_of_step(*step)};
  if (in.has("spend_cap_per_hour")) {
    TRY(out.terms.spend_per_hour_max, in.amount("spend_cap_per_hour"));
  }
  if (in.has("deposit")) {
    TRY(out.deposit, in.amount("deposit"));
  }
  return {};
}

Result<void, Error> read_gateways(const YamlSection& in, BidTerms& out) {
  if (!in.has("gateways")) return {};
  TRY(const auto texts, in.texts("gateways", decltype(out.gateways)::kMax));
  for (const std::string& text : texts) {
    const auto address = address_from_text(text);
    if (!address) {
      return in.refuse("gateways", "\"" + text.substr(0, 80) + "\" is not an address (fog1...)");
    }
    out.gateways.push_back(*address);
  }
  return {};
}

ErrorOr<BidPlan> read_bid(const YamlSection& in, const ServiceFile& service) {
  TRY_VOID(in.only({"replicas", "resources", "profile", "price_cap_per_hour", "spend_cap_per_hour",
                    "countries", "attributes", "only_hosts", "not_hosts", "spread", "near",
                    "latency_weight", "verification", "gateways", "deposit"}));
  BidPlan plan;
  plan.terms.service = service.name;
  TRY_VOID(read_replicas(in, plan.terms));
  TRY_VOID(read_resources(in, service.manifest.memory_mib, plan.terms.resources));
  TRY_VOID(read_profile(in, plan.terms.profile));
  TRY_VOID(read_money(in, plan));
  TRY_VOID(read_constraints(in, plan.terms.constraints));
  TRY_VOID(read_near(in, plan.terms));
  if (in.has("verification")) {
    TRY(plan.terms.verification,
        one_of<market::Verification>(in, "verification",
                                     {{"none", market::Verification::kNone},
                                      {"sampled", market::Verification::kSampled},
                                      {"every", market::Verification::kEvery}}));
  }
  TRY_VOID(read_gateways(in, plan.terms));
  return plan;
}

ErrorOr<ServiceFile> read_file(const YamlSection& in) {
  TRY_VOID(in.only({"name", "summary", "runtime", "artifact", "limits", "env", "bid"}));
  ServiceFile out;
  TRY(const std::string name, in.text("name", 256));
  if (!market::is_service_name(name)) {
    return in.refuse("name", "\"" + name +
                                 "\" is not a service name: 3 to 63 of a-z, 0-9 and '-', and no "
                                 "'-' at the ends");
  }
  out.name = market::ServiceName(name);
  if (in.has("summary")) {
    TRY(std::string summary, in.text("summary", 256));
    out.manifest.summary = BoundedText<256>(std::move(summary));
  }
  TRY(out.manifest.runtime,
      one_of<market::RuntimeKind>(in, "runtime",
                                  {{"wasm", market::RuntimeKind::kWasmCommand},
                                   {"wasm-http", market::RuntimeKind::kWasmHttp},
                                   {"container", market::RuntimeKind::kContainer}}));
  TRY(out.artifact_path, in.text("artifact", 4'096));
  if (out.artifact_path.empty()) return in.refuse("artifact", "expected the path of a file");
  if (in.has("limits")) {
    TRY(const YamlSection limits, in.section("limits"));
    TRY_VOID(read_limits(limits, out.manifest));
  } else {
    out.manifest.fuel_per_request = 1'000'000'000;
    out.manifest.request_bytes_max = out.manifest.response_bytes_max = 1U << 20;
  }
  if (in.has("env")) TRY_VOID(read_env(in, out.manifest));
  if (in.has("bid")) {
    TRY(const YamlSection bid, in.section("bid"));
    TRY(out.bid, read_bid(bid, out));
  }
  return out;
}

}  // namespace

ErrorOr<std::uint8_t> cap_step_for(Amount per_hour) {
  const auto step = market::step_for(per_hour.droplets);
  if (!step) {
    return fail(ErrorCode::kInvalidInput,
                format_fog(per_hour) + " an hour is above the highest cap, " +
                    format_fog({market::cap_of_step(market::kCapSteps - 1)}));
  }
  return *step;
}

ErrorOr<ServiceFile> parse_service_file(std::string_view text, std::string_view file) {
  if (text.size() > kManifestFileBytesMax) {
    return fail(ErrorCode::kInvalidInput, std::string(file) + ": longer than " +
                                              std::to_string(kManifestFileBytesMax) +
                                              " bytes; is it really a manifest?");
  }
  if (!is_utf8(text)) {
    return fail(ErrorCode::kInvalidInput, std::string(file) + ": not UTF-8 text");
  }
  TRY(const YamlSection whole, YamlSection::parse(text, file));
  try {
    return read_file(whole);
  } catch (const YAML::Exception& problem) {
    return fail(ErrorCode::kInvalidInput, std::string(file) + ": " + problem.what());
  }
}

}  // namespace fog::rpc
