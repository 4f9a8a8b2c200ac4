// The market's objects as they stand in the state: Host, Offer, Gateway, Service, Bid, Lease,
// Receipt.
#pragma once

#include "market/types/attestation.h"
#include "market/types/sum_log.h"
#include "market/types/terms.h"

namespace fog::market {

using BidId = Hash32;
using LeaseId = Hash32;
using Endpoint = BoundedText<255>;  // "http://host:port", no path

struct Host {
  HostId id;
  Address owner;             // bonds, earns
  Address operator_account;  // signs acknowledgements, heartbeats and receipts
  PublicKey operator_key;    // hashes to operator_account; also keys the link with gateways
  Endpoint endpoint;         // where gateways reach it
  Location location;
  Resources capacity;
  Attributes attributes;
  BoundedList<RuntimeProfile, 8> runtimes;
  Amount bond;
  std::uint16_t standing = kStandingOne;
  std::uint64_t standing_as_of_ms = 0;
  std::uint64_t last_seen_ms = 0;  // block time of the last heartbeat or receipt
  std::uint32_t leases_open = 0;
  std::uint64_t retired_at_ms = 0;  // 0 while in service
  std::uint64_t failures = 0;
  Amount earned;  // paid out in all, after burn
  // Since when it is thought dead (it missed a deadline); no candidate until it shows life. 0:
  // alive.
  std::uint64_t down_since_ms = 0;
  std::uint8_t auditors = 0;  // admitted, in its HostAudit
  static constexpr auto kFields = std::make_tuple(
      &Host::id, &Host::owner, &Host::operator_account, &Host::operator_key, &Host::endpoint,
      &Host::location, &Host::capacity, &Host::attributes, &Host::runtimes, &Host::bond,
      &Host::standing, &Host::standing_as_of_ms, &Host::last_seen_ms, &Host::leases_open,
      &Host::retired_at_ms, &Host::failures, &Host::earned, &Host::down_since_ms, &Host::auditors);
  bool operator==(const Host&) const = default;
};

// A Host's standing ask. One a Host.
struct Offer {
  HostId host;
  std::uint8_t price_class = 0;
  Scale scale = kScaleOne;
  Resources free;                  // capacity offered, less what leases hold
  std::uint64_t since_height = 0;  // takes part from the next block
  static constexpr auto kFields = std::make_tuple(&Offer::host, &Offer::price_class, &Offer::scale,
                                                  &Offer::free, &Offer::since_height);
  bool operator==(const Offer&) const = default;
};

struct Gateway {
  Address owner;      // its id
  PublicKey key;      // signs vouchers, keys the link with Hosts
  Endpoint endpoint;  // End Users' door; artifacts are served under /.fog/artifacts/
  Location location;
  // Vouchers of the key before still count until then, so that a change of key cannot cost a Host
  // what it has served.
  PublicKey previous_key;
  std::uint64_t previous_until_ms = 0;
  static constexpr auto kFields =
      std::make_tuple(&Gateway::owner, &Gateway::key, &Gateway::endpoint, &Gateway::location,
                      &Gateway::previous_key, &Gateway::previous_until_ms);
  bool operator==(const Gateway&) const = default;
};

enum class RuntimeKind : std::uint8_t { kWasmCommand, kWasmHttp, kContainer };
constexpr RuntimeKind bcs_last(RuntimeKind) {
  return RuntimeKind::kContainer;
}

constexpr std::uint64_t kArtifactBytesMax = 64ULL * 1024 * 1024;

struct Manifest {
  BoundedText<256> summary;
  RuntimeKind runtime = RuntimeKind::kWasmCommand;
  Hash32 artifact;                       // SHA-256 of the bytes
  std::uint64_t artifact_bytes = 0;      // 1..kArtifactBytesMax
  std::uint32_t memory_mib = 64;         // 1..4 096, a request's cap
  std::uint64_t fuel_per_request = 0;    // 1..10^12
  std::uint32_t wall_ms = 10'000;        // 1..600 000
  std::uint64_t request_bytes_max = 0;   // body; at most 2^30
  std::uint64_t response_bytes_max = 0;  // head and body; at most 2^30
  BoundedMap<BoundedText<64>, BoundedText<1024>, 64> env;
  static constexpr auto kFields = std::make_tuple(
      &Manifest::summary, &Manifest::runtime, &Manifest::artifact, &Manifest::artifact_bytes,
      &Manifest::memory_mib, &Manifest::fuel_per_request, &Manifest::wall_ms,
      &Manifest::request_bytes_max, &Manifest::response_bytes_max, &Manifest::env);
  bool operator==(const Manifest&) const = default;
};

struct Service {
  ServiceName name;
  Address owner;
  std::uint32_t version = 1;
  Manifest manifest;
  std::uint32_t bids_open = 0;
  // The chain's moving average of one replica's use in an hour; nothing before enough history.
  std::optional<UseProfile> metered;
  static constexpr auto kFields =
      std::make_tuple(&Service::name, &Service::owner, &Service::version, &Service::manifest,
                      &Service::bids_open, &Service::metered);
  bool operator==(const Service&) const = default;
};

struct Deposit {
  Address from;
  Amount amount;
  static constexpr auto kFields = std::make_tuple(&Deposit::from, &Deposit::amount);
  bool operator==(const Deposit&) const = default;
};

enum class CloseReason : std::uint8_t {
  kOpen,             // not closed
  kByPublisher,      // the Bid was closed
  kByHost,           // the Host released it
  kAckMissed,        // not acknowledged in time
  kHostSilent,       // neither receipt nor heartbeat for T
  kEscrowExhausted,  // the slice could not be refilled
  kServiceRetired,
  kHostRetired,
  kNotStarted,  // nobody was found before the Bid's start_by_ms
};
constexpr CloseReason bcs_last(CloseReason) {
  return CloseReason::kNotStarted;
}
std::string_view close_reason_name(CloseReason reason);

struct Bid {
  BidId id;
  Address owner;
  BidTerms terms;
  std::uint64_t created_height = 0;
  std::uint64_t created_ms = 0;
  // Money: free + locked is what stands in escrow; deposited = free + locked + spent + refunded.
  Amount free;
  Amount locked;  // slices of leases, hold-backs excluded (those are the Hosts')
  Amount spent;   // paid to Hosts and burned
  Amount refunded;
  BoundedList<Deposit, 16> deposits;  // by depositor, in order of first deposit
  std::uint16_t replicas_held = 0;    // leases proposed, active or closing
  std::uint32_t leases_ever = 0;      // ordinal of the next lease
  CloseReason closed = CloseReason::kOpen;
  std::uint64_t closed_ms = 0;
  // Asleep: searched again at this time, or when an Offer changes. 0 while awake, or when only
  // money is missing.
  std::uint64_t sleep_until_ms = 0;
  std::uint64_t asleep_since_ms = 0;  // since when its searches have found nothing; 0: never
  static constexpr auto kFields =
      std::make_tuple(&Bid::id, &Bid::owner, &Bid::terms, &Bid::created_height, &Bid::created_ms,
                      &Bid::free, &Bid::locked, &Bid::spent, &Bid::refunded, &Bid::deposits,
                      &Bid::replicas_held, &Bid::leases_ever, &Bid::closed, &Bid::closed_ms,
                      &Bid::sleep_until_ms, &Bid::asleep_since_ms);
  bool operator==(const Bid&) const = default;
};

// The last included state of one gateway's log in a lease's term.
struct LogState {
  Address gateway;
  std::uint64_t count = 0;  // leaves
  SumNode root;
  std::uint64_t vouched_count = 0;
  std::uint64_t vouched_response_bytes = 0;
  static constexpr auto kFields =
      std::make_tuple(&LogState::gateway, &LogState::count, &LogState::root,
                      &LogState::vouched_count, &LogState::vouched_response_bytes);
  bool operator==(const LogState&) const = default;
};

enum class LeaseState : std::uint8_t { kProposed, kActive, kClosing, kClosed };
constexpr LeaseState bcs_last(LeaseState) {
  return LeaseState::kClosed;
}
std::string_view lease_state_name(LeaseState state);

// One replica on one Host, at a cleared price. A change of Host is a new term of the same lease.
struct Lease {
  LeaseId id;
  BidId bid;
  ServiceName service;
  std::uint32_t service_version = 1;
  std::uint32_t ordinal = 0;
  std::uint32_t term = 1;
  HostId host;
  Address publisher;
  LeaseState state = LeaseState::kProposed;
  UnitPrices prices;        // the class vector when it cleared
  Scale scale = kScaleOne;  // the cleared scale
  Resources resources;
  RuntimeProfile runtime;
  Hash32 beacon;  // seeds the randomness of the term's requests
  std::uint64_t proposed_ms = 0;
  std::uint64_t ack_deadline_ms = 0;
  std::uint64_t active_since_ms = 0;
  std::uint64_t last_seen_ms = 0;  // acknowledgement or receipt; a heartbeat stands in the Host
  std::uint64_t billed_until_ms = 0;
  Amount rent_due;                // cumulative in this term, to billed_until_ms
  Amount use_due;                 // cumulative in this term
  Amount paid;                    // of both, in this term: to Host (hold-back included) and burned
  Amount burned;                  // part of paid
  Amount held;                    // hold-back not yet released (already out of the Bid's escrow)
  Amount slice;                   // locked in the Bid for this lease
  std::uint64_t receipts = 0;     // included in this term
  BoundedList<LogState, 8> logs;  // by gateway, ascending
  CloseReason closed = CloseReason::kOpen;
  std::uint64_t closing_at_ms = 0;  // kClosing, kClosed: bills until then
  std::uint64_t closed_ms = 0;
  std::uint64_t receipts_ever = 0;  // included in all terms: the number of the next one
  // What may be paid now without exceeding the Bid's spend_per_hour_max: fills up to a whole slice.
  Amount allowance;
  static constexpr auto kFields = std::make_tuple(
      &Lease::id, &Lease::bid, &Lease::service, &Lease::service_version, &Lease::ordinal,
      &Lease::term, &Lease::host, &Lease::publisher, &Lease::state, &Lease::prices, &Lease::scale,
      &Lease::resources, &Lease::runtime, &Lease::beacon, &Lease::proposed_ms,
      &Lease::ack_deadline_ms, &Lease::active_since_ms, &Lease::last_seen_ms,
      &Lease::billed_until_ms, &Lease::rent_due, &Lease::use_due, &Lease::paid, &Lease::burned,
      &Lease::held, &Lease::slice, &Lease::receipts, &Lease::logs, &Lease::closed,
      &Lease::closing_at_ms, &Lease::closed_ms, &Lease::receipts_ever, &Lease::allowance);
  bool operator==(const Lease&) const = default;
};

// An included receipt, kept until its hold-back is released.
struct ReceiptRecord {
  LeaseId lease;
  std::uint32_t term = 1;
  std::uint64_t number = 0;  // counts up over all terms of the lease
  HostId host;
  std::uint64_t included_ms = 0;
  std::uint64_t height = 0;
  Counters counters;  // billed by this receipt (differences)
  Amount rent;        // due for time in this receipt
  Amount use;         // due for use in this receipt
  Amount to_host;     // paid at inclusion
  Amount held;        // released after the audit window
  Amount burned;
  Amount short_by;  // due but beyond the slice
  static constexpr auto kFields = std::make_tuple(
      &ReceiptRecord::lease, &ReceiptRecord::term, &ReceiptRecord::number, &ReceiptRecord::host,
      &ReceiptRecord::included_ms, &ReceiptRecord::height, &ReceiptRecord::counters,
      &ReceiptRecord::rent, &ReceiptRecord::use, &ReceiptRecord::to_host, &ReceiptRecord::held,
      &ReceiptRecord::burned, &ReceiptRecord::short_by);
  bool operator==(const ReceiptRecord&) const = default;
};

// ---- keys ----
inline StateKey market_params_key() {
  return state_key(Table::kMarketParams);
}
inline StateKey host_key(const HostId& id) {
  return state_key(Table::kHost, {id});
}
inline StateKey offer_key(const HostId& id) {
  return state_key(Table::kOffer, {id});
}
inline StateKey gateway_key(const Address& owner) {
  return state_key(Table::kGateway, {owner});
}
inline StateKey service_key(std::string_view name) {
  return state_key(Table::kService, {as_bytes(name)});
}
inline StateKey bid_key(const BidId& id) {
  return state_key(Table::kBid, {id});
}
inline StateKey lease_key(const LeaseId& id) {
  return state_key(Table::kLease, {id});
}
StateKey receipt_key(const LeaseId& lease, std::uint64_t number);

// Index prefixes; every entry's value is empty, and the id is the key's tail. Closed leases and
// bids stay in their indexes until their last windows have passed, so a lease in leases_by_host may
// have gone to another Host since.
inline StateKey leases_by_host(const HostId& id) {
  return state_key(Table::kLeasesByHost, {id});
}
inline StateKey leases_by_bid(const BidId& id) {
  return state_key(Table::kLeasesByBid, {id});
}
inline StateKey bids_by_owner(const Address& owner) {
  return state_key(Table::kBidsByOwner, {owner});
}
StateKey bids_by_service(std::string_view name);
inline StateKey hosts_by_owner(const Address& owner) {
  return state_key(Table::kHostsByOwner, {owner});
}
inline StateKey services_by_owner(const Address& owner) {
  return state_key(Table::kServicesByOwner, {owner});
}
inline StateKey receipts_by_lease(const LeaseId& id) {
  return state_key(Table::kReceiptsByLease, {id});
}
inline StateKey all_hosts() {
  return state_key(Table::kAllHosts);
}
inline StateKey all_services() {
  return state_key(Table::kAllServices);
}
inline StateKey all_gateways() {
  return state_key(Table::kAllGateways);
}

// A term of a lease that a later one has followed; kept until its last windows have passed. The
// term that is now stands under lease_key.
StateKey past_term_key(const LeaseId& lease, std::uint32_t term);
// The Manifest of an earlier version of a Service.
StateKey service_history_key(std::string_view name, std::uint32_t version);

// Whether the text is a service name (see ServiceName).
bool is_service_name(std::string_view text);
// Whether the text is "http://HOST:PORT" or "https://HOST:PORT", nothing after it.
bool is_endpoint(std::string_view text);

// Ids are tagged hashes of what created them, so no two can be equal.
HostId make_host_id(const TxId& tx, std::uint8_t message);
BidId make_bid_id(const TxId& tx, std::uint8_t message);
LeaseId make_lease_id(const BidId& bid, std::uint32_t ordinal);

}  // namespace fog::market
