// Whole markets, thousands of them, through messages and blocks: what the rules propose is what the
// reference clears, which is written from the design alone (tests/support/reference_auction.h).
// Every constraint is there and is met and missed by a hair; owners have several Hosts, limits bind
// at every level, prices tie, Bids are filled in part, Hosts decline, fall silent and leave.
#include "tests/support/market_world.h"
#include "tests/support/random_terms.h"

namespace fog::market {
namespace {

using testing::example_params;
using testing::MarketRecords;
using testing::MarketWorld;
using testing::Person;
using testing::RandomTerms;
using testing::read_records;
using testing::SeededRng;

const char* const kCountries[] = {"DE", "FR", "US"};
const char* const kModels[] = {"A", "B"};
const char* const kServices[] = {"command", "http", "container"};

// Who takes part in several markets: a key costs more than a market.
struct Cast {
  std::vector<Person> owners;
  std::vector<Person> auditors;
  Person publisher;
};

class RandomMarket {
 public:
  RandomMarket(MarketWorld& world, SeededRng& rng, const Cast& cast, std::uint64_t hosts_max)
      : world_(world), rng_(rng), cast_(cast) {
    const std::size_t owners_here = 1 + rng_.below(cast.owners.size());
    is_flat_ = rng_.below(3) == 0;
    is_near_ = rng_.below(2) == 0;
    for (std::uint64_t n = 1 + rng_.below(hosts_max); n > 0; --n)
      add_host(cast.owners[rng_.below(owners_here)]);
    for (std::uint64_t n = 1 + rng_.below(4); n > 0; --n) add_bid();
    if (rng_.below(2) == 0) world_.next_block();
    for (std::uint64_t n = rng_.below(4); n > 0; --n) add_bid();
  }

  // Hosts answer what was proposed to them: some decline, some say nothing, so that others must
  // take over. What is declined is offered again in this block.
  std::size_t answer() {
    std::size_t declined = 0;
    for (const auto& [id, lease] : read_records(world_.state).leases) {
      if (lease.state != LeaseState::kProposed) continue;
      const Person& owner = owner_of(lease.host);
      const std::uint64_t how = rng_.below(8);
      if (how < 2) {
        EXPECT_EQ(world_.send(owner, ReleaseLease{id, lease.term, "no"}), Fault::kNone);
        ++declined;
      } else if (how > 2) {
        EXPECT_EQ(world_.send(owner, AckLease{id, lease.term}), Fault::kNone);
      }
    }
    return declined;
  }
  void reprice() {
    for (const HostId& id : hosts_) {
      const Host host = world_.host(id);
      const std::uint64_t what = rng_.below(12);
      if (what == 0) {
        (void)world_.send(owner_of(id), WithdrawOffer{id});
      } else if (what == 1) {
        (void)world_.send(owner_of(id), DrainHost{id, 120'000 + rng_.below(60'000)});
      } else if (what < 5) {
        (void)world_.send(owner_of(id), SetOffer{id, price_class(), scale(), host.capacity});
      } else if (what < 8) {
        (void)world_.send(owner_of(id), Heartbeat{id});
      }
    }
  }
  // Everything goes, so that the next market does not meet it.
  void end() {
    for (const BidId& id : bids_) (void)world_.send(cast_.publisher, CloseBid{id});
    for (const HostId& id : hosts_)
      EXPECT_EQ(world_.send(owner_of(id), RetireHost{id}), Fault::kNone);
  }

