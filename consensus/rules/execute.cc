#include "consensus/rules/execute.h"

#include "chain/ledger/fees.h"
#include "consensus/rules/messages.h"
#include "consensus/rules/staking_due.h"
#include "consensus/rules/supply.h"
#include "consensus/staking/epochs.h"
#include "consensus/staking/validators.h"

namespace fog {
namespace {

// What a block's header, its certificate and the lengths of its transactions may take of
// kBlockBytesMax.
constexpr std::size_t kHeaderBytesMax = 1'024;
constexpr std::size_t kCertificateBytesMax = 64 + kValidatorsMax * 65;
constexpr std::size_t kTxLengthBytesMax = 3;

// What the header says of epochs, validators and its parent's certificate, against the state.
Fault check_epoch(const ReadView& state, const ValidatorSet& set, const BlockHeader& header,
                  const std::optional<Certificate>& certificate, std::uint64_t epoch_length) {
  if (header.epoch != epoch_of(header.height, epoch_length) ||
      header.epoch != load_epoch(state).epoch) {
    return Fault::kBlockBadEpoch;
  }
  if (header.validators_hash != validators_hash(set)) return Fault::kBlockBadValidators;
  const bool says_next = header.next_validators_hash.has_value();
  if (says_next != is_last_of_epoch(header.height, epoch_length) ||
      (says_next && *header.next_validators_hash != validators_hash(load_next_validators(state)))) {
    return Fault::kBlockBadNextValidators;
  }
  if (!place_of(set, header.proposer)) return Fault::kBlockBadProposer;
  return check_carried_certificate(header, certificate, set, epoch_length);
}

}  // namespace

struct BlockExecution::Impl {
  explicit Impl(const ReadView& parent_state) : parent(parent_state), state(parent_state) {}

  // Tx: a CheckedTx; to simulate, a DecodedTx.
  template <class Tx>
  Result<TxOutcome, Fault> apply(const Tx& tx);
  template <class Tx>
  Fault check_room(const Tx& tx) const;
  template <class Tx>
  void charge(const Tx& tx, Account& sender, TxOutcome& outcome);
  template <class Tx>
  void apply_messages(const Tx& tx, const std::vector<Message>& messages, TxOutcome& outcome);
  BlockResult finish();

