// Building a transaction: messages, lane, sequence, expiry and fee become a body; signed, it
// becomes the bytes to submit. Nothing here talks to a node (wallet/tx_sender.h does).
//
// All functions are without state, safe from any thread.
#pragma once

#include <string_view>
#include <vector>

#include "chain/types/transaction.h"
#include "wallet/signer.h"

namespace fog::wallet {

// Droplets per unit: the most that will be paid, base price and tip together, and the tip.
struct FeeTerms {
  std::uint64_t price_max = 0;
  std::uint64_t tip = 0;
  bool operator==(const FeeTerms&) const = default;
};
// Terms that hold while the base price doubles, as it can within six blocks above target (1/8
// each). What the base price does not need is not charged. The tip is a tenth of the base price, at
// least 1.
FeeTerms suggest_fee(std::uint64_t base_price);

// Everything a body needs.
struct TxPlan {
  ChainId chain_id;
  Address sender;
  std::uint8_t lane = 0;
  std::uint64_t sequence = 0;
  std::uint64_t expiry_ms = 0;  // the last block time at which it may be included
  FeeTerms fee;
  std::vector<RawMessage> messages;
  std::string memo;  // at most 128 bytes
};

// kInvalidInput for what every node would refuse: no or too many messages, a message or the memo
// too long, a lane above 15, a tip above the price.
ErrorOr<TxBody> build_body(TxPlan plan);

// What a transaction will weigh and cost.
struct TxQuote {
  std::size_t size = 0;     // bytes, signed
  std::uint64_t units = 0;  // tx_units
  Amount fee_max;           // units x price_max: what the sender's balance must cover
  // At this base price: units x min(price_max, base + tip).
  Amount fee_at(const TxBody& body, std::uint64_t base_price) const;
};
// For one signature, or for a multisig policy's threshold of them. kExhausted above kTxBytesMax
// bytes; kInvalidInput if the fee exceeds 64 bits.
ErrorOr<TxQuote> quote(const TxBody& body);
ErrorOr<TxQuote> quote(const TxBody& body, const MultisigPolicy& policy);

// A transaction ready to submit.
struct ReadyTx {
  TxId id;
  TxBody body;
  Bytes encoded;  // BCS of SignedTx
  TxQuote quote;
};
// kInvalidInput if the signer's address is not the body's sender; the signer's errors.
ErrorOr<ReadyTx> sign_tx(TxBody body, Signer& signer);
// With an authorization that was made elsewhere (wallet/multisig.h, wallet/tx_file.h).
ErrorOr<ReadyTx> assemble_tx(TxBody body, TxAuth auth);

// The usual message: FOG to one or more addresses. kInvalidInput for none, more than 256, a zero
// amount, or a sum beyond 64 bits.
ErrorOr<RawMessage> make_transfer(const std::vector<TransferOutput>& outputs);
// The FOG that the transfers among these messages send; nothing beyond 64 bits.
std::optional<Amount> transferred(const TxBody& body);

}  // namespace fog::wallet
