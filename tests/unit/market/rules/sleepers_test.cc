// Who wakes: in random markets, block by block, exactly the sleeping Bids that an Offer which
// changed could serve, found by looking at all of them and at records alone.
#include "market/rules/fresh_offers.h"
#include "market/rules/query.h"
#include "market/rules/settlement.h"
#include "market/rules/standing.h"
#include "tests/support/market_world.h"
#include "tests/support/random_terms.h"

namespace fog::market {
namespace {

using testing::example_params;
using testing::MarketWorld;
using testing::Person;
using testing::SeededRng;

// All that a search asks of a Host, from its records.
struct HostRecords {
  explicit HostRecords(const ReadView& state, const HostId& id) {
    host = *load<Host>(state, host_key(id));
    offer = *load<Offer>(state, offer_key(id));
    runtimes.assign(host.runtimes.begin(), host.runtimes.end());
    indexed.host = id;
    indexed.owner = host.owner;
    indexed.country = host.location.country;
    indexed.price_class = offer.price_class;
    indexed.scale = offer.scale;
    indexed.free = offer.free;
    indexed.location = host.location;
    indexed.standing = host.standing;
    indexed.standing_as_of_ms = host.standing_as_of_ms;
    indexed.since_height = offer.since_height;
    indexed.attributes = &host.attributes;
    indexed.runtimes = &runtimes;
    if (const auto audit = load<HostAudit>(state, host_audit_key(id)))
      indexed.audit = std::make_shared<HostAudit>(*audit);
  }
  Host host;
  Offer offer;
  std::vector<RuntimeProfile> runtimes;
  IndexedOffer indexed;
};

// The Bids that must wake in the open block, before it is ended.
std::set<BidId> literal_wakes(const MarketWorld& world) {
  Overlay state(world.view());
  settle_due(state, world.context);
  const MarketParams params = *load<MarketParams>(state, market_params_key());
  std::vector<HostId> fresh;
  const StateKey prefix = state_key(Table::kFreshOffers);
  state.scan(prefix, prefix_end(prefix), [&](const StateKey& key, const Bytes&) {
    fresh.push_back(*fixed_from<32>(ByteView(key).subspan(1)));
    return true;
  });
  std::set<BidId> out;
  each_asleep(state, [&](const DemandTurn& turn) {
    const Bid bid = *load<Bid>(state, bid_key(turn.id));
    if (!can_pay_any(params, bid)) return true;
    const OfferQuery query = query_of(state, world.context, bid, {});
    for (const HostId& id : fresh) {
      if (!load<Offer>(state, offer_key(id))) continue;
      const HostRecords records(state, id);
      if (records.host.down_since_ms != 0 || records.host.retired_at_ms != 0) continue;
      const auto price = price_in(params.classes[records.offer.price_class], query);
      if (price && first_misfit(records.indexed, query, *price) == Misfit::kNone)
        out.insert(turn.id);
    }
    return true;
  });
  return out;
}

// Ends the open block; the sleeping Bids that were searched for in it.
std::set<BidId> actual_wakes(MarketWorld& world, std::uint64_t ms) {
  Overlay before(world.view());
  settle_due(before, world.context);
  std::map<BidId, std::uint64_t> asleep;
  each_asleep(before, [&](const DemandTurn& turn) {
    asleep[turn.id] = turn.height;
    return true;
  });
  world.stand_still(ms);
  std::set<BidId> out;
  for (const auto& [id, height] : asleep) {
    const Bid bid = world.bid(id);
    if (bid.turn_height != height || !is_asleep(world.state, bid)) out.insert(id);
  }
  return out;
}

class RandomSleepers {
 public:
  explicit RandomSleepers(std::uint64_t seed) : rng_(seed), random_(rng_) {
    world_.add_gateway(publisher_);
    for (const char* name : kServices) world_.publish(publisher_, name);
    for (int n = 0; n < 4; ++n) add_host();
    for (int n = 0; n < 10; ++n) add_bid();
    world_.next_block();
  }

