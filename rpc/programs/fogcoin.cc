// fogcoin: the command line of wallet users and Publishers. Parses, chooses one command, runs it.
#include <algorithm>
#include <string_view>

#include "chain/base/core_dump.h"
#include "rpc/programs/cli/context.h"

namespace {

void add_global_options(CLI::App& app, fog::cli::GlobalOptions& options) {
  app.set_config("--config", "",
                 "file with options, one `name=value` a line (command line and environment win)");
  app.add_option("--node", options.node, "the node's URL")
      ->envname("FOGCOIN_NODE")
      ->capture_default_str();
  fog::cli::add_wallet_options(app, options, "the");
  app.add_option("--timeout", options.timeout_s, "seconds to wait until a transaction is final")
      ->capture_default_str();
  app.add_option("--memo", options.memo,
                 "note that goes into the transaction, at most 128 bytes; public");
  app.add_flag("--json", options.json, "print one JSON document");
}

}  // namespace

int main(int argc, char** argv) {
  fog::forbid_core_dumps();
  fog::cli::GlobalOptions options;
  options.wallet = fog::cli::home_path("/.fogcoin/wallet.json");
  fog::cli::Chosen chosen;
  CLI::App app("FogCoin's command line: wallet, payments, services, bids, leases, stake");
  app.footer(
      "Exit codes: 0 done, 1 refused or failed, 2 wrong input, 3 node not reachable, 4 not found, "
      "5 wallet locked.");
  app.require_subcommand(1);
  app.fallthrough();
  add_global_options(app, options);
  fog::cli::add_wallet_commands(app, chosen);
  fog::cli::add_money_commands(app, chosen);
  fog::cli::add_tx_commands(app, chosen);
  fog::cli::add_service_commands(app, chosen);
  fog::cli::add_secret_commands(app, chosen);
  fog::cli::add_dev_command(app, chosen);
  fog::cli::add_bid_commands(app, chosen);
  fog::cli::add_market_commands(app, chosen);
  fog::cli::add_auditor_commands(app, chosen);
  fog::cli::add_verify_command(app, chosen);
  fog::cli::add_logs_command(app, chosen);
  fog::cli::add_metrics_command(app, chosen);
  fog::cli::add_exec_command(app, chosen);
  fog::cli::add_event_commands(app, chosen);
  fog::cli::add_validator_commands(app, chosen);
  fog::cli::add_stake_commands(app, chosen);
  fog::cli::add_params_commands(app, chosen);
  fog::cli::add_node_commands(app, chosen);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    // `options` may not have been reached.
    const bool json = std::find(argv, argv + argc, std::string_view("--json")) != argv + argc;
    return fog::cli::finish_parse("fogcoin", app, error, json);
  }
  fog::cli::Context context(options);
  const auto done = chosen.command(context);
  return done ? context.end_status() : fog::cli::finish("fogcoin", done, options.json);
}
