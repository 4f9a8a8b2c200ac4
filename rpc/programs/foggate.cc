// foggate: the gateway, the End Users' door. Parses, wires, runs.
#include <algorithm>
#include <charconv>
#include <iostream>
#include <signal.h>

#include <CLI/CLI.hpp>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>
#include <sys/resource.h>

#include "chain/base/core_dump.h"
#include "chain/base/file.h"
#include "chain/base/url.h"
#include "chain/crypto/aead.h"
#include "market/types/messages.h"
#include "rpc/client/http_node.h"
#include "rpc/gateway/access_log.h"
#include "rpc/gateway/distances.h"
#include "rpc/gateway/server.h"
#include "rpc/programs/gateway/ask_commands.h"
#include "rpc/programs/gateway/explain_command.h"
#include "wallet/private_file.h"
#include "wallet/tx_sender.h"

namespace fog {
namespace {

struct Options {
  std::string dir = "foggate";
  std::string node = "http://127.0.0.1:7780";
  std::string listen = "127.0.0.1:7790";
  std::string port_file;
  std::string access_log;
  std::string listen_tls;
  std::string tls_port_file;
  std::vector<std::string> certificates;
  std::vector<std::string> certificate_keys;
  std::string endpoint;
  std::vector<std::string> tunnels;  // of which Hosts
  std::string country;
  double latitude = 0;
  double longitude = 0;
  AskOptions ask;
  std::uint64_t artifacts_mib = 32'768;
  gateway::DemandSettings demand;
  std::uint64_t idle_s = 60;
  std::uint64_t start_s = 30;
  std::uint64_t demand_minutes = 10;
  std::vector<std::string> sticky;  // SERVICE=MINUTES
  std::vector<std::string> hedge;   // SERVICE=MILLISECONDS
  std::uint64_t drain_s = 20;
  std::string service;  // to explain
  std::string gateway = "http://127.0.0.1:7790";
  bool json = false;
  gateway::GatewayConfig config;
};

constexpr std::uint64_t kStickyMinutesMax = 30 * 1'440;
constexpr std::uint64_t kHedgeMsMax = 600'000;
// A Demand that is not final by then is not waited for.
constexpr std::uint64_t kSendMsMax = 20'000;

std::string key_path(const Options& options) {
  return options.dir + "/gateway.key";
}

ErrorOr<SecretKey> read_key(const Options& options) {
  auto text = wallet::read_secret_file(key_path(options), 256);
  if (!text && text.error().code == ErrorCode::kNotFound) {
    return fail(ErrorCode::kNotFound, "there is no gateway key in " + options.dir +
                                          ". Make one with: foggate init --dir " + options.dir);
  }
  if (!text) return Fail{text.error()};
  const std::string_view hex = as_text(text->get()).substr(0, 64);
  const auto bytes = fixed_from_hex<32>(hex);
  const auto key = bytes ? SecretKey::from_bytes(*bytes) : std::nullopt;
  if (!key) return fail(ErrorCode::kCorrupt, key_path(options) + " is not a gateway key");
  return *key;
}

// A command that the gateway's key signs.
ErrorOr<void> with_key(const Options& options, decltype(&ask_for_replicas) command) {
  TRY(const auto key, read_key(options));
  return command(options.node, key, options.ask);
}

ErrorOr<void> init(const Options& options) {
  TRY_VOID(make_folder(options.dir));
  const SecretKey key = SecretKey::generate(system_rng());
  std::string text = to_hex(key.bytes()) + "\n";
  TRY_VOID(wallet::create_private_file(key_path(options), as_bytes(text)));
  secure_wipe(text.data(), text.size());
  std::cout << to_text(address_of(key.public_key())) << "\n";
  std::cerr << "The gateway's key is in " << key_path(options)
            << ". Send some FOG to the address above,\n"
            << "then: foggate register --dir " << options.dir
            << " --endpoint http://HOST:PORT --country XX\n";
  return {};
}

ErrorOr<void> register_gateway(const Options& options) {
  TRY(const auto key, read_key(options));
  if (!market::is_endpoint(options.endpoint)) {
    return fail(ErrorCode::kInvalidInput,
                "--endpoint must be http://HOST:PORT, as Hosts and Publishers reach it");
  }
  const auto milli = [](double degrees, double offset) {
    return static_cast<std::uint32_t>((degrees + offset) * 1000 + 0.5);
  };
  const market::Location place{options.country, milli(options.latitude, 90),
                               milli(options.longitude, 180)};
  rpc::HttpNode node(options.node);
  wallet::KeySigner signer(key);
  wallet::TxSender sender(node, signer, system_clock(), system_rng());
  TRY(const auto known, read_record<market::Gateway>(node, market::gateway_key(sender.address())));
  const RawMessage message =
      known ? make_message(market::UpdateGateway{key.public_key(), options.endpoint, place})
            : make_message(market::RegisterGateway{key.public_key(), options.endpoint, place});
  TRY(const auto sent, sender.send({message}));
  std::cout << "Gateway " << to_text(sender.address()) << (known ? " updated" : " registered")
            << " at height " << sent.height << ", fee " << format_fog(sent.fee()) << ".\n";
  return {};
}

// "any", "off", or ids of Hosts.
ErrorOr<gateway::TunnelRules> tunnel_rules(const std::vector<std::string>& words) {
  gateway::TunnelRules rules;
  for (const std::string& word : words) {
    if (word == "any" && words.size() == 1) return rules;
    if (word == "off" && words.size() == 1) {
      rules.off = true;
      return rules;
    }
    const auto host = fixed_from_hex<32>(word);
    if (!host) {
      return fail(ErrorCode::kInvalidInput,
                  "--tunnels: any, off, or ids of Hosts, not \"" + word + "\"");
    }
    rules.only.push_back(*host);
  }
  return rules;
}

// SERVICE=NUMBER for each service, the number within bounds.
ErrorOr<std::map<std::string, std::uint64_t>> by_service(const std::string& option,
                                                         const std::vector<std::string>& words,
                                                         std::uint64_t most) {
  std::map<std::string, std::uint64_t> out;
  for (const std::string& word : words) {
    const std::size_t at = word.find('=');
    std::uint64_t number = 0;
    const char* const end = word.data() + word.size();
    const bool read = at != std::string::npos && market::is_service_name(word.substr(0, at)) &&
                      std::from_chars(word.data() + at + 1, end, number).ptr == end;
    if (!read || number == 0 || number > most) {
      return fail(ErrorCode::kInvalidInput, option +
                                                ": write SERVICE=NUMBER, the number from 1 to " +
                                                std::to_string(most) + ", not \"" + word + "\"");
    }
    out[word.substr(0, at)] = number;
  }
  return out;
}

ErrorOr<void> take_service_options(Options& options) {
  TRY(options.config.sticky_s, by_service("--sticky", options.sticky, kStickyMinutesMax));
  for (auto& [service, value] : options.config.sticky_s) value *= 60;
  TRY(options.config.hedge_ms, by_service("--hedge", options.hedge, kHedgeMsMax));
  options.config.drain_ms_max = options.drain_s * 1'000;
  return {};
}

// As many descriptors as this process may have; connections are what a gateway is made of.
void raise_descriptors() {
  rlimit limit = {};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  (void)::setrlimit(RLIMIT_NOFILE, &limit);
}

ErrorOr<HostPort> address_of_option(const std::string& name, const std::string& text) {
  const auto at = parse_host_port(text);
  if (at) return *at;
  return fail(ErrorCode::kInvalidInput,
              name + ": write ADDRESS:PORT, e.g. 127.0.0.1:7790, not \"" + text + "\"");
}

// Where to listen, and with which certificates.
ErrorOr<void> take_doors(Options& options) {
  gateway::GatewayConfig& config = options.config;
  TRY(const auto plain, address_of_option("--listen", options.listen));
  config.listen_address = plain.host;
  config.listen_port = plain.port;
  if (options.certificates.size() != options.certificate_keys.size()) {
    return fail(ErrorCode::kInvalidInput,
                "each --certificate needs its --certificate-key, in the same order");
  }
  for (std::size_t i = 0; i < options.certificates.size(); ++i)
    config.certificates.files.push_back({options.certificates[i], options.certificate_keys[i]});
  const bool any = !config.certificates.files.empty() || !config.certificates.folder.empty();
  if (options.listen_tls.empty() != !any) {
    return fail(ErrorCode::kInvalidInput,
                "--listen-tls and certificates (--certificate with --certificate-key, or "
                "--certificates FOLDER) go together");
  }
  if (any) {
    TRY(const auto tls, address_of_option("--listen-tls", options.listen_tls));
    config.tls_address = tls.host;
    config.tls_port = tls.port;
  }
  return {};
}

ErrorOr<void> write_port(const std::string& path, std::uint16_t port) {
  if (path.empty()) return {};
  return write_file_atomically(path, as_bytes(std::to_string(port) + "\n"), FileMode::kShared);
}

ErrorOr<void> run(Options options) {
  raise_descriptors();
  // Signals are taken by sigwait below, so that stopping is ordinary code.
  sigset_t stop_signals;
  sigemptyset(&stop_signals);
  sigaddset(&stop_signals, SIGINT);
  sigaddset(&stop_signals, SIGTERM);
  // Without a log to open anew it ends the program, as a terminal's end does others.
  if (!options.access_log.empty()) sigaddset(&stop_signals, SIGHUP);
  pthread_sigmask(SIG_BLOCK, &stop_signals, nullptr);
  signal(SIGPIPE, SIG_IGN);

  TRY(const auto key, read_key(options));
  TRY_VOID(take_doors(options));
  TRY_VOID(take_service_options(options));
  TRY(options.config.tunnels, tunnel_rules(options.tunnels));
  rpc::HttpNode node(options.node);
  TRY_VOID(make_folder(options.dir + "/vouchers"));
  gateway::Routes routes(node, key, options.dir + "/vouchers");
  TRY(const auto artifacts,
      gateway::ArtifactFolder::open(options.dir + "/artifacts", options.artifacts_mib << 20));
  TRY(const auto secrets, gateway::SecretFolder::open(options.dir + "/secrets", key));
  options.demand.scale.idle_ms = options.idle_s * 1'000;
  options.demand.start_ms_max = options.start_s * 1'000;
  options.demand.demand_ms = options.demand_minutes * 60'000;
  gateway::Distances distances({}, node, routes);
  options.demand.round_trips = [&distances](const market::BidId& bid) { return distances.of(bid); };
  wallet::KeySigner signer(key);
  wallet::TxSender sender(node, signer, system_clock(), system_rng());
  gateway::DemandDesk desk(options.demand, node, routes,
                           [&sender](const RawMessage& message) -> ErrorOr<void> {
                             TRY_VOID(sender.send({message}, {}, kSendMsMax));
                             return {};
                           });
  std::unique_ptr<gateway::AccessLog> log;
  if (!options.access_log.empty()) {
    TRY(log, gateway::AccessLog::open(options.access_log));
    options.config.served = [&log](const gateway::ServedRequest& served) { log->write(served); };
  }
  gateway::GatewayServer server(options.config, node, routes, *artifacts, *secrets, &desk);
  TRY(const auto port, server.start());
  TRY_VOID(write_port(options.port_file, port));
  TRY_VOID(write_port(options.tls_port_file, server.tls_port()));
  spdlog::info("gateway {} on http://{}:{}/NAME/ and http://NAME.{}:{}/", to_text(routes.gateway()),
               options.config.listen_address, port, options.config.domain, port);
  if (server.tls_port() != 0)
    spdlog::info("and by TLS on https://{}:{}/", options.config.tls_address, server.tls_port());
  int number = 0;
  while (sigwait(&stop_signals, &number) == 0 && number == SIGHUP) {
    if (const auto opened = log->reopen(); !opened) spdlog::warn("{}", opened.error().context);
  }
  spdlog::info("stopping");
  // Who cannot wait for what is under way says so again, and ends it at once.
  pthread_sigmask(SIG_UNBLOCK, &stop_signals, nullptr);
  server.stop();
  return {};
}

void add_place_options(CLI::App* command, Options& options) {
  command
      ->add_option("--endpoint", options.endpoint,
                   "http://HOST:PORT, as Hosts and Publishers reach this gateway")
      ->required();
  command->add_option("--country", options.country, "two capital letters (ISO 3166-1)")->required();
  command->add_option("--latitude", options.latitude, "degrees, north positive")
      ->check(CLI::Range(-90.0, 90.0));
  command->add_option("--longitude", options.longitude, "degrees, east positive")
      ->check(CLI::Range(-180.0, 180.0));
}

}  // namespace
}  // namespace fog

