// What the files of `fogcoin wallet` share.
#pragma once

#include "rpc/programs/cli/context.h"

namespace fog::cli {

// How many unused accounts in a row end the search for used ones (BIP-44's gap limit).
constexpr unsigned kGapLimit = 20;
constexpr unsigned kGapLimitMax = 256;  // what one look at the state takes

// The schema of an account in `wallet accounts --json` and the like.
Json account_json(const UsedAccount& account);
Json account_json(const wallet::ShownAccount& account);
// Adds the accounts that the chain knows, as account-INDEX, until `gap` in a row are unknown, to
// the keystore, which is not saved. Those it has are passed over.
ErrorOr<std::vector<wallet::ShownAccount>> discover(NodeApi& node, wallet::Keystore& keystore,
                                                    unsigned gap);
// A new wallet, and its address book, out of a backup.
ErrorOr<void> restore_backup(Context& context, const std::string& path);

// `fogcoin wallet discover`, and of wallet_care_commands.cc; `wallet` is the noun's command.
void add_discover_command(CLI::App& wallet, Chosen& chosen);
void add_wallet_care_commands(CLI::App& wallet, Chosen& chosen);

}  // namespace fog::cli
