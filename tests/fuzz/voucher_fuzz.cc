// Vouchers: what decodes encodes to the same bytes, and no bytes make a voucher that the gateway's
// key did not sign. The first byte says whether to sign what was decoded.
#include "chain/base/check.h"
#include "market/types/host_link.h"

namespace {

using namespace fog;
using namespace fog::market;

SecretKey gateway_key() {
  Hash32 bytes;
  bytes.data[31] = 7;
  return *SecretKey::from_bytes(bytes);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const ByteView bytes(data + 1, size - 1);
  const auto decoded = bcs_decode<SignedVoucher>(bytes);
  if (!decoded) return 0;
  CHECK(bcs_encode(*decoded) == to_bytes(bytes));
  static const SecretKey kKey = gateway_key();
  const SignedVoucher good = sign_voucher(decoded->voucher, kKey);
  const bool same = good.signature == decoded->signature;
  // Nonces are deterministic, so the one signature we would make is the only one that was ever
  // made.
  CHECK(verify_voucher(*decoded, kKey.public_key()) == same);
  if (data[0] % 2 == 1) {
    CHECK(verify_voucher(good, kKey.public_key()));
    SignedVoucher more = good;
    ++more.voucher.count;
    CHECK(!verify_voucher(more, kKey.public_key()));
  }
  return 0;
}
