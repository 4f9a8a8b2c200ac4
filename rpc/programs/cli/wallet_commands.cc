// fogcoin wallet ...: keys on this computer. No command here talks to a node.
#include <filesystem>
#include <iostream>

#include "chain/base/file.h"
#include "rpc/programs/cli/context.h"
#include "wallet/mnemonic.h"

namespace fog::cli {
namespace {

Json account_json(const wallet::ShownAccount& account) {
  Json out{{"name", account.name},
           {"address", to_text(account.address)},
           {"public_key", to_hex0x(account.key)}};
  out["path"] =
      account.index ? Json("m/44'/118'/0'/0/" + std::to_string(*account.index)) : Json(nullptr);
  return out;
}

struct NewWallet {
  unsigned words = 24;
  std::string first = "main";
  std::string mnemonic_file;
  std::string mnemonic_passphrase_file;
};

ErrorOr<std::string> mnemonic_passphrase(const NewWallet& how) {
  if (how.mnemonic_passphrase_file.empty()) return std::string();
  wallet::PassphraseSource source;
  source.file = how.mnemonic_passphrase_file;
  TRY(const auto secret, wallet::read_passphrase(source, wallet::PassphraseUse::kKnown, ""));
  return std::string(secret.get());
}

ErrorOr<wallet::ShownAccount> make_keystore(Context& context, const NewWallet& how,
                                            std::string_view mnemonic) {
  const std::string& path = context.options().wallet;
  std::error_code ignored;
  if (std::filesystem::exists(std::filesystem::symlink_status(path, ignored))) {
    return fail(ErrorCode::kAlreadyExists,
                path + " exists; a wallet is never overwritten. Name another with --wallet");
  }
  if (const std::size_t slash = path.rfind('/'); slash != std::string::npos && slash > 0) {
    TRY_VOID(make_folder(path.substr(0, slash)));
  }
  TRY(const std::string extra, mnemonic_passphrase(how));
  TRY(const auto secret,
      context.passphrase(wallet::PassphraseUse::kNew, "New passphrase for " + path + ": "));
  TRY(auto keystore, wallet::Keystore::create(path, mnemonic, extra, secret.get(), system_rng()));
  TRY(const auto account, keystore.add_derived(how.first, 0));
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
  context.print({{"wallet", context.options().wallet}, {"account", account_json(account)}},
                "Wallet: " + context.options().wallet + "\nAddress of '" + account.name +
                    "': " + to_text(account.address));
  return {};
}

ErrorOr<void> list_accounts(Context& context) {
  TRY(const auto all, context.accounts());
  Json json = Json::array();
  std::vector<std::vector<std::string>> rows{{"NAME", "ADDRESS", "PATH"}};
  for (const auto& account : all) {
    json.push_back(account_json(account));
    rows.push_back(
        {account.name, to_text(account.address),
         account.index ? "m/44'/118'/0'/0/" + std::to_string(*account.index) : "imported"});
  }
  context.print(json, table(rows));
  return {};
}

ErrorOr<void> add_account(Context& context, const std::string& name,
                          std::optional<std::uint32_t> index) {
  TRY_VOID(context.accounts());
  TRY(const auto secret, context.passphrase(wallet::PassphraseUse::kKnown, "Passphrase: "));
  TRY(auto keystore, wallet::Keystore::open(context.options().wallet, secret.get()));
  TRY(const auto account, keystore.add_derived(name, index));
  TRY_VOID(keystore.save(system_rng()));
  context.print(account_json(account),
                "Address of '" + account.name + "': " + to_text(account.address));
  return {};
}

ErrorOr<void> show_mnemonic(Context& context) {
  TRY_VOID(context.accounts());
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

  auto* again =
      wallet->add_subcommand("restore", "A wallet from its mnemonic, typed or from a file");
  again->add_option("--mnemonic-file", how->mnemonic_file,
                    "file with the words (else they are asked for)");
  common(again);
  again->callback(
      [&chosen, how] { chosen.command = [how](Context& c) { return restore(c, *how); }; });

  wallet->add_subcommand("accounts", "The accounts in the wallet; needs no passphrase")
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

  wallet->add_subcommand("mnemonic", "Shows the mnemonic again, after the passphrase")
      ->callback([&chosen] { chosen.command = show_mnemonic; });
}

}  // namespace fog::cli
