#include "market/types/voucher.h"

#include "chain/crypto/hash.h"

namespace fog::market {

Hash32 voucher_digest(const Voucher& voucher) {
  static const HashTag kTag("fog/voucher");
  return tagged_hash(kTag, {bcs_encode(voucher)});
}

SignedVoucher sign_voucher(const Voucher& voucher, const SecretKey& gateway_key) {
  return {voucher, gateway_key.sign_ecdsa(voucher_digest(voucher))};
}

bool verify_voucher(const SignedVoucher& voucher, const PublicKey& gateway_key) {
  return verify_ecdsa(gateway_key, voucher_digest(voucher.voucher), voucher.signature);
}

Hash32 extend_chain(const Hash32& chain, const Hash32& request_hash, const Hash32& response_hash) {
  return sha256({chain, request_hash, response_hash});
}

}  // namespace fog::market
