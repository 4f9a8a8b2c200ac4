#include "chain/types/transaction.h"

#include "chain/crypto/hash.h"

namespace fog {
namespace {

constexpr std::uint64_t kUnitsPerSignature = 2'000;

}  // namespace

TxId tx_id(const TxBody& body) {
  return tx_id(bcs_encode(body));
}

TxId tx_id(ByteView encoded_body) {
  static const HashTag kTag("fog/tx");
  return tagged_hash(kTag, {encoded_body});
}

std::uint64_t message_units(std::uint16_t kind, std::size_t payload_size) {
  switch (static_cast<MessageKind>(kind)) {
    case MessageKind::kTransfer:
      // About 29 bytes an output; each touches one account.
      return 200 + 20 * static_cast<std::uint64_t>(payload_size);
    case MessageKind::kHeartbeat:
    case MessageKind::kAckLease:
    case MessageKind::kReleaseLease:
      return 1'000;
    case MessageKind::kSubmitReceipts:
      return 1'000 + 10 * static_cast<std::uint64_t>(payload_size);
    case MessageKind::kWithdrawRewards:
      return 2'000;
    case MessageKind::kDelegate:
    case MessageKind::kRedelegate:
    case MessageKind::kUndelegate:
    case MessageKind::kUnjail:
    case MessageKind::kEditValidator:
    case MessageKind::kVoteParameters:
    case MessageKind::kSetOffer:
    case MessageKind::kWithdrawOffer:
    case MessageKind::kAdmitAuditors:
    case MessageKind::kAttestHost:
    case MessageKind::kRevokeAttestation:
    case MessageKind::kTopUpBid:
    case MessageKind::kCloseBid:
    case MessageKind::kDrainHost:
    case MessageKind::kRaiseDemand:
    case MessageKind::kOpenLease:
    case MessageKind::kUpdateHost:
    case MessageKind::kUpdateGateway:
      return 5'000;
    case MessageKind::kCreateValidator:
    case MessageKind::kSubmitEvidence:
    case MessageKind::kProposeParameters:
    case MessageKind::kRegisterHost:
    case MessageKind::kRetireHost:
    case MessageKind::kRegisterGateway:
    case MessageKind::kPublishService:
    case MessageKind::kUpdateService:
    case MessageKind::kRetireService:
    case MessageKind::kCreateBid:
    case MessageKind::kUpdateBid:
      return 20'000;
  }
  return 20'000;
}

std::uint64_t tx_units(const SignedTx& tx, std::size_t encoded_size) {
  std::uint64_t units = encoded_size;
  const auto* multi = std::get_if<MultiAuth>(&tx.auth);
  units += kUnitsPerSignature * (multi == nullptr ? 1 : multi->signatures.size());
  for (const RawMessage& message : tx.body.messages) {
    units += message_units(message.kind, message.payload.size());
  }
  return units;
}

}  // namespace fog
