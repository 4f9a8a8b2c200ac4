// The market's transaction messages. Who may send each, and what it does, stands at each struct.
#pragma once

#include "market/types/objects.h"
#include "market/types/ticket.h"
#include "market/types/voucher.h"

namespace fog::market {

// Sender becomes the owner; the bond moves out of its balance.
struct RegisterHost {
  static constexpr MessageKind kKind = MessageKind::kRegisterHost;
  PublicKey operator_key;
  Endpoint endpoint;
  Location location;
  Resources capacity;
  Attributes attributes;
  BoundedList<RuntimeProfile, 8> runtimes;
  Amount bond;
  static constexpr auto kFields =
      std::make_tuple(&RegisterHost::operator_key, &RegisterHost::endpoint, &RegisterHost::location,
                      &RegisterHost::capacity, &RegisterHost::attributes, &RegisterHost::runtimes,
                      &RegisterHost::bond);
  bool operator==(const RegisterHost&) const = default;
};
// By the owner. Capacity may not fall below what leases hold. bond_added may be zero.
struct UpdateHost {
  static constexpr MessageKind kKind = MessageKind::kUpdateHost;
  HostId host;
  PublicKey operator_key;
  Endpoint endpoint;
  Location location;
  Resources capacity;
  Attributes attributes;
  BoundedList<RuntimeProfile, 8> runtimes;
  Amount bond_added;
  static constexpr auto kFields =
      std::make_tuple(&UpdateHost::host, &UpdateHost::operator_key, &UpdateHost::endpoint,
                      &UpdateHost::location, &UpdateHost::capacity, &UpdateHost::attributes,
                      &UpdateHost::runtimes, &UpdateHost::bond_added);
  bool operator==(const UpdateHost&) const = default;
};
// By the owner. The Offer is withdrawn, open leases get notice; the bond returns after
// bond_return_ms, once no lease is open.
struct RetireHost {
  static constexpr MessageKind kKind = MessageKind::kRetireHost;
  HostId host;
  static constexpr auto kFields = std::make_tuple(&RetireHost::host);
  bool operator==(const RetireHost&) const = default;
};
// By owner or operator: the Host leaves in `after_ms`, at least notice_ms and at most kDrainMsMax.
// The Offer is withdrawn; leases that serve get notice until then, and others take their place
// meanwhile; what does not serve yet closes at once. Costs no standing.
struct DrainHost {
  static constexpr MessageKind kKind = MessageKind::kDrainHost;
  HostId host;
  std::uint64_t after_ms = 0;
  static constexpr auto kFields = std::make_tuple(&DrainHost::host, &DrainHost::after_ms);
  bool operator==(const DrainHost&) const = default;
};
constexpr std::uint64_t kDrainMsMax = 30ULL * 86'400'000;
// By owner or operator: sets or changes the ask. `offered` is what is offered in all; leases count
// into it.
struct SetOffer {
  static constexpr MessageKind kKind = MessageKind::kSetOffer;
  HostId host;
  std::uint8_t price_class = 0;
  Scale scale = kScaleOne;
  Resources offered;
  static constexpr auto kFields = std::make_tuple(&SetOffer::host, &SetOffer::price_class,
                                                  &SetOffer::scale, &SetOffer::offered);
  bool operator==(const SetOffer&) const = default;
};
// By owner or operator. Leases go on.
struct WithdrawOffer {
  static constexpr MessageKind kKind = MessageKind::kWithdrawOffer;
  HostId host;
  static constexpr auto kFields = std::make_tuple(&WithdrawOffer::host);
  bool operator==(const WithdrawOffer&) const = default;
};

// By the Host's owner: whose attestations of the Host may stand. What others have attested goes;
// what these have stays.
struct AdmitAuditors {
  static constexpr MessageKind kKind = MessageKind::kAdmitAuditors;
  HostId host;
  BoundedList<Address, 8> auditors;
  static constexpr auto kFields = std::make_tuple(&AdmitAuditors::host, &AdmitAuditors::auditors);
  bool operator==(const AdmitAuditors&) const = default;
};
// By an admitted auditor: these attributes of the Host hold until `expires_ms` (block time, at most
// kAttestationMsMax ahead). Takes the place of what the auditor attested of it before.
struct AttestHost {
  static constexpr MessageKind kKind = MessageKind::kAttestHost;
  HostId host;
  Attributes attributes;
  std::uint64_t expires_ms = 0;
  static constexpr auto kFields =
      std::make_tuple(&AttestHost::host, &AttestHost::attributes, &AttestHost::expires_ms);
  bool operator==(const AttestHost&) const = default;
};
// By the auditor: what it has attested of the Host no longer holds. Leases go on.
struct RevokeAttestation {
  static constexpr MessageKind kKind = MessageKind::kRevokeAttestation;
  HostId host;
  static constexpr auto kFields = std::make_tuple(&RevokeAttestation::host);
  bool operator==(const RevokeAttestation&) const = default;
};

// The sender becomes a gateway; one an account. Burns gateway_fee_burn.
struct RegisterGateway {
  static constexpr MessageKind kKind = MessageKind::kRegisterGateway;
  PublicKey key;
  Endpoint endpoint;
  Location location;
  static constexpr auto kFields = std::make_tuple(&RegisterGateway::key, &RegisterGateway::endpoint,
                                                  &RegisterGateway::location);
  bool operator==(const RegisterGateway&) const = default;
};
struct UpdateGateway {
  static constexpr MessageKind kKind = MessageKind::kUpdateGateway;
  PublicKey key;
  Endpoint endpoint;
  Location location;
  static constexpr auto kFields =
      std::make_tuple(&UpdateGateway::key, &UpdateGateway::endpoint, &UpdateGateway::location);
  bool operator==(const UpdateGateway&) const = default;
};

// Claims a unique name. Burns service_fee_burn.
struct PublishService {
  static constexpr MessageKind kKind = MessageKind::kPublishService;
  ServiceName name;
  Manifest manifest;
  static constexpr auto kFields = std::make_tuple(&PublishService::name, &PublishService::manifest);
  bool operator==(const PublishService&) const = default;
};
// A new version; leases that run keep theirs until they end, new ones take the new.
struct UpdateService {
  static constexpr MessageKind kKind = MessageKind::kUpdateService;
  ServiceName name;
  Manifest manifest;
  static constexpr auto kFields = std::make_tuple(&UpdateService::name, &UpdateService::manifest);
  bool operator==(const UpdateService&) const = default;
};
// Only without open bids. Frees the name.
struct RetireService {
  static constexpr MessageKind kKind = MessageKind::kRetireService;
  ServiceName name;
  static constexpr auto kFields = std::make_tuple(&RetireService::name);
  bool operator==(const RetireService&) const = default;
};

// By the service's owner. The deposit goes into escrow.
struct CreateBid {
  static constexpr MessageKind kKind = MessageKind::kCreateBid;
  BidTerms terms;
  Amount deposit;
  static constexpr auto kFields = std::make_tuple(&CreateBid::terms, &CreateBid::deposit);
  bool operator==(const CreateBid&) const = default;
};
// By anyone.
struct TopUpBid {
  static constexpr MessageKind kKind = MessageKind::kTopUpBid;
  BidId bid;
  Amount amount;
  static constexpr auto kFields = std::make_tuple(&TopUpBid::bid, &TopUpBid::amount);
  bool operator==(const TopUpBid&) const = default;
};
// By the owner. The terms for what is cleared from now on, service excepted; leases keep the price,
// resources and spending limit that they have. Replicas beyond the new numbers close at once:
// those that are only proposed first, then those that close anyway, then active ones, the latest
// first each time. A gateway that is left out may vouch a while longer for what it forwarded.
struct UpdateBid {
  static constexpr MessageKind kKind = MessageKind::kUpdateBid;
  BidId bid;
  BidTerms terms;
  static constexpr auto kFields = std::make_tuple(&UpdateBid::bid, &UpdateBid::terms);
  bool operator==(const UpdateBid&) const = default;
};
// By a gateway that the Bid authorizes: it needs so many replicas near there. They are cleared in
// the block that includes this. Stands until `for_ms` later, or until the gateway says another
// number; a lower one costs no fee.
struct RaiseDemand {
  static constexpr MessageKind kKind = MessageKind::kRaiseDemand;
  BidId bid;
  std::uint16_t replicas = 1;
  Location location;
  RoundTrips round_trips;
  std::uint64_t for_ms = 0;  // 1..kDemandMsMax
  static constexpr auto kFields =
      std::make_tuple(&RaiseDemand::bid, &RaiseDemand::replicas, &RaiseDemand::location,
                      &RaiseDemand::round_trips, &RaiseDemand::for_ms);
  bool operator==(const RaiseDemand&) const = default;
};
constexpr std::uint64_t kDemandMsMax = 3'600'000;
// By the owner. Leases close at once; what is not owed returns to the depositors in proportion as
// slices unlock.
struct CloseBid {
  static constexpr MessageKind kKind = MessageKind::kCloseBid;
  BidId bid;
  static constexpr auto kFields = std::make_tuple(&CloseBid::bid);
  bool operator==(const CloseBid&) const = default;
};

// By the Host's operator: the replica runs and can serve. Rent starts with this block's time.
struct AckLease {
  static constexpr MessageKind kKind = MessageKind::kAckLease;
  LeaseId lease;
  std::uint32_t term = 1;
  static constexpr auto kFields = std::make_tuple(&AckLease::lease, &AckLease::term);
  bool operator==(const AckLease&) const = default;
};
// By the Host's operator: a gateway has opened its warm reservation, as the ticket shows.
struct OpenLease {
  static constexpr MessageKind kKind = MessageKind::kOpenLease;
  LeaseId lease;
  std::uint32_t term = 1;
  SignedTicket ticket;
  static constexpr auto kFields =
      std::make_tuple(&OpenLease::lease, &OpenLease::term, &OpenLease::ticket);
  bool operator==(const OpenLease&) const = default;
};
// By the Host's operator: declines a proposed lease or gives up an active one. The demand clears
// again.
struct ReleaseLease {
  static constexpr MessageKind kKind = MessageKind::kReleaseLease;
  LeaseId lease;
  std::uint32_t term = 1;
  BoundedText<128> why;
  static constexpr auto kFields =
      std::make_tuple(&ReleaseLease::lease, &ReleaseLease::term, &ReleaseLease::why);
  bool operator==(const ReleaseLease&) const = default;
};
// By the Host's operator: it is alive, and so are all its acknowledged leases.
struct Heartbeat {
  static constexpr MessageKind kKind = MessageKind::kHeartbeat;
  HostId host;
  static constexpr auto kFields = std::make_tuple(&Heartbeat::host);
  bool operator==(const Heartbeat&) const = default;
};

// One gateway's log in a receipt.
struct LogClaim {
  Address gateway;
  std::uint64_t count = 0;  // leaves claimed in all
  SumNode root;             // over those leaves; its sums are what is billed, cumulatively
  SumProof consistency;     // from the last included count to this one
  SignedVoucher voucher;    // count <= voucher.count
  static constexpr auto kFields =
      std::make_tuple(&LogClaim::gateway, &LogClaim::count, &LogClaim::root, &LogClaim::consistency,
                      &LogClaim::voucher);
  bool operator==(const LogClaim&) const = default;
};
// A Host's claim for one lease: rent to this block's time, and use by its logs (none: rent only).
struct Receipt {
  LeaseId lease;
  std::uint32_t term = 1;
  BoundedList<LogClaim, 8> logs;
  static constexpr auto kFields = std::make_tuple(&Receipt::lease, &Receipt::term, &Receipt::logs);
  bool operator==(const Receipt&) const = default;
};
// By the Host's operator. All receipts hold or the message fails.
struct SubmitReceipts {
  static constexpr MessageKind kKind = MessageKind::kSubmitReceipts;
  HostId host;
  BoundedList<Receipt, 64> receipts;
  static constexpr auto kFields = std::make_tuple(&SubmitReceipts::host, &SubmitReceipts::receipts);
  bool operator==(const SubmitReceipts&) const = default;
};

}  // namespace fog::market