 private:
  bool rarely() { return rng_.below(8) == 0; }
  template <class T>
  const T& one_of(const std::vector<T>& list) {
    return list[rng_.below(list.size())];
  }
  const Person& owner_of(const HostId& id) const {
    return *std::find_if(cast_.owners.begin(), cast_.owners.end(),
                         [&](const Person& p) { return p.address == world_.host(id).owner; });
  }
  std::uint8_t price_class() { return static_cast<std::uint8_t>(rng_.below(2)); }
  // Few of them or one, so that asks tie.
  Scale scale() { return static_cast<Scale>(is_flat_ ? 10'000 : 8'000 + 1'000 * rng_.below(6)); }
  // All over the globe, or within a few hundred kilometres of each other.
  Location place() {
    Location out = testing::somewhere(kCountries[rng_.below(3)]);
    out.lat_milli =
        static_cast<std::uint32_t>(is_near_ ? 142'000 + rng_.below(3'000) : rng_.below(180'001));
    out.lon_milli =
        static_cast<std::uint32_t>(is_near_ ? 193'000 + rng_.below(3'000) : rng_.below(360'001));
    return out;
  }
  static RuntimeProfile other_runtime() { return sha256(as_bytes("other runtime")); }

  void add_host(const Person& owner) {
    RegisterHost message = world_.host_message(owner);
    message.location = place();
    message.capacity = {static_cast<std::uint32_t>(500 + rng_.below(5'000)),
                        static_cast<std::uint32_t>(1'024 * (1 + rng_.below(6))),
                        static_cast<std::uint32_t>(rng_.below(3) * 10'000),
                        static_cast<std::uint32_t>(rng_.below(3) * 100), std::nullopt};
    if (rng_.below(3) == 0) {
      message.capacity.gpu =
          Gpu{kModels[rng_.below(2)], static_cast<std::uint32_t>(1'000 * (1 + rng_.below(3)))};
    }
    message.attributes = RandomTerms(rng_).attributes();
    if (rng_.below(2) == 0) message.attributes["runtime.wasm-http"] = "1";
    if (rng_.below(2) == 0) message.attributes["runtime.container"] = rarely() ? "0" : "1";
    if (rng_.below(3) == 0) message.runtimes.push_back(other_runtime());
    EXPECT_EQ(world_.send(owner, message), Fault::kNone);
    const HostId id = make_host_id(world_.last_tx, 0);
    if (!rarely()) {
      EXPECT_EQ(world_.send(owner, SetOffer{id, price_class(), scale(), message.capacity}),
                Fault::kNone);
    }
    hosts_.push_back(id);
    if (rng_.below(3) == 0) be_audited(owner, id);
    if (rng_.below(4) != 0) return;
    // As if it had failed before. In hundreds, so that what heals while a market lasts passes no
    // Bid's limit: a Bid that sleeps is not woken by that.
    Host host = world_.host(id);
    host.standing = static_cast<std::uint16_t>(100 * rng_.below(100));
    store(world_.block(), host_key(id), host);
  }
  void be_audited(const Person& owner, const HostId& id) {
    AdmitAuditors admit{id, {}};
    for (const Person& auditor : cast_.auditors) {
      if (rng_.below(2) == 0) admit.auditors.push_back(auditor.address);
    }
    EXPECT_EQ(world_.send(owner, admit), Fault::kNone);
    for (const Person& auditor : cast_.auditors) {
      const auto is_his = [&](const Address& one) { return one == auditor.address; };
      if (std::none_of(admit.auditors.begin(), admit.auditors.end(), is_his)) continue;
      AttestHost attest{id, RandomTerms(rng_).attributes(), world_.now() + 1 + rng_.below(4)};
      if (rng_.below(2) == 0) attest.expires_ms += 1'000'000;
      if (!attest.attributes.empty()) {
        EXPECT_EQ(world_.send(auditor, attest), Fault::kNone);
      }
    }
  }

  void add_bid() {
    BidTerms terms =
        MarketWorld::terms(kServices[rng_.below(5) / 2],
                           static_cast<std::uint16_t>(rarely() ? 12 : 1 + rng_.below(4)));
    terms.resources.cpu_milli = static_cast<std::uint32_t>(500 + rng_.below(1'500));
    if (rng_.below(5) == 0) {
      terms.resources.gpu =
          Gpu{kModels[rng_.below(2)], static_cast<std::uint32_t>(500 + rng_.below(1'000))};
    }
    if (rarely()) terms.resources.storage_mib = static_cast<std::uint32_t>(9'999 + rng_.below(3));
    if (rarely()) terms.resources.egress_mbps = static_cast<std::uint32_t>(99 + rng_.below(3));
    terms.profile = {rng_.below(2) * 1'000'000'000 + rng_.below(2), rng_.below(2) << 30,
                     rng_.below(2) * 1'000'000 + rng_.below(2)};
    // About what Hosts ask, or far above.
    const UnitPrices prices = example_params().classes[0].prices;
    const auto hourly = static_cast<std::uint64_t>(
        testing::reference_hourly(prices, terms.resources, terms.profile));
    terms.cap_step = *step_for(rng_.below(4) == 0 ? 10 * hourly : hourly);
    terms.spend_per_hour_max = Amount{cap_of_step(terms.cap_step)};
    if (rng_.below(3) == 0) {
      terms.near = place();
      terms.latency_weight = static_cast<std::uint32_t>(rng_.below(3) * 1'000);
    }
    constrain(terms);
    if (rarely()) terms.start_by_ms = world_.now() + 1 + rng_.below(3);
    if (rarely()) terms.lease_ms = 120'000 + rng_.below(100'000);
    // Enough for much, or for its replicas and hardly more.
    const auto slice = static_cast<std::uint64_t>(
        testing::reference_slice(terms, *world_.get<MarketParams>(market_params_key())));
    const std::uint64_t fewest = slice * terms.replicas_min;
    bids_.push_back(world_.add_bid(cast_.publisher, terms,
                                   rng_.below(3) == 0 ? fewest + rng_.below(slice) : 5 * fewest));
  }
  // Some of everything, much of it at its very edge for one of the Hosts.
  void constrain(BidTerms& terms) {
    Constraints& c = terms.constraints;
    c.per_host_max = static_cast<std::uint8_t>(1 + rng_.below(3));
    if (rng_.below(2) == 0) c.per_owner_max = static_cast<std::uint8_t>(1 + rng_.below(3));
    if (rng_.below(2) == 0) c.per_country_max = static_cast<std::uint8_t>(1 + rng_.below(3));
    const Host some = world_.host(one_of(hosts_));
    if (rarely()) c.countries.push_back(kCountries[rng_.below(3)]);
    if (rarely()) c.not_countries.push_back(kCountries[rng_.below(3)]);
    for (std::uint64_t n = rarely() ? 1 + rng_.below(3) : 0; n > 0; --n) {
      const Location at = world_.host(one_of(hosts_)).location;
      c.cells.push_back(testing::reference_geohash(at, 1 + rng_.below(is_near_ ? 5 : 2)));
    }
    if (terms.near && rng_.below(4) == 0) {
      const std::uint64_t km = testing::reference_distance_km(some.location, *terms.near);
      if (km > 0 && rng_.below(2) == 0) {
        c.distance_max_km = static_cast<std::uint32_t>(km - rng_.below(2));
      } else if (km > 0) {
        c.latency_max_us = static_cast<std::uint32_t>(km * 10 - rng_.below(2));
      }
    }
    for (std::uint64_t n = rng_.below(4) == 0 ? 1 + rng_.below(2) : 0; n > 0; --n)
      c.attributes.push_back(RandomTerms(rng_).rule());
    for (const Person& auditor : cast_.auditors) {
      if (rng_.below(2) == 0) c.auditors.push_back(auditor.address);
    }
    if (c.auditors.empty()) c.auditors.push_back(cast_.auditors[0].address);
    for (const HostId& id : hosts_) {
      if (rng_.below(hosts_.size()) == 0 && rarely()) c.not_hosts.push_back(id);
    }
    if (rarely()) {
      for (const HostId& id : hosts_) {
        if (rng_.below(2) == 0 && c.only_hosts.size() < 32) c.only_hosts.push_back(id);
      }
    }
    if (rarely()) c.only_owners = {one_of(cast_.owners).address, one_of(cast_.owners).address};
    if (rarely()) c.not_owners = {one_of(cast_.owners).address};
    if (rarely()) c.runtime = other_runtime();
    if (rng_.below(4) == 0) {
      c.standing_min = static_cast<std::uint16_t>(
          std::min(10'000, some.standing / 100 * 100 + (rng_.below(2) == 0 ? 0 : 50)));
    }
    const auto unit = [&](std::optional<std::uint8_t>& cap, std::uint64_t price) {
      if (rarely()) cap = step_for(price * (9 + rng_.below(4)) / 10);
    };
    const UnitPrices prices = example_params().classes[1].prices;
    unit(terms.unit_caps.cpu_core_hour, prices.cpu_core_hour);
    unit(terms.unit_caps.memory_gib_hour, prices.memory_gib_hour);
    unit(terms.unit_caps.storage_gib_month, prices.storage_gib_month);
    unit(terms.unit_caps.gpu_hour, prices.gpu_hour);
    unit(terms.unit_caps.gfuel, prices.gfuel);
    unit(terms.unit_caps.egress_gib, prices.egress_gib);
    unit(terms.unit_caps.million_requests, prices.million_requests);
  }

  MarketWorld& world_;
  SeededRng& rng_;
  const Cast& cast_;
  bool is_flat_ = false;
  bool is_near_ = false;
  std::vector<HostId> hosts_;
  std::vector<BidId> bids_;
};

struct Size {
  std::uint64_t hosts_max = 9;
  int markets = 0;
};
// A fresh world now and then keeps the records few.
void run_markets(std::uint64_t seed, const Size& size) {
  SeededRng rng(seed);
  std::size_t proposed = 0, declined = 0;
  for (int done = 0; done < size.markets;) {
    MarketWorld world;
    Cast cast{{}, {}, world.person()};
    for (int i = 0; i < 5; ++i) cast.owners.push_back(world.person());
    for (int i = 0; i < 3; ++i) cast.auditors.push_back(world.person());
    for (std::uint8_t kind = 0; kind < 3; ++kind) {
      Manifest manifest = MarketWorld::manifest();
      manifest.runtime = static_cast<RuntimeKind>(kind);
      if (manifest.runtime == RuntimeKind::kContainer) manifest.port = 80;
      EXPECT_EQ(world.send(cast.publisher, PublishService{kServices[kind], manifest}),
                Fault::kNone);
    }
    world.compare_matches = true;
    for (int i = 0; i < 5; ++i, ++done) {
      SCOPED_TRACE("seed " + std::to_string(seed) + " market " + std::to_string(done));
      RandomMarket market(world, rng, cast, size.hosts_max);
      world.next_block();
      world.next_block();
      declined += market.answer();
      world.next_block();
      declined += market.answer();
      market.reprice();
      world.next_block();
      world.wait(rng.below(2) == 0 ? 31'000 : 150'000);  // who has said nothing has failed
      declined += market.answer();
      world.next_block();
      market.end();
      world.next_block();
      if (::testing::Test::HasFailure()) return;
    }
    proposed += world.matches;
  }
  EXPECT_GT(proposed, static_cast<std::size_t>(size.markets)) << "the markets were alive";
  EXPECT_GT(declined, static_cast<std::size_t>(size.markets) / 4);
}

TEST(Clearing, ThousandsOfMarketsClearAsTheReferenceDoes) {
  for (std::uint64_t seed = 1; seed <= 4; ++seed) run_markets(seed, {9, 400});
}

TEST(Clearing, LargerMarketsToo) {
  for (std::uint64_t seed = 11; seed <= 12; ++seed) run_markets(seed, {60, 60});
}

}  // namespace
}  // namespace fog::market
