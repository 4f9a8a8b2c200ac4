// fogcoin wallet watch, multisig, key: accounts whose keys are elsewhere. No passphrase, no node.
#include <fmt/format.h>

#include "chain/base/file.h"
#include "rpc/programs/cli/context.h"
#include "wallet/multisig.h"

namespace fog::cli {
namespace {

// A public key in hex, or the name of an account or of a watched one whose key is known.
ErrorOr<PublicKey> key_of_text(Context& context, const std::string& text) {
  if (const auto key = fixed_from_hex<33>(text)) return *key;
  const auto all = context.accounts();
  if (all) {
    for (const UsedAccount& one : *all) {
      if (one.name == text && one.key) return *one.key;
    }
  }
  return fail(ErrorCode::kInvalidInput,
              "'" + text +
                  "' is neither a public key (33 bytes in hex, as wallet key prints it) nor an "
                  "account whose key is known");
}

ErrorOr<void> keep(Context& context, wallet::BookEntry entry, Json json, const std::string& said) {
  if (const auto own = wallet::Keystore::list(context.options().wallet)) {
    for (const auto& one : *own) {
      if (one.name != entry.name && one.address != entry.address) continue;
      return fail(ErrorCode::kAlreadyExists, "the wallet has the account '" + one.name + "' (" +
                                                 to_text(one.address) + ") itself");
    }
  }
  TRY(auto book, context.book());
  TRY_VOID(make_folder_of(context.options().wallet));
  TRY_VOID(book.add(std::move(entry)));
  TRY_VOID(book.save());
  context.print(json, said);
  return {};
}

ErrorOr<void> watch(Context& context, const std::string& name, const std::string& what) {
  wallet::BookEntry entry;
  entry.name = name;
  entry.kind = wallet::BookKind::kWatched;
  if (const auto address = address_from_text(what)) {
    entry.address = *address;
  } else {
    const auto key = fixed_from_hex<33>(what);
    if (!key || !is_valid(*key)) {
      return fail(ErrorCode::kInvalidInput,
                  "'" + what + "' is neither an address (fog1...) nor a public key in hex");
    }
    entry.key = *key;
    entry.address = address_of(*key);
  }
  const Json json{{"name", name}, {"address", to_text(entry.address)}, {"kind", "watched"}};
  const std::string said = "Watching '" + name + "': " + to_text(entry.address);
  return keep(context, std::move(entry), json, said);
}

ErrorOr<void> multisig(Context& context, const std::string& name, unsigned threshold,
                       const std::vector<std::string>& texts) {
  std::vector<PublicKey> keys;
  for (const std::string& text : texts) {
    TRY(const auto key, key_of_text(context, text));
    keys.push_back(key);
  }
  TRY(auto policy, wallet::make_policy(static_cast<std::uint8_t>(threshold), std::move(keys)));
  wallet::BookEntry entry;
  entry.name = name;
  entry.kind = wallet::BookKind::kMultisig;
  entry.address = address_of(policy);
  Json json{{"name", name},
            {"address", to_text(entry.address)},
            {"kind", "multisig"},
            {"threshold", policy.threshold},
            {"keys", Json::array()}};
  for (const PublicKey& key : policy.keys) json["keys"].push_back(to_hex0x(key));
  const std::string said = fmt::format(
      "'{}', where {} of {} keys sign: {}\nThe others get the same address from the "
      "same keys, in any order.",
      name, policy.threshold, policy.keys.size(), to_text(entry.address));
  entry.policy = std::move(policy);
  return keep(context, std::move(entry), json, said);
}

ErrorOr<void> show_key(Context& context, const std::string& name) {
  std::optional<UsedAccount> found;
  if (name.empty()) {
    TRY(found, context.account());
  } else {
    TRY(const auto all, context.accounts());
    for (const UsedAccount& one : all) {
      if (one.name == name || to_text(one.address) == name) found = one;
    }
  }
  if (!found || !found->key) {
    return fail(ErrorCode::kNotFound,
                "the public key of '" + (found ? found->name : name) + "' is not known here");
  }
  context.print({{"name", found->name},
                 {"address", to_text(found->address)},
                 {"public_key", to_hex0x(*found->key)}},
                to_hex0x(*found->key));
  return {};
}

}  // namespace

void add_watch_commands(CLI::App& wallet, Chosen& chosen) {
  struct Words {
    std::string name;
    std::string what;
    unsigned threshold = 0;
    std::vector<std::string> keys;
  };
  auto words = std::make_shared<Words>();
  const auto run = [&chosen, words](CLI::App* command, auto work) {
    command->callback([&chosen, words, work] {
      chosen.command = [words, work](Context& c) { return work(c, *words); };
    });
  };
  auto* key = wallet.add_subcommand("key", "The public key of an account, for a multisig account");
  key->add_option("NAME", words->name, "an account of the wallet (else the one in use)");
  run(key, [](Context& c, const Words& w) { return show_key(c, w.name); });

  auto* add = wallet.add_subcommand(
      "watch",
      "Follows an account whose key is elsewhere; transactions of it can be written with "
      "--unsigned");
  add->add_option("NAME", words->name, "letters, digits, '.', '_', '-'")->required();
  add->add_option("ADDRESS|KEY", words->what, "its address or public key")->required();
  run(add, [](Context& c, const Words& w) { return watch(c, w.name, w.what); });

  auto* several = wallet.add_subcommand(
      "multisig", "An account of several keys, of which some must sign; watched, not derived");
  several->add_option("NAME", words->name, "letters, digits, '.', '_', '-'")->required();
  several->add_option("--threshold", words->threshold, "how many must sign")
      ->required()
      ->check(CLI::Range(1U, static_cast<unsigned>(kMultisigKeysMax)));
  several->add_option("KEYS", words->keys, "public keys, or accounts of this wallet; at most 16")
      ->required();
  run(several, [](Context& c, const Words& w) { return multisig(c, w.name, w.threshold, w.keys); });
}

}  // namespace fog::cli
