// What must hold in every state of the market, checked from the records alone and written apart
// from the rules: money adds up, locks and counts agree with what they count, indexes agree with
// records.
#pragma once

#include <map>
#include <set>

#include <gtest/gtest.h>

#include "market/rules/fresh_offers.h"
#include "market/rules/rules.h"
#include "market/types/event.h"
#include "tests/support/memory_state.h"

namespace fog::market::testing {

struct MarketRecords {
  std::map<HostId, Host> hosts;
  std::map<HostId, Offer> offers;
  std::map<HostId, HostAudit> audits;
  std::map<BidId, Bid> bids;
  std::map<LeaseId, Lease> leases;  // present terms
  std::vector<Lease> all_terms;     // present and past
  std::vector<ReceiptRecord> receipts;
  std::vector<Demand> demands;
  std::map<std::string, Service> services;
  std::size_t events = 0;
  std::map<Table, std::set<Bytes>> indexes;  // keys without the table byte
  u128 accounts = 0;
  Supply supply;
  HeldMoney held;  // by held_money()
};

inline MarketRecords read_records(const fog::testing::MemoryState& state) {
  MarketRecords out;
  for (const auto& [key, value] : state.records()) {
    const auto decode = [&]<class T>(T) {
      auto record = bcs_decode<T>(value);
      CHECK(record.has_value());
      return *record;
    };
    const HeldMoney held = held_money(key, value);
    out.held.bonds += held.bonds;
    out.held.escrows += held.escrows;
    const auto table = static_cast<Table>(key[0]);
    if (table == Table::kEvents) {
      const MarketEvent event = decode(MarketEvent{});
      Bytes at;
      append_be64(at, event.height);
      EXPECT_TRUE(std::equal(at.begin(), at.end(), key.begin() + 21));
      ++out.events;
    } else if (table == Table::kFreshOffers) {
      decode(FreshOffer{});
    } else if (key[0] >= 0x80) {
      out.indexes[table].insert(Bytes(key.begin() + 1, key.end()));
      EXPECT_TRUE(value.empty());
    } else if (table == Table::kAccount) {
      out.accounts += decode(Account{}).balance.droplets;
    } else if (table == Table::kSupply) {
      out.supply = decode(Supply{});
    } else if (table == Table::kHost) {
      const Host host = decode(Host{});
      out.hosts.emplace(host.id, host);
    } else if (table == Table::kOffer) {
      const Offer offer = decode(Offer{});
      out.offers.emplace(offer.host, offer);
    } else if (table == Table::kHostAudit) {
      const HostAudit audit = decode(HostAudit{});
      out.audits.emplace(audit.host, audit);
    } else if (table == Table::kBid) {
      const Bid bid = decode(Bid{});
      out.bids.emplace(bid.id, bid);
    } else if (table == Table::kLease) {
      const Lease lease = decode(Lease{});
      out.all_terms.push_back(lease);
      if (key == lease_key(lease.id)) out.leases.emplace(lease.id, lease);
    } else if (table == Table::kReceipt) {
      out.receipts.push_back(decode(ReceiptRecord{}));
    } else if (table == Table::kDemand) {
      out.demands.push_back(decode(Demand{}));
    } else if (table == Table::kService) {
      const Service service = decode(Service{});
      out.services.emplace(service.name, service);
    }
  }
  return out;
}

inline Bytes join(ByteView a, ByteView b) {
  Bytes out = to_bytes(a);
  append(out, b);
  return out;
}

inline void check_money(const MarketRecords& r) {
  u128 bonds = 0;
  u128 escrows = 0;
  for (const auto& [id, host] : r.hosts) bonds += host.bond.droplets;
  for (const auto& [id, bid] : r.bids) {
    escrows += u128{bid.free.droplets} + bid.locked.droplets;
    const u128 in_escrow = u128{bid.free.droplets} + bid.locked.droplets;
    EXPECT_TRUE(bid.deposited.droplets == in_escrow + bid.spent.droplets + bid.refunded.droplets)
        << "deposited = free + locked + spent + refunded";
    u128 left = 0;
    for (const Deposit& deposit : bid.deposits) left += deposit.left.droplets;
    EXPECT_TRUE(left >= in_escrow) << "what is in escrow is the depositors'";
    EXPECT_TRUE(left <= u128{bid.deposited.droplets} - bid.refunded.droplets);
  }
  for (const ReceiptRecord& receipt : r.receipts) escrows += receipt.held.droplets;
  EXPECT_TRUE(r.accounts + bonds + escrows + r.supply.burned.droplets == r.supply.minted.droplets)
      << "supply is not conserved";
  EXPECT_TRUE(r.held.bonds == bonds && r.held.escrows == escrows) << "held_money() disagrees";
}

inline bool is_followed_later(const Lease& lease) {
  return lease.state == LeaseState::kClosing &&
         (lease.closed == CloseReason::kHostRetired || lease.closed == CloseReason::kHostLeaving ||
          lease.closed == CloseReason::kLeaseOver);
}
// What a Bid wants and holds, once more.
inline std::uint32_t replicas_to_serve(const Bid& bid) {
  if (bid.closed != CloseReason::kOpen) return 0;
  return std::min<std::uint32_t>(bid.terms.replicas_max,
                                 std::uint32_t{bid.terms.replicas_min} + bid.replicas_demanded);
}
inline std::uint32_t reservations_to_keep(const Bid& bid) {
  if (bid.closed != CloseReason::kOpen) return 0;
  return std::min<std::uint32_t>(bid.terms.warm, bid.terms.replicas_max - replicas_to_serve(bid));
}
inline std::uint32_t replicas_to_stay(const Bid& bid) {
  return std::uint32_t{bid.replicas_held} - bid.replicas_leaving - bid.replicas_reserved;
}

inline bool is_open_state(const Lease& lease) {
  return lease.state != LeaseState::kClosed;
}

inline void check_leases(const MarketRecords& r) {
  std::map<BidId, u128> slices;
  std::map<BidId, u128> paid;
  std::map<std::pair<LeaseId, std::uint32_t>, u128> held;
  for (const ReceiptRecord& receipt : r.receipts) {
    held[{receipt.lease, receipt.term}] += receipt.held.droplets;
  }
  for (const Lease& lease : r.all_terms) {
    slices[lease.bid] += lease.slice.droplets;
    paid[lease.bid] += lease.paid.droplets;
    EXPECT_LE(lease.burned, lease.paid);
    EXPECT_LE(lease.paid.droplets, lease.rent_due.droplets + lease.use_due.droplets);
    const u128 own = held[{lease.id, lease.term}];
    EXPECT_TRUE(own == lease.held.droplets) << "hold-backs of a term";
    EXPECT_EQ(is_open_state(lease), lease.closed_ms == 0);
    EXPECT_GE(lease.scale, kScaleMin);
    EXPECT_LE(lease.scale, kScaleMax);
  }
  for (const auto& [id, bid] : r.bids) {
    EXPECT_TRUE(slices[id] == bid.locked.droplets) << "locked = slices of all terms";
    EXPECT_TRUE(paid[id] <= bid.spent.droplets);
    EXPECT_LE(replicas_to_stay(bid), replicas_to_serve(bid));
    EXPECT_LE(bid.replicas_reserved, reservations_to_keep(bid));
  }
}

inline void check_counts(const MarketRecords& r) {
  std::map<HostId, std::uint32_t> by_host;
  std::map<HostId, std::uint64_t> cpu;
  std::map<BidId, std::uint32_t> by_bid;
  std::map<BidId, std::uint32_t> leaving;
  std::map<BidId, std::uint32_t> reserved;
  std::map<BidId, std::uint32_t> renewing;
  std::map<BidId, std::uint32_t> demanded;
  std::map<HostId, std::uint64_t> holdbacks;
  for (const ReceiptRecord& receipt : r.receipts) ++holdbacks[receipt.host];
  for (const Demand& demand : r.demands) {
    EXPECT_TRUE(r.bids.contains(demand.bid));
    demanded[demand.bid] += demand.replicas;
  }
  for (const auto& [id, lease] : r.leases) {
    EXPECT_TRUE(r.bids.contains(lease.bid));
    if (!is_open_state(lease)) continue;
    if (is_followed_later(lease)) ++leaving[lease.bid];
    if (lease.reserved) ++reserved[lease.bid];
    if (lease.renewing) ++renewing[lease.bid];
    EXPECT_TRUE(lease.state != LeaseState::kReserved || lease.reserved);
    ++by_host[lease.host];
    ++by_bid[lease.bid];
    cpu[lease.host] += lease.resources.cpu_milli;
  }
  for (const auto& [id, host] : r.hosts) {
    EXPECT_EQ(host.leases_open, by_host[id]);
    EXPECT_EQ(host.holdbacks, holdbacks[id]);
    const auto offer = r.offers.find(id);
    if (offer != r.offers.end()) {
      EXPECT_LE(offer->second.free.cpu_milli + cpu[id], host.capacity.cpu_milli);
      EXPECT_EQ(host.retired_at_ms, 0U) << "a retired Host has no Offer";
    }
  }
  std::map<std::string, std::uint32_t> bids_open;
  for (const auto& [id, bid] : r.bids) {
    EXPECT_EQ(bid.replicas_held, by_bid[id]);
    EXPECT_EQ(bid.replicas_leaving, leaving[id]);
    EXPECT_EQ(bid.replicas_reserved, reserved[id]);
    EXPECT_EQ(bid.replicas_renewing, renewing[id]);
    EXPECT_EQ(bid.replicas_demanded, demanded[id]);
    if (bid.closed == CloseReason::kOpen) ++bids_open[bid.terms.service];
  }
  for (const auto& [name, service] : r.services) EXPECT_EQ(service.bids_open, bids_open[name]);
}

inline void check_indexes(MarketRecords& r) {
  for (const auto& [id, lease] : r.leases) {
    if (!is_open_state(lease)) continue;
    EXPECT_TRUE(r.indexes[Table::kLeasesByHost].contains(join(lease.host, id)));
    EXPECT_TRUE(r.indexes[Table::kLeasesByBid].contains(join(lease.bid, id)));
  }
  std::size_t retries = 0;
  for (const auto& [id, bid] : r.bids) {
    Bytes open;
    append_be64(open, bid.turn_height);
    append(open, id);
    Bytes retry;
    append_be64(retry, bid.sleep_until_ms);
    append(retry, id);
    EXPECT_EQ(bid.sleep_until_ms != 0, r.indexes[Table::kRetries].contains(retry));
    retries += bid.sleep_until_ms != 0 ? 1 : 0;
    const bool awake = r.indexes[Table::kOpenBids].contains(open);
    const bool asleep = r.indexes[Table::kSleepingBids].contains(open);
    const bool wants = replicas_to_stay(bid) < replicas_to_serve(bid) ||
                       bid.replicas_reserved < reservations_to_keep(bid) ||
                       bid.replicas_renewing > 0;
    EXPECT_EQ(wants, awake || asleep);
    EXPECT_FALSE(awake && asleep);
    if (bid.closed == CloseReason::kOpen) {
      EXPECT_TRUE(r.indexes[Table::kBidsByOwner].contains(join(bid.owner, id)));
    }
  }
  EXPECT_EQ(r.indexes[Table::kRetries].size(), retries);
  EXPECT_EQ(r.indexes[Table::kOffersByClass].size(), r.offers.size());
  EXPECT_EQ(r.indexes[Table::kReceiptsByLease].size(), r.receipts.size());
}

// A Bid is marked exactly while what is free would not last for escrow_low_ms.
inline void check_low(const MarketRecords& r, const MarketParams& params) {
  for (const auto& [id, bid] : r.bids) {
    const u128 an_hour = u128{bid.terms.spend_per_hour_max.droplets} * bid.replicas_held;
    const bool low = bid.closed == CloseReason::kOpen &&
                     u128{bid.free.droplets} * 3'600'000 < an_hour * params.escrow_low_ms;
    EXPECT_EQ(bid.low_since_ms != 0, low);
  }
}

inline void check_market(const fog::testing::MemoryState& state) {
  MarketRecords records = read_records(state);
  check_low(records, *load<MarketParams>(state, market_params_key()));
  check_money(records);
  check_leases(records);
  check_counts(records);
  check_indexes(records);
}

}  // namespace fog::market::testing
