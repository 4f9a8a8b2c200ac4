// fogcoin wallet rename, label, passphrase, backup, verify-backup, wipe: what keeps a wallet well.
#include <algorithm>
#include <filesystem>
#include <iostream>
#include <unistd.h>

#include <fmt/format.h>

#include "chain/base/file.h"
#include "rpc/programs/cli/wallet_parts.h"
#include "wallet/backup.h"
#include "wallet/outbox.h"
#include "wallet/private_file.h"

namespace fog::cli {
namespace {

struct CareWords {
  std::string name;
  std::string text;
  std::string file;
  wallet::PassphraseSource new_passphrase;
  bool all = false;
};

ErrorOr<wallet::Keystore> open_wallet(Context& context) {
  TRY_VOID(context.own_accounts());
  TRY(const auto secret, context.passphrase(wallet::PassphraseUse::kKnown,
                                            "Passphrase of " + context.options().wallet + ": "));
  return wallet::Keystore::open(context.options().wallet, secret.get());
}

ErrorOr<void> rename(Context& context, const CareWords& words) {
  TRY(auto book, context.book());
  if (book.find(words.text) != nullptr) {
    return fail(ErrorCode::kAlreadyExists,
                "the address book has '" + words.text + "' already; choose another name");
  }
  const Json json{{"from", words.name}, {"to", words.text}};
  const std::string said = "'" + words.name + "' is now '" + words.text + "'.";
  if (const wallet::BookEntry* entry = book.find(words.name)) {
    wallet::BookEntry renamed = *entry;
    renamed.name = words.text;
    const auto own = wallet::Keystore::list(context.options().wallet);
    if (own && std::any_of(own->begin(), own->end(),
                           [&](const auto& one) { return one.name == renamed.name; })) {
      return fail(ErrorCode::kAlreadyExists, "the wallet has '" + words.text + "' already");
    }
    TRY_VOID(book.remove(words.name));
    TRY_VOID(book.add(std::move(renamed)));
    TRY_VOID(book.save());
    context.print(json, said);
    return {};
  }
  TRY(auto keystore, open_wallet(context));
  TRY_VOID(keystore.rename(words.name, words.text));
  TRY_VOID(keystore.save(system_rng()));
  context.print(json, said);
  return {};
}

ErrorOr<void> label(Context& context, const CareWords& words) {
  TRY(const Address address, context.address_of_text(words.name));
  TRY(auto book, context.book());
  TRY_VOID(book.set_label(address, words.text));
  TRY_VOID(make_folder_of(context.options().wallet));
  TRY_VOID(book.save());
  context.print(
      {{"address", to_text(address)}, {"label", words.text}},
      context.who(address) + ": " + (words.text.empty() ? std::string("no label") : words.text));
  return {};
}

ErrorOr<void> forget(Context& context, const CareWords& words) {
  TRY(auto book, context.book());
  TRY(const auto entry, book.remove(words.name));
  TRY_VOID(book.save());
  context.print({{"name", entry.name}, {"address", to_text(entry.address)}},
                "Forgot '" + entry.name + "' (" + to_text(entry.address) + ").");
  return {};
}

ErrorOr<void> change_passphrase(Context& context, const CareWords& words) {
  TRY(auto keystore, open_wallet(context));
  TRY(const auto fresh,
      wallet::read_passphrase(words.new_passphrase, wallet::PassphraseUse::kNew,
                              "New passphrase for " + context.options().wallet + ": "));
  TRY_VOID(keystore.change_passphrase(fresh.get(), system_rng()));
  TRY_VOID(keystore.save(system_rng()));
  // What was written is what is opened next time: better to hear of it now.
  TRY_VOID(wallet::Keystore::open(context.options().wallet, fresh.get()));
  context.print({{"wallet", context.options().wallet}},
                "The wallet opens with the new passphrase. Backups that were made before keep the "
                "old one.");
  return {};
}

Json names_of(const std::vector<wallet::ShownAccount>& accounts) {
  Json out = Json::array();
  for (const auto& one : accounts) {
    out.push_back({{"name", one.name}, {"address", to_text(one.address)}});
  }
  return out;
}

ErrorOr<void> backup(Context& context, const CareWords& words) {
  TRY_VOID(context.own_accounts());
  const std::string& path = context.options().wallet;
  TRY(const auto secret,
      context.passphrase(wallet::PassphraseUse::kKnown, "Passphrase of " + path + ": "));
  wallet::BackupContents contents;
  contents.made_ms = system_clock().wall_ms();
  TRY(const auto keystore, wallet::read_secret_file(path, wallet::kKeystoreBytesMax));
  contents.keystore = std::string(as_text(keystore.get()));
  TRY(const auto book, context.book());
  if (!book.empty()) contents.book = book.encode();
  TRY(const std::string text, wallet::make_backup(contents, secret.get(), system_rng()));
  // Before it counts as a backup, it is tried.
  TRY(const auto tested, wallet::test_backup(text, secret.get()));
  TRY_VOID(wallet::create_private_file(words.file, as_bytes(text)));
  context.print({{"file", words.file},
                 {"accounts", names_of(tested.accounts)},
                 {"names", tested.entries.size()}},
                fmt::format("{}: {} accounts, {} names of the address book, tested.\nKeep it apart "
                            "from this computer. It opens with the wallet's present passphrase, "
                            "also after that has changed here.",
                            words.file, tested.accounts.size(), tested.entries.size()));
  return {};
}

ErrorOr<void> verify_backup(Context& context, const CareWords& words) {
  TRY(const std::string text, read_text(words.file, wallet::kBackupBytesMax));
  TRY(const auto secret,
      context.passphrase(wallet::PassphraseUse::kKnown, "Passphrase of " + words.file + ": "));
  auto tested = wallet::test_backup(text, secret.get());
  if (!tested) return Fail{tested.error().within(words.file)};
  std::vector<std::string> lacking;
  if (const auto own = wallet::Keystore::list(context.options().wallet)) {
    for (const auto& one : *own) {
      if (std::none_of(tested->accounts.begin(), tested->accounts.end(),
                       [&](const auto& kept) { return kept.address == one.address; })) {
        lacking.push_back(one.name);
      }
    }
  }
  std::string said = fmt::format(
      "{} opens and is whole: made {}, {} accounts whose keys sign, {} names.", words.file,
      time_text(tested->contents.made_ms), tested->accounts.size(), tested->entries.size());
  for (const auto& one : tested->accounts) said += "\n  " + one.name + "  " + to_text(one.address);
  for (const auto& name : lacking) {
    said += "\nIt does not have '" + name + "', which is in " + context.options().wallet +
            ": make a new backup.";
  }
  context.print({{"file", words.file},
                 {"made_ms", std::to_string(tested->contents.made_ms)},
                 {"accounts", names_of(tested->accounts)},
                 {"names", tested->entries.size()},
                 {"lacking", lacking}},
                said);
  return {};
}

ErrorOr<void> wipe(Context& context, const CareWords& words) {
  const std::string& path = context.options().wallet;
  TRY_VOID(context.own_accounts());
  if (!context.options().yes) {
    if (!context.asks()) {
      return fail(ErrorCode::kUnavailable,
                  "nothing was wiped: on a terminal a person is asked, elsewhere it takes --yes");
    }
    std::cerr << "This takes the keys in " << path
              << " away for ever. Without the words of its mnemonic or a backup\nthat opens, the "
                 "money in its accounts is lost. Type wipe to do it: ";
    std::string answer;
    std::getline(std::cin, answer);
    if (answer != "wipe") return fail(ErrorCode::kUnavailable, "nothing was wiped");
  }
  TRY_VOID(wallet::wipe_file(path));
  Json wiped = Json::array({path});
  if (words.all) {
    std::error_code ignored;
    const std::string book = wallet::book_path(path);
    if (std::filesystem::exists(book, ignored)) {
      TRY_VOID(wallet::wipe_file(book));
      wiped.push_back(book);
    }
    const std::string outbox = wallet::outbox_path(path);
    if (std::filesystem::remove_all(outbox, ignored) > 0) wiped.push_back(outbox);
  }
  context.print({{"wiped", wiped}}, "Wiped " + path +
                                        ". Copies that this computer's disk or its backups keep "
                                        "are not reached; they open with the passphrase only.");
  return {};
}

}  // namespace

void add_wallet_care_commands(CLI::App& wallet, Chosen& chosen) {
  auto words = std::make_shared<CareWords>();
  const auto add = [&](const char* name, const char* help, auto work) {
    auto* command = wallet.add_subcommand(name, help);
    command->callback([&chosen, words, work] {
      chosen.command = [words, work](Context& c) { return work(c, *words); };
    });
    return command;
  };
  auto* renaming =
      add("rename", "Gives an account or a name of the address book another name", rename);
  renaming->add_option("NAME", words->name, "its name")->required();
  renaming->add_option("NEW", words->text, "letters, digits, '.', '_', '-'")->required();

  auto* labelling = add("label", "Writes a note on an address, for yourself", label);
  labelling->add_option("WHO", words->name, "address or name")->required();
  labelling->add_option("TEXT", words->text, "one line, at most 256 bytes (else takes it away)");

  auto* forgetting = add("forget", "Takes a watched or multisig account off the list", forget);
  forgetting->add_option("NAME", words->name, "its name")->required();

  auto* changing = add("passphrase", "Changes the passphrase", change_passphrase);
  changing->add_option("--new-passphrase-file", words->new_passphrase.file,
                       "file with the new one (mode 0600; else it is asked for)");
  changing->add_option("--new-passphrase-fd", words->new_passphrase.descriptor,
                       "open descriptor to read the new one from");

  auto* keeping =
      add("backup", "Keys, accounts and address book in one encrypted file, tested", backup);
  keeping->add_option("FILE", words->file, "the file to make; none is overwritten")->required();

  auto* trying =
      add("verify-backup", "Whether a backup opens, every key in it signs, and nothing is missing",
          verify_backup);
  trying->add_option("FILE", words->file, "the backup")->required();

  auto* wiping = add("wipe", "Takes the keys off this computer", wipe);
  wiping->add_flag("--all", words->all, "the address book and what was sent too");
}

}  // namespace fog::cli
