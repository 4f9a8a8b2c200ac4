// Outbox: the transactions that were given to a node and are not known to be final, one file each
// (wallet/tx_file.h) in a folder beside the keystore. So a payment whose fate is unknown is still
// known here after a crash, and can be looked for, replaced or cancelled.
//
// Nothing in it is secret; the folder is of mode 0700 because it shows who pays whom. Several
// programs may use it at once: a file is whole or not there.
#pragma once

#include <string>
#include <vector>

#include "wallet/tx_file.h"

namespace fog::wallet {

// Where that of a keystore is: "wallet.sent" beside "wallet.json".
std::string outbox_path(const std::string& keystore_path);

class Outbox {
 public:
  // Makes no folder yet.
  explicit Outbox(std::string folder) : folder_(std::move(folder)) {}

  // kIo, kPermission; putting one twice is no error. kExhausted beyond kOutboxMax.
  ErrorOr<void> put(const TxFile& file);
  // No error if it is not there.
  void remove(const TxId& id);
  // kNotFound if it is not there; kInvalidInput if it has been touched.
  ErrorOr<TxFile> get(const TxId& id) const;
  // By id. Files that are not of this form are passed over.
  std::vector<TxId> list() const;

 private:
  std::string path_of(const TxId& id) const;

  std::string folder_;
};

constexpr std::size_t kOutboxMax = 10'000;

}  // namespace fog::wallet
