// A backup: the keystore and the address book in one encrypted file that says nothing of either to
// whoever finds it.
//
//   {"format": "fogcoin-backup", "version": 1,
//    "kdf": {"name": "scrypt", "n", "r", "p", "salt"},
//    "cipher": {"name": "chacha20-poly1305", "nonce"},
//    "sealed": hex of BCS(BackupContents) encrypted, the above authenticated with it}
//
// It is sealed under the wallet's passphrase of the day when it was made, and opens with that one
// for ever, whatever the wallet's is later. Its size tells roughly how many accounts and names
// there are.
//
// All functions are without state, safe from any thread.
#pragma once

#include <string>
#include <string_view>

#include "wallet/book.h"
#include "wallet/keystore.h"

namespace fog::wallet {

constexpr std::size_t kBackupBytesMax = 2 * (kKeystoreBytesMax + kBookBytesMax) + 4'096;

struct BackupContents {
  std::uint64_t made_ms = 0;                // wall time
  BoundedText<kKeystoreBytesMax> keystore;  // the keystore's file
  BoundedText<kBookBytesMax> book;          // the address book's; empty if there is none
  static constexpr auto kFields =
      std::make_tuple(&BackupContents::made_ms, &BackupContents::keystore, &BackupContents::book);
};

// kPermission if the passphrase is not the keystore's: it would not open the keystore inside.
ErrorOr<std::string> make_backup(const BackupContents& contents, std::string_view passphrase,
                                 Rng& rng, const ScryptParams& params = {});
// kCorrupt: not a backup, or damaged. kPermission: wrong passphrase, or damaged where only it
// tells.
ErrorOr<BackupContents> open_backup(std::string_view text, std::string_view passphrase);

// A backup taken apart as far as a restore would: every account's key derived again, its address
// compared, and a signature by it verified.
struct TestedBackup {
  BackupContents contents;
  std::vector<ShownAccount> accounts;
  std::vector<BookEntry> entries;
};
ErrorOr<TestedBackup> test_backup(std::string_view text, std::string_view passphrase);

}  // namespace fog::wallet
