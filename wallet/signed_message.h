// A signed message: text that the holder of an address has signed, so that others can see who said
// it: proof that an address is one's own, a receipt, a vote off the chain.
//
// What is signed is the tagged hash "fog/message" of the text's bytes. Everything else that
// accounts sign has a tag of its own, so such a signature is never one of a transaction, a voucher
// or a ticket. It is bound to no chain, as an address is not: where that matters, the text must say
// it.
//
// The signature as people pass it on is hex of the compressed public key and the 64 bytes of
// compact ECDSA, 97 bytes in all. The same in the SDK: contrib/sdk/src/keys/message.ts. Multisig
// addresses do not sign messages; their members do.
//
// All functions are without state, safe from any thread.
#pragma once

#include <string>
#include <string_view>

#include "wallet/signer.h"

namespace fog::wallet {

constexpr std::size_t kSignedTextBytesMax = std::size_t{1} << 20;

Hash32 message_digest(std::string_view text);
// kExhausted above kSignedTextBytesMax; the signer's errors.
ErrorOr<std::string> sign_message(std::string_view text, Signer& signer);
// Nothing but success says that the address's holder signed exactly this text. kInvalidInput: not a
// signature's form; kRejected: by another key than the address's, or of another text.
ErrorOr<void> verify_message(const Address& address, std::string_view text,
                             std::string_view signature);

}  // namespace fog::wallet
