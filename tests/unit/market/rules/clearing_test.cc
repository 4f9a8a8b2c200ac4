// Whole markets, thousands of them, through messages and blocks: what the rules propose is what the
// reference clears, which is written from the design alone (tests/support/clearing_reference.h).
// Owners have several Hosts, limits bind, prices tie, Bids are filled in part, leases are declined
// and fall to others.
#include <map>

#include "market/types/distance.h"
#include "tests/support/clearing_reference.h"
#include "tests/support/market_world.h"

namespace fog::market {
namespace {

using testing::Ask;
using testing::example_params;
using testing::MarketRecords;
using testing::MarketWorld;
using testing::Match;
using testing::Person;
using testing::proposed_in;
using testing::read_records;
using testing::ReferenceClearing;
using testing::SeededRng;
using testing::Wish;

const char* const kCountries[] = {"DE", "FR", "US"};
const char* const kModels[] = {"A", "B"};

// ---- the reference's view of a state ----

std::uint32_t copies_in(Resources room, const Resources& need) {
  std::uint32_t copies = 0;
  while (copies < 300 && room.fits(need)) {
    room.take(need);
    ++copies;
  }
  return copies;
}

template <class List, class Item>
bool holds(const List& list, const Item& item) {
  return std::find(list.begin(), list.end(), item) != list.end();
}

// What the Bids of these records propose in a block, whether asleep or not.
class Reference {
 public:
  Reference(const MarketRecords& records, const MarketParams& params, const BlockContext& block)
      : r_(records), params_(params), block_(block) {}

  std::vector<Match> clear() {
    std::vector<std::tuple<std::uint64_t, Hash32, BidId>> order;
    for (const auto& [id, bid] : r_.bids) {
      if (bid.created_height >= block_.height || bid.closed != CloseReason::kOpen) continue;
      order.emplace_back(bid.created_height, tagged("fog/bid-order", block_.beacon, id), id);
    }
    std::sort(order.begin(), order.end());  // oldest first, within a block by hash(beacon, bid)
    for (const auto& [height, hash, id] : order) serve(r_.bids.at(id));
    std::sort(matches_.begin(), matches_.end());
    return matches_;
  }

 private:
  static Hash32 tagged(std::string_view name, const Hash32& a, const Hash32& b) {
    const Hash32 tag = sha256(as_bytes(name));
    Bytes text;
    for (const Hash32& part : {tag, tag, a, b})
      text.insert(text.end(), part.data.begin(), part.data.end());
    return sha256(text);
  }

  void serve(const Bid& bid) {
    Wish wish;
    wish.bid = bid.id;
    wish.beacon = block_.beacon;
    wish.cap = cap_of_step(bid.terms.cap_step);
    wish.per_host = bid.terms.constraints.per_host_max;
    wish.per_owner = bid.terms.constraints.per_owner_max;
    wish.per_country = bid.terms.constraints.per_country_max;
    std::map<std::uint32_t, Lease> waiting;  // by ordinal
    std::set<HostId> excluded;
    std::uint32_t held = 0;
    for (const auto& [id, lease] : r_.leases) {
      if (lease.bid != bid.id) continue;
      if (lease.state == LeaseState::kClosed) {
        waiting.emplace(lease.ordinal, lease);
        // A Host that failed this Bid is not asked again for the length of a notice.
        if (block_.time_ms < lease.closed_ms + params_.notice_ms) excluded.insert(lease.host);
        continue;
      }
      const Host& host = r_.hosts.at(lease.host);
      ++held;
      ++wish.on_host[host.id];
      ++wish.with_owner[host.owner];
      ++wish.in_country[std::string(host.location.country)];
    }
    wish.demand = bid.terms.replicas_min - std::min<std::uint32_t>(bid.terms.replicas_min, held);
    const std::vector<Ask> asks = asks_for(bid, excluded);
    std::uint32_t ordinal = bid.leases_ever;
    auto next_waiting = waiting.begin();
    for (const testing::Win& win : ReferenceClearing(wish, asks).clear()) {
      const Ask& ask = asks[win.ask];
      Match match{bid.id, {}, 1, ask.host, static_cast<Scale>(win.scale)};
      if (next_waiting != waiting.end()) {
        match.lease = next_waiting->second.id;
        match.term = next_waiting->second.term + 1;
        ++next_waiting;
      } else {
        match.lease = make_lease_id(bid.id, ordinal++);
      }
      matches_.push_back(match);
      r_.offers.at(ask.host).free.take(bid.terms.resources);
    }
  }

