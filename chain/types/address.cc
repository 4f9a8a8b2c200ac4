#include "chain/types/address.h"

#include "chain/crypto/bech32.h"
#include "chain/crypto/hash.h"

namespace fog {

bool MultisigPolicy::is_valid() const {
  if (threshold < 1 || threshold > keys.size() || keys.size() > kMultisigKeysMax) return false;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    if (!fog::is_valid(keys[i])) return false;
    if (i > 0 && !(keys[i - 1] < keys[i])) return false;
  }
  return true;
}

Address address_of(const PublicKey& key) {
  return hash160(key);
}

Address address_of(const MultisigPolicy& policy) {
  return ripemd160(tagged_hash("fog/multisig", bcs_encode(policy)));
}

std::string to_text(const Address& address) {
  return bech32_encode(kAddressPrefix, address);
}

std::optional<Address> address_from_text(std::string_view text) {
  const auto decoded = bech32_decode(text);
  if (!decoded || decoded->prefix != kAddressPrefix) return std::nullopt;
  return fixed_from<20>(decoded->data);
}

}  // namespace fog
