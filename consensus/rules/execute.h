// Executing a block: the story of one block, from its parent's state to its own.
//
// Pure: the result follows from the view, the header and the transactions alone.
#pragma once

#include <memory>

#include "chain/ledger/check.h"
#include "chain/ledger/context.h"
#include "chain/types/block.h"
#include "chain/types/simulation.h"
#include "chain/types/vote.h"
#include "consensus/rules/market_index.h"

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
  // All of the header's fields except tx_root must be set; `certificate` is the block's.
  //
  // kBlockBadEpoch (not the height's), kBlockBadNextValidators (in the last block of an epoch not
  // the next set, or in another any), kBlockBadCertificate (see check_carried_certificate),
  // kBlockBadTime (not above the parent's), kBlockBadValidators (not the state's set),
  // kBlockBadProposer (not in it), kBlockBadBeacon (a link that does not fit, or none though
  // something is due; the last block of an epoch always has something due). A block without a link
  // has neither transactions nor anything due; it writes nothing.
  //
  // `index`, if there is one, is of the parent's state; finish() makes it the block's, of which
  // the caller tells it (MarketIndex::touch).
  static Result<BlockExecution, Fault> begin(const ReadView& parent_state,
                                             std::uint64_t parent_time_ms,
                                             const BlockHeader& header,
                                             const std::optional<Certificate>& certificate = {},
                                             MarketIndex* index = nullptr);
  BlockExecution(BlockExecution&&) noexcept;
  BlockExecution& operator=(BlockExecution&&) noexcept;
  ~BlockExecution();

  // check_state's faults, kUnknownMessage, kMalformedMessage, kBlockFull: not included, no trace.
  // kBlockBadBeacon: the block reveals no link and so takes no transaction.
  Result<TxOutcome, Fault> apply(const CheckedTx& tx);
  std::uint64_t units_used() const;
  // Whether a transaction was applied or something was due. A block that reveals a link must have
  // content: a proposer whose transactions all turned out not includable begins again without one.
  bool has_content() const;
  // Settles what is due, clears the market, gives fees on and closes the fee market; checks that
  // supply is conserved. Needs has_content() if the block reveals a link.
  BlockResult finish() &&;

  // What a transaction would do as the only one of a block with this context, on the state before
  // it. Signatures are not looked at. What a block brings by itself (what is due, the clearing of
  // the market, rewards) is not in it.
  static Simulation simulate(const ReadView& state, const BlockContext& block, const DecodedTx& tx);

 private:
  struct Impl;
  explicit BlockExecution(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// Whether the caller has already held the transactions against the header's root.
enum class TxRoot : std::uint8_t { kUnchecked, kKnownToFit };

// Executes a whole block as received: every transaction must be includable, the tx root must fit.
// `txs` are the block's transactions after check_form, in order.
//
// begin()'s faults, kBlockBadTxRoot, kBlockBadTransaction, kBlockTooLarge (bytes, number or units),
// kBlockBadBeacon (a link although the block writes nothing, or none although it has transactions).
// Parent, height and app hash are the caller's to compare.
Result<BlockResult, Fault> execute_block(const ReadView& parent_state, std::uint64_t parent_time_ms,
                                         const Block& block,
                                         const std::vector<const CheckedTx*>& txs,
                                         TxRoot root = TxRoot::kUnchecked,
                                         MarketIndex* index = nullptr);

// The earliest block time at which the rules have something to do without any transaction (a
// deadline, open demand); nothing when the state rests. Open demand answers `now_ms`.
std::optional<std::uint64_t> next_due_ms(const ReadView& state, std::uint64_t now_ms);

}  // namespace fog
