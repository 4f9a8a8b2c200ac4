// foghost: a computer as a Host: set up, offer, run leased workloads, show earnings. The same
// program is its own front (HTTP, without account keys) and worker (WebAssembly, sandboxed).
#include <algorithm>
#include <cstring>
#include <functional>
#include <string_view>
#include <unistd.h>

#include "chain/base/core_dump.h"
#include "executor/front.h"
#include "executor/worker/container_main.h"
#include "executor/worker/worker.h"
#include "rpc/programs/host/commands.h"

namespace {

using fog::ErrorOr;
using fog::host::HostCommand;

using Chosen = std::function<ErrorOr<void>(const HostCommand&)>;

void add_global_options(CLI::App& app, HostCommand& command) {
  app.add_option("--dir", command.dir, "the Host's folder: configuration, key, logs, caches")
      ->envname("FOGHOST_DIR")
      ->capture_default_str();
  app.add_option("--node", command.node, "the node's URL (default: the configuration's)")
      ->envname("FOGCOIN_NODE");
  app.add_option("--timeout", command.options.timeout_s,
                 "seconds to wait until a transaction is final")
      ->capture_default_str();
  app.add_flag("--json", command.options.json, "print one JSON document");
}

// For what the owner signs: registration, bond, retirement.
void add_wallet_options(CLI::App& app, HostCommand& command) {
  fog::cli::add_wallet_options(app, command.options, "the owner's");
}

void add_setup_commands(CLI::App& app, HostCommand& command, Chosen& chosen) {
  auto* init =
      app.add_subcommand("init", "Measures this computer, writes the configuration and key");
  auto setup = std::make_shared<fog::host::InitOptions>();
  init->add_option("--listen", setup->listen, "ADDRESS:PORT to listen on (default 0.0.0.0:7795)");
  init->add_option("--endpoint", setup->endpoint,
                   "how gateways reach it, http://HOST:PORT (default: the listening port here)");
  init->add_option("--tunnel", setup->tunnel,
                   "a gateway's endpoint, if this computer cannot be reached from outside: "
                   "connections to it are held open, and it leads requests here");
  init->add_option("--country", setup->country, "where it stands, two letters")
      ->capture_default_str();
  init->add_option("--latitude", setup->latitude, "decimal degrees")->capture_default_str();
  init->add_option("--longitude", setup->longitude, "decimal degrees")->capture_default_str();
  init->add_option("--cpu-milli", setup->cpu_milli, "thousandths of cores to lend (default: all)");
  init->add_option("--memory-mib", setup->memory_mib, "memory to lend (default: three quarters)");
  init->add_flag("--force", setup->force, "write the configuration anew; the key is kept");
  init->callback([&chosen, setup] {
    chosen = [setup](const HostCommand& c) { return fog::host::init(c, *setup); };
  });

  auto* registration = app.add_subcommand("register", "Registers the Host with a bond");
  auto terms = std::make_shared<fog::host::RegisterOptions>();
  add_wallet_options(*registration, command);
  registration->add_option("--bond", terms->bond, "FOG at stake for failures")
      ->capture_default_str();
  registration
      ->add_option("--operator-funds", terms->operator_funds,
                   "FOG to send to the operator's account for its fees")
      ->capture_default_str();
  registration->callback([&chosen, terms] {
    chosen = [terms](const HostCommand& c) { return fog::host::register_host(c, *terms); };
  });

  auto* update = app.add_subcommand("update", "Brings the chain up to the configuration");
  auto added = std::make_shared<std::string>("0 FOG");
  add_wallet_options(*update, command);
  update->add_option("--bond-added", *added, "FOG to add to the bond")->capture_default_str();
  update->callback([&chosen, added] {
    chosen = [added](const HostCommand& c) { return fog::host::update_host(c, *added); };
  });

  auto* auditors = app.add_subcommand(
      "auditors", "Admits those who may attest what this Host is; whoever is not named goes");
  auto admitted = std::make_shared<std::vector<std::string>>();
  auditors->add_option("ADDRESS", *admitted, "auditors' addresses, up to 8; none: nobody");
  add_wallet_options(*auditors, command);
  auditors->callback([&chosen, admitted] {
    chosen = [admitted](const HostCommand& c) { return fog::host::admit_auditors(c, *admitted); };
  });

  auto* retire = app.add_subcommand("retire", "Gives notice to all leases; the bond returns later");
  add_wallet_options(*retire, command);
  retire->callback([&chosen] { chosen = fog::host::retire; });
}

void add_offer_commands(CLI::App& app, Chosen& chosen) {
  auto* offer = app.add_subcommand("offer", "Offers the capacity at a price, or changes the offer");
  auto terms = std::make_shared<fog::host::OfferOptions>();
  offer->add_option("--class", terms->price_class,
                    "price class, by name or number (default: the configuration's)");
  offer->add_option("--scale", terms->scale,
                    "your price as a multiple of the class (default: the configuration's)");
  offer->add_option("--cpu-milli", terms->cpu_milli, "thousandths of cores (default: all)");
  offer->add_option("--memory-mib", terms->memory_mib, "memory (default: all)");
  offer->callback([&chosen, terms] {
    chosen = [terms](const HostCommand& c) { return fog::host::offer(c, *terms); };
  });
  app.add_subcommand("withdraw", "Takes the offer back; leases that run go on")
      ->callback([&chosen] { chosen = fog::host::withdraw; });
  auto* drain = app.add_subcommand(
      "drain", "Leaves with notice: no new leases, and those that run move on before the time");
  auto minutes = std::make_shared<std::uint64_t>(0);
  drain->add_option("--after", *minutes,
                    "minutes until the Host leaves (default: the market's shortest notice)");
  drain->callback([&chosen, minutes] {
    chosen = [minutes](const HostCommand& c) { return fog::host::drain(c, *minutes); };
  });
  auto* open = app.add_subcommand("open", "Opens a warm reservation by a gateway's ticket");
  auto ticket = std::make_shared<std::string>();
  open->add_option("TICKET", *ticket, "0x-hex, as `foggate ticket` prints it")->required();
  open->callback([&chosen, ticket] {
    chosen = [ticket](const HostCommand& c) { return fog::host::open_lease(c, *ticket); };
  });
}

void add_daily_commands(CLI::App& app, Chosen& chosen) {
  app.add_subcommand("run", "Runs what is leased to this Host, until Ctrl-C")->callback([&chosen] {
    chosen = fog::host::run;
  });
  app.add_subcommand("status", "The Host, its offer, and whether it runs")->callback([&chosen] {
    chosen = fog::host::status;
  });
  app.add_subcommand("leases", "The leases this Host holds")->callback([&chosen] {
    chosen = fog::host::leases;
  });
  auto* earnings = app.add_subcommand(
      "earnings", "What it has earned, by day, service and receipt, and what it may expect");
  auto shown = std::make_shared<fog::host::EarningsOptions>();
  earnings->add_option("--days", shown->days, "days in the plot")
      ->capture_default_str()
      ->check(CLI::Range(1, 400));
  earnings->callback([&chosen, shown] {
    chosen = [shown](const HostCommand& c) { return fog::host::earnings(c, *shown); };
  });
  auto* logs = app.add_subcommand("logs", "What a lease's workload wrote to standard error");
  auto read = std::make_shared<fog::host::LogOptions>();
  logs->add_option("LEASE", read->lease, "the lease's id or the beginning of it")->required();
  logs->add_option("--bytes", read->bytes, "how much of the end")->capture_default_str();
  logs->add_flag("-f,--follow", read->follow, "go on with what comes, until Ctrl-C");
  logs->callback([&chosen, read] {
    chosen = [read](const HostCommand& c) { return fog::host::logs(c, *read); };
  });
  auto* replay = app.add_subcommand(
      "replay", "Runs requests again from what was kept of them, and compares: exit code 0 or 1");
  auto leaf = std::make_shared<fog::host::ReplayCommandOptions>();
  replay
      ->add_option("LEAF", leaf->leaf,
                   "a file of leaves, or LEASE.TERM/GATEWAY/INDEX of this Host's own")
      ->required();
  replay->add_option("--artifact", leaf->artifact,
                     "the service's program (default: the Host's copy)");
  replay->add_flag("--digest", leaf->digest,
                   "also the digest of memory and fuel after each host call: slower");
  replay->callback([&chosen, leaf] {
    chosen = [leaf](const HostCommand& c) { return fog::host::replay(c, *leaf); };
  });
  app.add_subcommand("doctor", "Checks what this Host needs and says how to mend it")
      ->callback([&chosen] { chosen = fog::host::doctor; });
}

void add_dev_command(CLI::App& app, Chosen& chosen) {
  auto* dev = app.add_subcommand(
      "dev", "Runs a service of your own here, as `fogcoin dev` does; needs no chain, no set-up");
  auto options = std::make_shared<fog::cli::DevOptions>();
  options->cache = fog::cli::home_path("/.fogcoin/dev");
  fog::cli::add_dev_options(*dev, *options);
  dev->callback([&chosen, options] {
    chosen = [options](const HostCommand& c) { return fog::host::dev(c, *options); };
  });
}

int run_command(int argc, char** argv) {
  HostCommand command;
  command.dir = fog::cli::home_path("/.fogcoin/host");
  command.options.wallet = fog::cli::home_path("/.fogcoin/wallet.json");
  Chosen chosen;
  CLI::App app("Lends this computer to FogCoin's services and is paid for it");
  app.footer(
      "First: init, register, offer, then run. Exit codes: 0 done, 1 refused or failed, 2 wrong "
      "input, 3 node not reachable, 4 not found, 5 key or wallet locked.");
  app.require_subcommand(1);
  app.fallthrough();
  add_global_options(app, command);
  add_setup_commands(app, command, chosen);
  add_offer_commands(app, chosen);
  add_daily_commands(app, chosen);
  add_dev_command(app, chosen);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return fog::cli::finish_parse("foghost", app, error, {argv + 1, argv + argc});
  }
  return fog::cli::finish("foghost", chosen(command), command.options.json);
}

}  // namespace

int main(int argc, char** argv) {
  fog::forbid_core_dumps();
  // The processes that `foghost run` starts from its own program; not for people.
  if (argc == 3 && std::strcmp(argv[1], "worker") == 0) {
    fog::executor::WorkerOptions options;
    options.in_namespaces = std::strcmp(argv[2], "--in-namespaces") == 0;
    // Without exit handlers, which a process that can do next to nothing could not run.
    ::_exit(fog::executor::run_worker(options));
  }
  if (argc >= 4 && std::strcmp(argv[1], "container") == 0) {
    fog::executor::ContainerOptions options;
    options.runtime = argv[2];
    options.rootfs = argv[3];
    options.volumes.assign(argv + 4, argv + argc);
    ::_exit(fog::executor::run_container(options));
  }
  if (argc >= 3 && std::strcmp(argv[1], "front") == 0) {
    const auto options =
        fog::executor::front_options({argv + 2, static_cast<std::size_t>(argc - 2)});
    // What is under way when the agent goes is let go of with the process.
    ::_exit(options ? fog::executor::run_front(*options) : 1);
  }
  return run_command(argc, argv);
}