  std::vector<Ask> asks_for(const Bid& bid, const std::set<HostId>& excluded) const {
    std::vector<Ask> asks;
    const Service& service = r_.services.at(std::string(bid.terms.service));
    const Constraints& c = bid.terms.constraints;
    for (const auto& [id, offer] : r_.offers) {
      const Host& host = r_.hosts.at(id);
      const auto has = [&](const std::string& key, const std::string& value) {
        const auto at = host.attributes.find(BoundedText<32>(key));
        return at != host.attributes.end() && at->second == value;
      };
      Ask ask;
      ask.copies = copies_in(offer.free, bid.terms.resources);
      const bool fits =
          ask.copies > 0 && offer.since_height < block_.height && host.retired_at_ms == 0 &&
          host.down_since_ms == 0 &&
          (c.countries.empty() || holds(c.countries, host.location.country)) &&
          (!c.runtime || holds(host.runtimes, *c.runtime)) &&
          (service.manifest.runtime == RuntimeKind::kWasmCommand || has("runtime.wasm-http", "1"));
      if (!fits) continue;
      const std::uint64_t standing = std::min<std::uint64_t>(
          10'000, host.standing + (block_.time_ms - host.standing_as_of_ms) / 60'000);
      ask.host = id;
      ask.owner = host.owner;
      ask.country = std::string(host.location.country);
      ask.scale = offer.scale;
      ask.hourly = *hourly_at_scale_one(params_.classes[offer.price_class].prices,
                                        bid.terms.resources, bid.terms.profile);
      ask.factor = 20'000 - standing;
      if (bid.terms.unit_caps.cpu_core_hour) {
        ask.unit_cap = u128{cap_of_step(*bid.terms.unit_caps.cpu_core_hour)} * 10'000 /
                       params_.classes[offer.price_class].prices.cpu_core_hour;
      }
      if (bid.terms.near) {
        ask.distance_cost =
            u128{bid.terms.latency_weight} * distance_km(host.location, *bid.terms.near);
      }
      ask.satisfies_rest = standing >= c.standing_min && !excluded.contains(id) &&
                           !holds(c.not_hosts, id) &&
                           (c.only_hosts.empty() || holds(c.only_hosts, id));
      asks.push_back(ask);
    }
    return asks;
  }

  MarketRecords r_;
  const MarketParams params_;
  const BlockContext block_;
  std::vector<Match> matches_;
};

// ---- random markets ----

class RandomMarket {
 public:
  // People are made once: a key costs more than a market.
  RandomMarket(MarketWorld& world, SeededRng& rng, const std::vector<Person>& owners,
               const Person& publisher)
      : world_(world), rng_(rng), owners_(owners), publisher_(publisher) {
    const std::size_t owners_here = 1 + rng_.below(owners.size());
    for (std::uint64_t n = 1 + rng_.below(9); n > 0; --n) add_host(owners[rng_.below(owners_here)]);
    for (std::uint64_t n = 1 + rng_.below(4); n > 0; --n) add_bid();
    if (rng_.below(2) == 0) world_.next_block();
    for (std::uint64_t n = rng_.below(3); n > 0; --n) add_bid();
  }

