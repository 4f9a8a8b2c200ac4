#include "wallet/tx_builder.h"

#include <algorithm>
#include <limits>

#include <fmt/format.h>

namespace fog::wallet {
namespace {

constexpr std::uint64_t kMax = std::numeric_limits<std::uint64_t>::max();

ErrorOr<TxQuote> quote_of(const SignedTx& tx) {
  TxQuote out;
  out.size = bcs_encode(tx).size();
  if (out.size > kTxBytesMax) {
    return fail(ErrorCode::kExhausted,
                fmt::format("the transaction has {} bytes; at most {} are allowed, so split it",
                            out.size, kTxBytesMax));
  }
  out.units = tx_units(tx, out.size);
  const auto fee = checked_mul(out.units, tx.body.price_max);
  if (!fee) {
    return fail(ErrorCode::kInvalidInput,
                fmt::format("{} units at {} droplets each are more than can be paid", out.units,
                            tx.body.price_max));
  }
  out.fee_max = Amount{*fee};
  return out;
}

ErrorOr<ReadyTx> make_ready(SignedTx tx) {
  TRY(const TxQuote quoted, quote_of(tx));
  ReadyTx out;
  out.id = tx_id(tx.body);
  out.encoded = bcs_encode(tx);
  out.body = std::move(tx.body);
  out.quote = quoted;
  return out;
}

}  // namespace

FeeTerms suggest_fee(std::uint64_t base_price) {
  const std::uint64_t tip = std::max<std::uint64_t>(1, base_price / 10);
  const auto doubled = checked_mul(base_price, 2);
  const auto price = doubled ? checked_add(*doubled, tip) : std::nullopt;
  return {price.value_or(kMax), tip};
}

ErrorOr<TxBody> build_body(TxPlan plan) {
  if (plan.messages.empty() || plan.messages.size() > kTxMessagesMax) {
    return fail(ErrorCode::kInvalidInput, fmt::format("a transaction has 1 to {} messages, not {}",
                                                      kTxMessagesMax, plan.messages.size()));
  }
  for (const RawMessage& message : plan.messages) {
    if (message.payload.size() > kMessageBytesMax) {
      return fail(ErrorCode::kInvalidInput,
                  fmt::format("a message has at most {} bytes; this one has {}", kMessageBytesMax,
                              message.payload.size()));
    }
  }
  if (plan.memo.size() > kMemoBytesMax) {
    return fail(ErrorCode::kInvalidInput,
                fmt::format("a memo has at most {} bytes; this one has {}", kMemoBytesMax,
                            plan.memo.size()));
  }
  if (plan.lane >= kLanes) {
    return fail(ErrorCode::kInvalidInput, fmt::format("lanes are 0 to {}", kLanes - 1));
  }
  if (plan.fee.tip > plan.fee.price_max) {
    return fail(ErrorCode::kInvalidInput,
                fmt::format("the tip of {} droplets per unit exceeds the highest price of {}",
                            plan.fee.tip, plan.fee.price_max));
  }
  TxBody body;
  body.chain_id = plan.chain_id;
  body.sender = plan.sender;
  body.lane = plan.lane;
  body.sequence = plan.sequence;
  body.expiry_ms = plan.expiry_ms;
  body.price_max = plan.fee.price_max;
  body.tip = plan.fee.tip;
  body.messages.assign(std::make_move_iterator(plan.messages.begin()),
                       std::make_move_iterator(plan.messages.end()));
  body.memo = to_bytes(as_bytes(plan.memo));
  return body;
}

Amount TxQuote::fee_at(const TxBody& body, std::uint64_t base_price) const {
  const std::uint64_t wanted = checked_add(base_price, body.tip).value_or(kMax);
  // At most fee_max, which fits.
  const auto fee = checked_mul(units, std::min(wanted, body.price_max));
  CHECK(fee.has_value());
  return Amount{*fee};
}

ErrorOr<TxQuote> quote(const TxBody& body) {
  return quote_of({body, SingleAuth{}});
}

ErrorOr<TxQuote> quote(const TxBody& body, const MultisigPolicy& policy) {
  MultiAuth auth;
  auth.policy = policy;
  auth.signatures.resize(policy.threshold);
  return quote_of({body, std::move(auth)});
}

ErrorOr<ReadyTx> sign_tx(TxBody body, Signer& signer) {
  if (signer.address() != body.sender) {
    return fail(ErrorCode::kInvalidInput,
                fmt::format("the transaction is sent by {}, but the key is that of {}",
                            to_text(body.sender), to_text(signer.address())));
  }
  TRY(const EcdsaSig signature, signer.sign(tx_id(body)));
  return make_ready({std::move(body), SingleAuth{signer.public_key(), signature}});
}

ErrorOr<ReadyTx> assemble_tx(TxBody body, TxAuth auth) {
  return make_ready({std::move(body), std::move(auth)});
}

ErrorOr<RawMessage> make_transfer(const std::vector<TransferOutput>& outputs) {
  if (outputs.empty() || outputs.size() > kTransferOutputsMax) {
    return fail(ErrorCode::kInvalidInput, fmt::format("a transfer has 1 to {} outputs, not {}",
                                                      kTransferOutputsMax, outputs.size()));
  }
  Transfer transfer;
  Amount sum;
  for (const TransferOutput& output : outputs) {
    const auto next = checked_add(sum, output.amount);
    if (output.amount == Amount{} || !next) {
      return fail(ErrorCode::kInvalidInput,
                  output.amount == Amount{}
                      ? fmt::format("the amount for {} is zero", to_text(output.to))
                      : std::string("the amounts together are more FOG than can exist"));
    }
    sum = *next;
    transfer.outputs.push_back(output);
  }
  return make_message(transfer);
}

std::optional<Amount> transferred(const TxBody& body) {
  std::optional<Amount> sum = Amount{};
  for (const RawMessage& message : body.messages) {
    if (message.kind != static_cast<std::uint16_t>(MessageKind::kTransfer)) continue;
    const auto transfer = bcs_decode<Transfer>(message.payload);
    if (!transfer) continue;
    for (const TransferOutput& output : transfer->outputs) {
      sum = sum ? checked_add(*sum, output.amount) : std::nullopt;
    }
  }
  return sum;
}

}  // namespace fog::wallet
