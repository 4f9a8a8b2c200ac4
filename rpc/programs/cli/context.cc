#include "rpc/programs/cli/context.h"

#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <iostream>
#include <unistd.h>

#include <fmt/format.h>

#include "rpc/client/http_node.h"
#include "rpc/json/codec.h"

namespace fog::cli {

std::string home_path(std::string_view rest) {
  const char* home = std::getenv("HOME");
  return std::string(home == nullptr ? "." : home).append(rest);
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
                 bool json) {
  if (json && error.get_exit_code() != 0) {
    return finish(program, fail(ErrorCode::kInvalidInput, error.what()), true);
  }
  return app.exit(error) == 0 ? kExitOk : kExitUsage;
}

NodeApi& Context::node() {
  if (!node_) node_ = std::make_unique<rpc::HttpNode>(options_.node);
  return *node_;
}

ErrorOr<std::vector<wallet::ShownAccount>> Context::accounts() {
  auto listed = wallet::Keystore::list(options_.wallet);
  if (!listed && listed.error().code == ErrorCode::kNotFound) {
    return fail(ErrorCode::kNotFound,
                "there is no wallet at " + options_.wallet +
                    ". Create one with: fogcoin wallet create, or name another with --wallet");
  }
  return listed;
}

ErrorOr<wallet::ShownAccount> Context::account() {
  TRY(const auto all, accounts());
  const std::string wanted =
      options_.account.empty() && all.size() != 1 ? "main" : options_.account;
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
    const auto all = wallet::Keystore::list(options_.wallet);
    if (all) {
      for (const auto& one : *all) {
        if (one.name == text) return one.address;
      }
    }
  }
  return fail(ErrorCode::kInvalidInput,
              "'" + text + "' is neither an address (fog1...) nor an account of the wallet " +
                  options_.wallet);
}

ErrorOr<wallet::SecretText> Context::passphrase(wallet::PassphraseUse use,
                                                std::string_view prompt) {
  return wallet::read_passphrase(options_.passphrase, use, prompt);
}

ErrorOr<std::unique_ptr<wallet::Signer>> Context::signer() {
  TRY(const auto chosen, account());
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

bool Context::asks() const {
  return !options_.yes && ::isatty(STDIN_FILENO) && ::isatty(STDERR_FILENO);
}

ErrorOr<void> Context::confirm(const std::vector<std::string>& effects, const wallet::ReadyTx& tx,
                               std::uint64_t base_price) const {
  for (const std::string& line : effects) std::cerr << "  " << line << "\n";
  std::cerr << "  fee " << format_fog(tx.quote.fee_at(tx.body, base_price)) << ", at most "
            << format_fog(tx.quote.fee_max) << "\n";
  std::cerr << "Send this from " << to_text(tx.body.sender) << "? [y/N] ";
  std::string answer;
  std::getline(std::cin, answer);
  if (answer == "y" || answer == "Y" || answer == "yes") return {};
  return fail(ErrorCode::kUnavailable, "not sent");
}

ErrorOr<wallet::Sent> Context::send(const std::vector<RawMessage>& messages,
                                    const std::vector<std::string>& effects, Json& json) {
  // The node first: a passphrase should not be typed for nothing.
  TRY(const auto status, node().status());
  TRY(const auto unlocked, signer());
  wallet::SendOptions how;
  how.memo = options_.memo;
  if (asks()) {
    wallet::TxSender shown(node(), *unlocked, system_clock(), system_rng());
    TRY(const auto ready, shown.prepare(messages, how));
    TRY_VOID(confirm(effects, ready, status.base_price));
    // However long the answer took, the fee stays below what was shown.
    how.fee = wallet::FeeTerms{ready.body.price_max, ready.body.tip};
  }
  // A sender of its own: the lanes of what was only shown are free.
  wallet::TxSender sender(node(), *unlocked, system_clock(), system_rng());
  TRY(const auto sent, sender.send(messages, how, options_.timeout_s * 1'000));
  json["tx"] = to_hex0x(sent.id);
  json["height"] = std::to_string(sent.height);
  json["fee"] = std::to_string(sent.fee().droplets);
  return sent;
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

std::string table(const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string out;
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) line += fmt::format("{:<{}}  ", row[i], widths[i]);
    while (line.ends_with(' ')) line.pop_back();
    out += line + "\n";
  }
  return out;
}

std::string short_id(ByteView id) {
  const std::string hex = to_hex(id);
  return hex.size() <= 16 ? "0x" + hex
                          : "0x" + hex.substr(0, 8) + ".." + hex.substr(hex.size() - 4);
}

std::string time_text(std::uint64_t time_ms) {
  if (time_ms == 0) return "-";
  const auto seconds = static_cast<std::time_t>(time_ms / 1'000);
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  char text[40];
  std::strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S UTC", &parts);
  return text;
}

}  // namespace fog::cli