  // The block is cleared as the reference does it; returns how many replicas it proposed.
  std::size_t clear() {
    fog::testing::MemoryState before = world_.state;
    before.apply(world_.block().changes());
    const BlockContext block = world_.context;
    const MarketParams params = *world_.get<MarketParams>(market_params_key());
    const std::vector<Match> expected = Reference(read_records(before), params, block).clear();
    world_.next_block();
    const std::vector<Match> got = proposed_in(read_records(world_.state), block);
    EXPECT_EQ(got.size(), expected.size());
    EXPECT_TRUE(got == expected);
    return got.size();
  }

  // Hosts answer what was proposed to them: some decline, so that others must take over. What is
  // declined is offered again in this block.
  std::size_t answer() {
    std::size_t declined = 0;
    for (const auto& [id, lease] : read_records(world_.state).leases) {
      if (lease.state != LeaseState::kProposed) continue;
      const Person& owner = *std::find_if(owners_.begin(), owners_.end(), [&](const Person& p) {
        return p.address == world_.host(lease.host).owner;
      });
      if (rng_.below(3) == 0) {
        EXPECT_EQ(world_.send(owner, ReleaseLease{id, lease.term, "no"}), Fault::kNone);
        ++declined;
      } else {
        EXPECT_EQ(world_.send(owner, AckLease{id, lease.term}), Fault::kNone);
      }
    }
    return declined;
  }
  void reprice() {
    for (const auto& [owner, id] : hosts_) {
      if (rng_.below(3) != 0) continue;
      const Host host = world_.host(id);
      EXPECT_EQ(world_.send(owner, SetOffer{id, price_class(), scale(), host.capacity}),
                Fault::kNone);
    }
  }
  // Everything goes, so that the next market does not meet it.
  void end() {
    for (const BidId& id : bids_) EXPECT_EQ(world_.send(publisher_, CloseBid{id}), Fault::kNone);
    for (const auto& [owner, id] : hosts_)
      EXPECT_EQ(world_.send(owner, RetireHost{id}), Fault::kNone);
  }

 private:
  std::uint8_t price_class() { return static_cast<std::uint8_t>(rng_.below(2)); }
  // Few of them, so that asks tie.
  Scale scale() { return static_cast<Scale>(8'000 + 1'000 * rng_.below(6)); }

