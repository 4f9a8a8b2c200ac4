#include "rpc/json/manifest.h"

#include "market/types/outbound.h"
#include "rpc/json/manifest_bid.h"

namespace fog::rpc {
namespace {

constexpr std::uint16_t kContainerPort = 8'080;

void read_limits(const ManifestReader& in, market::Manifest& out) {
  out.fuel_per_request = 1'000'000'000;
  out.request_bytes_max = out.response_bytes_max = 1U << 20;
  const std::optional<ManifestReader> limits = in.section("limits");
  if (!limits) return;
  limits->whole_into("memory_mib", out.memory_mib);
  limits->whole_into("fuel_per_request", out.fuel_per_request);
  limits->whole_into("wall_ms", out.wall_ms);
  limits->whole_into("request_bytes", out.request_bytes_max);
  limits->whole_into("response_bytes", out.response_bytes_max);
  limits->whole_into("outbound_bytes", out.outbound_bytes_max);
}

void read_env(const ManifestReader& in, market::Manifest& out) {
  for (const auto& [name, value] : in.pairs("env")) {
    if (name.empty() || name.size() > 64 || name.find('=') != std::string::npos) {
      in.problem("env", "\"" + name.substr(0, 80) +
                            "\" cannot be a variable's name (1 to 64 bytes, no '=')");
    } else if (value.size() > 1'024) {
      in.problem("env", "the value of " + name + " is longer than 1024 bytes");
    } else {
      out.env[BoundedText<64>(name)] = BoundedText<1024>(value);
    }
  }
}

void read_outbound(const ManifestReader& in, market::Manifest& out) {
  if (in.has("outbound")) out.outbound_bytes_max = 1U << 20;
  for (const std::string& pattern : in.texts("outbound")) {
    if (pattern.size() > market::OutboundPattern::kMax || !market::is_outbound_pattern(pattern)) {
      in.problem("outbound", "\"" + pattern.substr(0, 80) +
                                 "\" is neither HOST nor HOST:PORT, in lower case; e.g. "
                                 "api.example.org, \"*.example.net:8443\"");
    } else {
      out.outbound.emplace_back(pattern);
    }
  }
  if (!out.outbound.empty() && out.runtime != market::RuntimeKind::kWasmHttp) {
    in.problem("outbound", "only a program with runtime: wasm-http can ask other servers");
  }
}

void read_file(const ManifestReader& in, ServiceFile& out) {
  const std::string name = in.text("name");
  if (market::is_service_name(name)) {
    out.name = market::ServiceName(name);
  } else if (!name.empty()) {
    in.problem("name", "\"" + name.substr(0, 80) +
                           "\" is not a service name: 3 to 63 of a-z, 0-9 and '-', and no '-' at "
                           "the ends; e.g. name: my-service");
  }
  out.manifest.summary = BoundedText<256>(in.text("summary"));
  out.manifest.runtime = static_cast<market::RuntimeKind>(in.choice("runtime").value_or(0));
  out.artifact_path = in.text("artifact");
  if (out.manifest.runtime == market::RuntimeKind::kContainer) {
    out.manifest.port = kContainerPort;
    in.whole_into("port", out.manifest.port);
  } else if (in.has("port")) {
    in.problem("port", "is for `runtime: container` only");
  }
  read_outbound(in, out.manifest);
  read_limits(in, out.manifest);
  read_env(in, out.manifest);
  if (const auto bid = in.section("bid")) read_bid(*bid, out, out.bid.emplace());
}

}  // namespace

ErrorOr<std::uint8_t> cap_step_for(Amount per_hour) {
  const auto step = market::step_for(per_hour.droplets);
  if (!step) {
    return fail(ErrorCode::kInvalidInput,
                format_fog(per_hour) + " is above the highest cap, " +
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
  TRY(YamlSection whole, YamlSection::parse(text, file));
  ServiceFile out;
  ManifestProblems problems;
  try {
    read_file(ManifestReader(std::move(whole), "", problems), out);
  } catch (const YAML::Exception& problem) {
    return fail(ErrorCode::kInvalidInput, std::string(file) + ": " + problem.what());
  }
  if (problems.any()) return Fail{problems.as_error(file)};
  return out;
}

}  // namespace fog::rpc
