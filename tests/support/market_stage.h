// The usual scene of the market's stories.
#pragma once

#include "tests/support/market_world.h"

namespace fog::market::testing {

// A Publisher with a service, a gateway, and two Hosts: the second asks half as much again.
struct Stage {
  MarketWorld world;
  Person publisher = world.person();
  Person gateway = world.person();
  Person first = world.person();
  Person second = world.person();
  HostId cheap;
  HostId dear;
  BidId bid;

  Stage() {
    world.add_gateway(gateway);
    cheap = world.add_host(first, 10'000);
    dear = world.add_host(second, 15'000);
    world.publish(publisher, "thermostat");
    world.next_block();
  }
  BidTerms terms(std::uint16_t replicas = 1) const {
    BidTerms t = MarketWorld::terms("thermostat", replicas);
    t.gateways.push_back(gateway.address);
    return t;
  }
  // A bid whose lease is active on the cheap Host.
  LeaseId start(std::uint64_t deposit = 100'000'000) { return start(terms(), deposit); }
  LeaseId start(const BidTerms& t, std::uint64_t deposit = 100'000'000) {
    bid = world.add_bid(publisher, t, deposit);
    world.next_block();
    world.next_block();
    const Lease lease = world.lease_of(bid);
    EXPECT_EQ(lease.host, cheap);
    EXPECT_EQ(world.send(first, AckLease{lease.id, 1}), Fault::kNone);
    return lease.id;
  }
  Fault report(const LeaseId& lease, ServedLog& log) {
    SubmitReceipts message{cheap, {Receipt{lease, log.voucher.term, {log.claim()}}}};
    return world.send(first, message);
  }
  Fault report_rent(const Person& host_owner, const HostId& host, const LeaseId& lease,
                    std::uint32_t term = 1) {
    return world.send(host_owner, SubmitReceipts{host, {Receipt{lease, term, {}}}});
  }
};

}  // namespace fog::market::testing
