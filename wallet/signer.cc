#include "wallet/signer.h"

#include <fmt/format.h>

#include "wallet/keystore.h"

namespace fog::wallet {

ErrorOr<std::unique_ptr<Signer>> open_signer(const std::string& keystore_path,
                                             std::string_view passphrase,
                                             std::string_view name_or_address) {
  TRY(const Keystore store, Keystore::open(keystore_path, passphrase));
  if (name_or_address.empty()) {
    if (store.accounts().size() != 1) {
      return fail(ErrorCode::kInvalidInput,
                  fmt::format("{} has {} accounts; say which one is to sign", keystore_path,
                              store.accounts().size()));
    }
    name_or_address = store.accounts().front().name;
  }
  TRY(const SecretKey key, store.secret_key(name_or_address));
  return std::unique_ptr<Signer>(std::make_unique<KeySigner>(key));
}

}  // namespace fog::wallet
