// Executing a block: the story of one block, from its parent's state to its own.
//
// Pure: the result follows from the view, the header and the transactions alone.
#pragma once

#include <memory>

#include "chain/ledger/check.h"
#include "chain/ledger/context.h"
#include "chain/types/block.h"
#include "chain/types/vote.h"

namespace fog {

struct BlockResult {
  std::vector<TxOutcome> outcomes;  // one a transaction, in order
  Changes changes;                  // over the parent's state
};

// One block under construction or under verification. Transactions are applied one by one; each
// either is included (its outcome may record a fault, with the fee paid) or cannot be included and
// leaves no trace.
class BlockExecution {
 public:
  // The header's fields up to and with `beacon` must be set (tx_root is not read). kBlockBad...
  // faults for a time that does not exceed the parent's or a reveal that does not fit.
  static Result<BlockExecution, Fault> begin(const ReadView& parent_state,
                                             std::uint64_t parent_time_ms,
                                             const BlockHeader& header);
  BlockExecution(BlockExecution&&) noexcept;
  BlockExecution& operator=(BlockExecution&&) noexcept;
  ~BlockExecution();

  // kExpired, kSequence..., kFeeTooLow, kCannotPayFee, kBlockFull: not included, no trace.
  Result<TxOutcome, Fault> apply(const CheckedTx& tx);
  std::uint64_t units_used() const;
  // Settles what is due, clears the market, closes the fee market; checks that supply is conserved.
  BlockResult finish() &&;

 private:
  struct Impl;
  explicit BlockExecution(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// Executes a whole block as received: every transaction must be includable, the tx root must fit.
// `txs` are the block's transactions after check_form, in order.
Result<BlockResult, Fault> execute_block(const ReadView& parent_state, std::uint64_t parent_time_ms,
                                         const Block& block,
                                         const std::vector<const CheckedTx*>& txs);

// The earliest block time at which the rules have something to do without any transaction (a
// deadline, open demand); nothing when the state rests. Open demand answers `now_ms`.
std::optional<std::uint64_t> next_due_ms(const ReadView& state, std::uint64_t now_ms);

}  // namespace fog
