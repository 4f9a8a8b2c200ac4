// Simulation: what a transaction would do as the only one of the next block. Nothing is kept of it.
#pragma once

#include <optional>
#include <vector>

#include "chain/types/fault.h"
#include "chain/types/records.h"
#include "chain/types/transaction.h"

namespace fog {

// A record of the state, and what becomes of it; nothing: it is not there.
struct SimulatedChange {
  StateKey key;
  std::optional<Bytes> before;
  std::optional<Bytes> after;
};

struct Simulation {
  std::uint64_t height = 0;   // of that block
  std::uint64_t time_ms = 0;  // its time
  std::uint64_t base_price = 0;
  Fault refused = Fault::kNone;          // why it could not be included; then what follows is empty
  TxOutcome outcome;                     // its fault is that of the message that fails
  std::vector<SimulatedChange> changes;  // ascending by key; those that end as they began left out
};

}  // namespace fog
