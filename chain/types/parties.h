// Whom a transaction concerns: what an account's history and its subscribers are found by.
#pragma once

#include <compare>
#include <vector>

#include "chain/types/transaction.h"

namespace fog {

// Where a final transaction stands.
struct TxPosition {
  std::uint64_t height = 0;
  std::uint32_t index = 0;  // in the block
  auto operator<=>(const TxPosition&) const = default;
};

enum class HistoryOrder : std::uint8_t { kNewestFirst, kOldestFirst };

// The sender, whom its transfers pay, and whom its validators' commission is to be paid to; each
// once, ascending. Whether it succeeded does not matter: the fee was paid. Messages that cannot be
// decoded name nobody. Pure.
std::vector<Address> parties_of(const SignedTx& tx);

}  // namespace fog
