#include "rpc/json/manifest.h"

#include <charconv>
#include <set>

#include "market/types/container_terms.h"
#include "market/types/outbound.h"
#include "market/types/secret.h"
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

// A file, or an image in a registry.
void read_program(const ManifestReader& in, ServiceFile& out) {
  out.artifact_path = in.text("artifact");
  if (!in.has("image")) return;
  if (in.has("artifact"))
    in.problem("image", "stands beside `artifact`: the program is one of them");
  constexpr std::string_view kAt = "@sha256:";
  const std::string text = in.text("image");
  const std::size_t at = text.find(kAt);
  const auto digest = at == std::string::npos
                          ? std::nullopt
                          : fixed_from_hex<32>(std::string_view(text).substr(at + kAt.size()));
  if (!digest || !market::is_image_name(text.substr(0, at))) {
    if (!text.empty())
      in.problem_with_example("image",
                              "is not REGISTRY/NAME@sha256:DIGEST, with the registry's "
                              "full name and no tag");
    return;
  }
  out.manifest.image = text.substr(0, at);
  out.manifest.artifact = *digest;
  if (out.manifest.runtime != market::RuntimeKind::kContainer)
    in.problem("image", "is for `runtime: container` only");
}

void read_secrets(const ManifestReader& in, market::Manifest& out) {
  std::set<std::string> names;
  for (const std::string& name : in.texts("secrets")) {
    if (!market::is_secret_name(name)) {
      in.problem("secrets", "\"" + name.substr(0, 80) +
                                "\" cannot be a secret's name (A-Z, a-z, 0-9 and _, no digit "
                                "first; none that a request sets, as HTTP_* or PORT)");
    } else if (out.env.contains(BoundedText<64>(name))) {
      in.problem("secrets", name + " stands in env already");
    } else {
      names.insert(name);
    }
  }
  for (const std::string& name : names) out.secrets.emplace_back(name);
}

void read_volumes(const ManifestReader& in, market::Manifest& out) {
  std::vector<std::string> paths;
  for (const auto& [path, size] : in.pairs("volumes")) {
    std::uint32_t mib = 0;
    const auto end = std::from_chars(size.data(), size.data() + size.size(), mib);
    const bool whole = end.ec == std::errc() && end.ptr == size.data() + size.size();
    if (!whole || mib == 0 || mib > market::kVolumeMibMax) {
      in.problem_with_example("volumes", "the size of " + path.substr(0, 80) +
                                             " must be a whole number of MiB, 1 to 1048576");
      continue;
    }
    paths.push_back(path);
    if (path.size() > decltype(market::Volume::path)::kMax || !market::are_volume_paths(paths)) {
      paths.pop_back();
      in.problem("volumes", "\"" + path.substr(0, 80) +
                                "\" cannot be kept: write an absolute path that is not in another "
                                "one, nor in /proc, /dev, /sys, /tmp, /run or /var/tmp");
      continue;
    }
    out.volumes.push_back({BoundedText<128>(path), mib});
  }
  if (!out.volumes.empty() && out.runtime != market::RuntimeKind::kContainer)
    in.problem("volumes", "only a container has volumes");
}

void read_keyvalue(const ManifestReader& in, market::Manifest& out) {
  const std::optional<ManifestReader> keyvalue = in.section("keyvalue");
  if (!keyvalue) return;
  keyvalue->whole_into("mib", out.keyvalue_mib);
  if (out.runtime != market::RuntimeKind::kWasmHttp)
    in.problem("keyvalue", "only a program with runtime: wasm-http has a key-value store");
}

// What a program keeps takes from what each replica reserves.
void check_storage(const ManifestReader& in, const ServiceFile& file) {
  std::uint64_t mib = 0;
  for (const market::Volume& volume : file.manifest.volumes) mib += volume.mib;
  const std::uint32_t keyvalue_mib = file.manifest.keyvalue_mib;
  if (file.bid && keyvalue_mib > file.bid->terms.resources.storage_mib) {
    in.problem("keyvalue", "it takes " + std::to_string(keyvalue_mib) +
                               " MiB: let bid.resources.storage_mib be no less");
  }
  if (!file.bid || mib < file.bid->terms.resources.storage_mib || mib == 0) return;
  in.problem("volumes", "they take " + std::to_string(mib) +
                            " MiB, and the image needs room too: "
                            "raise bid.resources.storage_mib above that");
}

void read_file(const ManifestReader& in, ServiceFile& out) {
  if (!in.has("artifact") && !in.has("image")) {
    in.problem_with_example("artifact",
                            "missing, or else `image`: the program's file, or a container's image "
                            "in a registry");
  }
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
  read_program(in, out);
  if (out.manifest.runtime == market::RuntimeKind::kContainer) {
    out.manifest.port = kContainerPort;
    in.whole_into("port", out.manifest.port);
  } else if (in.has("port")) {
    in.problem("port", "is for `runtime: container` only");
  }
  read_outbound(in, out.manifest);
  read_limits(in, out.manifest);
  read_env(in, out.manifest);
  read_secrets(in, out.manifest);
  read_volumes(in, out.manifest);
  read_keyvalue(in, out.manifest);
  if (const auto bid = in.section("bid")) read_bid(*bid, out, out.bid.emplace());
  check_storage(in, out);
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
