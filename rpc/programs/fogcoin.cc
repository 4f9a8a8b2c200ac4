// fogcoin: the command line of wallet users and Publishers. Parses, chooses one command, runs it.
#include <algorithm>
#include <iostream>

#include "chain/base/core_dump.h"
#include "rpc/programs/cli/completion.h"
#include "rpc/programs/cli/context.h"
#include "rpc/programs/cli/settings.h"

namespace {

void add_global_options(CLI::App& app, fog::cli::GlobalOptions& options) {
  // Both are read before all others (rpc/programs/cli/settings.h).
  static std::string config;
  static std::string profile;
  app.add_option("--config", config,
                 "file with options, one `name = value` a line, below [NAME] for one profile (else "
                 "~/.fogcoin/fogcoin.conf, if it is there)")
      ->envname("FOGCOIN_CONFIG");
  app.add_option("--profile", profile, "whose options in that file count, e.g. of one network")
      ->envname("FOGCOIN_PROFILE");
  app.add_option("--node", options.node, "the node's URL")
      ->envname("FOGCOIN_NODE")
      ->capture_default_str();
  fog::cli::add_wallet_options(app, options, "the");
  app.add_option("--timeout", options.timeout_s, "seconds to wait until a transaction is final")
      ->capture_default_str();
  app.add_flag("--json", options.json, "print one JSON document");
  app.add_option("--output", options.output,
                 "how lists are printed: wide does not shorten ids, json is --json")
      ->check(CLI::IsMember({"table", "wide", "json", "csv"}))
      ->capture_default_str();
  fog::cli::add_sending_options(app, options);
}

void add_commands(CLI::App& app, fog::cli::Chosen& chosen, const fog::cli::Settings& settings,
                  const std::vector<std::string>& words) {
  fog::cli::add_wallet_commands(app, chosen);
  fog::cli::add_contact_commands(app, chosen);
  fog::cli::add_money_commands(app, chosen);
  fog::cli::add_history_command(app, chosen);
  fog::cli::add_tx_commands(app, chosen);
  fog::cli::add_fee_command(app, chosen);
  fog::cli::add_message_commands(app, chosen);
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
  fog::cli::add_config_command(app, chosen, settings, words);
  fog::cli::add_doctor_command(app, chosen, settings);
  fog::cli::add_completion_commands(app, chosen);
  fog::cli::add_man_command(app, chosen);
}

// Before a command line is whole: where a shell asks how it may go on.
bool asks_for_words(const std::vector<std::string>& words) {
  return words.size() >= 3 && words[0] == "completion" && words[1] == "words" && words[2] == "--";
}

}  // namespace

int main(int argc, char** argv) {
  fog::forbid_core_dumps();
  const std::vector<std::string> words(argv + std::min(argc, 1), argv + argc);
  fog::cli::GlobalOptions options;
  options.wallet = fog::cli::home_path("/.fogcoin/wallet.json");
  fog::cli::Chosen chosen;
  CLI::App app("FogCoin's command line: wallet, payments, services, bids, leases, stake",
               "fogcoin");
  app.footer(
      "Exit codes: 0 done, 1 refused or failed, 2 wrong input, 3 node not reachable, 4 not found, "
      "5 wallet locked.");
  app.require_subcommand(1);
  app.fallthrough();
  add_global_options(app, options);
  const bool completes = asks_for_words(words);
  auto settings = fog::cli::Settings::read(completes ? std::vector<std::string>() : words,
                                           fog::cli::home_path("/.fogcoin/fogcoin.conf"));
  // Help and completion do not depend on a file that somebody may have to mend with them.
  fog::cli::Settings none;
  fog::cli::Settings& used = settings ? *settings : none;
  add_commands(app, chosen, used, words);
  const auto applied = used.apply(app);
  if (completes) return fog::cli::complete_words(app, options, {words.begin() + 3, words.end()});
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return fog::cli::finish_parse("fogcoin", app, error, words);
  }
  options.json = options.json || options.output == "json";
  if (!settings) return fog::cli::finish("fogcoin", fog::Fail{settings.error()}, options.json);
  if (!applied) return fog::cli::finish("fogcoin", applied, options.json);
  fog::cli::Context context(options);
  const auto done = chosen.command(context);
  if (context.is_written()) return fog::cli::kExitOk;
  if (done && !options.sending.unsigned_file.empty()) {
    // The command has said what it did; a document of it is not followed by a second one.
    std::cerr << "fogcoin: --unsigned wrote nothing: this command makes no transaction\n";
    return fog::cli::kExitUsage;
  }
  return done ? context.end_status() : fog::cli::finish("fogcoin", done, options.json);
}
