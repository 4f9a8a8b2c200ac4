// foghost init, register, update, retire, offer, withdraw: what is done once, or now and then.
#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "chain/base/file.h"
#include "executor/worker/measure.h"
#include "executor/worker/wasm_runtime.h"
#include "market/types/tunnel.h"
#include "rpc/json/codec.h"
#include "rpc/programs/host/commands.h"
#include "rpc/programs/host/live_prices.h"

namespace fog::host {
namespace {

// "48.137" as thousandths of a degree + limit * 1000, within the limit.
ErrorOr<std::uint32_t> parse_degrees(const std::string& text, int limit, const char* what) {
  double degrees = 0;
  const auto end = std::from_chars(text.data(), text.data() + text.size(), degrees);
  if (end.ec != std::errc() || end.ptr != text.data() + text.size() || degrees < -limit ||
      degrees > limit) {
    return fail(ErrorCode::kInvalidInput,
                fmt::format("{} is decimal degrees from -{} to {}", what, limit, limit));
  }
  return static_cast<std::uint32_t>((degrees + limit) * 1'000 + 0.5);
}

market::Attributes attributes_of(const HostConfig& config) {
  market::Attributes out;
  for (const auto& [name, value] : config.attributes) {
    out[BoundedText<32>(name)] = BoundedText<64>(value);
  }
  // What this program runs besides commands, as market/rules/constraints.cc asks for it.
  out[BoundedText<32>("runtime.wasm-http")] = BoundedText<64>("1");
  if (config.containers && find_container_tools())
    out[BoundedText<32>("runtime.container")] = BoundedText<64>("1");
  return out;
}

ErrorOr<std::uint8_t> find_class(NodeApi& node, const std::string& wanted) {
  TRY(const auto params, cli::read_one<market::MarketParams>(node, market::market_params_key(),
                                                             "market on this chain"));
  std::string names;
  for (std::size_t i = 0; i < params.classes.size(); ++i) {
    const std::string name = params.classes[i].name;
    if (wanted.empty() || wanted == name || wanted == std::to_string(i)) {
      return static_cast<std::uint8_t>(i);
    }
    names += (names.empty() ? "" : ", ") + name;
  }
  return fail(ErrorCode::kInvalidInput,
              "there is no price class '" + wanted + "'; this chain has: " + names);
}

ErrorOr<HostConfig> suggest(const HostCommand& command, const InitOptions& options,
                            const executor::Machine& machine, const PublicKey& operator_key) {
  HostConfig config;
  if (!command.node.empty()) config.node = command.node;
  if (!options.listen.empty()) config.listen = options.listen;
  TRY(HostPort reached, parse_listen(config.listen));
  if (reached.host == "0.0.0.0") reached.host = "127.0.0.1";
  config.endpoint = options.endpoint.empty() ? "http://" + to_text(reached) : options.endpoint;
  if (!market::is_endpoint(config.endpoint)) {
    return fail(ErrorCode::kInvalidInput, "--endpoint is \"http://HOST:PORT\", nothing after it");
  }
  if (!options.tunnel.empty()) {
    if (!options.endpoint.empty() || !market::is_endpoint(options.tunnel)) {
      return fail(ErrorCode::kInvalidInput,
                  "--tunnel is a gateway's \"http://HOST:PORT\" (fogcoin gateway list), and goes "
                  "without --endpoint");
    }
    config.tunnel = options.tunnel;
    config.endpoint = market::tunnel_endpoint(options.tunnel, operator_key);
    if (options.listen.empty()) config.listen = "127.0.0.1:7795";
  }
  if (options.country.size() != 2) {
    return fail(ErrorCode::kInvalidInput, "--country is two letters, e.g. DE");
  }
  config.location.country.assign(options.country);
  TRY(config.location.lat_milli, parse_degrees(options.latitude, 90, "--latitude"));
  TRY(config.location.lon_milli, parse_degrees(options.longitude, 180, "--longitude"));
  // A quarter of memory and half of the free disk stay the owner's.
  const std::uint64_t memory = machine.memory_mib / 4 * 3;
  const std::uint64_t storage = std::min<std::uint64_t>(machine.storage_free_mib / 2, 1ULL << 30);
  config.capacity.cpu_milli = options.cpu_milli != 0 ? options.cpu_milli : machine.cores * 1'000;
  config.capacity.memory_mib =
      options.memory_mib != 0 ? options.memory_mib : static_cast<std::uint32_t>(memory);
  config.capacity.storage_mib = static_cast<std::uint32_t>(storage);
  config.capacity.egress_mbps = 100;
  config.fuel_per_core_second = machine.fuel_per_core_second;
  return config;
}

// The middle of what others ask, where there is a market to see; says what it has seen.
std::string propose_price(HostConfig& config, const cli::GlobalOptions& options, Json& json) {
  cli::GlobalOptions with_node = options;
  with_node.node = config.node;
  cli::Context context(with_node);
  const auto prices = read_live_prices(context.node());
  json["market"] = nullptr;
  if (!prices || prices->empty()) {
    return fmt::format("Market: not seen ({}), so the price is the class's own, scale 1",
                       prices ? "no price class" : prices.error().context);
  }
  const ClassPrices& most = most_offered(*prices);
  config.price_class = most.price_class.name;
  if (most.offers > 0) config.scale = most.median;
  json["market"] = {{"class", most.price_class.name},
                    {"offers", most.offers},
                    {"lowest", most.lowest},
                    {"median", most.median}};
  const auto hourly =
      market::rent_due(most.price_class.prices, config.scale, config.capacity, 3'600'000);
  const std::string seen =
      most.offers == 0
          ? "nobody offers yet"
          : fmt::format("{} offer{} of class {} from scale {}, half of them up to {}", most.offers,
                        most.offers == 1 ? "" : "s", std::string(most.price_class.name),
                        scale_text(most.lowest), scale_text(most.median));
  return fmt::format(
      "Market: {}. Proposed: scale {}; all of this computer would be {} an hour, use not counted",
      seen, scale_text(config.scale), hourly ? format_fog(*hourly) : "beyond 64 bits");
}

}  // namespace

ErrorOr<void> init(const HostCommand& command, const InitOptions& options) {
  TRY_VOID(make_folder(command.dir));
  const std::string path = config_path(command.dir);
  if (read_file(path, 1 << 20) && !options.force) {
    return fail(ErrorCode::kAlreadyExists,
                path + " exists; edit it, or write it anew with --force (the key is kept)");
  }
  TRY(const auto machine, executor::measure_machine(command.dir));
  auto key = load_operator_key(command.dir);
  if (!key && key.error().code == ErrorCode::kNotFound) key = create_operator_key(command.dir);
  if (!key) return Fail{key.error()};
  TRY(auto config, suggest(command, options, machine, key->public_key()));
  Json json;
  const std::string market = propose_price(config, command.options, json);
  const std::string text = config_text(config);
  TRY_VOID(write_file_atomically(path, as_bytes(text), FileMode::kShared));
  const std::string address = to_text(address_of(key->public_key()));
  cli::Context context(command.options);
  json.update({{"dir", command.dir},
               {"operator", address},
               {"endpoint", config.endpoint},
               {"cores", machine.cores},
               {"memory_mib", machine.memory_mib},
               {"storage_free_mib", machine.storage_free_mib},
               {"price", {{"class", config.price_class}, {"scale", config.scale}}},
               {"fuel_per_core_second", std::to_string(machine.fuel_per_core_second)}});
  context.print(
      json,
      fmt::format("This computer: {} cores, {} MiB of memory, {} MiB of disk free, {:.2f} Gfuel "
                  "a second on one core\n"
                  "{}\n"
                  "Operator account: {}\n"
                  "Configuration:    {}\n"
                  "Next: look at that file (is {} how gateways reach you?), then\n"
                  "  foghost register --dir {}",
                  machine.cores, machine.memory_mib, machine.storage_free_mib,
                  static_cast<double>(machine.fuel_per_core_second) / 1e9, market, address, path,
                  config.endpoint, command.dir));
  return {};
}

ErrorOr<void> register_host(const HostCommand& command, const RegisterOptions& options) {
  TRY(const auto self, Operator::open(command));
  if (const auto known = self->host_id(); known) {
    return fail(ErrorCode::kAlreadyExists, "this Host is registered already, as " +
                                               to_hex0x(*known) +
                                               "; change it with: foghost update");
  }
  const HostConfig& config = self->config();
  market::RegisterHost message;
  message.operator_key = self->key().public_key();
  message.endpoint.assign(config.endpoint);
  message.location = config.location;
  message.capacity = config.capacity;
  message.attributes = attributes_of(config);
  message.runtimes.push_back(executor::wasm_profile());
  TRY(message.bond, cli::parse_amount(options.bond, "--bond"));
  TRY(const Amount funds, cli::parse_amount(options.operator_funds, "--operator-funds"));
  std::vector<RawMessage> messages = {make_message(message)};
  const Address operator_account = address_of(message.operator_key);
  if (funds.droplets > 0) {
    TRY(auto transfer, wallet::make_transfer({{operator_account, funds}}));
    messages.push_back(std::move(transfer));
  }
  Json json;
  TRY(const auto sent, self->context().send(messages, {}, json));
  const market::HostId id = market::make_host_id(sent.id, 0);
  TRY_VOID(save_host_id(command.dir, id));
  json["host"] = to_hex0x(id);
  json["operator"] = to_text(operator_account);
  self->context().print(json, fmt::format("Registered as Host {}\nNext: make the offer, then run:\n"
                                          "  foghost offer --dir {}\n  foghost run --dir {}",
                                          to_hex0x(id), command.dir, command.dir));
  return {};
}

ErrorOr<void> update_host(const HostCommand& command, const std::string& bond_added) {
  TRY(const auto self, Operator::open(command));
  TRY(const auto host, self->host());
  const HostConfig& config = self->config();
  market::UpdateHost message;
  message.host = host.id;
  message.operator_key = self->key().public_key();
  message.endpoint.assign(config.endpoint);
  message.location = config.location;
  message.capacity = config.capacity;
  message.attributes = attributes_of(config);
  message.runtimes.push_back(executor::wasm_profile());
  TRY(message.bond_added, cli::parse_amount(bond_added, "--bond-added"));
  Json json;
  TRY([[maybe_unused]] const auto sent,
      self->context().send({make_message(message)},
                           {"the Host becomes what " + config_path(command.dir) + " says"}, json));
  json["host"] = to_hex0x(host.id);
  self->context().print(json, "The chain has what the configuration says.");
  return {};
}

ErrorOr<void> admit_auditors(const HostCommand& command, const std::vector<std::string>& auditors) {
  TRY(const auto self, Operator::open(command));
  TRY(const auto host, self->host());
  market::AdmitAuditors message{host.id, {}};
  for (const std::string& text : auditors) {
    const auto address = address_from_text(text);
    if (!address) {
      return fail(ErrorCode::kInvalidInput, "\"" + text + "\" is not an address (fog1...)");
    }
    message.auditors.push_back(*address);
  }
  if (message.auditors.size() > decltype(message.auditors)::kMax)
    return fail(ErrorCode::kInvalidInput, "a Host can have at most 8 auditors");
  Json json;
  TRY([[maybe_unused]] const auto sent, self->context().send({make_message(message)}, {}, json));
  json["host"] = to_hex0x(host.id);
  self->context().print(json, fmt::format("{} auditors are admitted. What they attest, says: "
                                          "fogcoin auditor list {}",
                                          message.auditors.size(), to_hex0x(host.id)));
  return {};
}

ErrorOr<void> retire(const HostCommand& command) {
  TRY(const auto self, Operator::open(command));
  TRY(const auto host, self->host());
  Json json;
  TRY([[maybe_unused]] const auto sent,
      self->context().send({make_message(market::RetireHost{host.id})},
                           {std::to_string(host.leases_open) + " open leases get notice",
                            "returns the bond of " + format_fog(host.bond) +
                                " after the waiting time, once no lease is open"},
                           json));
  json["host"] = to_hex0x(host.id);
  self->context().print(json, "Retired. Keep `foghost run` going until no lease is open.");
  return {};
}

ErrorOr<void> offer(const HostCommand& command, const OfferOptions& options) {
  TRY(const auto self, Operator::open(command));
  TRY(const auto host, self->host());
  market::SetOffer message;
  message.host = host.id;
  const HostConfig& config = self->config();
  TRY(message.price_class,
      find_class(self->node(),
                 options.price_class.empty() ? config.price_class : options.price_class));
  message.scale = config.scale;
  if (!options.scale.empty()) {
    const auto scale = parse_scale(options.scale);
    if (!scale) return Fail{scale.error().within("--scale")};
    message.scale = *scale;
  }
  message.offered = host.capacity;
  if (options.cpu_milli != 0) message.offered.cpu_milli = options.cpu_milli;
  if (options.memory_mib != 0) message.offered.memory_mib = options.memory_mib;
  if (!host.capacity.fits(message.offered)) {
    return fail(
        ErrorCode::kInvalidInput,
        fmt::format("the Host's capacity is {} milli-cores and {} MiB; offer no more, or "
                    "raise it in {} and run: foghost update",
                    host.capacity.cpu_milli, host.capacity.memory_mib, config_path(command.dir)));
  }
  Json json;
  TRY([[maybe_unused]] const auto sent, self->send({make_message(message)}, json));
  json["host"] = to_hex0x(host.id);
  json["price_class"] = message.price_class;
  json["scale"] = message.scale;
  self->context().print(json,
                        fmt::format("Offered: {} milli-cores and {} MiB at {} times class {}.",
                                    message.offered.cpu_milli, message.offered.memory_mib,
                                    scale_text(message.scale), message.price_class));
  return {};
}

ErrorOr<void> withdraw(const HostCommand& command) {
  TRY(const auto self, Operator::open(command));
  TRY(const auto id, self->host_id());
  Json json;
  TRY([[maybe_unused]] const auto sent,
      self->send({make_message(market::WithdrawOffer{id})}, json));
  json["host"] = to_hex0x(id);
  self->context().print(json, "The offer is withdrawn; leases that run go on.");
  return {};
}

}  // namespace fog::host
