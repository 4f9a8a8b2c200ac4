// fogcoin: the command line of wallet users and Publishers. Parses, chooses one command, runs it.
#include <algorithm>
#include <cstdlib>
#include <iostream>

#include "rpc/programs/cli/context.h"

namespace {

std::string default_wallet() {
  const char* home = std::getenv("HOME");
  return std::string(home == nullptr ? "." : home) + "/.fogcoin/wallet.json";
}

void add_global_options(CLI::App& app, fog::cli::GlobalOptions& options) {
  app.set_config("--config", "",
                 "file with options, one `name=value` a line (command line and environment win)");
  app.add_option("--node", options.node, "the node's URL")
      ->envname("FOGCOIN_NODE")
      ->capture_default_str();
  app.add_option("--wallet", options.wallet, "the wallet's file")
      ->envname("FOGCOIN_WALLET")
      ->capture_default_str();
  app.add_option("--account", options.account,
                 "account of the wallet to act for (default: its only one, or main)")
      ->envname("FOGCOIN_ACCOUNT");
  app.add_option("--passphrase-file", options.passphrase.file,
                 "file with the wallet's passphrase (mode 0600)")
      ->envname("FOGCOIN_PASSPHRASE_FILE");
  app.add_option("--passphrase-fd", options.passphrase.descriptor,
                 "open descriptor to read the passphrase from");
  app.add_option("--timeout", options.timeout_s, "seconds to wait until a transaction is final")
      ->capture_default_str();
  app.add_option("--memo", options.memo,
                 "note that goes into the transaction, at most 128 bytes; public");
  app.add_flag("--json", options.json, "print one JSON document");
  app.add_flag("-y,--yes", options.yes, "do not ask before sending");
}

void print_error(const fog::Error& error, bool json) {
  if (!json) {
    std::cerr << "fogcoin: " << error.context << "\n";
    return;
  }
  const fog::cli::Json out{
      {"error", {{"code", fog::error_code_name(error.code)}, {"message", error.context}}}};
  std::cout << out.dump(2, ' ', false, fog::cli::Json::error_handler_t::replace) << "\n";
}

}  // namespace

int main(int argc, char** argv) {
  fog::cli::GlobalOptions options;
  options.wallet = default_wallet();
  fog::cli::Chosen chosen;
  CLI::App app("FogCoin's command line: wallet, payments, services, bids, leases");
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
  fog::cli::add_bid_commands(app, chosen);
  fog::cli::add_market_commands(app, chosen);
  fog::cli::add_node_commands(app, chosen);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    // `options` may not have been reached.
    const bool json = std::find(argv, argv + argc, std::string_view("--json")) != argv + argc;
    if (json && error.get_exit_code() != 0) {
      print_error({fog::ErrorCode::kInvalidInput, error.what()}, true);
      return fog::cli::kExitUsage;
    }
    const int code = app.exit(error);
    return code == 0 ? 0 : fog::cli::kExitUsage;
  }
  fog::cli::Context context(options);
  const auto done = chosen.command(context);
  if (done) return fog::cli::kExitOk;
  print_error(done.error(), options.json);
  return fog::cli::exit_code(done.error().code);
}
