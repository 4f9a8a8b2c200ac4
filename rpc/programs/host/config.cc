#include "rpc/programs/host/config.h"

#include <charconv>

#include <fmt/format.h>

#include "chain/base/file.h"
#include "chain/base/secret_file.h"
#include "executor/cgroup.h"
#include "market/types/container_terms.h"
#include "market/types/tunnel.h"
#include "rpc/json/yaml_section.h"
#include "wallet/private_file.h"

namespace fog::host {
namespace {

constexpr std::size_t kConfigBytesMax = 64 * 1024;
constexpr std::size_t kKeyFileBytesMax = 256;

std::string key_path(const std::string& dir) {
  return dir + "/operator.key";
}
std::string id_path(const std::string& dir) {
  return dir + "/host.id";
}

ErrorOr<market::Resources> read_capacity(const rpc::YamlSection& file) {
  market::Resources out;
  TRY(const auto capacity, file.section("capacity"));
  TRY_VOID(capacity.only({"cpu_milli", "memory_mib", "storage_mib", "egress_mbps"}));
  const auto number = [&](const char* key, std::uint64_t max) {
    return capacity.number(key, 0, max);
  };
  TRY(const auto cpu, number("cpu_milli", 1ULL << 20));
  TRY(const auto memory, number("memory_mib", 1ULL << 24));
  TRY(const auto storage, number("storage_mib", 1ULL << 30));
  TRY(const auto egress, number("egress_mbps", 1'000'000));
  out.cpu_milli = static_cast<std::uint32_t>(cpu);
  out.memory_mib = static_cast<std::uint32_t>(memory);
  out.storage_mib = static_cast<std::uint32_t>(storage);
  out.egress_mbps = static_cast<std::uint32_t>(egress);
  return out;
}

ErrorOr<market::Location> read_location(const rpc::YamlSection& file) {
  market::Location out;
  TRY(const auto location, file.section("location"));
  TRY_VOID(location.only({"country", "latitude", "longitude"}));
  TRY(const auto country, location.text("country", 2));
  if (country.size() != 2 || country[0] < 'A' || country[0] > 'Z' || country[1] < 'A' ||
      country[1] > 'Z') {
    return location.refuse("country", "two upper-case letters, e.g. DE (ISO 3166-1)");
  }
  out.country.assign(country);
  TRY(out.lat_milli, location.degrees("latitude", 90));
  TRY(out.lon_milli, location.degrees("longitude", 180));
  return out;
}

ErrorOr<executor::OutboundSettings> read_outbound(const rpc::YamlSection& file) {
  TRY(const auto section, file.section("outbound"));
  TRY_VOID(section.only({"allowed", "private"}));
  executor::OutboundSettings out;
  TRY(const auto word, section.text("allowed", 8));
  if (word != "public" && word != "off") return section.refuse("allowed", "public or off");
  out.off = word == "off";
  if (!section.has("private")) return out;
  TRY(out.private_blocks, section.texts("private", 64));
  for (const std::string& block : out.private_blocks) {
    if (const auto parsed = executor::parse_address_block(block); !parsed) {
      return section.refuse("private", parsed.error().context);
    }
  }
  return out;
}

// "auto" or "off"; as it was where the key is missing.
ErrorOr<void> read_auto(const rpc::YamlSection& file, const char* key, bool& out) {
  if (!file.has(key)) return {};
  TRY(const auto word, file.text(key, 8));
  if (word != "auto" && word != "off") return file.refuse(key, "auto or off");
  out = word == "auto";
  return {};
}

ErrorOr<HostConfig> read_config(const rpc::YamlSection& file) {
  TRY_VOID(file.only({"node", "listen", "endpoint", "tunnel", "location", "capacity", "price",
                      "attributes", "cache", "namespaces", "containers", "exec", "registries",
                      "outbound", "measured"}));
  HostConfig out;
  TRY(out.node, file.text("node", 255));
  TRY(out.listen, file.text("listen", 255));
  if (const auto listen = parse_listen(out.listen); !listen) {
    return file.refuse("listen", listen.error().context);
  }
  TRY(out.endpoint, file.text("endpoint", 255));
  if (!market::is_host_endpoint(out.endpoint)) {
    return file.refuse("endpoint",
                       "\"http://HOST:PORT\", nothing after it; or a tunnel's place at a gateway");
  }
  if (file.has("tunnel")) {
    TRY(out.tunnel, file.text("tunnel", 255));
    if (out.tunnel == "off") out.tunnel.clear();
    if (!out.tunnel.empty() && !market::is_endpoint(out.tunnel))
      return file.refuse("tunnel", "\"http://HOST:PORT\" of a registered gateway, or off");
  }
  TRY(out.location, read_location(file));
  TRY(out.capacity, read_capacity(file));
  if (file.has("price")) {
    TRY(const auto price, file.section("price"));
    TRY_VOID(price.only({"class", "scale"}));
    if (price.has("class")) {
      TRY(out.price_class, price.text("class", 32));
    }
    TRY(const auto scale, price.text("scale", 16));
    const auto parsed = parse_scale(scale);
    if (!parsed) return price.refuse("scale", parsed.error().context);
    out.scale = *parsed;
  }
  if (file.has("attributes")) {
    // One more says what this program runs.
    TRY(out.attributes, file.pairs("attributes", 31));
  }
  if (file.has("cache")) {
    TRY(const auto cache, file.section("cache"));
    TRY_VOID(cache.only({"artifacts_mib", "code_mib", "leaves_mib"}));
    TRY(out.artifact_cache_mib, cache.number_or("artifacts_mib", 4'096, 64, 1ULL << 30));
    TRY(out.code_cache_mib, cache.number_or("code_mib", 2'048, 64, 1ULL << 30));
    TRY(out.leaves_mib, cache.number_or("leaves_mib", 1'024, 64, 1ULL << 22));
  }
  TRY_VOID(read_auto(file, "namespaces", out.namespaces));
  TRY_VOID(read_auto(file, "containers", out.containers));
  if (file.has("exec")) {
    TRY(const auto word, file.text("exec", 8));
    if (word != "owner" && word != "off") return file.refuse("exec", "owner or off");
    out.exec = word == "owner";
  }
  if (file.has("registries")) {
    TRY(out.registries, file.texts("registries", 64));
    for (const std::string& registry : out.registries) {
      if (!market::is_image_name(registry + "/name"))
        return file.refuse("registries", "names like docker.io or localhost:5000");
    }
  }
  if (file.has("outbound")) {
    TRY(out.outbound, read_outbound(file));
  }
  if (file.has("measured")) {
    TRY(const auto measured, file.section("measured"));
    TRY(out.fuel_per_core_second, measured.number_or("fuel_per_core_second", 0, 0, 1ULL << 62));
  }
  return out;
}

std::string degrees_text(std::uint32_t milli, int limit) {
  const std::int64_t value = std::int64_t{milli} - std::int64_t{limit} * 1'000;
  return fmt::format("{}{}.{:03}", value < 0 ? "-" : "", std::abs(value) / 1'000,
                     std::abs(value) % 1'000);
}

}  // namespace

std::string config_path(const std::string& dir) {
  return dir + "/host.yaml";
}

ErrorOr<HostConfig> load_config(const std::string& dir) {
  const auto text = read_file(config_path(dir), kConfigBytesMax);
  if (!text && text.error().code == ErrorCode::kNotFound) {
    return fail(ErrorCode::kNotFound,
                "no Host is set up in " + dir + "; run: foghost init --dir " + dir);
  }
  if (!text) return Fail{text.error()};
  TRY(const auto file, rpc::YamlSection::parse(as_text(*text), config_path(dir)));
  return read_config(file);
}

std::string config_text(const HostConfig& config) {
  std::string attributes = config.attributes.empty() ? " {}\n" : "\n";
  for (const auto& [name, value] : config.attributes) {
    attributes += fmt::format("  \"{}\": \"{}\"\n", name, value);
  }
  const market::Resources& have = config.capacity;
  std::string registries;
  for (const std::string& registry : config.registries)
    registries += (registries.empty() ? "" : ", ") + registry;
  std::string blocks;
  for (const std::string& block : config.outbound.private_blocks) {
    blocks += (blocks.empty() ? "" : ", ") + block;
  }
  return fmt::format(
      R"(# This computer as a FogCoin Host. Written by `foghost init`; change what you like.
# What is on the chain (endpoint, location, capacity, attributes) changes there with `foghost update`.

node: {}   # JSON-RPC of a node that you trust, best your own
listen: {}   # where connections from gateways are taken
endpoint: {}   # how gateways reach that from outside
tunnel: {}   # the endpoint of a gateway that leads them here, over connections from here (`foghost init --tunnel`); off

location:
  country: {}   # ISO 3166-1, two letters
  latitude: {}   # degrees, at most three decimals
  longitude: {}

capacity:   # the most that all leases together may reserve
  cpu_milli: {}   # thousandths of a core
  memory_mib: {}
  storage_mib: {}
  egress_mbps: {}

price:   # what `foghost offer` asks; ask what it costs you, you are paid what the next dearer Hosts ask
  class: "{}"   # price class, by name or number
  scale: {}   # times the class's prices

attributes:{}   # free words that bids may ask for, e.g. "disk": "nvme"

cache:
  artifacts_mib: {}   # services' programs as fetched
  code_mib: {}   # the same, compiled
  leaves_mib: {}   # requests served, for audits of receipts; the oldest go first

namespaces: {}   # auto: workers get namespaces of their own where the kernel allows it; off
containers: {}   # auto: container services are run too, where `foghost doctor` says that it can; off
exec: {}   # owner: a service's owner may run programs in its containers (`fogcoin exec`); off: nobody
registries: [{}]   # from which their images may be pulled; one on this computer, as localhost:5000, by http

outbound:   # what services may ask of other servers, where their manifests name them
  allowed: {}   # public: the open Internet; off: nobody
  private: [{}]   # blocks of addresses besides, for a network of your own, e.g. 10.1.0.0/16

measured:   # by init, for orientation
  fuel_per_core_second: {}
)",
      config.node, config.listen, config.endpoint, config.tunnel.empty() ? "off" : config.tunnel,
      std::string(config.location.country), degrees_text(config.location.lat_milli, 90),
      degrees_text(config.location.lon_milli, 180), have.cpu_milli, have.memory_mib,
      have.storage_mib, have.egress_mbps, config.price_class, scale_text(config.scale), attributes,
      config.artifact_cache_mib, config.code_cache_mib, config.leaves_mib,
      config.namespaces ? "auto" : "off", config.containers ? "auto" : "off",
      config.exec ? "owner" : "off", registries, config.outbound.off ? "off" : "public", blocks,
      config.fuel_per_core_second);
}

ErrorOr<market::Scale> parse_scale(const std::string& text) {
  double scale = 0;
  const auto end = std::from_chars(text.data(), text.data() + text.size(), scale);
  const double units = scale * market::kScaleOne;
  if (end.ec != std::errc() || end.ptr != text.data() + text.size() || units < market::kScaleMin ||
      units > market::kScaleMax) {
    return fail(ErrorCode::kInvalidInput,
                "your price as a multiple of the class, 0.01 to 100, e.g. 0.9");
  }
  return static_cast<market::Scale>(units + 0.5);
}

std::string scale_text(market::Scale scale) {
  std::string text = fmt::format("{}.{:04}", scale / market::kScaleOne, scale % market::kScaleOne);
  while (text.back() == '0') text.pop_back();
  if (text.back() == '.') text.pop_back();
  return text;
}

ErrorOr<SecretKey> load_operator_key(const std::string& dir) {
  const std::string path = key_path(dir);
  const auto text = read_secret_line(system_env(), path, kKeyFileBytesMax);
  if (!text && text.error().code == ErrorCode::kNotFound) {
    return fail(ErrorCode::kNotFound, "no operator key at " + path + "; run: foghost init");
  }
  if (!text) return Fail{text.error()};
  const auto bytes = from_hex(*text);
  const auto key = bytes ? SecretKey::from_bytes(*bytes) : std::nullopt;
  if (!key) return fail(ErrorCode::kCorrupt, path + " does not hold a key (64 hex digits)");
  return *key;
}

ErrorOr<SecretKey> create_operator_key(const std::string& dir) {
  const SecretKey key = SecretKey::generate(system_rng());
  const std::string text = to_hex(key.bytes()) + "\n";
  TRY_VOID(wallet::create_private_file(key_path(dir), as_bytes(text)));
  return key;
}

ErrorOr<executor::ContainerTools> find_container_tools() {
  TRY(auto tools, executor::ContainerTools::find());
  if (!executor::CgroupRoot::find().limits_memory()) {
    return fail(ErrorCode::kUnavailable,
                "a container's memory cannot be limited here (see control groups)");
  }
  return tools;
}

ErrorOr<market::HostId> load_host_id(const std::string& dir) {
  const auto text = read_file(id_path(dir), kKeyFileBytesMax);
  if (!text && text.error().code == ErrorCode::kNotFound) {
    return fail(ErrorCode::kNotFound, "this Host is not registered; run: foghost register --help");
  }
  if (!text) return Fail{text.error()};
  const auto id = fixed_from_hex<32>(without_line_end(as_text(*text)));
  if (!id) return fail(ErrorCode::kCorrupt, id_path(dir) + " does not hold a Host's id");
  return *id;
}

ErrorOr<void> save_host_id(const std::string& dir, const market::HostId& id) {
  const std::string text = to_hex0x(id) + "\n";
  return write_file_atomically(id_path(dir), as_bytes(text), FileMode::kShared);
}

ErrorOr<HostPort> parse_listen(const std::string& text) {
  auto place = parse_host_port(text);
  if (!place) return fail(ErrorCode::kInvalidInput, "write ADDRESS:PORT, e.g. 0.0.0.0:7795");
  return *std::move(place);
}

}  // namespace fog::host
