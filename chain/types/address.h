// Address: RIPEMD160(SHA256(compressed public key)), shown as Bech32 with the prefix "fog". A
// k-of-n multisig account has an address of the same form, made from its policy.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <tuple>

#include "chain/base/bcs.h"
#include "chain/base/bytes.h"
#include "chain/crypto/keys.h"

namespace fog {

using Address = FixedBytes<20>;

constexpr std::string_view kAddressPrefix = "fog";
constexpr std::size_t kMultisigKeysMax = 16;

// The policy of a multisig account: 1 <= threshold <= keys.size() <= 16, keys strictly ascending.
struct MultisigPolicy {
  std::uint8_t threshold = 0;
  BoundedList<PublicKey, kMultisigKeysMax> keys;

  static constexpr auto kFields =
      std::make_tuple(&MultisigPolicy::threshold, &MultisigPolicy::keys);
  bool operator==(const MultisigPolicy&) const = default;
  // Whether the bounds above hold and every key is a valid point.
  bool is_valid() const;
};

Address address_of(const PublicKey& key);
// RIPEMD160 of the tagged hash "fog/multisig" of BCS(threshold, keys).
Address address_of(const MultisigPolicy& policy);

// "fog1..."
std::string to_text(const Address& address);
// Nothing for another prefix, a bad checksum or a payload that is not 20 bytes.
std::optional<Address> address_from_text(std::string_view text);

}  // namespace fog
