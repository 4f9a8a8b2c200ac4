#include "rpc/programs/cli/context.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <unistd.h>

#include <fmt/format.h>

#include "chain/base/file.h"
#include "rpc/client/http_node.h"
#include "rpc/json/codec.h"
#include "rpc/programs/cli/command_tree.h"
#include "wallet/describe.h"

namespace fog::cli {

std::string home_path(std::string_view rest) {
  const char* home = std::getenv("HOME");
  return std::string(home == nullptr ? "." : home).append(rest);
}

ErrorOr<void> make_folder_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos || slash == 0) return {};
  return make_folder(path.substr(0, slash));
}

void add_wallet_options(CLI::App& app, GlobalOptions& options, const std::string& whose) {
  app.add_option("--wallet", options.wallet, whose + " wallet's file")
      ->envname("FOGCOIN_WALLET")
      ->capture_default_str();
  app.add_option("--account", options.account,
                 whose + " account in it to act for (default: its only one, or main)")
      ->envname("FOGCOIN_ACCOUNT");
  app.add_option("--passphrase-file", options.passphrase.file,
                 "file with the wallet's passphrase (mode 0600)")
      ->envname("FOGCOIN_PASSPHRASE_FILE");
  app.add_option("--passphrase-fd", options.passphrase.descriptor,
                 "open descriptor to read the passphrase from");
  app.add_flag("-y,--yes", options.yes, "do not ask before sending");
}

