// How each public type looks in JSON, one line a type. For .cc files only.
#pragma once

#include "chain/types/final_tx.h"
#include "chain/types/simulation.h"
#include "rpc/json/fields.h"

namespace fog {
constexpr TxPlace bcs_last(TxPlace) {
  return TxPlace::kFinal;
}
constexpr SyncPhase bcs_last(SyncPhase) {
  return SyncPhase::kGivenUp;
}
constexpr HistoryOrder bcs_last(HistoryOrder) {
  return HistoryOrder::kOldestFirst;
}
}  // namespace fog

namespace fog::rpc::detail {

// ---- the chain's ----
FOG_JSON(MultisigPolicy, threshold, keys);
FOG_JSON(LaneSequence, lane, next);
FOG_JSON(Account, balance, lanes);
FOG_JSON(Supply, minted, burned);
FOG_JSON(FeeMarket, base_price, as_of_ms);
FOG_JSON(ChainParams, base_price_min, block_units_target, block_units_max,
         base_price_change_denominator, base_price_interval_ms, account_creation_burn,
         expiry_ahead_max_ms, epoch_length);
FOG_JSON(BeaconReveal, link, next_commitment);
FOG_JSON(BlockHeader, chain_id, height, epoch, time_ms, parent, app_hash, tx_root, validators_hash,
         proposer, beacon, next_validators_hash, certificate_hash);
FOG_JSON(Vote, epoch, view, kind, parent_view, block);
FOG_JSON(ValidatorSignature, index, signature);
FOG_JSON(Certificate, vote, signatures);
FOG_JSON(Validator, key, stake);
FOG_JSON(ValidatorSet, validators);
FOG_JSON(EpochRecord, epoch, leader_seed, started_ms);
FOG_JSON(ValidatorTally, proposed, certified, tips);
FOG_JSON(EpochTally, blocks, certificates, validators);
FOG_JSON(RewardIndex, high, low);
FOG_JSON(Commission, rate, rate_max, change_max);
FOG_JSON(ValidatorRecord, key, owner, payout, stake, shares, commission, commission_changed_ms,
         reward_index, reward_rest, rewards, commission_due, jailed_until_ms, tombstoned,
         beacon_tip, beacon_remaining);
FOG_JSON(StakingParams, unbonding_ms, evidence_window_ms, trusting_period_ms, jail_ms, min_bond,
         slash_per_10000, reporter_per_10000, inflation_per_10000, validators_max, voting_ms,
         lock_ms);
FOG_JSON(ParameterChange, name, value);
FOG_JSON(OwnerVote, owner, approve);
FOG_JSON(Proposal, number, proposer, changes, created_ms, closes_ms, applies_ms, state, votes,
         stake_for, stake_total);
FOG_JSON(TransferOutput, to, amount);
FOG_JSON(Transfer, outputs);
FOG_JSON(SingleAuth, key, signature);
FOG_JSON(IndexedSignature, index, signature);
FOG_JSON(MultiAuth, policy, signatures);
FOG_JSON(TxBody, chain_id, sender, lane, sequence, expiry_ms, price_max, tip, messages, memo);
FOG_JSON(SignedTx, body, auth);

// ---- staking's messages ----
FOG_JSON(CreateValidator, key, possession, payout, commission, beacon_commitment, bond);
FOG_JSON(EditValidator, validator, payout, commission_per_10000, beacon_commitment);
FOG_JSON(Unjail, validator);
FOG_JSON(SubmitEvidence, validator, first, first_signature, second, second_signature);
FOG_JSON(Delegate, validator, amount);
FOG_JSON(Redelegate, from, to, amount);
FOG_JSON(Undelegate, validator, amount);
FOG_JSON(WithdrawRewards, validator);
FOG_JSON(ProposeParameters, changes);
FOG_JSON(VoteParameters, proposal, approve);

// ---- the market's ----
FOG_JSON(market::Gpu, model, milli);
FOG_JSON(market::Resources, cpu_milli, memory_mib, storage_mib, egress_mbps, gpu);
FOG_JSON(market::UnitPrices, cpu_core_hour, memory_gib_hour, storage_gib_month, gpu_hour, gfuel,
         egress_gib, million_requests);
FOG_JSON(market::PriceClass, name, prices);
FOG_JSON(market::Counters, requests, fuel, egress_bytes);
FOG_JSON(market::UseProfile, fuel, egress_bytes, requests);
FOG_JSON(market::MarketParams, classes, ack_deadline_ms, receipt_interval_ms, lease_timeout_ms,
         notice_ms, final_receipt_window_ms, audit_window_ms, bond_return_ms, burn_permille,
         holdback_permille, failure_slash_permille, host_bond_min, service_fee_burn,
         gateway_fee_burn, fuel_per_core_second_max, sleep_retry_ms, demand_fee, escrow_low_ms,
         events_kept_ms, searches_per_block);
FOG_JSON(market::Location, country, lat_milli, lon_milli);
FOG_JSON(market::Host, id, owner, operator_account, operator_key, endpoint, location, capacity,
         attributes, runtimes, bond, standing, standing_as_of_ms, last_seen_ms, leases_open,
         retired_at_ms, failures, earned, down_since_ms, leaving_at_ms, holdbacks, auditors);
FOG_JSON(market::Offer, host, price_class, scale, free, since_height);
FOG_JSON(market::Gateway, owner, key, endpoint, location, previous_key, previous_until_ms);
FOG_JSON(market::Volume, path, mib);
FOG_JSON(market::Manifest, summary, runtime, artifact, artifact_bytes, memory_mib, fuel_per_request,
         wall_ms, request_bytes_max, response_bytes_max, env, port, outbound, outbound_bytes_max,
         image, secrets, volumes, keyvalue_mib);
FOG_JSON(market::Service, name, owner, version, manifest, bids_open, metered);
FOG_JSON(market::AttributeRule, key, op, values, audited);
FOG_JSON(market::Constraints, countries, not_countries, cells, distance_max_km, latency_max_us,
         attributes, auditors, only_hosts, not_hosts, only_owners, not_owners, runtime,
         standing_min, per_host_max, per_owner_max, per_country_max);
FOG_JSON(market::UnitCaps, cpu_core_hour, memory_gib_hour, storage_gib_month, gpu_hour, gfuel,
         egress_gib, million_requests);
FOG_JSON(market::BidTerms, service, replicas_min, replicas_max, resources, profile, cap_step,
         unit_caps, spend_per_hour_max, constraints, near, latency_weight, verification, gateways,
         lease_ms, start_by_ms, warm, demands_per_hour);
FOG_JSON(market::Attestation, auditor, attributes, attested_ms, expires_ms);
FOG_JSON(market::HostAudit, host, attestations);
FOG_JSON(market::PreviewMatch, host, owner, location, price_class, hourly, asked, replicas, cleared,
         distance_km, standing);
FOG_JSON(market::PreviewReason, why, hosts, alone, nearest, what);
FOG_JSON(market::PreviewReport, height, time_ms, offers, looked_at, can_serve, wanted, found,
         matches, more_matches, reasons);
FOG_JSON(market::Deposit, from, left);
FOG_JSON(market::Bid, id, owner, terms, created_height, created_ms, since_height, free, locked,
         spent, refunded, deposited, deposits, replicas_held, replicas_leaving, replicas_reserved,
         replicas_demanded, replicas_renewing, leases_ever, closed, closed_ms, sleep_until_ms,
         asleep_since_ms, turn_height, low_since_ms, gateways_before, gateways_before_until_ms);
FOG_JSON(market::RoundTrip, host, micros);
FOG_JSON(market::Demand, bid, gateway, replicas, location, round_trips, raised_ms, until_ms,
         hour_since_ms, raised_in_hour);
FOG_JSON(market::PastPrice, prices, scale, since_ms, rent_before);
FOG_JSON(market::SumNode, hash, sums);
FOG_JSON(market::LogState, gateway, count, root, vouched_count, vouched_response_bytes);
FOG_JSON(market::Lease, id, bid, service, service_version, ordinal, term, host, publisher, state,
         prices, scale, resources, runtime, beacon, proposed_ms, ack_deadline_ms, active_since_ms,
         last_seen_ms, billed_until_ms, rent_due, use_due, paid, burned, held, slice, receipts,
         logs, closed, closing_at_ms, closed_ms, receipts_ever, spend_per_hour_max, allowance,
         reserved, ticket, opened_ms, renews_ms, renewing, renewals, priced_since_ms, rent_before,
         use_before, used_before, past_price);
FOG_JSON(market::MarketEvent, kind, height, number, time_ms, service, bid, lease, term, host,
         gateway, reason, amount, scale, replicas, at_ms);
FOG_JSON(market::ReceiptRecord, lease, term, number, host, included_ms, height, counters, rent, use,
         to_host, held, burned, short_by);
FOG_JSON(market::Voucher, chain_id, lease, term, gateway, count, request_bytes, response_bytes,
         chain);
FOG_JSON(market::SignedVoucher, voucher, signature);

// ---- the market's messages ----
FOG_JSON(market::RegisterHost, operator_key, endpoint, location, capacity, attributes, runtimes,
         bond);
FOG_JSON(market::UpdateHost, host, operator_key, endpoint, location, capacity, attributes, runtimes,
         bond_added);
FOG_JSON(market::RetireHost, host);
FOG_JSON(market::SetOffer, host, price_class, scale, offered);
FOG_JSON(market::WithdrawOffer, host);
FOG_JSON(market::AdmitAuditors, host, auditors);
FOG_JSON(market::AttestHost, host, attributes, expires_ms);
FOG_JSON(market::RevokeAttestation, host);
FOG_JSON(market::RegisterGateway, key, endpoint, location);
FOG_JSON(market::UpdateGateway, key, endpoint, location);
FOG_JSON(market::PublishService, name, manifest);
FOG_JSON(market::UpdateService, name, manifest);
FOG_JSON(market::RetireService, name);
FOG_JSON(market::CreateBid, terms, deposit);
FOG_JSON(market::TopUpBid, bid, amount);
FOG_JSON(market::CloseBid, bid);
FOG_JSON(market::UpdateBid, bid, terms);
FOG_JSON(market::RaiseDemand, bid, replicas, location, round_trips, for_ms);
FOG_JSON(market::Ticket, chain_id, lease, term, gateway, number, expiry_ms);
FOG_JSON(market::SignedTicket, ticket, signature);
FOG_JSON(market::OpenLease, lease, term, ticket);
FOG_JSON(market::DrainHost, host, after_ms);
FOG_JSON(market::AckLease, lease, term);
FOG_JSON(market::ReleaseLease, lease, term, why);
FOG_JSON(market::Heartbeat, host);
FOG_JSON(market::LogClaim, gateway, count, root, consistency, voucher);
FOG_JSON(market::Receipt, lease, term, logs);
FOG_JSON(market::SubmitReceipts, host, receipts);

// ---- the node interface's ----
FOG_JSON(ChainStatus, chain_id, chain_name, height, time_ms, block, app_hash, base_price,
         mempool_txs, mempool_bytes, version);
FOG_JSON(ValidatorView, record, owner_stake, in_set, in_next_set);
FOG_JSON(DelegationView, validator, amount, rewards);
FOG_JSON(UnbondingView, validator, last_epoch, amount, free_ms);
FOG_JSON(RedelegationView, from, to, last_epoch, amount);
FOG_JSON(StakeView, delegator, delegations, unbonding, redelegations);
FOG_JSON(EpochView, epoch, set, next_set, tally);
FOG_JSON(StateRecord, key, value);
FOG_JSON(StatePage, records, next, height);
FOG_JSON(StateProof, height, root, key, value, siblings, other_leaf);
FOG_JSON(HistoryPage, items, next, height, first_height);
FOG_JSON(SimulatedChange, key, before, after);
FOG_JSON(Simulation, height, time_ms, base_price, refused, outcome, changes);
FOG_JSON(SyncReport, phase, height, first_height, epochs, snapshot_height, chunks, chunks_total,
         snapshots);
FOG_JSON(Checkpoint, height, block, epoch, time_ms);
FOG_JSON(SupplyReport, height, supply, accounts, stakes, bonds, escrows, conserved);

// ---- enums ----
template <>
struct EnumNames<ProposalState> {
  static std::string_view of(ProposalState state) {
    switch (state) {
      case ProposalState::kOpen:
        return "open";
      case ProposalState::kAccepted:
        return "accepted";
      case ProposalState::kRejected:
        return "rejected";
      case ProposalState::kApplied:
        return "applied";
      case ProposalState::kFailed:
        return "failed";
    }
    return "";
  }
};
template <>
struct EnumNames<VoteKind> {
  static std::string_view of(VoteKind kind) {
    switch (kind) {
      case VoteKind::kNotarize:
        return "notarize";
      case VoteKind::kNullify:
        return "nullify";
      case VoteKind::kFinalize:
        return "finalize";
    }
    return "";
  }
};
template <>
struct EnumNames<SyncPhase> {
  static std::string_view of(SyncPhase phase) {
    switch (phase) {
      case SyncPhase::kNone:
        return "none";
      case SyncPhase::kEpochs:
        return "epochs";
      case SyncPhase::kOffers:
        return "offers";
      case SyncPhase::kChunks:
        return "chunks";
      case SyncPhase::kInstalled:
        return "installed";
      case SyncPhase::kGivenUp:
        return "given_up";
    }
    return "";
  }
};
template <>
struct EnumNames<HistoryOrder> {
  static std::string_view of(HistoryOrder order) {
    switch (order) {
      case HistoryOrder::kNewestFirst:
        return "newest_first";
      case HistoryOrder::kOldestFirst:
        return "oldest_first";
    }
    return "";
  }
};
template <>
struct EnumNames<TxPlace> {
  static std::string_view of(TxPlace place) {
    switch (place) {
      case TxPlace::kUnknown:
        return "unknown";
      case TxPlace::kPending:
        return "pending";
      case TxPlace::kFinal:
        return "final";
    }
    return "";
  }
};
template <>
struct EnumNames<market::RuntimeKind> {
  static std::string_view of(market::RuntimeKind kind) {
    switch (kind) {
      case market::RuntimeKind::kWasmCommand:
        return "wasm";
      case market::RuntimeKind::kWasmHttp:
        return "wasm-http";
      case market::RuntimeKind::kContainer:
        return "container";
    }
    return "";
  }
};
template <>
struct EnumNames<market::Verification> {
  static std::string_view of(market::Verification verification) {
    switch (verification) {
      case market::Verification::kNone:
        return "none";
      case market::Verification::kSampled:
        return "sampled";
      case market::Verification::kEvery:
        return "every";
    }
    return "";
  }
};
template <>
struct EnumNames<market::Misfit> {
  static std::string_view of(market::Misfit misfit) { return market::misfit_name(misfit); }
};
template <>
struct EnumNames<market::AttributeOp> {
  static std::string_view of(market::AttributeOp op) { return market::attribute_op_name(op); }
};
template <>
struct EnumNames<market::CloseReason> {
  static std::string_view of(market::CloseReason reason) {
    return market::close_reason_name(reason);
  }
};
template <>
struct EnumNames<market::EventKind> {
  static std::string_view of(market::EventKind kind) { return market::event_kind_name(kind); }
};
template <>
struct EnumNames<market::LeaseState> {
  static std::string_view of(market::LeaseState state) { return market::lease_state_name(state); }
};

// ---- those that differ from their fields; defined in codec_chain.cc ----

// The two auths are told apart by their fields: {"key", "signature"} or {"policy", "signatures"}.
template <>
struct Custom<TxAuth> {
  static Json write(const TxAuth& value);
  static bool read(Reader& reader, const Json& json, TxAuth& value);
};
// {"kind", "name", "body": {...}} where the payload is canonical, else {"kind", "payload"}. Reading
// takes either; a body needs "name" or "kind".
template <>
struct Custom<RawMessage> {
  static Json write(const RawMessage& value);
  static bool read(Reader& reader, const Json& json, RawMessage& value);
};
// {"number", "name"}, and for a fault "help".
template <>
struct Custom<Fault> {
  static Json write(const Fault& value);
  static bool read(Reader& reader, const Json& json, Fault& value);
};
template <>
struct Custom<TxOutcome> {
  static Json write(const TxOutcome& value);
  static bool read(Reader& reader, const Json& json, TxOutcome& value);
};
template <>
struct Custom<TxStatus> {
  static Json write(const TxStatus& value);
  static bool read(Reader& reader, const Json& json, TxStatus& value);
};
template <>
struct Custom<SubmitReply> {
  static Json write(const SubmitReply& value);
  static bool read(Reader& reader, const Json& json, SubmitReply& value);
};
template <>
struct Custom<BlockInfo> {
  static Json write(const BlockInfo& value);
  static bool read(Reader& reader, const Json& json, BlockInfo& value);
};
// "HEIGHT:INDEX".
template <>
struct Custom<TxPosition> {
  static Json write(const TxPosition& value);
  static bool read(Reader& reader, const Json& json, TxPosition& value);
};
// The transaction decoded, with its id and place beside it.
template <>
struct Custom<FinalTx> {
  static Json write(const FinalTx& value);
  static bool read(Reader& reader, const Json& json, FinalTx& value);
};
template <>
struct Custom<std::pair<Hash32, Hash32>> {
  static Json write(const std::pair<Hash32, Hash32>& value);
  static bool read(Reader& reader, const Json& json, std::pair<Hash32, Hash32>& value);
};

}  // namespace fog::rpc::detail

// Makes the two functions of codec.h for a type; at namespace fog::rpc.
#define FOG_JSON_TYPE(type)                                                  \
  template <>                                                                \
  nlohmann::json to_json(const type& value) {                                \
    return detail::write(value);                                             \
  }                                                                          \
  template <>                                                                \
  ErrorOr<type> from_json(const nlohmann::json& json, std::string_view what, \
                          UnknownFields unknown) {                           \
    return detail::read_whole<type>(json, what, unknown);                    \
  }                                                                          \
  static_assert(true)
