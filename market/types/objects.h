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
  std::uint8_t auditors = 0;        // admitted, in its HostAudit
  std::uint64_t leaving_at_ms = 0;  // it has said that it leaves then; 0: it stays
  std::uint64_t holdbacks = 0;      // of its receipts, not yet released
  static constexpr auto kFields = std::make_tuple(
      &Host::id, &Host::owner, &Host::operator_account, &Host::operator_key, &Host::endpoint,
      &Host::location, &Host::capacity, &Host::attributes, &Host::runtimes, &Host::bond,
      &Host::standing, &Host::standing_as_of_ms, &Host::last_seen_ms, &Host::leases_open,
      &Host::retired_at_ms, &Host::failures, &Host::earned, &Host::down_since_ms,
      &Host::leaving_at_ms, &Host::holdbacks, &Host::auditors);
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
// Whether a request reaches the workload as HTTP; a command gets it as CGI's variables and standard
// input.
constexpr bool takes_http(RuntimeKind kind) {
  return kind != RuntimeKind::kWasmCommand;
}

constexpr std::uint64_t kArtifactBytesMax = 64ULL * 1024 * 1024;
// Of an image in a file, which goes from disk to disk; what a Bid reserves bounds it too.
constexpr std::uint64_t kImageBytesMax = 16ULL * 1024 * 1024 * 1024;
constexpr std::uint64_t artifact_bytes_max(RuntimeKind kind) {
  return kind == RuntimeKind::kContainer ? kImageBytesMax : kArtifactBytesMax;
}

using OutboundPattern = BoundedText<128>;  // outbound.h says which

// A folder of a container's that is kept while its lease lasts; container_terms.h says which.
struct Volume {
  BoundedText<128> path;
  std::uint32_t mib = 0;  // 1..2^20, of the storage that the Bid reserves
  static constexpr auto kFields = std::make_tuple(&Volume::path, &Volume::mib);
  bool operator==(const Volume&) const = default;
};

constexpr std::uint32_t kKeyvalueMibMax = 1U << 20;