int main(int argc, char** argv) {
  fog::forbid_core_dumps();
  using fog::ErrorOr;
  fog::Options options;
  CLI::App app(
      "FogCoin's gateway: serves End Users by forwarding to leased Hosts, and vouches for usage");
  app.footer(
      "Guide: contrib/doc/gateway.md. Exit codes: 0 stopped as asked, 1 failed (the text says "
      "why), 2 usage.");
  app.require_subcommand(1);
  app.fallthrough();
  app.set_config("--config", "", "file with options, one `name=value` a line");
  app.add_option("--dir", options.dir, "folder of this gateway: key, vouchers, artifacts")
      ->capture_default_str();
  app.add_option("--node", options.node, "the node's URL")
      ->envname("FOGCOIN_NODE")
      ->capture_default_str();
  auto* init = app.add_subcommand("init", "Makes the gateway's key and prints its address");
  auto* enroll =
      app.add_subcommand("register", "Puts the gateway on the chain, or changes what stands there");
  fog::add_place_options(enroll, options);
  auto* demand = app.add_subcommand(
      "demand", "Asks for replicas beyond a bid's fewest; its escrow pays the fee");
  demand->add_option("BID", options.ask.id, "its id")->required();
  demand
      ->add_option("--replicas", options.ask.replicas,
                   "how many this gateway needs in all; fewer than before costs nothing")
      ->capture_default_str();
  demand->add_option("--minutes", options.ask.minutes, "for how long")
      ->capture_default_str()
      ->check(CLI::Range(1, 60));
  demand->add_option("--round-trip", options.ask.round_trips,
                     "HOST=MILLISECONDS, as measured; may be given for each Host");
  auto* ticket = app.add_subcommand("ticket", "Prints a ticket that opens a warm reservation");
  ticket->add_option("LEASE", options.ask.id, "the reservation's id")->required();
  ticket->add_option("--minutes", options.ask.minutes, "for how long it counts")
      ->capture_default_str()
      ->check(CLI::Range(1, 60));
  auto* run = app.add_subcommand("run", "Serves until SIGINT or SIGTERM");
  run->add_option("--listen", options.listen, "ADDRESS:PORT; port 0 lets the system choose")
      ->capture_default_str();
  run->add_option("--port-file", options.port_file, "file to write the port to once it listens");
  run->add_option("--listen-tls", options.listen_tls,
                  "ADDRESS:PORT for TLS (HTTP/2 and HTTP/1.1), beside --listen");
  run->add_option("--tls-port-file", options.tls_port_file,
                  "file to write the port for TLS to once it listens");
  run->add_option("--certificate", options.certificates,
                  "PEM file: a certificate and what leads to its root; may be given again. Files "
                  "that change are read again");
  run->add_option("--certificate-key", options.certificate_keys,
                  "PEM file: the key of the --certificate at the same place");
  run->add_option(
      "--certificates", options.config.certificates.folder,
      "folder of folders with fullchain.pem and privkey.pem, as ACME clients keep them");
  run->add_option("--acme-folder", options.config.acme_folder,
                  "what an ACME client writes below it in .well-known/acme-challenge is served");
  run->add_option("--redirect-to-tls", options.config.redirect_to_tls_port,
                  "port that End Users who come without TLS are sent to; Hosts and Publishers are "
                  "not")
      ->check(CLI::Range(1, 65'535));
  run->add_option("--access-log", options.access_log,
                  "file for a line of JSON a request, - for standard output; SIGHUP opens it anew");
  run->add_option("--domain", options.config.domain, "services answer as NAME.DOMAIN")
      ->capture_default_str();
  run->add_option("--threads", options.config.threads, "event loops")
      ->capture_default_str()
      ->check(CLI::Range(1, 64));
  run->add_option("--artifacts-mib", options.artifacts_mib,
                  "MiB of programs and images to keep; those asked for longest ago make room")
      ->capture_default_str();
  run->add_option("--tunnels", options.tunnels,
                  "which Hosts that cannot be reached may hold connections to this gateway: any "
                  "(registered one; the default), off, or ids of Hosts")
      ->delimiter(',');
  run->add_option("--connections", options.config.connections_max, "End Users' connections at once")
      ->capture_default_str();
  run->add_option("--start-seconds", options.start_s,
                  "that a request waits for a service to start; 0: not at all")
      ->capture_default_str()
      ->check(CLI::Range(0, 600));
  run->add_option("--waiting", options.demand.waiting_max,
                  "requests of one service that wait for it at once")
      ->capture_default_str();
  run->add_option("--target-percent", options.demand.scale.target_percent,
                  "of a replica's slots that are to be busy; above, more replicas are asked for")
      ->capture_default_str()
      ->check(CLI::Range(1, 100));
  run->add_option("--idle-seconds", options.idle_s,
                  "without a request, after which a service needs no replica")
      ->capture_default_str()
      ->check(CLI::Range(1, 86'400));
  run->add_option("--sticky", options.sticky,
                  "SERVICE=MINUTES: its End Users come back to the replica that served them, by a "
                  "cookie; may be given for each service")
      ->delimiter(',');
  run->add_option("--hedge", options.hedge,
                  "SERVICE=MILLISECONDS: a GET without an answer after so long goes to a second "
                  "replica too, and both are billed; may be given for each service")
      ->delimiter(',');
  run->add_option("--drain-seconds", options.drain_s,
                  "that requests under way may take to end after SIGTERM")
      ->capture_default_str()
      ->check(CLI::Range(0, 3'600));
  run->add_option("--demand-minutes", options.demand_minutes,
                  "that what is asked of the chain stands; renewed before its end")
      ->capture_default_str()
      ->check(CLI::Range(1, 60));
  auto* explain = app.add_subcommand(
      "explain", "How a running gateway judges a service's load, and what it has asked for");
  explain->add_option("SERVICE", options.service, "its name")->required();
  explain->add_option("--gateway", options.gateway, "the gateway's URL")->capture_default_str();
  explain->add_flag("--json", options.json, "as the gateway says it");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  spdlog::set_default_logger(spdlog::stderr_logger_mt("foggate"));
  const ErrorOr<void> done =
      init->parsed()      ? fog::init(options)
      : enroll->parsed()  ? fog::register_gateway(options)
      : demand->parsed()  ? fog::with_key(options, fog::ask_for_replicas)
      : ticket->parsed()  ? fog::with_key(options, fog::give_ticket)
      : explain->parsed() ? fog::explain_service(options.gateway, options.service, options.json)
                          : fog::run(options);
  if (done) return 0;
  std::cerr << "foggate: " << done.error().context << "\n";
  return 1;
}
