// fogcoin wallet ...: keys on this computer. No command here talks to a node, but for what looks
// for accounts.
#include <filesystem>
#include <iostream>

#include "chain/base/file.h"
#include "rpc/programs/cli/wallet_parts.h"
#include "wallet/hd_path.h"
#include "wallet/mnemonic.h"

namespace fog::cli {
namespace {

std::string path_text(std::uint32_t index) {
  return wallet::to_text(wallet::account_path(index));
}

}  // namespace

Json account_json(const UsedAccount& account) {
  Json out{{"name", account.name},
           {"address", to_text(account.address)},
           {"kind", account.kind()},
           {"public_key", account.key ? Json(to_hex0x(*account.key)) : Json(nullptr)},
           {"path", account.index ? Json(path_text(*account.index)) : Json(nullptr)}};
  if (account.policy) {
    out["threshold"] = account.policy->threshold;
    out["keys"] = Json::array();
    for (const PublicKey& key : account.policy->keys) out["keys"].push_back(to_hex0x(key));
  }
  return out;
}

Json account_json(const wallet::ShownAccount& account) {
  return account_json(
      UsedAccount{account.name, account.address, true, account.index, account.key, std::nullopt});
}

namespace {

std::string origin_text(const UsedAccount& account) {
  if (account.index) return path_text(*account.index);
  if (!account.policy) return std::string(account.kind());
  return std::to_string(account.policy->threshold) + " of " +
         std::to_string(account.policy->keys.size()) + " keys";
}

struct NewWallet {
  unsigned words = 24;
  std::string first = "main";
  std::string mnemonic_file;
  std::string mnemonic_passphrase_file;
  std::string backup;     // restore from it instead
  bool discover = false;  // ask the node which accounts were used
};

ErrorOr<std::string> mnemonic_passphrase(const NewWallet& how) {
  if (how.mnemonic_passphrase_file.empty()) return std::string();
  wallet::PassphraseSource source;
  source.file = how.mnemonic_passphrase_file;
  TRY(const auto secret, wallet::read_passphrase(source, wallet::PassphraseUse::kKnown, ""));
  return std::string(secret.get());
}

ErrorOr<void> refuse_to_overwrite(const std::string& path) {
  std::error_code ignored;
  if (!std::filesystem::exists(std::filesystem::symlink_status(path, ignored))) return {};
  return fail(ErrorCode::kAlreadyExists,
              path + " exists; a wallet is never overwritten. Name another with --wallet");
}

ErrorOr<wallet::ShownAccount> make_keystore(Context& context, const NewWallet& how,
                                            std::string_view mnemonic) {
  const std::string& path = context.options().wallet;
  TRY_VOID(refuse_to_overwrite(path));
  TRY_VOID(make_folder_of(path));
  TRY(const std::string extra, mnemonic_passphrase(how));
  TRY(const auto secret,
      context.passphrase(wallet::PassphraseUse::kNew, "New passphrase for " + path + ": "));
  TRY(auto keystore, wallet::Keystore::create(path, mnemonic, extra, secret.get(), system_rng()));
  TRY(const auto account, keystore.add_derived(how.first, 0));
  if (how.discover) {
    TRY_VOID(discover(context.node(), keystore, kGapLimit));
  }
  TRY_VOID(keystore.save(system_rng()));
  return account;
}

ErrorOr<void> create(Context& context, const NewWallet& how) {
  TRY(const auto mnemonic, wallet::generate_mnemonic(system_rng(), how.words));
  TRY(const auto account, make_keystore(context, how, mnemonic.get()));
  Json json{{"wallet", context.options().wallet},
            {"mnemonic", mnemonic.get()},
            {"account", account_json(account)}};
  context.print(json, "Wallet: " + context.options().wallet + "\nAddress of '" + account.name +
                          "': " + to_text(account.address) +
                          "\n\nWrite these words down and keep them apart from this " +
                          "computer. Whoever has them has the money:\n\n  " + mnemonic.get() +
                          "\n");
  return {};
}

ErrorOr<void> restore(Context& context, const NewWallet& how) {
  if (!how.backup.empty()) {
    TRY_VOID(refuse_to_overwrite(context.options().wallet));
    return restore_backup(context, how.backup);
  }
  // The node first: nothing should be typed for nothing.
  if (how.discover) TRY_VOID(context.node().status());
  std::string words;
  if (!how.mnemonic_file.empty()) {
    TRY(const Bytes bytes, read_file(how.mnemonic_file, 4096));
    words = std::string(as_text(bytes));
  } else {
    std::cerr << "Type the words of the mnemonic on one line: ";
    std::getline(std::cin, words);
  }
  TRY_VOID(wallet::entropy_from_mnemonic(words));
  TRY(const auto account, make_keystore(context, how, words));
  secure_wipe(words.data(), words.size());
  TRY(const auto all, context.own_accounts());
  Json json{{"wallet", context.options().wallet},
            {"account", account_json(account)},
            {"accounts", Json::array()}};
  std::string said = "Wallet: " + context.options().wallet;
  for (const auto& one : all) {
    json["accounts"].push_back(account_json(one));
    said += "\nAddress of '" + one.name + "': " + to_text(one.address);
  }
  context.print(json, said);
  return {};
}

ErrorOr<void> list_accounts(Context& context) {
  TRY(const auto all, context.accounts());
  TRY(const auto book, context.book());
  Json json = Json::array();
  Rows rows{{"NAME", "ADDRESS", "FROM", "LABEL"}};
  for (const auto& account : all) {
    const std::string label = book.label(account.address);
    json.push_back(account_json(account));
    json.back()["label"] = label;
    rows.push_back({account.name, to_text(account.address), origin_text(account), label});
  }
  context.print_list(json, rows);
  return {};
}

ErrorOr<void> add_account(Context& context, const std::string& name,
                          std::optional<std::uint32_t> index) {
  TRY_VOID(context.own_accounts());
  TRY(const auto book, context.book());
  if (book.find(name) != nullptr) {
    return fail(ErrorCode::kAlreadyExists,
                "the address book has '" + name + "' already; choose another name");
  }
  TRY(const auto secret, context.passphrase(wallet::PassphraseUse::kKnown, "Passphrase: "));
  TRY(auto keystore, wallet::Keystore::open(context.options().wallet, secret.get()));
  TRY(const auto account, keystore.add_derived(name, index));
  TRY_VOID(keystore.save(system_rng()));
  context.print(account_json(account),
                "Address of '" + account.name + "': " + to_text(account.address));
  return {};
}

ErrorOr<void> show_mnemonic(Context& context) {
  TRY_VOID(context.own_accounts());
  TRY(const auto secret, context.passphrase(wallet::PassphraseUse::kKnown, "Passphrase: "));
  TRY(const auto keystore, wallet::Keystore::open(context.options().wallet, secret.get()));
  TRY(const auto words, keystore.mnemonic());
  context.print({{"mnemonic", words.get()}}, words.get());
  return {};
}

ErrorOr<void> show_address(Context& context, const std::string& name) {
  if (name.empty()) {
    TRY(const auto account, context.account());
    context.print(account_json(account), to_text(account.address));
    return {};
  }
  TRY(const auto address, context.address_of_text(name));
  context.print({{"address", to_text(address)}}, to_text(address));
  return {};
}

}  // namespace

void add_wallet_commands(CLI::App& app, Chosen& chosen) {
  auto* wallet =
      app.add_subcommand("wallet", "Keys on this computer: create, restore, accounts, addresses");
  wallet->require_subcommand(1);

  auto how = std::make_shared<NewWallet>();
  const auto common = [how](CLI::App* command) {
    command->add_option("--first", how->first, "name of the first account")->capture_default_str();
    command->add_option(
        "--mnemonic-passphrase-file", how->mnemonic_passphrase_file,
        "file with the mnemonic's own passphrase (BIP-39's \"25th word\"), if there is to be one");
  };
  auto* make = wallet->add_subcommand("create", "A new wallet; shows its mnemonic once");
  make->add_option("--words", how->words, "12, 15, 18, 21 or 24")->capture_default_str();
  common(make);
  make->callback(
      [&chosen, how] { chosen.command = [how](Context& c) { return create(c, *how); }; });

  auto* again = wallet->add_subcommand(
      "restore", "A wallet from its mnemonic, typed or from a file, or from a backup");
  again->add_option("--mnemonic-file", how->mnemonic_file,
                    "file with the words (else they are asked for)");
  again->add_option("--backup", how->backup, "an encrypted backup instead of the words");
  again->add_flag("--discover", how->discover,
                  "ask the node which accounts were used, and add them too");
  common(again);
  again->callback(
      [&chosen, how] { chosen.command = [how](Context& c) { return restore(c, *how); }; });

  wallet->add_subcommand("accounts", "One's accounts, those watched too; needs no passphrase")
      ->callback([&chosen] { chosen.command = list_accounts; });

  auto name = std::make_shared<std::string>();
  auto index = std::make_shared<std::optional<std::uint32_t>>();
  auto* add = wallet->add_subcommand("add", "Derives another account");
  add->add_option("NAME", *name, "letters, digits, '.', '_', '-'")->required();
  add->add_option("--index", *index,
                  "last part of the derivation path (else the lowest not in use)");
  add->callback([&chosen, name, index] {
    chosen.command = [name, index](Context& c) { return add_account(c, *name, *index); };
  });

  auto shown = std::make_shared<std::string>();
  auto* address = wallet->add_subcommand("address", "The address of an account");
  address->add_option("NAME", *shown, "an account of the wallet (else the one in use)");
  address->callback([&chosen, shown] {
    chosen.command = [shown](Context& c) { return show_address(c, *shown); };
  });

  add_watch_commands(*wallet, chosen);
  add_discover_command(*wallet, chosen);
  add_wallet_care_commands(*wallet, chosen);
  wallet->add_subcommand("mnemonic", "Shows the mnemonic again, after the passphrase")
      ->callback([&chosen] { chosen.command = show_mnemonic; });
}

}  // namespace fog::cli
