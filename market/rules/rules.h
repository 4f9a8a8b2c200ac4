// The market's rules: one function a message, and what the end of a block does.
//
// Each apply() refuses first (a Fault, the overlay untouched or dropped by the caller), then
// writes.
#pragma once

#include "chain/ledger/context.h"
#include "market/types/messages.h"

namespace fog::market {

Fault apply(Overlay& state, const BlockContext& block, const TxContext& tx,
            const RegisterHost& message);
Fault apply(Overlay& state, const BlockContext& block, const TxContext& tx,
            const UpdateHost& message);
Fault apply(Overlay& state, const BlockContext& block, const TxContext& tx,
            const RetireHost& message);
Fault apply(Overlay& state, const BlockContext& block, const TxContext& tx,
            const SetOffer& message);
Fault apply(Overlay& state, const BlockContext& block, const TxContext& tx,
            const WithdrawOffer& message);
Fault apply(Overlay& state, const BlockContext& block, const TxContext& tx,
            const AdmitAuditors& message);
Fault apply(Overlay& state, const BlockContext& block, const TxContext& tx,
            const AttestHost& message);
Fault apply(Overlay& state, const BlockContext& block, const TxContext& tx,
            const RevokeAttestation& message);
Fault apply(Overlay& state, const BlockContext& block, const TxContext& tx,
            const RegisterGateway& message);
Fault apply(Overlay& state, const BlockContext& block, const TxContext& tx,
            const UpdateGateway& message);
Fault apply(Overlay& state, const BlockContext& block, const TxContext& tx,
            const PublishService& message);
Fault apply(Overlay& state, const BlockContext& block, const TxContext& tx,
            const UpdateService& message);
Fault apply(Overlay& state, const BlockContext& block, const TxContext& tx,
            const RetireService& message);
Fault apply(Overlay& state, const BlockContext& block, const TxContext& tx,
            const CreateBid& message);
Fault apply(Overlay& state, const BlockContext& block, const TxContext& tx,
            const TopUpBid& message);
Fault apply(Overlay& state, const BlockContext& block, const TxContext& tx,
            const CloseBid& message);
Fault apply(Overlay& state, const BlockContext& block, const TxContext& tx,
            const UpdateBid& message);
Fault apply(Overlay& state, const BlockContext& block, const TxContext& tx,
            const RaiseDemand& message);
Fault apply(Overlay& state, const BlockContext& block, const TxContext& tx,
            const OpenLease& message);
Fault apply(Overlay& state, const BlockContext& block, const TxContext& tx,
            const DrainHost& message);
Fault apply(Overlay& state, const BlockContext& block, const TxContext& tx,
            const AckLease& message);
Fault apply(Overlay& state, const BlockContext& block, const TxContext& tx,
            const ReleaseLease& message);
Fault apply(Overlay& state, const BlockContext& block, const TxContext& tx,
            const Heartbeat& message);
Fault apply(Overlay& state, const BlockContext& block, const TxContext& tx,
            const SubmitReceipts& message);

// Settles every deadline with due time <= block time (missed acknowledgements, silent Hosts,
// notices, hold-backs, refunds, bonds), oldest first.
void settle_due(Overlay& state, const BlockContext& block);
struct MatchingIndex;
// The batch auction over open bids and offers (DESIGN 9). `index` is of the state below the block's
// overlay, and becomes the block's.
void clear_market(Overlay& state, const BlockContext& block, MatchingIndex& index);
// See next_due_ms in consensus/rules/execute.h.
std::optional<std::uint64_t> next_due_ms(const ReadView& state, std::uint64_t now_ms);

// The money that one record of the market holds (bonds; escrow: a Bid's free and locked;
// hold-backs), so that supply can be added up record by record. Zero for records of other kinds.
struct HeldMoney {
  u128 bonds = 0;
  u128 escrows = 0;
};
HeldMoney held_money(const StateKey& key, const Bytes& value);

}  // namespace fog::market
