// FinalTx: a transaction in a final block; HistoryPage: those that concern an address.
#pragma once

#include <optional>
#include <vector>

#include "chain/types/parties.h"

namespace fog {

struct FinalTx {
  TxPosition position;
  std::uint64_t time_ms = 0;  // of its block
  Bytes tx;                   // BCS of SignedTx
  TxOutcome outcome;
};

struct HistoryPage {
  std::vector<FinalTx> items;
  // Where to go on; nothing at the end of a history that goes back. One that goes forward always
  // goes on, from where the next transaction will stand.
  std::optional<TxPosition> next;
  std::uint64_t height = 0;        // of the last block that was looked at
  std::uint64_t first_height = 0;  // of the oldest block that is kept
};
constexpr std::uint32_t kHistoryMax = 100;

}  // namespace fog