  void add_host(const Person& owner) {
    RegisterHost message = world_.host_message(owner, kCountries[rng_.below(3)]);
    message.location.lat_milli = static_cast<std::uint32_t>(90'000 + rng_.below(60'000));
    message.location.lon_milli = static_cast<std::uint32_t>(180'000 + rng_.below(60'000));
    message.capacity.cpu_milli = static_cast<std::uint32_t>(500 + rng_.below(5'000));
    if (rng_.below(3) == 0) {
      message.capacity.gpu =
          Gpu{kModels[rng_.below(2)], static_cast<std::uint32_t>(1'000 * (1 + rng_.below(3)))};
    }
    if (rng_.below(2) == 0) message.attributes["runtime.wasm-http"] = "1";
    if (rng_.below(3) == 0) message.runtimes.push_back(other_runtime());
    EXPECT_EQ(world_.send(owner, message), Fault::kNone);
    const HostId id = make_host_id(world_.last_tx, 0);
    EXPECT_EQ(world_.send(owner, SetOffer{id, price_class(), scale(), message.capacity}),
              Fault::kNone);
    hosts_.emplace_back(owner, id);
    if (rng_.below(4) != 0) return;
    // As if it had failed before.
    Host host = world_.host(id);
    host.standing = static_cast<std::uint16_t>(rng_.below(10'000));
    store(world_.block(), host_key(id), host);
  }
  static RuntimeProfile other_runtime() { return sha256(as_bytes("other runtime")); }

  void add_bid() {
    const bool is_http = rng_.below(3) == 0;
    BidTerms terms = MarketWorld::terms(is_http ? "http" : "command",
                                        static_cast<std::uint16_t>(1 + rng_.below(4)));
    terms.resources.cpu_milli = static_cast<std::uint32_t>(500 + rng_.below(1'500));
    if (rng_.below(5) == 0) {
      terms.resources.gpu =
          Gpu{kModels[rng_.below(2)], static_cast<std::uint32_t>(500 + rng_.below(1'000))};
    }
    terms.profile = {rng_.below(2) * 1'000'000'000, rng_.below(2) << 30, rng_.below(2) * 1'000'000};
    const std::uint64_t hourly =
        *hourly_at_scale_one(example_params().classes[0].prices, terms.resources, terms.profile);
    // About what Hosts ask, or far above.
    terms.cap_step = *step_for(rng_.below(4) == 0 ? 10 * hourly : hourly);
    terms.spend_per_hour_max = Amount{cap_of_step(terms.cap_step)};
    if (rng_.below(4) == 0)
      terms.unit_caps.cpu_core_hour = *step_for(3'200'000 + rng_.below(2'000'000));
    Constraints& c = terms.constraints;
    c.per_host_max = static_cast<std::uint8_t>(1 + rng_.below(3));
    if (rng_.below(2) == 0) c.per_owner_max = static_cast<std::uint8_t>(1 + rng_.below(3));
    if (rng_.below(2) == 0) c.per_country_max = static_cast<std::uint8_t>(1 + rng_.below(3));
    if (rng_.below(4) == 0) c.countries.push_back(kCountries[rng_.below(3)]);
    if (rng_.below(4) == 0) c.standing_min = static_cast<std::uint16_t>(rng_.below(10'001));
    if (rng_.below(6) == 0) c.runtime = other_runtime();
    if (rng_.below(4) == 0) c.not_hosts.push_back(hosts_[rng_.below(hosts_.size())].second);
    if (rng_.below(6) == 0) {
      for (const auto& [owner, id] : hosts_) {
        if (rng_.below(2) == 0) c.only_hosts.push_back(id);
      }
    }
    if (rng_.below(3) == 0) {
      terms.near = testing::somewhere();
      terms.near->lat_milli = static_cast<std::uint32_t>(90'000 + rng_.below(60'000));
      terms.near->lon_milli = static_cast<std::uint32_t>(180'000 + rng_.below(60'000));
      terms.latency_weight = static_cast<std::uint32_t>(rng_.below(3) * 1'000);
    }
    bids_.push_back(world_.add_bid(publisher_, terms, 10'000'000'000));
  }

  MarketWorld& world_;
  SeededRng& rng_;
  const std::vector<Person>& owners_;
  const Person& publisher_;
  std::vector<std::pair<Person, HostId>> hosts_;
  std::vector<BidId> bids_;
};

// A fresh world now and then keeps the records few.
void run_markets(std::uint64_t seed, int markets) {
  SeededRng rng(seed);
  std::size_t proposed = 0, declined = 0;
  for (int done = 0; done < markets;) {
    MarketWorld world;
    std::vector<Person> owners;
    for (int i = 0; i < 5; ++i) owners.push_back(world.person());
    const Person publisher = world.person();
    world.publish(publisher, "command");
    Manifest http = MarketWorld::manifest();
    http.runtime = RuntimeKind::kWasmHttp;
    EXPECT_EQ(world.send(publisher, PublishService{"http", http}), Fault::kNone);
    for (int i = 0; i < 5; ++i, ++done) {
      SCOPED_TRACE("seed " + std::to_string(seed) + " market " + std::to_string(done));
      RandomMarket market(world, rng, owners, publisher);
      world.next_block();
      proposed += market.clear();
      declined += market.answer();
      proposed += market.clear();
      market.reprice();
      declined += market.answer();
      proposed += market.clear();
      market.end();
      world.next_block();
      if (::testing::Test::HasFailure()) return;
    }
  }
  EXPECT_GT(proposed, static_cast<std::size_t>(markets)) << "the markets were alive";
  EXPECT_GT(declined, static_cast<std::size_t>(markets) / 4);
}

TEST(Clearing, ThousandsOfMarketsClearAsTheReferenceDoes) {
  for (std::uint64_t seed = 1; seed <= 4; ++seed) run_markets(seed, 300);
}

}  // namespace
}  // namespace fog::market