std::string own_path() {
  std::string path(4'096, '\0');
  const ssize_t size = ::readlink("/proc/self/exe", path.data(), path.size());
  path.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
  return path;
}

std::string foghost_beside() {
  const std::string self = own_path();
  return self.substr(0, self.rfind('/') + 1) + "foghost";
}

int exit_code(ErrorCode code) {
  switch (code) {
    case ErrorCode::kNetwork:
    case ErrorCode::kTimeout:
      return kExitUnreachable;
    case ErrorCode::kNotFound:
      return kExitNotFound;
    case ErrorCode::kPermission:
      return kExitWallet;
    case ErrorCode::kInvalidInput:
      return kExitUsage;
    case ErrorCode::kAlreadyExists:
    case ErrorCode::kCorrupt:
    case ErrorCode::kIo:
    case ErrorCode::kProtocol:
    case ErrorCode::kRejected:
    case ErrorCode::kExhausted:
    case ErrorCode::kUnavailable:
      return kExitFailed;
  }
  return kExitFailed;
}

int finish(std::string_view program, const ErrorOr<void>& done, bool json) {
  if (done) return kExitOk;
  const Error& error = done.error();
  // The one document that was printed has said it.
  if (error.context.empty()) return exit_code(error.code);
  if (json) {
    const Json out{{"error", {{"code", error_code_name(error.code)}, {"message", error.context}}}};
    std::cout << rpc::pretty(out) << "\n";
  } else {
    std::cerr << program << ": " << error.context << "\n";
  }
  return exit_code(error.code);
}

int finish_parse(std::string_view program, const CLI::App& app, const CLI::ParseError& error,
                 const std::vector<std::string>& words) {
  // Help that was asked for.
  if (error.get_exit_code() == 0) return app.exit(error) == 0 ? kExitOk : kExitUsage;
  const std::string meant = did_you_mean(app, words);
  // CLI11 says of a wrong word that a subcommand is missing.
  const Walk at = walk(app, words);
  const std::string said = at.unknown.empty() || at.unknown_option
                               ? std::string(error.what())
                               : "'" + full_name(*at.command) + "' has no command '" +
                                     wallet::printable(at.unknown) + "'";
  // The command line was not understood, so its options may not have been either.
  if (std::find(words.begin(), words.end(), "--json") != words.end()) {
    return finish(program,
                  fail(ErrorCode::kInvalidInput, said + (meant.empty() ? "" : ". " + meant)), true);
  }
  std::cerr << said << "\nRun with --help for more information.\n";
  if (!meant.empty()) std::cerr << meant << "\n";
  return kExitUsage;
}

NodeApi& Context::node() {
  if (!node_) node_ = std::make_unique<rpc::HttpNode>(options_.node);
  return *node_;
}

ErrorOr<std::vector<wallet::ShownAccount>> Context::own_accounts() {
  auto listed = wallet::Keystore::list(options_.wallet);
  if (!listed && listed.error().code == ErrorCode::kNotFound) {
    return fail(ErrorCode::kNotFound,
                "there is no wallet at " + options_.wallet +
                    ". Create one with: fogcoin wallet create, or name another with --wallet");
  }
  return listed;
}

ErrorOr<wallet::Book> Context::book() {
  return wallet::Book::open(wallet::book_path(options_.wallet));
}

std::string_view UsedAccount::kind() const {
  if (own) return index ? "derived" : "imported";
  return policy ? "multisig" : "watched";
}

ErrorOr<std::vector<UsedAccount>> Context::accounts() {
  std::vector<UsedAccount> out;
  const auto own = own_accounts();
  if (own) {
    for (const auto& one : *own) {
      out.push_back({one.name, one.address, true, one.index, one.key, std::nullopt});
    }
  }
  TRY(const auto book, this->book());
  for (const wallet::BookEntry& one : book.entries()) {
    if (one.kind == wallet::BookKind::kContact) continue;
    out.push_back({one.name, one.address, false, std::nullopt, one.key, one.policy});
  }
  // Without keys there may be accounts that are watched; a wallet that cannot be read is told of.
  if (!own && (out.empty() || own.error().code != ErrorCode::kNotFound)) return Fail{own.error()};
  return out;
}

ErrorOr<UsedAccount> Context::account() {
  TRY(const auto all, accounts());
  const std::string wanted = acting_                                       ? to_text(*acting_)
                             : options_.account.empty() && all.size() != 1 ? "main"
                                                                           : options_.account;
  if (wanted.empty()) return all.front();
  for (const auto& one : all) {
    if (one.name == wanted || to_text(one.address) == wanted) return one;
  }
  return fail(ErrorCode::kNotFound, "the wallet has no account '" + wanted +
                                        "'. List them with: fogcoin wallet accounts");
}

ErrorOr<Address> Context::address_of_text(const std::string& text) {
  if (const auto address = address_from_text(text)) return *address;
  if (wallet::is_account_name(text)) {
    const auto own = wallet::Keystore::list(options_.wallet);
    if (own) {
      for (const auto& one : *own) {
        if (one.name == text) return one.address;
      }
    }
    TRY(const auto book, this->book());
    if (const wallet::BookEntry* entry = book.find(text)) return entry->address;
  }
  return fail(ErrorCode::kInvalidInput,
              "'" + text +
                  "' is neither an address (fog1...) nor a name of the address book or an account "
                  "of the wallet " +
                  options_.wallet);
}

std::string Context::who(const Address& address) {
  if (!names_) {
    names_.emplace();
    // Names are a help: without them the address itself is shown.
    if (const auto own = wallet::Keystore::list(options_.wallet)) {
      for (const auto& one : *own) names_->emplace(one.address, one.name);
    }
    if (const auto known = book()) {
      for (const wallet::BookEntry& one : known->entries()) names_->emplace(one.address, one.name);
    }
  }
  const auto found = names_->find(address);
  return found == names_->end() ? to_text(address) : found->second + " (" + to_text(address) + ")";
}

ErrorOr<wallet::SecretText> Context::passphrase(wallet::PassphraseUse use,
                                                std::string_view prompt) {
  return wallet::read_passphrase(options_.passphrase, use, prompt);
}

ErrorOr<std::unique_ptr<wallet::Signer>> Context::signer() {
  TRY(const auto chosen, account());
  if (!chosen.own) {
    return fail(ErrorCode::kPermission,
                "the keys of '" + chosen.name + "' (" + std::string(chosen.kind()) +
                    ") are not in this wallet. Write what is to be sent with --unsigned FILE, have "
                    "it signed where they are with: fogcoin tx sign FILE, and send it with: "
                    "fogcoin tx send FILE");
  }
  TRY(const auto secret,
      passphrase(wallet::PassphraseUse::kKnown, "Passphrase of " + options_.wallet + ": "));
  return wallet::open_signer(options_.wallet, secret.get(), chosen.name);
}

void Context::print(const Json& json, const std::string& text) const {
  if (options_.json) {
    std::cout << rpc::pretty(json) << "\n";
  } else {
    std::cout << text;
    if (!text.empty() && text.back() != '\n') std::cout << "\n";
  }
  std::cout.flush();
}

void Context::print_list(const Json& json, const Rows& rows, const std::string& notes) const {
  if (options_.output == "csv" && !options_.json) {
    std::cout << csv(rows);
    std::cout.flush();
  } else {
    print(json, table(rows, options_.output == "wide") + notes);
  }
}

bool Context::asks() const {
  return !options_.yes && ::isatty(STDIN_FILENO) && ::isatty(STDERR_FILENO);
}

ErrorOr<void> Context::confirm(const std::vector<std::string>& lines,
                               const std::string& question) const {
  for (const std::string& line : lines) std::cerr << "  " << line << "\n";
  std::cerr << question << " [y/N] ";
  std::string answer;
  std::getline(std::cin, answer);
  if (answer == "y" || answer == "Y" || answer == "yes") return {};
  return fail(ErrorCode::kUnavailable, "not done");
}

ErrorOr<Hash32> parse_id(const std::string& text, std::string_view what) {
  const auto id = fixed_from_hex<32>(text);
  if (!id) {
    return fail(
        ErrorCode::kInvalidInput,
        fmt::format("'{}' is not the id of a {}: 64 hex digits, with or without 0x", text, what));
  }
  return *id;
}

ErrorOr<Amount> parse_amount(const std::string& text, std::string_view what) {
  const auto amount = parse_fog(text);
  if (!amount) {
    return fail(
        ErrorCode::kInvalidInput,
        fmt::format("'{}' is not an amount for {}: write 12.5, \"12.5 FOG\" or \"500 droplets\"",
                    text, what));
  }
  return *amount;
}

ErrorOr<std::string> read_text(const std::string& path, std::size_t bytes_max) {
  if (path != "-") {
    TRY(const Bytes bytes, read_file(path, bytes_max));
    return std::string(as_text(bytes));
  }
  std::string out;
  char piece[4'096];
  while (std::cin.read(piece, sizeof piece) || std::cin.gcount() > 0) {
    out.append(piece, static_cast<std::size_t>(std::cin.gcount()));
    if (out.size() > bytes_max) {
      return fail(ErrorCode::kExhausted,
                  fmt::format("standard input holds more than {} bytes", bytes_max));
    }
  }
  return out;
}

}  // namespace fog::cli