  void block() {
    for (std::uint64_t n = rng_.below(4); n > 0; --n) change();
    const std::set<BidId> expected = literal_wakes(world_);
    const std::set<BidId> got = actual_wakes(world_, 1 + rng_.below(3'000));
    EXPECT_TRUE(got == expected) << got.size() << " woke, not " << expected.size();
    woken += got.size();
  }
  std::size_t woken = 0;
  std::map<std::string, std::size_t> changes;

 private:
  static constexpr const char* kServices[] = {"one", "two", "http"};

  void add_host() {
    const Person owner = world_.person();
    RegisterHost message = world_.host_message(owner, rng_.below(2) == 0 ? "DE" : "FR");
    message.capacity = {static_cast<std::uint32_t>(500 + rng_.below(2'000)),
                        4'096,
                        100'000,
                        static_cast<std::uint32_t>(rng_.below(3)),
                        {}};
    if (rng_.below(3) == 0) message.capacity.gpu = Gpu{rng_.below(2) == 0 ? "a" : "b", 1'000};
    message.location.lat_milli = static_cast<std::uint32_t>(rng_.below(180'001));
    for (const auto& [key, value] : random_.attributes()) message.attributes[key] = value;
    EXPECT_EQ(world_.send(owner, message), Fault::kNone);
    const HostId id = make_host_id(world_.last_tx, 0);
    EXPECT_EQ(world_.send(owner, AdmitAuditors{id, {auditor_.address}}), Fault::kNone);
    hosts_.emplace_back(owner, id);
  }
  BidTerms random_terms() {
    BidTerms t =
        MarketWorld::terms(kServices[rng_.below(3)], static_cast<std::uint16_t>(1 + rng_.below(2)));
    if (rng_.below(3) != 0) t.replicas_max = static_cast<std::uint16_t>(t.replicas_max + 2);
    t.demands_per_hour = 100;
    t.gateways.push_back(publisher_.address);
    t.resources.cpu_milli = static_cast<std::uint32_t>(100 + rng_.below(2'000));
    t.resources.egress_mbps = static_cast<std::uint32_t>(rng_.below(3));
    if (rng_.below(3) == 0)
      t.resources.gpu =
          Gpu{rng_.below(2) == 0 ? "a" : "b", static_cast<std::uint32_t>(1 + rng_.below(1'500))};
    t.profile = {rng_.below(2) * 1'000'000'000, 0, 0};
    const auto hourly =
        *hourly_at_scale_one(example_params().classes[0].prices, t.resources, t.profile);
    t.cap_step = *step_for(hourly * (rng_.below(4) + 1) / 2);
    t.spend_per_hour_max = Amount{cap_of_step(t.cap_step)};
    if (rng_.below(3) == 0) t.near = random_.place();
    random_.constrain(t);
    t.constraints.auditors = {auditor_.address};
    if (rng_.below(4) == 0) t.constraints.countries = {rng_.below(2) == 0 ? "DE" : "FR"};
    if (rng_.below(4) == 0)
      t.constraints.standing_min = static_cast<std::uint16_t>(rng_.below(10'001));
    if (rng_.below(6) == 0) t.start_by_ms = world_.now() + 1 + rng_.below(20'000);
    return t;
  }
  void add_bid() {
    const BidTerms t = random_terms();
    const std::uint64_t slice = t.spend_per_hour_max.droplets / 10;
    if (world_.send(publisher_, CreateBid{t, Amount{slice * (2 + rng_.below(4))}}) == Fault::kNone)
      bids_.push_back(make_bid_id(world_.last_tx, 0));
  }
  void note(const char* what, Fault fault) {
    if (fault == Fault::kNone) ++changes[what];
  }
  const std::pair<Person, HostId>& some_host() { return hosts_[rng_.below(hosts_.size())]; }
  BidId some_bid() { return bids_[rng_.below(bids_.size())]; }

  void change() {
    const auto& [owner, host] = some_host();
    switch (rng_.below(15)) {
      case 0:
      case 1:
      case 2: {
        const auto scale = static_cast<Scale>(5'000 + 1'000 * rng_.below(10));
        return note("offer",
                    world_.send(owner, SetOffer{host, static_cast<std::uint8_t>(rng_.below(2)),
                                                scale, world_.host(host).capacity}));
      }
      case 3:
        return note("withdraw", world_.send(owner, WithdrawOffer{host}));
      case 4: {
        Manifest m = MarketWorld::manifest();
        m.runtime = rng_.below(2) == 0 ? RuntimeKind::kWasmHttp : RuntimeKind::kWasmCommand;
        return note("manifest", world_.send(publisher_, UpdateService{kServices[2], m}));
      }
      case 5: {
        auto service = *world_.get<Service>(service_key(kServices[rng_.below(3)]));
        service.metered = UseProfile{rng_.below(5'000'000'000), 0, 0};
        store(world_.block(), service_key(service.name), service);
        return note("metered", Fault::kNone);
      }
      case 6: {
        BidTerms t = random_terms();
        const BidId bid = some_bid();
        const auto record = world_.get<Bid>(bid_key(bid));
        if (!record) return;
        t.service = record->terms.service;
        return note("update", world_.send(publisher_, UpdateBid{bid, t}));
      }
      case 7:
        return note("demand",
                    world_.send(publisher_, RaiseDemand{some_bid(),
                                                        static_cast<std::uint16_t>(rng_.below(3)),
                                                        random_.place(),
                                                        {},
                                                        1 + rng_.below(9'000)}));
      case 8: {
        MarketParams params = *world_.get<MarketParams>(market_params_key());
        for (PriceClass& one : params.classes)
          one.prices.cpu_core_hour = 2'000'000 + rng_.below(2'000'000);
        store(world_.block(), market_params_key(), params);
        return note("prices", Fault::kNone);
      }
      case 9: {
        Host record = world_.host(host);
        lower_standing(record, 2'000, world_.now());
        if (rng_.below(2) == 0) record.down_since_ms = world_.now();
        store(world_.block(), host_key(host), record);
        return note("failed", Fault::kNone);
      }
      case 10:
        return note("heartbeat", world_.send(owner, Heartbeat{host}));
      case 11:
        return note("attest",
                    world_.send(auditor_, AttestHost{host, random_.attributes(),
                                                     world_.now() + 1 + rng_.below(20'000)}));
      case 12:
        if (rng_.below(2) == 0) return note("close", world_.send(publisher_, CloseBid{some_bid()}));
        return note("top up", world_.send(publisher_, TopUpBid{some_bid(), Amount{1'000'000}}));
      case 13:
        for (const auto& [id, lease] : testing::read_records(world_.state).leases) {
          const auto holder = std::find_if(hosts_.begin(), hosts_.end(), [&](const auto& entry) {
            return entry.second == lease.host;
          });
          if (rng_.below(2) == 0)
            note("release", world_.send(holder->first, ReleaseLease{id, lease.term, "no"}));
        }
        return;
      default:
        return add_bid();
    }
  }

  SeededRng rng_;
  testing::RandomTerms random_;
  MarketWorld world_;
  Person auditor_ = world_.person();
  Person publisher_ = world_.person();
  std::vector<std::pair<Person, HostId>> hosts_;
  std::vector<BidId> bids_;
};

TEST(Sleepers, WakeAsIfEachWereShownEveryChangedOffer) {
  std::size_t woken = 0;
  std::map<std::string, std::size_t> changes;
  for (std::uint64_t seed = 1; seed <= 2'000; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    RandomSleepers market(seed);
    for (int n = 0; n < 50; ++n) market.block();
    woken += market.woken;
    for (const auto& [what, count] : market.changes) changes[what] += count;
    if (::testing::Test::HasFailure()) return;
  }
  EXPECT_GT(woken, 4'000U);
  for (const char* what : {"offer", "withdraw", "manifest", "metered", "update", "demand", "prices",
                           "failed", "heartbeat", "attest", "close", "top up", "release"}) {
    EXPECT_GT(changes[what], 20U) << what;
  }
}

}  // namespace
}  // namespace fog::market