struct Manifest {
  BoundedText<256> summary;
  RuntimeKind runtime = RuntimeKind::kWasmCommand;
  Hash32 artifact;                       // SHA-256 of the bytes; with `image` of its manifest
  std::uint64_t artifact_bytes = 0;      // 1..artifact_bytes_max(); with `image` 0
  std::uint32_t memory_mib = 64;         // 1..4 096, a request's cap
  std::uint64_t fuel_per_request = 0;    // 1..10^12
  std::uint32_t wall_ms = 10'000;        // 1..600 000
  std::uint64_t request_bytes_max = 0;   // body; at most 2^30
  std::uint64_t response_bytes_max = 0;  // head and body; at most 2^30
  BoundedMap<BoundedText<64>, BoundedText<1024>, 64> env;
  std::uint16_t port = 0;                     // on which a container listens; 0 for what is none
  BoundedList<OutboundPattern, 32> outbound;  // servers that it may ask; of a wasm-http alone
  std::uint64_t outbound_bytes_max = 0;       // that one request may send there; at most 2^27
  // "registry.example/name": where a container's image is, by digest; empty: it is a file.
  BoundedText<255> image;
  BoundedList<BoundedText<64>, 32> secrets;  // variables whose values gateways keep; secret.h
  BoundedList<Volume, 8> volumes;            // of a container
  // Of a wasm-http: its key-value store, of the storage that the Bid reserves; 0: it has none. At
  // most kKeyvalueMibMax.
  std::uint32_t keyvalue_mib = 0;
  static constexpr auto kFields = std::make_tuple(
      &Manifest::summary, &Manifest::runtime, &Manifest::artifact, &Manifest::artifact_bytes,
      &Manifest::memory_mib, &Manifest::fuel_per_request, &Manifest::wall_ms,
      &Manifest::request_bytes_max, &Manifest::response_bytes_max, &Manifest::env, &Manifest::port,
      &Manifest::outbound, &Manifest::outbound_bytes_max, &Manifest::image, &Manifest::secrets,
      &Manifest::volumes, &Manifest::keyvalue_mib);
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

// A depositor's part of a Bid's escrow.
struct Deposit {
  Address from;
  Amount left;  // of its money, as of the last change of the list; what was spent since is not off
  static constexpr auto kFields = std::make_tuple(&Deposit::from, &Deposit::left);
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
  kNotStarted,   // nobody was found before the Bid's start_by_ms
  kScaledDown,   // the Bid wants fewer replicas than it did
  kIdle,         // the Demand that it was cleared for is over
  kLeaseOver,    // its length has passed, and another Host has won the auction after it
  kHostLeaving,  // DrainHost
};
constexpr CloseReason bcs_last(CloseReason) {
  return CloseReason::kHostLeaving;
}
std::string_view close_reason_name(CloseReason reason);
// Whether a lease that closes for this reason is followed by another while it still serves.
bool is_followed(CloseReason reason);

struct Bid {
  BidId id;
  Address owner;
  BidTerms terms;
  std::uint64_t created_height = 0;
  std::uint64_t created_ms = 0;
  std::uint64_t since_height = 0;  // its terms count in auctions from the next block
  // Money: free + locked is what stands in escrow; deposited = free + locked + spent + refunded.
  Amount free;
  Amount locked;  // slices of leases, hold-backs excluded (those are the Hosts')
  Amount spent;   // paid to Hosts and burned, and fees of Demands
  Amount refunded;
  Amount deposited;                     // in all
  BoundedList<Deposit, 16> deposits;    // by depositor, in order of first deposit
  std::uint16_t replicas_held = 0;      // leases that are not closed
  std::uint16_t replicas_leaving = 0;   // of these: closing, and followed by another (is_followed)
  std::uint16_t replicas_reserved = 0;  // of these: proposed or held as warm reservations
  std::uint16_t replicas_demanded = 0;  // by gateways, in all (see Demand)
  std::uint16_t replicas_renewing = 0;  // of those held: to be cleared again in the next auction
  std::uint32_t leases_ever = 0;        // ordinal of the next lease
  CloseReason closed = CloseReason::kOpen;
  std::uint64_t closed_ms = 0;
  // Asleep: searched again at this time, or when an Offer changes. 0 while awake, or when only
  // money is missing.
  std::uint64_t sleep_until_ms = 0;
  std::uint64_t asleep_since_ms = 0;  // since when its searches have found nothing; 0: never
  // Awake: since which block it waits for a search. Asleep: the block of its last one.
  std::uint64_t turn_height = 0;
  // Since when what is free may be used up within escrow_low_ms; 0: it suffices for longer.
  std::uint64_t low_since_ms = 0;
  // Vouchers of gateways that an update took away still count until then, so that it cannot cost a
  // Host what it has served.
  BoundedList<Address, 8> gateways_before;
  std::uint64_t gateways_before_until_ms = 0;
  static constexpr auto kFields = std::make_tuple(
      &Bid::id, &Bid::owner, &Bid::terms, &Bid::created_height, &Bid::created_ms,
      &Bid::since_height, &Bid::free, &Bid::locked, &Bid::spent, &Bid::refunded, &Bid::deposited,
      &Bid::deposits, &Bid::replicas_held, &Bid::replicas_leaving, &Bid::replicas_reserved,
      &Bid::replicas_demanded, &Bid::replicas_renewing, &Bid::leases_ever, &Bid::closed,
      &Bid::closed_ms, &Bid::sleep_until_ms, &Bid::asleep_since_ms, &Bid::turn_height,
      &Bid::low_since_ms, &Bid::gateways_before, &Bid::gateways_before_until_ms);
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

// kReserved: acknowledged as a warm reservation, pays rent, and waits to be opened.
enum class LeaseState : std::uint8_t { kProposed, kReserved, kActive, kClosing, kClosed };
constexpr LeaseState bcs_last(LeaseState) {
  return LeaseState::kClosed;
}
std::string_view lease_state_name(LeaseState state);
// Acknowledged and not closed: the Host runs it, and rent is due.
constexpr bool is_running(LeaseState state) {
  return state == LeaseState::kReserved || state == LeaseState::kActive ||
         state == LeaseState::kClosing;
}

// What a lease cost before it was renewed at another price.
struct PastPrice {
  UnitPrices prices;
  Scale scale = kScaleOne;
  std::uint64_t since_ms = 0;
  Amount rent_before;  // due before since_ms
  static constexpr auto kFields = std::make_tuple(&PastPrice::prices, &PastPrice::scale,
                                                  &PastPrice::since_ms, &PastPrice::rent_before);
  bool operator==(const PastPrice&) const = default;
};

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
  Amount rent_due;                 // cumulative in this term, to billed_until_ms
  Amount use_due;                  // cumulative in this term
  Amount paid;                     // of both, in this term: to Host (hold-back included) and burned
  Amount burned;                   // part of paid
  Amount held;                     // hold-back not yet released (already out of the Bid's escrow)
  Amount slice;                    // locked in the Bid for this lease
  std::uint64_t receipts = 0;      // included in this term
  BoundedList<LogState, 16> logs;  // by gateway, ascending
  CloseReason closed = CloseReason::kOpen;
  std::uint64_t closing_at_ms = 0;  // kClosing, kClosed: bills until then
  std::uint64_t closed_ms = 0;
  std::uint64_t receipts_ever = 0;  // included in all terms: the number of the next one
  Amount spend_per_hour_max;        // of the Bid, when it cleared
  // What may be paid now without exceeding spend_per_hour_max: fills up to a whole slice.
  Amount allowance;
  bool reserved = false;        // a warm reservation, proposed or held
  std::uint64_t ticket = 0;     // number of the last ticket that opened it; 0: none has
  std::uint64_t opened_ms = 0;  // when it first served End Users; 0: never
  std::uint64_t renews_ms = 0;  // cleared again then, at the Offers of that time; 0: never
  bool renewing = false;        // that time has come
  std::uint64_t renewals = 0;   // of this term
  // The price that is now: since when it counts, and what was due before that.
  std::uint64_t priced_since_ms = 0;
  Amount rent_before;
  Amount use_before;
  Counters used_before;  // what use_before was billed for
  // The price before, until the first receipt after the renewal has shown what was used.
  std::optional<PastPrice> past_price;
  static constexpr auto kFields = std::make_tuple(
      &Lease::id, &Lease::bid, &Lease::service, &Lease::service_version, &Lease::ordinal,
      &Lease::term, &Lease::host, &Lease::publisher, &Lease::state, &Lease::prices, &Lease::scale,
      &Lease::resources, &Lease::runtime, &Lease::beacon, &Lease::proposed_ms,
      &Lease::ack_deadline_ms, &Lease::active_since_ms, &Lease::last_seen_ms,
      &Lease::billed_until_ms, &Lease::rent_due, &Lease::use_due, &Lease::paid, &Lease::burned,
      &Lease::held, &Lease::slice, &Lease::receipts, &Lease::logs, &Lease::closed,
      &Lease::closing_at_ms, &Lease::closed_ms, &Lease::receipts_ever, &Lease::spend_per_hour_max,
      &Lease::allowance, &Lease::reserved, &Lease::ticket, &Lease::opened_ms, &Lease::renews_ms,
      &Lease::renewing, &Lease::renewals, &Lease::priced_since_ms, &Lease::rent_before,
      &Lease::use_before, &Lease::used_before, &Lease::past_price);
  bool operator==(const Lease&) const = default;
};

// A round trip that a gateway measured to a Host.
struct RoundTrip {
  HostId host;
  std::uint32_t micros = 0;
  static constexpr auto kFields = std::make_tuple(&RoundTrip::host, &RoundTrip::micros);
  bool operator==(const RoundTrip&) const = default;
};
using RoundTrips = BoundedList<RoundTrip, 32>;  // ascending by Host

// What one gateway has asked of a Bid, and how often.
struct Demand {
  BidId bid;
  Address gateway;
  std::uint16_t replicas = 0;
  Location location;  // where the End Users are
  RoundTrips round_trips;
  std::uint64_t raised_ms = 0;
  std::uint64_t until_ms = 0;  // over then, unless raised again
  std::uint64_t hour_since_ms = 0;
  std::uint32_t raised_in_hour = 0;  // since hour_since_ms
  static constexpr auto kFields = std::make_tuple(
      &Demand::bid, &Demand::gateway, &Demand::replicas, &Demand::location, &Demand::round_trips,
      &Demand::raised_ms, &Demand::until_ms, &Demand::hour_since_ms, &Demand::raised_in_hour);
  bool operator==(const Demand&) const = default;
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
inline StateKey demand_key(const BidId& bid, const Address& gateway) {
  return state_key(Table::kDemand, {bid, gateway});
}

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
