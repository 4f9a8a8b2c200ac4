// Random markets for thousands of steps: after every block all invariants hold (MarketWorld checks
// them), and every match is the one that the naive reference finds.
#include "tests/support/market_world.h"
#include "tests/support/matching_reference.h"
#include "tests/support/random_terms.h"

namespace fog::market {
namespace {

using testing::MarketWorld;
using testing::Match;
using testing::NaiveMarket;
using testing::Person;
using testing::SeededRng;
using testing::ServedLog;
using testing::somewhere;

struct OwnHost {
  Person owner;
  HostId id;
  bool lazy = false;  // acknowledges seldom and forgets to report
};

class RandomMarket {
 public:
  explicit RandomMarket(std::uint64_t seed) : rng_(seed) {
    world_.compare_matches = true;
    for (int i = 0; i < 3; ++i) {
      gateways_.push_back(world_.person());
      world_.add_gateway(gateways_.back());
    }
    for (int i = 0; i < 3; ++i) {
      publishers_.push_back(world_.person());
      for (int n = 0; n < 2; ++n) {
        names_.push_back("svc-" + std::to_string(i) + std::to_string(n));
        world_.publish(publishers_.back(), names_.back().c_str());
      }
    }
    world_.next_block();
  }

  void step() {
    switch (rng_.below(22)) {
      case 0:
        return add_host();
      case 1:
      case 2:
        return change_offer();
      case 3:
        return add_bid();
      case 4:
        return change_bid();
      case 5:
        return fail_host();
      case 6:
      case 7:
      case 8:
        return heartbeat_all();
      case 9:
      case 10:
        return acknowledge_all();
      case 11:
      case 12:
        return report_all();
      case 13:
        if (rng_.below(20) == 0) return world_.stand_still(rng_.below(400'000));
        return world_.next_block();
      case 14:
        return update_bid();
      case 15:
      case 16:
        return raise_demand();
      case 17:
        return open_reservations();
      case 18:
        return drain_host();
      default:
        return world_.wait(1 + rng_.below(25'000));
    }
  }

  // Everything closes, every window passes; nobody's money is left in the market but bonds.
  void end() {
    world_.next_block();
    for (const auto& [id, bid] : testing::read_records(world_.state).bids) {
      if (bid.closed != CloseReason::kOpen) continue;
      for (const Person& publisher : publishers_) {
        if (publisher.address == bid.owner) {
          EXPECT_EQ(world_.send(publisher, CloseBid{id}), Fault::kNone);
        }
      }
    }
    for (const OwnHost& host : hosts_) {
      const auto record = world_.get<Host>(host_key(host.id));
      if (record && record->retired_at_ms == 0) {
        EXPECT_EQ(world_.send(host.owner, RetireHost{host.id}), Fault::kNone);
      }
    }
    world_.wait(4 * 3'600'000);
    const testing::MarketRecords after = testing::read_records(world_.state);
    EXPECT_TRUE(after.held.escrows == 0);
    EXPECT_TRUE(after.held.bonds == 0);
    EXPECT_FALSE(next_due_ms(world_.state, world_.now()).has_value());
    for (const Table table : {Table::kDue, Table::kOpenBids, Table::kSleepingBids, Table::kRetries,
                              Table::kOffersByClass, Table::kLeasesByHost, Table::kLeasesByBid,
                              Table::kBidsByService, Table::kReceiptsByLease, Table::kAllHosts}) {
      const auto entries = after.indexes.find(table);
      EXPECT_TRUE(entries == after.indexes.end() || entries->second.empty());
    }
    EXPECT_EQ(after.receipts.size(), 0U);
    EXPECT_EQ(after.all_terms.size(), 0U);
    EXPECT_EQ(after.bids.size(), 0U);
    EXPECT_EQ(after.hosts.size(), 0U);
    EXPECT_EQ(after.demands.size(), 0U);
    EXPECT_EQ(after.events, 0U);
  }

  // Of the states and messages that the markets have come to.
  std::map<std::string, std::size_t> seen;
  const MarketWorld& world() const { return world_; }

 private:
  void add_host() {
    if (hosts_.size() >= 12) return;
    // Some have several Hosts.
    const Person owner = !hosts_.empty() && rng_.below(3) == 0
                             ? hosts_[rng_.below(hosts_.size())].owner
                             : world_.person();
    RegisterHost message = world_.host_message(owner, rng_.below(2) == 0 ? "DE" : "FR");
    message.location.lat_milli = static_cast<std::uint32_t>(rng_.below(180'001));
    message.location.lon_milli = static_cast<std::uint32_t>(rng_.below(360'001));
    message.capacity.cpu_milli = static_cast<std::uint32_t>(500 + rng_.below(4'000));
    if (rng_.below(2) == 0) message.attributes["tier"] = "gold";
    for (const auto& [key, value] : testing::RandomTerms(rng_).attributes()) {
      message.attributes[key] = value;
    }
    EXPECT_EQ(world_.send(owner, message), Fault::kNone);
    hosts_.push_back({owner, make_host_id(world_.last_tx, 0), rng_.below(4) == 0});
  }
  void change_offer() {
    if (hosts_.empty()) return;
    const OwnHost& host = hosts_[rng_.below(hosts_.size())];
    if (rng_.below(8) == 0) {
      (void)world_.send(host.owner, WithdrawOffer{host.id});
      return;
    }
    if (!world_.get<Host>(host_key(host.id))) return;
    Resources offered = world_.host(host.id).capacity;
    offered.cpu_milli -= static_cast<std::uint32_t>(rng_.below(300));
    const auto scale = static_cast<Scale>(5'000 + 1'000 * rng_.below(10));
    (void)world_.send(host.owner,
                      SetOffer{host.id, static_cast<std::uint8_t>(rng_.below(2)), scale, offered});
  }
  BidTerms random_terms(std::size_t who) {
    BidTerms t = MarketWorld::terms(names_[who].c_str(), static_cast<std::uint16_t>(rng_.below(4)));
    t.resources.cpu_milli = static_cast<std::uint32_t>(100 + rng_.below(1'500));
    t.cap_step = rng_.below(6) == 0 ? 5 : 60;
    t.spend_per_hour_max = Amount{cap_of_step(60) + rng_.below(1'000'000)};
    t.constraints.per_host_max = static_cast<std::uint8_t>(1 + rng_.below(2));
    if (rng_.below(2) == 0)
      t.constraints.per_owner_max = static_cast<std::uint8_t>(1 + rng_.below(3));
    if (rng_.below(2) == 0)
      t.constraints.per_country_max = static_cast<std::uint8_t>(1 + rng_.below(3));
    if (rng_.below(4) == 0) t.constraints.countries.push_back("DE");
    if (rng_.below(4) == 0) t.constraints.attributes = {testing::is("tier", "gold")};
    if (rng_.below(3) == 0) {
      t.near = somewhere();
      t.latency_weight = static_cast<std::uint32_t>(rng_.below(300));
    }
    if (rng_.below(2) == 0) testing::RandomTerms(rng_).constrain(t);
    if (rng_.below(8) == 0) t.start_by_ms = world_.now() + 1 + rng_.below(100'000);
    for (const Person& gateway : gateways_) {
      if (rng_.below(2) == 0) t.gateways.push_back(gateway.address);
    }
    t.replicas_max = static_cast<std::uint16_t>(t.replicas_max + rng_.below(3));
    t.warm = static_cast<std::uint16_t>(rng_.below(3) / 2);
    t.demands_per_hour = static_cast<std::uint16_t>(rng_.below(30));
    if (rng_.below(2) == 0) t.lease_ms = 120'000 + rng_.below(200'000);
    return t;
  }
  void add_bid() {
    const std::size_t who = rng_.below(names_.size());
    const Person& publisher = publishers_[who / 2];
    const BidTerms t = random_terms(who);
    const std::uint64_t deposit = 40'000'000 + rng_.below(200'000'000);
    if (world_.send(publisher, CreateBid{t, Amount{deposit}}) == Fault::kNone) {
      bids_.push_back(make_bid_id(world_.last_tx, 0));
    }
  }
  void change_bid() {
    if (bids_.empty()) return;
    const BidId id = bids_[rng_.below(bids_.size())];
    const Person& someone = publishers_[rng_.below(publishers_.size())];
    if (rng_.below(4) == 0) {
      (void)world_.send(someone, CloseBid{id});
    } else {
      (void)world_.send(someone, TopUpBid{id, Amount{1 + rng_.below(30'000'000)}});
    }
  }
  void note(const char* what, Fault fault) {
    ++seen[std::string(what) + (fault == Fault::kNone ? "" : " refused")];
  }
  void update_bid() {
    if (bids_.empty()) return;
    const BidId id = bids_[rng_.below(bids_.size())];
    const auto bid = world_.get<Bid>(bid_key(id));
    if (!bid) return;
    for (std::size_t who = 0; who < names_.size(); ++who) {
      const Person& publisher = publishers_[who / 2];
      if (names_[who] != static_cast<const std::string&>(bid->terms.service)) continue;
      BidTerms t = rng_.below(2) == 0 ? random_terms(who) : bid->terms;
      t.replicas_min = static_cast<std::uint16_t>(rng_.below(4));
      t.replicas_max = std::max<std::uint16_t>({t.replicas_max, t.replicas_min, 1});
      note("update", world_.send(publisher, UpdateBid{id, t}));
    }
  }
  void raise_demand() {
    if (bids_.empty()) return;
    RaiseDemand message{bids_[rng_.below(bids_.size())],
                        static_cast<std::uint16_t>(rng_.below(4)),
                        somewhere(),
                        {},
                        1 + rng_.below(200'000)};
    message.location.lat_milli = static_cast<std::uint32_t>(rng_.below(180'001));
    std::set<HostId> measured;
    for (const OwnHost& host : hosts_) {
      if (rng_.below(3) == 0) measured.insert(host.id);
    }
    for (const HostId& host : measured) {
      message.round_trips.push_back({host, static_cast<std::uint32_t>(rng_.below(150'000))});
    }
    note("demand", world_.send(gateways_[rng_.below(gateways_.size())], message));
  }
  void open_reservations() {
    for (const OwnHost& host : hosts_) {
      for (const LeaseId& id : leases_of(host)) {
        const Lease lease = world_.lease(id);
        if (lease.state != LeaseState::kReserved) continue;
        const Person& gateway = gateways_[rng_.below(gateways_.size())];
        const Ticket ticket{
            world_.chain_id,     id, lease.term, gateway.address, lease.ticket + rng_.below(2),
            world_.now() + 1'000};
        note("open",
             world_.send(host.owner, OpenLease{id, lease.term, sign_ticket(ticket, gateway.key)}));
      }
    }
  }
  void drain_host() {
    if (hosts_.empty() || rng_.below(3) != 0) return;
    const OwnHost& host = hosts_[rng_.below(hosts_.size())];
    note("drain", world_.send(host.owner, DrainHost{host.id, 120'000 + rng_.below(60'000)}));
  }
  void fail_host() {
    if (hosts_.empty()) return;
    OwnHost& host = hosts_[rng_.below(hosts_.size())];
    host.lazy = !host.lazy;
    for (const LeaseId& lease : leases_of(host)) {
      if (rng_.below(4) != 0) continue;
      (void)world_.send(host.owner, ReleaseLease{lease, world_.lease(lease).term, "tired"});
    }
    if (rng_.below(12) == 0) (void)world_.send(host.owner, RetireHost{host.id});
  }
  std::vector<LeaseId> leases_of(const OwnHost& host) const {
    std::vector<LeaseId> out;
    const StateKey prefix = leases_by_host(host.id);
    world_.view().scan(prefix, prefix_end(prefix), [&](const StateKey& key, const Bytes&) {
      const LeaseId id = *fixed_from<32>(ByteView(key).subspan(prefix.size()));
      if (world_.lease(id).host == host.id) out.push_back(id);
      return true;
    });
    return out;
  }
  void heartbeat_all() {
    for (const OwnHost& host : hosts_) {
      if (host.lazy && rng_.below(6) != 0) continue;
      const bool known = world_.get<Host>(host_key(host.id)).has_value();
      EXPECT_EQ(world_.send(host.owner, Heartbeat{host.id}),
                known ? Fault::kNone : Fault::kHostNotFound);
    }
  }
  void acknowledge_all() {
    for (const OwnHost& host : hosts_) {
      for (const LeaseId& id : leases_of(host)) {
        const Lease lease = world_.lease(id);
        if (lease.state != LeaseState::kProposed || (host.lazy && rng_.below(3) != 0)) continue;
        const bool late = world_.now() > lease.ack_deadline_ms;
        EXPECT_EQ(world_.send(host.owner, AckLease{id, lease.term}),
                  late ? Fault::kAckTooLate : Fault::kNone);
      }
    }
  }
  // Serves some requests through a gateway and reports; a bad claim now and then.
  void report_all() {
    for (const OwnHost& host : hosts_) {
      for (const LeaseId& id : leases_of(host)) {
        const Lease lease = world_.lease(id);
        if (lease.renewals > 0) ++seen["renewed"];
        if (lease.reserved) ++seen["reserved"];
        if (lease.active_since_ms == 0) continue;
        const Bid bid = world_.bid(lease.bid);
        Receipt receipt{id, lease.term, {}};
        if (!bid.terms.gateways.empty() && rng_.below(4) != 0) {
          const Address by = bid.terms.gateways[rng_.below(bid.terms.gateways.size())];
          ServedLog& log = log_of(lease, by);
          log.serve_many(rng_.below(6), rng_.below(20'000'000), rng_.below(2'000'000));
          const auto last = std::find_if(lease.logs.begin(), lease.logs.end(),
                                         [&](const LogState& l) { return l.gateway == by; });
          const std::uint64_t from = last == lease.logs.end() ? 0 : last->count;
          receipt.logs.push_back(log.claim_between(from, log.log.size()));
          if (rng_.below(10) == 0) receipt.logs[0].root.sums.fuel += 1;
        }
        (void)world_.send(host.owner, SubmitReceipts{host.id, {receipt}});
      }
    }
  }
  ServedLog& log_of(const Lease& lease, const Address& by) {
    const auto key = std::make_tuple(lease.id, lease.term, by);
    const auto found = logs_.find(key);
    if (found != logs_.end()) return found->second;
    const auto gateway = std::find_if(gateways_.begin(), gateways_.end(),
                                      [&](const Person& g) { return g.address == by; });
    return logs_.emplace(key, ServedLog(world_, *gateway, lease.id, lease.term)).first->second;
  }

  SeededRng rng_;
  MarketWorld world_;
  std::vector<Person> gateways_;
  std::vector<Person> publishers_;
  std::vector<std::string> names_;
  std::vector<OwnHost> hosts_;
  std::vector<BidId> bids_;
  std::map<std::tuple<LeaseId, std::uint32_t, Address>, ServedLog> logs_;
};

TEST(RandomMarket, KeepsItsInvariantsAndMatchesAsTheReferenceDoes) {
  std::map<std::string, std::size_t> seen;
  std::uint64_t matches = 0;
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    RandomMarket market(seed);
    for (int i = 0; i < 600; ++i) market.step();
    for (const auto& [what, count] : market.seen) seen[what] += count;
    matches += market.world().matches;
    market.end();
    if (::testing::Test::HasFailure()) break;
  }
  for (const char* what : {"update", "demand", "open", "drain", "renewed", "reserved"}) {
    EXPECT_GT(seen[what], 10U) << what;
  }
  EXPECT_GT(matches, 300U);
}

}  // namespace
}  // namespace fog::market
