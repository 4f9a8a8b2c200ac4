// Unicode text as wallets must see it: the same passphrase from any keyboard is the same bytes.
#pragma once

#include <string_view>

#include "chain/base/error.h"
#include "wallet/secret.h"

namespace fog::wallet {

// Normalization Form KD (Unicode Annex 15), which BIP-39 asks for. kInvalidInput if the text is not
// UTF-8. Safe from any thread.
ErrorOr<SecretText> nfkd(std::string_view text);

}  // namespace fog::wallet
