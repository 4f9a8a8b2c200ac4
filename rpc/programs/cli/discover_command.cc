// fogcoin wallet discover, and restoring from a backup: accounts that were there before.
#include <algorithm>
#include <filesystem>

#include <fmt/format.h>

#include "chain/base/file.h"
#include "rpc/programs/cli/wallet_parts.h"
#include "wallet/backup.h"
#include "wallet/private_file.h"

namespace fog::cli {
namespace {

bool has_index(const wallet::Keystore& keystore, std::uint32_t index) {
  const auto& all = keystore.accounts();
  return std::any_of(all.begin(), all.end(), [&](const auto& one) { return one.index == index; });
}

// "account-7", or with more behind it where that name is in use.
std::string name_for(const wallet::Keystore& keystore, std::uint32_t index) {
  std::string name = fmt::format("account-{}", index);
  const auto& all = keystore.accounts();
  while (std::any_of(all.begin(), all.end(), [&](const auto& one) { return one.name == name; })) {
    name += "-found";
  }
  return name;
}

ErrorOr<void> run_discover(Context& context, unsigned gap) {
  TRY_VOID(context.own_accounts());
  // The node first: a passphrase should not be typed for nothing.
  TRY_VOID(context.node().status());
  TRY(const auto secret, context.passphrase(wallet::PassphraseUse::kKnown,
                                            "Passphrase of " + context.options().wallet + ": "));
  TRY(auto keystore, wallet::Keystore::open(context.options().wallet, secret.get()));
  TRY(const auto found, discover(context.node(), keystore, gap));
  if (!found.empty()) TRY_VOID(keystore.save(system_rng()));
  Json json{{"found", Json::array()}};
  std::string said = fmt::format("Found {} more accounts.", found.size());
  for (const auto& one : found) {
    json["found"].push_back(account_json(one));
    said += "\n  " + one.name + "  " + to_text(one.address);
  }
  context.print(json, said);
  return {};
}

}  // namespace

ErrorOr<std::vector<wallet::ShownAccount>> discover(NodeApi& node, wallet::Keystore& keystore,
                                                    unsigned gap) {
  std::vector<wallet::ShownAccount> found;
  unsigned unused = 0;
  for (std::uint32_t from = 0; unused < gap; from += gap) {
    std::vector<StateKey> keys;
    for (std::uint32_t i = 0; i < gap; ++i) {
      TRY(const Address address, keystore.derived_address(from + i));
      keys.push_back(account_key(address));
    }
    TRY(const auto values, node.state_get(keys));
    if (values.size() != keys.size()) {
      return fail(ErrorCode::kProtocol, "the node answered another number of accounts");
    }
    for (std::uint32_t i = 0; i < gap && unused < gap; ++i) {
      if (!values[i]) {
        ++unused;
        continue;
      }
      unused = 0;
      if (has_index(keystore, from + i)) continue;
      TRY(auto added, keystore.add_derived(name_for(keystore, from + i), from + i));
      found.push_back(std::move(added));
    }
  }
  return found;
}

ErrorOr<void> restore_backup(Context& context, const std::string& path) {
  TRY(const std::string text, read_text(path, wallet::kBackupBytesMax));
  TRY(const auto secret,
      context.passphrase(wallet::PassphraseUse::kKnown, "Passphrase of " + path + ": "));
  auto tested = wallet::test_backup(text, secret.get());
  if (!tested) return Fail{tested.error().within(path)};
  const std::string& wallet = context.options().wallet;
  TRY_VOID(make_folder_of(wallet));
  const std::string book = wallet::book_path(wallet);
  std::error_code ignored;
  if (!tested->contents.book.empty() && std::filesystem::exists(book, ignored)) {
    return fail(ErrorCode::kAlreadyExists,
                book + " exists; move it away first, the backup has an address book of its own");
  }
  TRY_VOID(wallet::create_private_file(wallet, as_bytes(tested->contents.keystore)));
  if (!tested->contents.book.empty()) {
    TRY_VOID(wallet::create_private_file(book, as_bytes(tested->contents.book)));
  }
  Json json{{"wallet", wallet}, {"accounts", Json::array()}, {"names", tested->entries.size()}};
  std::string said =
      "Wallet: " + wallet + ", of the backup made " + time_text(tested->contents.made_ms);
  for (const auto& one : tested->accounts) {
    json["accounts"].push_back(account_json(one));
    said += "\n  " + one.name + "  " + to_text(one.address);
  }
  context.print(json, said);
  return {};
}

void add_discover_command(CLI::App& wallet, Chosen& chosen) {
  auto gap = std::make_shared<unsigned>(kGapLimit);
  auto* command = wallet.add_subcommand(
      "discover", "Asks the node which accounts of the mnemonic were ever used, and adds them");
  command->add_option("--gap", *gap, "so many unused ones in a row end the search")
      ->check(CLI::Range(1U, kGapLimitMax))
      ->capture_default_str();
  command->callback(
      [&chosen, gap] { chosen.command = [gap](Context& c) { return run_discover(c, *gap); }; });
}

}  // namespace fog::cli
