// Context: what every command of `fogcoin` is given: global options, the node, the wallet, and how
// to print.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "chain/api/node_api.h"
#include "wallet/keystore.h"
#include "wallet/passphrase.h"
#include "wallet/tx_sender.h"

namespace fog::cli {

using Json = nlohmann::json;

// Exit codes, documented in --help.
enum ExitCode : int {
  kExitOk = 0,
  kExitFailed = 1,       // refused or failed; the text says why
  kExitUsage = 2,        // the command line is wrong
  kExitUnreachable = 3,  // the node does not answer
  kExitNotFound = 4,     // what was asked for does not exist
  kExitWallet = 5,       // wrong passphrase, or the wallet cannot be read
};

struct GlobalOptions {
  std::string node = "http://127.0.0.1:7780";
  std::string wallet;   // keystore file
  std::string account;  // name or address in it; empty: its only one, or "main"
  wallet::PassphraseSource passphrase;
  bool json = false;
  bool yes = false;
  std::uint64_t timeout_s = 60;
  std::string memo;
};

// ---- for `fogcoin` and `foghost` alike ----

// The path of this program's file.
std::string own_path();
// Of the foghost that stands beside it, whose sandbox runs services.
std::string foghost_beside();
// $HOME followed by `rest`; below the working folder when there is no HOME.
std::string home_path(std::string_view rest);
// --wallet, --account, --passphrase-file, --passphrase-fd, --yes. `whose` begins the help's
// sentences: "the", "the owner's".
void add_wallet_options(CLI::App& app, GlobalOptions& options, const std::string& whose);
// The exit code that an error becomes.
int exit_code(ErrorCode code);
// Ends a program: prints the error, if any, as text on standard error or with `json` as one
// document on standard output. The exit code.
int finish(std::string_view program, const ErrorOr<void>& done, bool json);
// The same for a command line that CLI11 stopped at: an error, or help that was asked for.
int finish_parse(std::string_view program, const CLI::App& app, const CLI::ParseError& error,
                 bool json);

class Context {
 public:
  explicit Context(const GlobalOptions& options) : options_(options) {}

  const GlobalOptions& options() const { return options_; }
  NodeApi& node();
  // The account's name in use: --account, else the wallet's only account, else "main".
  ErrorOr<wallet::ShownAccount> account();
  ErrorOr<std::vector<wallet::ShownAccount>> accounts();
  // An address, or the name of an account in the wallet.
  ErrorOr<Address> address_of_text(const std::string& text);
  // Asks for the passphrase (once) and unlocks the account in use.
  ErrorOr<std::unique_ptr<wallet::Signer>> signer();
  ErrorOr<wallet::SecretText> passphrase(wallet::PassphraseUse use, std::string_view prompt);

  // The exit code of a command that went well, where it is another's: a program's that was run.
  void end_with(int status) { status_ = status; }
  int end_status() const { return status_; }

  // Prints one JSON document with --json, else the text.
  void print(const Json& json, const std::string& text) const;

  // Signs and sends messages from the account in use and waits until they are final. `effects` are
  // the lines that a person confirms first, on a terminal without --yes. Adds id, height and fee to
  // `json`.
  ErrorOr<wallet::Sent> send(const std::vector<RawMessage>& messages,
                             const std::vector<std::string>& effects, Json& json);

 private:
  // Whether somebody sits at a terminal and is to be asked before sending.
  bool asks() const;
  ErrorOr<void> confirm(const std::vector<std::string>& effects, const wallet::ReadyTx& tx,
                        std::uint64_t base_price) const;

  const GlobalOptions& options_;
  std::unique_ptr<NodeApi> node_;
  int status_ = kExitOk;
};

// A command's work; its error is printed and becomes the exit code.
using Command = std::function<ErrorOr<void>(Context&)>;

// What the command line chose to run; set by the callback of the subcommand.
struct Chosen {
  Command command;
};

// Each adds its nouns to the program.
void add_wallet_commands(CLI::App& app, Chosen& chosen);
void add_money_commands(CLI::App& app, Chosen& chosen);
void add_tx_commands(CLI::App& app, Chosen& chosen);
void add_service_commands(CLI::App& app, Chosen& chosen);
void add_secret_commands(CLI::App& app, Chosen& chosen);
void add_dev_command(CLI::App& app, Chosen& chosen);
void add_bid_commands(CLI::App& app, Chosen& chosen);
// `fogcoin bid update`; `bid` is the noun's command.
void add_bid_update_command(CLI::App& bid, Chosen& chosen);
void add_event_commands(CLI::App& app, Chosen& chosen);
void add_market_commands(CLI::App& app, Chosen& chosen);
void add_auditor_commands(CLI::App& app, Chosen& chosen);
void add_node_commands(CLI::App& app, Chosen& chosen);
void add_validator_commands(CLI::App& app, Chosen& chosen);
void add_stake_commands(CLI::App& app, Chosen& chosen);
void add_params_commands(CLI::App& app, Chosen& chosen);
void add_verify_command(CLI::App& app, Chosen& chosen);
void add_logs_command(CLI::App& app, Chosen& chosen);
void add_metrics_command(CLI::App& app, Chosen& chosen);
void add_exec_command(CLI::App& app, Chosen& chosen);

// ---- small helpers that several nouns share ----

// A 32-byte id in hex, with or without 0x.
ErrorOr<Hash32> parse_id(const std::string& text, std::string_view what);
ErrorOr<Amount> parse_amount(const std::string& text, std::string_view what);
// Rows with aligned columns; the first row is the heading.
std::string table(const std::vector<std::vector<std::string>>& rows);
// "0x1234..abcd", enough to tell ids apart on a screen.
std::string short_id(ByteView id);
// "2026-11-24 17:05:09 UTC"
std::string time_text(std::uint64_t time_ms);

// How many records a list shows at most.
constexpr std::size_t kListMax = 10'000;

// One record that must exist.
template <class T>
ErrorOr<T> read_one(NodeApi& node, const StateKey& key, const std::string& what) {
  TRY(auto record, read_record<T>(node, key));
  if (!record) return fail(ErrorCode::kNotFound, "there is no " + what);
  return *std::move(record);
}

}  // namespace fog::cli
