#include "wallet/signed_message.h"

#include <fmt/format.h>

#include "chain/crypto/hash.h"

namespace fog::wallet {
namespace {

constexpr std::size_t kSize = PublicKey::kSize + EcdsaSig::kSize;

}  // namespace

Hash32 message_digest(std::string_view text) {
  return tagged_hash("fog/message", as_bytes(text));
}

ErrorOr<std::string> sign_message(std::string_view text, Signer& signer) {
  if (text.size() > kSignedTextBytesMax) {
    return fail(ErrorCode::kExhausted,
                fmt::format("a message to sign has at most {} bytes", kSignedTextBytesMax));
  }
  TRY(const EcdsaSig signature, signer.sign(message_digest(text)));
  Bytes out = to_bytes(signer.public_key());
  append(out, signature);
  return to_hex0x(out);
}

ErrorOr<void> verify_message(const Address& address, std::string_view text,
                             std::string_view signature) {
  const auto bytes = fixed_from_hex<kSize>(signature);
  if (!bytes) {
    return fail(ErrorCode::kInvalidInput,
                fmt::format("a message's signature is {} bytes in hex", kSize));
  }
  const ByteView view = *bytes;
  const PublicKey key = *fixed_from<PublicKey::kSize>(view.first(PublicKey::kSize));
  if (address_of(key) != address) {
    return fail(ErrorCode::kRejected, fmt::format("the signature is by {}, not by {}",
                                                  to_text(address_of(key)), to_text(address)));
  }
  const EcdsaSig sig = *fixed_from<EcdsaSig::kSize>(view.subspan(PublicKey::kSize));
  if (!verify_ecdsa(key, message_digest(text), sig)) {
    return fail(ErrorCode::kRejected,
                fmt::format("{} has not signed this text; is it the same to the last blank?",
                            to_text(address)));
  }
  return {};
}

}  // namespace fog::wallet