  const ReadView& parent;
  MarketIndex* index = nullptr;
  Overlay state;
  BlockContext context;
  InclusionTerms terms;
  XOnlyKey proposer;
  ValidatorSet validators;
  std::optional<Certificate> certificate;
  bool ends_epoch = false;
  bool reveals = false;  // the header carries a beacon link
  bool due = false;      // the rules have something to do without any transaction
  std::uint64_t units_used = 0;
  std::size_t bytes_used = kHeaderBytesMax;
  // Fees of all transactions so far: taken from the senders, not yet given on.
  Amount fees_burned;
  Amount fees_tip;
  std::vector<TxOutcome> outcomes;
};

template <class Tx>
Fault BlockExecution::Impl::check_room(const Tx& tx) const {
  const std::size_t bytes = tx.encoded().size() + kTxLengthBytesMax;
  const bool fits = outcomes.size() < kBlockTxsMax && bytes <= kBlockBytesMax - bytes_used &&
                    tx.units() <= terms.params.block_units_max - units_used;
  return fits ? Fault::kNone : Fault::kBlockFull;
}

template <class Tx>
void BlockExecution::Impl::charge(const Tx& tx, Account& sender, TxOutcome& outcome) {
  const TxBody& body = tx.tx().body;
  const std::optional<FeeSplit> fee = fee_of(body, tx.units(), terms.base_price);
  // check_inclusion has held the balance against the maximum fee, which is no smaller.
  CHECK(fee.has_value());
  sender.balance -= fee->burned + fee->tip;
  sender.set_next_sequence(body.lane, body.sequence + 1);
  store(state, account_key(body.sender), sender);
  fees_burned += fee->burned;
  fees_tip += fee->tip;
  outcome.units = tx.units();
  outcome.fee_burned = fee->burned;
  outcome.fee_tip = fee->tip;
}

template <class Tx>
void BlockExecution::Impl::apply_messages(const Tx& tx, const std::vector<Message>& messages,
                                          TxOutcome& outcome) {
  Overlay overlay(state);
  TxContext tx_context{tx.id(), tx.tx().body.sender, 0};
  for (const Message& message : messages) {
    const Fault fault = apply_message(overlay, context, tx_context, message);
    if (fault != Fault::kNone) {
      outcome.fault = static_cast<std::uint16_t>(fault);
      outcome.failed_message = tx_context.message;
      return;
    }
    ++tx_context.message;
  }
  state.merge(std::move(overlay).take_changes());
}

template <class Tx>
Result<TxOutcome, Fault> BlockExecution::Impl::apply(const Tx& tx) {
  if (!reveals) return Fail{Fault::kBlockBadBeacon};
  const TxBody& body = tx.tx().body;
  std::optional<Account> sender = load<Account>(state, account_key(body.sender));
  if (const Fault fault = check_inclusion(terms, sender, body, tx.units()); fault != Fault::kNone) {
    return Fail{fault};
  }
  if (const Fault fault = check_room(tx); fault != Fault::kNone) return Fail{fault};
  TRY(const std::vector<Message> messages, decode_messages(body));

  // From here on the transaction is included.
  TxOutcome outcome;
  charge(tx, *sender, outcome);
  units_used += tx.units();
  bytes_used += tx.encoded().size() + kTxLengthBytesMax;
  apply_messages(tx, messages, outcome);
  outcomes.push_back(outcome);
  return outcome;
}

BlockResult BlockExecution::Impl::finish() {
  if (!reveals) return {};
  CHECK(due || !outcomes.empty());
  settle_staking_due(state, context);
  market::settle_due(state, context);
  if (index == nullptr) {
    MarketIndex own;
    own.load();
    market::clear_market(state, context, own.matching());
  } else {
    market::clear_market(state, context, index->matching());
  }
  burn(state, fees_burned);
  update_fee_market(state, terms.params, terms.base_price, context.time_ms, units_used);
  tally_block(state, validators, proposer, certificate, fees_tip);
  if (ends_epoch) close_epoch(state, context);  // nothing in it is the index's
  CHECK(conserves_supply(parent, state.changes()));
  return {std::move(outcomes), std::move(state).take_changes()};
}

BlockExecution::BlockExecution(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
BlockExecution::BlockExecution(BlockExecution&&) noexcept = default;
BlockExecution& BlockExecution::operator=(BlockExecution&&) noexcept = default;
BlockExecution::~BlockExecution() = default;

Result<BlockExecution, Fault> BlockExecution::begin(const ReadView& parent_state,
                                                    std::uint64_t parent_time_ms,
                                                    const BlockHeader& header,
                                                    const std::optional<Certificate>& certificate,
                                                    MarketIndex* index) {
  if (header.time_ms <= parent_time_ms) return Fail{Fault::kBlockBadTime};
  auto impl = std::make_unique<Impl>(parent_state);
  impl->index = index;
  impl->validators = load_validators(parent_state);
  impl->terms = load_terms(parent_state, header.time_ms);
  const std::uint64_t epoch_length = impl->terms.params.epoch_length;
  const Fault fault =
      check_epoch(parent_state, impl->validators, header, certificate, epoch_length);
  if (fault != Fault::kNone) return Fail{fault};
  impl->ends_epoch = is_last_of_epoch(header.height, epoch_length);
  impl->certificate = certificate;
  if (certificate) impl->bytes_used += kCertificateBytesMax;
  const std::optional<std::uint64_t> due_ms = next_due_ms(parent_state, header.time_ms);
  impl->due = impl->ends_epoch || (due_ms && *due_ms <= header.time_ms);
  impl->context.chain_id = header.chain_id;
  impl->context.height = header.height;
  impl->context.time_ms = header.time_ms;
  impl->proposer = header.proposer;
  if (header.beacon) {
    TRY(impl->context.beacon, take_reveal(impl->state, header.proposer, *header.beacon));
    impl->reveals = true;
  } else if (impl->due) {
    return Fail{Fault::kBlockBadBeacon};
  }
  return BlockExecution(std::move(impl));
}

Result<TxOutcome, Fault> BlockExecution::apply(const CheckedTx& tx) {
  return impl_->apply(tx);
}

Simulation BlockExecution::simulate(const ReadView& state, const BlockContext& block,
                                    const DecodedTx& tx) {
  Impl impl(state);
  impl.context = block;
  impl.terms = load_terms(state, block.time_ms);
  impl.reveals = true;
  Simulation out;
  out.height = block.height;
  out.time_ms = block.time_ms;
  out.base_price = impl.terms.base_price;
  const auto outcome = impl.apply(tx);
  if (!outcome) {
    out.refused = outcome.error();
    return out;
  }
  out.outcome = *outcome;
  for (auto& [key, after] : std::move(impl.state).take_changes()) {
    auto before = state.get(key);
    if (before != after) out.changes.push_back({key, std::move(before), after});
  }
  return out;
}

std::uint64_t BlockExecution::units_used() const {
  return impl_->units_used;
}

bool BlockExecution::has_content() const {
  return impl_->due || !impl_->outcomes.empty();
}

BlockResult BlockExecution::finish() && {
  return impl_->finish();
}

Result<BlockResult, Fault> execute_block(const ReadView& parent_state, std::uint64_t parent_time_ms,
                                         const Block& block,
                                         const std::vector<const CheckedTx*>& txs, TxRoot root,
                                         MarketIndex* index) {
  CHECK(txs.size() == block.txs.size());
  if (root == TxRoot::kUnchecked && tx_root(block) != block.header.tx_root)
    return Fail{Fault::kBlockBadTxRoot};
  TRY(BlockExecution execution,
      BlockExecution::begin(parent_state, parent_time_ms, block.header, block.certificate, index));
  for (std::size_t i = 0; i < txs.size(); ++i) {
    CHECK(static_cast<const Bytes&>(block.txs[i]) == txs[i]->encoded());
    const auto outcome = execution.apply(*txs[i]);
    if (outcome) continue;
    const Fault fault = outcome.error();
    if (fault == Fault::kBlockBadBeacon) return Fail{fault};
    return Fail{fault == Fault::kBlockFull ? Fault::kBlockTooLarge : Fault::kBlockBadTransaction};
  }
  // A link is revealed exactly when the block writes something.
  if (block.header.beacon && !execution.has_content()) return Fail{Fault::kBlockBadBeacon};
  return std::move(execution).finish();
}

std::optional<std::uint64_t> next_due_ms(const ReadView& state, std::uint64_t now_ms) {
  const std::optional<std::uint64_t> market_ms = market::next_due_ms(state, now_ms);
  const std::optional<StakingDue> staking = first_staking_due(state);
  if (!staking || (market_ms && *market_ms <= staking->time_ms)) return market_ms;
  return staking->time_ms;
}

}  // namespace fog
