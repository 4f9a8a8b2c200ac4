// Voucher: a gateway's cumulative, signed count of what it forwarded to one lease in one term.
//
// The chain hash starts at zero and takes each request in order of its index:
//   chain' = SHA256(chain || request hash || response hash)
// A request that never got an answer stands with both hashes zero (a void); it bills nothing.
#pragma once

#include "market/types/objects.h"

namespace fog::market {

struct Voucher {
  ChainId chain_id;
  LeaseId lease;
  std::uint32_t term = 1;
  Address gateway;
  std::uint64_t count = 0;           // requests, indexes 0..count-1 all settled
  std::uint64_t request_bytes = 0;   // bodies
  std::uint64_t response_bytes = 0;  // egress as the leaf counts it
  Hash32 chain;                      // chain hash over the first `count` requests
  static constexpr auto kFields = std::make_tuple(
      &Voucher::chain_id, &Voucher::lease, &Voucher::term, &Voucher::gateway, &Voucher::count,
      &Voucher::request_bytes, &Voucher::response_bytes, &Voucher::chain);
  bool operator==(const Voucher&) const = default;
};
// The tagged hash "fog/voucher" of BCS(voucher).
Hash32 voucher_digest(const Voucher& voucher);

struct SignedVoucher {
  Voucher voucher;
  EcdsaSig signature;  // by the gateway's key
  static constexpr auto kFields =
      std::make_tuple(&SignedVoucher::voucher, &SignedVoucher::signature);
  bool operator==(const SignedVoucher&) const = default;
};
SignedVoucher sign_voucher(const Voucher& voucher, const SecretKey& gateway_key);
bool verify_voucher(const SignedVoucher& voucher, const PublicKey& gateway_key);

Hash32 extend_chain(const Hash32& chain, const Hash32& request_hash, const Hash32& response_hash);

}  // namespace fog::market
