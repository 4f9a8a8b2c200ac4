// fogcoin tx decode, sign, combine, send: transactions in files, from machine to machine. Only
// `send` talks to a node.
#include <algorithm>
#include <filesystem>
#include <iostream>

#include <fmt/format.h>

#include "chain/base/file.h"
#include "rpc/json/codec.h"
#include "rpc/programs/cli/outbox_entry.h"
#include "rpc/programs/cli/tx_words.h"

namespace fog::cli {
namespace {

// Where nothing more is to be signed.
class SignedElsewhere final : public wallet::Signer {
 public:
  explicit SignedElsewhere(const PublicKey& key) : key_(key) {}
  PublicKey public_key() const override { return key_; }
  ErrorOr<EcdsaSig> sign(const Hash32&) override {
    return fail(ErrorCode::kUnavailable, "the key that signed this is elsewhere");
  }

 private:
  PublicKey key_;
};

// One out of a file, "-" for standard input, or hex: BCS of a signed transaction or of a body.
ErrorOr<wallet::TxFile> read_tx(const std::string& text) {
  std::error_code ignored;
  if (text == "-" || std::filesystem::exists(text, ignored)) {
    TRY(const std::string contents, read_text(text, wallet::kTxFileBytesMax));
    auto file = wallet::decode_tx_file(contents);
    if (!file) return Fail{file.error().within(text)};
    return file;
  }
  const auto bytes = from_hex(text);
  if (!bytes) {
    return fail(ErrorCode::kInvalidInput, "'" + wallet::printable(text.substr(0, 80)) +
                                              "' is neither a file that exists nor "
                                              "hex");
  }
  const auto tx = bcs_decode<SignedTx>(*bytes);
  if (tx) return wallet::tx_file_of(*tx);
  auto body = bcs_decode<TxBody>(*bytes);
  if (body) return wallet::TxFile{*std::move(body), std::nullopt, {}};
  return fail(ErrorCode::kInvalidInput,
              "not a transaction: " + std::string(bcs_error_text(tx.error())));
}

ErrorOr<std::vector<std::string>> all_lines(Context& context, const wallet::TxFile& file) {
  TRY(auto lines, tx_lines(context, file, std::nullopt));
  lines.push_back(fmt::format("lane {}, sequence {}, of chain {}", file.body.lane,
                              file.body.sequence, to_hex0x(file.body.chain_id)));
  return lines;
}

std::string heading(Context& context, const wallet::TxFile& file) {
  return "Transaction " + to_hex0x(tx_id(file.body)) + "\nfrom " + context.who(file.body.sender) +
         ", " + signers_text(context, file) + "\n";
}

ErrorOr<void> decode(Context& context, const std::string& what) {
  TRY(const auto file, read_tx(what));
  TRY(const auto lines, all_lines(context, file));
  TRY(const Json json, tx_json(context, file));
  std::string text = heading(context, file);
  for (const std::string& line : lines) text += "  " + line + "\n";
  context.print(json, text);
  return {};
}

// Back into its file, or to where --out says; "-" prints it.
ErrorOr<void> put(Context& context, const wallet::TxFile& file, const std::string& path) {
  const std::string text = wallet::encode_tx_file(file);
  if (path == "-") {
    std::cout << text;
    std::cout.flush();
    return {};
  }
  TRY_VOID(write_file_atomically(path, as_bytes(text), FileMode::kShared));
  TRY(Json json, tx_json(context, file));
  json["file"] = path;
  const std::string next = file.missing() == 0
                               ? "It is complete. Send it with: fogcoin tx send " + path
                               : fmt::format("{} more must sign it.", file.missing());
  context.print(json, path + ": " + signers_text(context, file) + "\n" + next);
  return {};
}

// The account whose signature the file still lacks: --account, else the only one that can sign.
ErrorOr<std::string> signing_account(Context& context, const wallet::TxFile& file) {
  if (!context.options().account.empty()) return context.options().account;
  TRY(const auto own, context.own_accounts());
  std::vector<std::string> able;
  bool signed_before = false;
  for (const auto& one : own) {
    bool may = one.address == file.body.sender;
    if (file.policy) {
      const auto& keys = file.policy->keys;
      may = std::find(keys.begin(), keys.end(), one.key) != keys.end();
    }
    const auto& done = file.signatures;
    const bool has = std::any_of(done.begin(), done.end(),
                                 [&](const auto& signature) { return signature.key == one.key; });
    signed_before = signed_before || (may && has);
    if (may && !has) able.push_back(one.name);
  }
  if (able.size() == 1) return able.front();
  if (able.empty()) {
    return fail(signed_before ? ErrorCode::kAlreadyExists : ErrorCode::kNotFound,
                signed_before
                    ? "this wallet has signed it already"
                    : "this wallet has no key that can sign for " + to_text(file.body.sender));
  }
  return fail(ErrorCode::kInvalidInput,
              "several accounts of this wallet can sign it, among them '" + able[0] + "' and '" +
                  able[1] + "'; choose with --account");
}

ErrorOr<void> sign(Context& context, const std::string& path, const std::string& out) {
  TRY(auto file, read_tx(path));
  // Before a passphrase is typed: whoever signs reads what it does, and nobody signs what cannot be
  // read.
  TRY(const auto lines, all_lines(context, file));
  TRY(const std::string name, signing_account(context, file));
  if (context.asks()) {
    std::cerr << heading(context, file);
    TRY_VOID(context.confirm(lines, "Sign this as '" + name + "'?"));
  }
  TRY(const auto secret, context.passphrase(wallet::PassphraseUse::kKnown,
                                            "Passphrase of " + context.options().wallet + ": "));
  TRY(const auto signer, wallet::open_signer(context.options().wallet, secret.get(), name));
  TRY_VOID(wallet::add_signature(file, *signer));
  std::error_code ignored;
  const bool from_file = std::filesystem::exists(path, ignored);
  return put(context, file, !out.empty() ? out : from_file ? path : "-");
}

ErrorOr<void> combine(Context& context, const std::vector<std::string>& paths,
                      const std::string& out) {
  std::vector<wallet::TxFile> files;
  for (const std::string& path : paths) {
    TRY(auto file, read_tx(path));
    files.push_back(std::move(file));
  }
  TRY(const auto together, wallet::combine(files));
  return put(context, together, out);
}

ErrorOr<void> send(Context& context, const std::string& path) {
  TRY(const auto file, read_tx(path));
  TRY(const auto ready, wallet::finish(file));
  TRY(const auto status, context.node().status());
  if (status.chain_id != file.body.chain_id) {
    return fail(ErrorCode::kInvalidInput, "it is for the chain " + to_hex0x(file.body.chain_id) +
                                              ", and the node at " + context.options().node +
                                              " is of " + to_hex0x(status.chain_id) + " (" +
                                              status.chain_name + ")");
  }
  if (context.asks()) {
    TRY(const auto lines, tx_lines(context, file, status.base_price));
    std::cerr << heading(context, file);
    TRY_VOID(context.confirm(lines, "Send this?"));
  }
  SignedElsewhere nobody(file.signatures.front().key);
  wallet::TxSender sender(context.node(), nobody, system_clock(), system_rng());
  OutboxEntry entry(context);
  entry.put(ready);
  const auto given = sender.submit(ready);
  // Without an answer it may have arrived.
  if (!given && given.error().code == ErrorCode::kRejected) {
    return Fail{entry.settle(Fail{given.error()}).error()};
  }
  TRY(const auto sent, entry.settle(sender.wait(ready, context.options().timeout_s * 1'000)));
  const Json json{{"tx", to_hex0x(sent.id)},
                  {"height", std::to_string(sent.height)},
                  {"fee", std::to_string(sent.fee().droplets)}};
  context.print(json, "Final at height " + std::to_string(sent.height) + ", fee " +
                          format_fog(sent.fee()) + ".\nTransaction " + to_hex0x(sent.id));
  return {};
}

}  // namespace

void add_tx_file_commands(CLI::App& tx, Chosen& chosen) {
  struct Words {
    std::string file;
    std::vector<std::string> files;
    std::string out;
  };
  auto words = std::make_shared<Words>();
  const auto run = [&chosen, words](CLI::App* command, auto work) {
    command->callback([&chosen, words, work] {
      chosen.command = [words, work](Context& c) { return work(c, *words); };
    });
  };
  auto* read = tx.add_subcommand(
      "decode", "What a transaction does, in plain words; needs neither node nor passphrase");
  read->add_option("FILE|HEX", words->file,
                   "a transaction's file, - for standard input, or its bytes in hex")
      ->required();
  run(read, [](Context& c, const Words& w) { return decode(c, w.file); });

  auto* add = tx.add_subcommand(
      "sign", "Adds this wallet's signature to a transaction's file; needs no node");
  add->add_option("FILE", words->file, "as --unsigned made it, or others have signed it")
      ->required();
  add->add_option("--out", words->out, "write it there (else back into FILE)");
  run(add, [](Context& c, const Words& w) { return sign(c, w.file, w.out); });

  auto* join = tx.add_subcommand(
      "combine", "One file out of several copies that different people have signed; needs no node");
  join->add_option("FILES", words->files, "the copies")->required();
  join->add_option("--out", words->out, "the file to write, - for standard output")->required();
  run(join, [](Context& c, const Words& w) { return combine(c, w.files, w.out); });

  auto* give = tx.add_subcommand("send",
                                 "Sends a signed transaction's file and waits until it is "
                                 "final; needs no wallet");
  give->add_option("FILE", words->file, "a file with all signatures")->required();
  run(give, [](Context& c, const Words& w) { return send(c, w.file); });
}

}  // namespace fog::cli
