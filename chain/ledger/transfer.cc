#include "chain/ledger/transfer.h"

namespace fog {
namespace {

Amount creation_burn(const ReadView& state) {
  const auto params = load<ChainParams>(state, chain_params_key());
  CHECK(params.has_value());
  return params->account_creation_burn;
}

Fault pay(Overlay& state, const TransferOutput& output) {
  const StateKey key = account_key(output.to);
  if (std::optional<Account> account = load<Account>(state, key)) {
    account->balance += output.amount;
    store(state, key, *account);
    return Fault::kNone;
  }
  const Amount burned = creation_burn(state);
  if (output.amount < burned) return Fault::kBelowCreation;
  Account created;
  created.balance = output.amount - burned;
  store(state, key, created);
  burn(state, burned);
  return Fault::kNone;
}

}  // namespace

Fault apply(Overlay& state, const BlockContext& /*block*/, const TxContext& tx,
            const Transfer& message) {
  if (message.outputs.empty()) return Fault::kZeroAmount;
  Amount total;
  for (const TransferOutput& output : message.outputs) {
    if (output.amount == Amount{}) return Fault::kZeroAmount;
    const auto sum = checked_add(total, output.amount);
    if (!sum) return Fault::kAmountOverflow;
    total = *sum;
  }
  if (const Fault fault = debit(state, tx.sender, total); fault != Fault::kNone) return fault;
  for (const TransferOutput& output : message.outputs) {
    if (const Fault fault = pay(state, output); fault != Fault::kNone) return fault;
  }
  return Fault::kNone;
}

}  // namespace fog
