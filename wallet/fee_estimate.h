// What to offer for a transaction: from the base price, from what waits in the mempool, and from
// the tips that the last blocks took.
#pragma once

#include <optional>
#include <string_view>

#include "chain/api/node_api.h"
#include "wallet/tx_builder.h"

namespace fog::wallet {

// slow:   into the next block if nothing changes; waits while the base price is more than an eighth
//         (one step) above what it is now
// normal: holds while the base price doubles; tips as the middle of those who wait and were taken
// fast:   holds while it doubles twice; tips more than nine in ten
enum class FeeLevel : std::uint8_t { kSlow, kNormal, kFast };
std::string_view fee_level_name(FeeLevel level);
std::optional<FeeLevel> fee_level(std::string_view name);

// What the estimate rests on.
struct FeeMarketView {
  std::uint64_t base_price = 0;      // droplets per unit, of the next block
  std::uint64_t waiting_txs = 0;     // in the node's mempool
  std::uint64_t waiting_blocks = 0;  // whole blocks that these fill, at least
  std::uint64_t seen_blocks = 0;     // how many of the last blocks were looked at
  std::uint64_t tip_middle = 0;      // tips per unit that they took: half of the transactions
  std::uint64_t tip_high = 0;        // paid less, and nine in ten did
};
// Reads the last four blocks. The node's errors.
ErrorOr<FeeMarketView> read_fee_market(NodeApi& node);

// The terms for a level. Tips of others count only while more waits than a block takes: else
// everybody gets in, and the least tip will do.
FeeTerms fee_terms(const FeeMarketView& market, FeeLevel level);

// The least terms that take the place of a transaction with these in every mempool: a tenth more in
// price and tip. Nothing beyond 64 bits.
std::optional<FeeTerms> terms_to_replace(const FeeTerms& replaced);

}  // namespace fog::wallet
