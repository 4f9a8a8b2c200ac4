// Context: what every command of `fogcoin` is given: global options, the node, the wallet, and how
// to print.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "chain/api/node_api.h"
#include "rpc/programs/cli/rows.h"
#include "wallet/book.h"
#include "wallet/describe.h"
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

// How a transaction is made and what becomes of it; what is absent is asked of the node.
struct SendingOptions {
  std::string unsigned_file;  // it is written there, unsigned, instead of being sent
  std::optional<std::uint8_t> lane;
  std::optional<std::uint64_t> sequence;
  std::string chain;       // the chain's id
  std::string expires_in;  // a duration, e.g. "5m"
  std::string fee;         // a level (wallet/fee_estimate.h)
  // Droplets per unit.
  std::optional<std::uint64_t> base_price;
  std::optional<std::uint64_t> price_max;
  std::optional<std::uint64_t> tip;
};

struct GlobalOptions {
  std::string node = "http://127.0.0.1:7780";
  std::string wallet;   // keystore file
  std::string account;  // name or address in it; empty: its only one, or "main"
  wallet::PassphraseSource passphrase;
  bool json = false;
  std::string output = "table";  // of lists: "table", "wide", "csv"; "json" is `json`
  bool yes = false;
  std::uint64_t timeout_s = 60;
  std::string memo;
  SendingOptions sending;
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
// --memo, --unsigned, --lane and the like.
void add_sending_options(CLI::App& app, GlobalOptions& options);
// Makes the folder that a file is to stand in.
ErrorOr<void> make_folder_of(const std::string& path);
// The exit code that an error becomes.
int exit_code(ErrorCode code);
// Ends a program: prints the error, if any, as text on standard error or with `json` as one
// document on standard output. The exit code.
int finish(std::string_view program, const ErrorOr<void>& done, bool json);
// The same for a command line that CLI11 stopped at: an error, with what may have been meant, or
// help that was asked for. `words` are the command line without the program's name.
int finish_parse(std::string_view program, const CLI::App& app, const CLI::ParseError& error,
                 const std::vector<std::string>& words);

// An account that commands act for: one whose key is in the wallet, or one of the address book's
// whose keys are elsewhere.
struct UsedAccount {
  std::string name;
  Address address;
  bool own = false;                    // the wallet has its key
  std::optional<std::uint32_t> index;  // of an own account that is derived
  std::optional<PublicKey> key;        // where it is known
  std::optional<MultisigPolicy> policy;

  // "derived", "imported", "watched", "multisig".
  std::string_view kind() const;
};

class Context {
 public:
  explicit Context(const GlobalOptions& options) : options_(options) {}

  const GlobalOptions& options() const { return options_; }
  NodeApi& node();
  // The account in use: --account, else the only one, else "main".
  ErrorOr<UsedAccount> account();
  // The wallet's, then those of the address book that are one's own though their keys are
  // elsewhere. kNotFound says how to make one where there is none at all.
  ErrorOr<std::vector<UsedAccount>> accounts();
  // Only those whose keys are in the wallet. kNotFound without a wallet.
  ErrorOr<std::vector<wallet::ShownAccount>> own_accounts();
  ErrorOr<wallet::Book> book();
  // The account in use is the one with this address, whatever --account says.
  void act_for(const Address& address) { acting_ = address; }
  // An address, or a name of the wallet's or of the address book.
  ErrorOr<Address> address_of_text(const std::string& text);
  // "savings (fog1...)" where there is a name for it.
  std::string who(const Address& address);
  // Asks for the passphrase (once) and unlocks the account in use.
  ErrorOr<std::unique_ptr<wallet::Signer>> signer();
  ErrorOr<wallet::SecretText> passphrase(wallet::PassphraseUse use, std::string_view prompt);

  // The exit code of a command that went well, where it is another's: a program's that was run.
  void end_with(int status) { status_ = status; }
  int end_status() const { return status_; }
  // Whether the command ended early and well: the transaction was written to a file, and what there
  // was to say has been said.
  bool is_written() const { return written_; }

  // Prints one JSON document with --json, else the text.
  void print(const Json& json, const std::string& text) const;

  // The same for a list: as --output says. `notes` stand below a table.
  void print_list(const Json& json, const Rows& rows, const std::string& notes = "") const;

  // Signs and sends messages from the account in use and waits until they are final. On a terminal
  // without --yes a person confirms first, and reads what every message does; `notes` tell what the
  // messages themselves do not. Adds id, height and fee to `json`.
  //
  // With --unsigned it writes the transaction to a file, says so, and fails with an empty text:
  // is_written() then.
  //
  // Until it is final the transaction stands in the wallet's outbox (wallet/outbox.h). With
  // `replaces` it takes the place of that one, and pays enough more for it.
  ErrorOr<wallet::Sent> send(const std::vector<RawMessage>& messages,
                             const std::vector<std::string>& notes, Json& json,
                             const TxBody* replaces = nullptr);
  // Whether somebody sits at a terminal and is to be asked before money moves.
  bool asks() const;
  // Shows the lines and asks the question; kUnavailable for anything but yes.
  ErrorOr<void> confirm(const std::vector<std::string>& lines, const std::string& question) const;

 private:
  // What --unsigned, --lane and the like make of messages; `base_price` where it is known.
  struct Drafted {
    TxBody body;
    std::optional<std::uint64_t> base_price;
  };
  ErrorOr<Drafted> draft(const UsedAccount& from, const std::vector<RawMessage>& messages,
                         const TxBody* replaces);
  ErrorOr<wallet::SendOptions> send_options(std::uint64_t ttl_ms, const TxBody* replaces);
  // Nothing where the command line leaves it to the sender.
  ErrorOr<std::optional<wallet::FeeTerms>> fee(bool without_node, const TxBody* replaces);
  ErrorOr<void> write_unsigned(const std::vector<RawMessage>& messages,
                               const std::vector<std::string>& notes, const TxBody* replaces);

  const GlobalOptions& options_;
  std::unique_ptr<NodeApi> node_;
  std::optional<std::map<Address, std::string>> names_;
  std::optional<Address> acting_;
  int status_ = kExitOk;
  bool written_ = false;
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
void add_history_command(CLI::App& app, Chosen& chosen);
void add_tx_commands(CLI::App& app, Chosen& chosen);
// `fogcoin tx decode, sign, combine, send`; `tx` is the noun's command.
void add_tx_file_commands(CLI::App& tx, Chosen& chosen);
// `fogcoin tx pending, replace, cancel`.
void add_tx_pending_commands(CLI::App& tx, Chosen& chosen);
// `fogcoin wallet watch, multisig, key`; `wallet` is the noun's command.
void add_watch_commands(CLI::App& wallet, Chosen& chosen);
void add_contact_commands(CLI::App& app, Chosen& chosen);
void add_completion_commands(CLI::App& app, Chosen& chosen);
void add_man_command(CLI::App& app, Chosen& chosen);
class Settings;
void add_config_command(CLI::App& app, Chosen& chosen, const Settings& settings,
                        const std::vector<std::string>& words);
void add_doctor_command(CLI::App& app, Chosen& chosen, const Settings& settings);
void add_fee_command(CLI::App& app, Chosen& chosen);
void add_message_commands(CLI::App& app, Chosen& chosen);
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
using wallet::time_text;
// A text file that people hand around, "-" for standard input. kExhausted above `bytes_max`.
ErrorOr<std::string> read_text(const std::string& path, std::size_t bytes_max);

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
