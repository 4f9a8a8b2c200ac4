// Messages: the one switch over transaction kinds. A kind that is added to MessageKind does not
// compile until it is decoded here, and not until it has an apply().
//
// An unknown kind or a payload that is not canonical is a form fault: the mempool's door refuses
// such a transaction with check_messages, and BlockExecution refuses to include it, so a proposer
// leaves it out and a block that carries one is invalid.
#pragma once

#include <variant>
#include <vector>

#include "chain/ledger/transfer.h"
#include "consensus/rules/parameters.h"
#include "consensus/staking/rules.h"
#include "market/rules/rules.h"

namespace fog {

using Message =
    std::variant<Transfer, market::RegisterHost, market::UpdateHost, market::RetireHost,
                 market::SetOffer, market::WithdrawOffer, market::AdmitAuditors, market::AttestHost,
                 market::RevokeAttestation, market::RegisterGateway, market::UpdateGateway,
                 market::PublishService, market::UpdateService, market::RetireService,
                 market::CreateBid, market::TopUpBid, market::CloseBid, market::AckLease,
                 market::ReleaseLease, market::Heartbeat, market::SubmitReceipts, market::UpdateBid,
                 market::RaiseDemand, market::OpenLease, market::DrainHost, CreateValidator,
                 EditValidator, Unjail, SubmitEvidence, Delegate, Redelegate, Undelegate,
                 WithdrawRewards, ProposeParameters, VoteParameters>;

// kUnknownMessage, kMalformedMessage.
Result<Message, Fault> decode_message(const RawMessage& raw);
// All of a transaction's messages, in order; the first fault otherwise.
Result<std::vector<Message>, Fault> decode_messages(const TxBody& body);
// The fault that decode_messages would find, or kNone: what the mempool's door asks. Safe from any
// thread.
Fault check_messages(const TxBody& body);

// Applies one message: refuses with a fault (the caller drops the overlay) or writes.
Fault apply_message(Overlay& state, const BlockContext& block, const TxContext& tx,
                    const Message& message);

}  // namespace fog
