// Receipts for a lease that runs: a claim of any shape, its voucher signed by the real gateway,
// never stops the node, never loses a droplet, and is never paid beyond what its own sums and time
// come to.
#include "chain/base/check.h"
#include "tests/support/fuzz_market.h"

namespace {

using namespace fog;
using namespace fog::market;

// Makes the claim one that only its numbers and proof can spoil.
void make_plausible(const market::testing::FuzzMarket& market, LogClaim& claim) {
  claim.gateway = market::testing::FuzzMarket::address(market.gateway);
  Voucher& voucher = claim.voucher.voucher;
  voucher.chain_id = market.block.chain_id;
  voucher.lease = market.lease;
  voucher.term = 1;
  voucher.gateway = claim.gateway;
  claim.voucher = sign_voucher(voucher, market.gateway);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto decoded = bcs_decode<SubmitReceipts>(ByteView(data, size));
  if (!decoded) return 0;
  CHECK(bcs_encode(*decoded) == Bytes(data, data + size));
  static const market::testing::FuzzMarket kMarket;
  market::testing::FuzzMarket market = kMarket;
  SubmitReceipts message = *decoded;
  message.host = market.host;
  for (Receipt& receipt : message.receipts) {
    receipt.lease = market.lease;
    receipt.term = 1;
    for (LogClaim& claim : receipt.logs) make_plausible(market, claim);
  }
  Overlay overlay(market.state);
  if (market.send(overlay, market.owner, message) == Fault::kNone) {
    const auto lease = load<Lease>(overlay, lease_key(market.lease));
    Counters total;
    for (const LogState& log : lease->logs) total = *checked_add(total, log.root.sums);
    const auto rent = rent_due(lease->prices, lease->scale, lease->resources,
                               market.block.time_ms - lease->active_since_ms);
    const auto use = use_due(lease->prices, lease->scale, total);
    CHECK(rent && use && lease->paid <= *rent + *use);
  }
  market.end_block(overlay);
  return 0;
}
