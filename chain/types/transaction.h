// Transaction: a sender's signed order to the ledger: one or more messages, a lane and sequence
// against replay, an expiry, and the most it will pay.
#pragma once

#include <variant>

#include "chain/types/address.h"
#include "chain/types/amount.h"

namespace fog {

constexpr std::size_t kTxBytesMax = 128 * 1024;
constexpr std::size_t kTxMessagesMax = 64;
constexpr std::size_t kMessageBytesMax = 64 * 1024;
constexpr std::size_t kMemoBytesMax = 128;
constexpr std::uint8_t kLanes = 16;

using TxId = Hash32;
using ChainId = Hash32;  // the tagged hash of the genesis

// What a message is. Numbers are fixed for ever. The struct of each kind names its own in kKind;
// the switch over all of them is consensus/rules/messages.h.
enum class MessageKind : std::uint16_t {
  kTransfer = 1,

  kRegisterHost = 10,
  kUpdateHost = 11,
  kRetireHost = 12,
  kSetOffer = 13,
  kWithdrawOffer = 14,
  kAdmitAuditors = 15,
  kAttestHost = 16,
  kRevokeAttestation = 17,

  kRegisterGateway = 18,
  kUpdateGateway = 19,

  kPublishService = 20,
  kUpdateService = 21,
  kRetireService = 22,

  kCreateBid = 30,
  kTopUpBid = 31,
  kCloseBid = 32,
  kUpdateBid = 33,
  kRaiseDemand = 34,

  kAckLease = 40,
  kReleaseLease = 41,
  kHeartbeat = 42,
  kSubmitReceipts = 43,
  kOpenLease = 44,
  kDrainHost = 45,

  kCreateValidator = 60,
  kEditValidator = 61,
  kUnjail = 62,
  kSubmitEvidence = 63,
  kDelegate = 64,
  kRedelegate = 65,
  kUndelegate = 66,
  kWithdrawRewards = 67,
  kProposeParameters = 68,
  kVoteParameters = 69,
};

struct RawMessage {
  std::uint16_t kind = 0;
  BoundedBytes<kMessageBytesMax> payload;  // BCS of the kind's struct

  static constexpr auto kFields = std::make_tuple(&RawMessage::kind, &RawMessage::payload);
  bool operator==(const RawMessage&) const = default;
};

template <class M>
RawMessage make_message(const M& message) {
  return {static_cast<std::uint16_t>(M::kKind),
          BoundedBytes<kMessageBytesMax>(bcs_encode(message))};
}

struct TxBody {
  ChainId chain_id;
  Address sender;
  std::uint8_t lane = 0;        // 0..15
  std::uint64_t sequence = 0;   // the lane's next, counted from 0
  std::uint64_t expiry_ms = 0;  // the last block time (ms) at which it may be included
  std::uint64_t price_max = 0;  // droplets per unit, base price and tip together
  std::uint64_t tip = 0;        // droplets per unit for the proposer; at most price_max
  BoundedList<RawMessage, kTxMessagesMax> messages;
  BoundedBytes<kMemoBytesMax> memo;

  static constexpr auto kFields = std::make_tuple(
      &TxBody::chain_id, &TxBody::sender, &TxBody::lane, &TxBody::sequence, &TxBody::expiry_ms,
      &TxBody::price_max, &TxBody::tip, &TxBody::messages, &TxBody::memo);
  bool operator==(const TxBody&) const = default;
};

struct SingleAuth {
  PublicKey key;
  EcdsaSig signature;
  static constexpr auto kFields = std::make_tuple(&SingleAuth::key, &SingleAuth::signature);
  bool operator==(const SingleAuth&) const = default;
};
struct IndexedSignature {
  std::uint8_t index = 0;  // into the policy's keys
  EcdsaSig signature;
  static constexpr auto kFields =
      std::make_tuple(&IndexedSignature::index, &IndexedSignature::signature);
  bool operator==(const IndexedSignature&) const = default;
};
struct MultiAuth {
  MultisigPolicy policy;
  BoundedList<IndexedSignature, kMultisigKeysMax>
      signatures;  // exactly `threshold`, indexes ascending
  static constexpr auto kFields = std::make_tuple(&MultiAuth::policy, &MultiAuth::signatures);
  bool operator==(const MultiAuth&) const = default;
};
using TxAuth = std::variant<SingleAuth, MultiAuth>;

struct SignedTx {
  TxBody body;
  TxAuth auth;
  static constexpr auto kFields = std::make_tuple(&SignedTx::body, &SignedTx::auth);
  bool operator==(const SignedTx&) const = default;
};

// The tagged hash "fog/tx" of the BCS of the body: the transaction's id, and the digest that is
// signed.
TxId tx_id(const TxBody& body);
// The same from the encoded body, which stands at the start of an encoded transaction.
TxId tx_id(ByteView encoded_body);

// ---- the messages that the ledger itself defines ----

constexpr std::size_t kTransferOutputsMax = 256;

struct TransferOutput {
  Address to;
  Amount amount;
  static constexpr auto kFields = std::make_tuple(&TransferOutput::to, &TransferOutput::amount);
  bool operator==(const TransferOutput&) const = default;
};
// Moves FOG from the sender to each output, all or nothing. A first payment to an address creates
// its account and burns the creation burn out of that output.
struct Transfer {
  static constexpr MessageKind kKind = MessageKind::kTransfer;
  BoundedList<TransferOutput, kTransferOutputsMax> outputs;
  static constexpr auto kFields = std::make_tuple(&Transfer::outputs);
  bool operator==(const Transfer&) const = default;
};

// ---- units: what a transaction costs the network, before price ----

// Bytes + 2 000 a signature + the messages' own weight (message_units).
std::uint64_t tx_units(const SignedTx& tx, std::size_t encoded_size);
// The weight of one message; unknown kinds weigh as the heaviest (they are refused anyway).
std::uint64_t message_units(std::uint16_t kind, std::size_t payload_size);

// What happened to a transaction that a block included.
struct TxOutcome {
  std::uint16_t fault = 0;          // Fault, 0 when every message succeeded
  std::uint8_t failed_message = 0;  // index, meaningful when fault != 0
  std::uint64_t units = 0;
  Amount fee_burned;  // units x base price
  Amount fee_tip;     // units x tip paid, to the proposer
  static constexpr auto kFields =
      std::make_tuple(&TxOutcome::fault, &TxOutcome::failed_message, &TxOutcome::units,
                      &TxOutcome::fee_burned, &TxOutcome::fee_tip);
  bool operator==(const TxOutcome&) const = default;
};

}  // namespace fog
