#include "consensus/rules/messages.h"

namespace fog {
namespace {

template <class M>
Result<Message, Fault> decode_as(ByteView payload) {
  auto message = bcs_decode<M>(payload);
  if (!message) return Fail{Fault::kMalformedMessage};
  return Message(std::in_place_type<M>, *std::move(message));
}

}  // namespace

Result<Message, Fault> decode_message(const RawMessage& raw) {
  switch (static_cast<MessageKind>(raw.kind)) {
    case MessageKind::kTransfer:
      return decode_as<Transfer>(raw.payload);
    case MessageKind::kRegisterHost:
      return decode_as<market::RegisterHost>(raw.payload);
    case MessageKind::kUpdateHost:
      return decode_as<market::UpdateHost>(raw.payload);
    case MessageKind::kRetireHost:
      return decode_as<market::RetireHost>(raw.payload);
    case MessageKind::kSetOffer:
      return decode_as<market::SetOffer>(raw.payload);
    case MessageKind::kWithdrawOffer:
      return decode_as<market::WithdrawOffer>(raw.payload);
    case MessageKind::kAdmitAuditors:
      return decode_as<market::AdmitAuditors>(raw.payload);
    case MessageKind::kAttestHost:
      return decode_as<market::AttestHost>(raw.payload);
    case MessageKind::kRevokeAttestation:
      return decode_as<market::RevokeAttestation>(raw.payload);
    case MessageKind::kRegisterGateway:
      return decode_as<market::RegisterGateway>(raw.payload);
    case MessageKind::kUpdateGateway:
      return decode_as<market::UpdateGateway>(raw.payload);
    case MessageKind::kPublishService:
      return decode_as<market::PublishService>(raw.payload);
    case MessageKind::kUpdateService:
      return decode_as<market::UpdateService>(raw.payload);
    case MessageKind::kRetireService:
      return decode_as<market::RetireService>(raw.payload);
    case MessageKind::kCreateBid:
      return decode_as<market::CreateBid>(raw.payload);
    case MessageKind::kTopUpBid:
      return decode_as<market::TopUpBid>(raw.payload);
    case MessageKind::kCloseBid:
      return decode_as<market::CloseBid>(raw.payload);
    case MessageKind::kAckLease:
      return decode_as<market::AckLease>(raw.payload);
    case MessageKind::kReleaseLease:
      return decode_as<market::ReleaseLease>(raw.payload);
    case MessageKind::kHeartbeat:
      return decode_as<market::Heartbeat>(raw.payload);
    case MessageKind::kSubmitReceipts:
      return decode_as<market::SubmitReceipts>(raw.payload);
    case MessageKind::kUpdateBid:
      return decode_as<market::UpdateBid>(raw.payload);
    case MessageKind::kRaiseDemand:
      return decode_as<market::RaiseDemand>(raw.payload);
    case MessageKind::kOpenLease:
      return decode_as<market::OpenLease>(raw.payload);
    case MessageKind::kDrainHost:
      return decode_as<market::DrainHost>(raw.payload);
    case MessageKind::kCreateValidator:
      return decode_as<CreateValidator>(raw.payload);
    case MessageKind::kEditValidator:
      return decode_as<EditValidator>(raw.payload);
    case MessageKind::kUnjail:
      return decode_as<Unjail>(raw.payload);
    case MessageKind::kSubmitEvidence:
      return decode_as<SubmitEvidence>(raw.payload);
    case MessageKind::kDelegate:
      return decode_as<Delegate>(raw.payload);
    case MessageKind::kRedelegate:
      return decode_as<Redelegate>(raw.payload);
    case MessageKind::kUndelegate:
      return decode_as<Undelegate>(raw.payload);
    case MessageKind::kWithdrawRewards:
      return decode_as<WithdrawRewards>(raw.payload);
    case MessageKind::kProposeParameters:
      return decode_as<ProposeParameters>(raw.payload);
    case MessageKind::kVoteParameters:
      return decode_as<VoteParameters>(raw.payload);
  }
  return Fail{Fault::kUnknownMessage};
}

Result<std::vector<Message>, Fault> decode_messages(const TxBody& body) {
  std::vector<Message> messages;
  messages.reserve(body.messages.size());
  for (const RawMessage& raw : body.messages) {
    TRY(Message message, decode_message(raw));
    messages.push_back(std::move(message));
  }
  return messages;
}

Fault check_messages(const TxBody& body) {
  for (const RawMessage& raw : body.messages) {
    if (const auto message = decode_message(raw); !message) return message.error();
  }
  return Fault::kNone;
}

Fault apply_message(Overlay& state, const BlockContext& block, const TxContext& tx,
                    const Message& message) {
  // Which apply() it is follows from the message's type: the ledger's, the market's or staking's.
  return std::visit([&](const auto& kind) { return apply(state, block, tx, kind); }, message);
}

}  // namespace fog
