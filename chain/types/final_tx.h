// FinalTx: a transaction in a final block.
#pragma once

#include "chain/types/parties.h"

namespace fog {

struct FinalTx {
  TxPosition position;
  std::uint64_t time_ms = 0;  // of its block
  Bytes tx;                   // BCS of SignedTx
  TxOutcome outcome;
};

}  // namespace fog
