// The index finds what looking at every Offer finds, in the same order, whatever was added, changed
// and removed on the way.
#include "market/rules/offer_index.h"

#include <gtest/gtest.h>

#include "market/types/distance.h"
#include "tests/support/market_world.h"
#include "tests/support/random_terms.h"

namespace fog::market {
namespace {

using testing::SeededRng;

// Usually; and a time beyond what the index's rows can say.
constexpr std::uint64_t kTimeMs = 100'000'000;
constexpr std::uint64_t kLateMs = (1ULL << 50) + 20'000'000;
constexpr std::uint64_t kHeight = 50;

HostId id_of(std::uint64_t number) {
  return make_lease_id({}, static_cast<std::uint32_t>(number));
}

class Offers {
 public:
  explicit Offers(std::uint64_t seed, std::uint64_t hosts = 400)
      : rng_(seed),
        hosts_max_(hosts),
        time_ms_(seed % 4 == 0 ? kLateMs : kTimeMs),
        params_(testing::example_params()) {
    params_.classes.push_back(params_.classes[0]);
    params_.classes[1].name = "dear";
    params_.classes[1].prices.cpu_core_hour += params_.classes[1].prices.cpu_core_hour / 3;
    mixed_ = rng_.below(3) != 0;
  }

  void change() {
    const HostId id = id_of(rng_.below(hosts_max_));
    if (rng_.below(4) == 0) {
      if (offers_.erase(id) != 0) state_.erase(offer_key(id));
      hosts_.erase(id);
      index_.touch(id);
      return;
    }
    Host host = random_host(id);
    audits_.erase(id);
    if (rng_.below(2) == 0) {
      const HostAudit audit = testing::RandomTerms(rng_).audit(id, time_ms_);
      host.auditors = static_cast<std::uint8_t>(audit.attestations.size());
      audits_[id] = audit;
      store(state_, host_audit_key(id), audit);
    }
    const Offer offer = random_offer(id);
    hosts_[id] = host;
    offers_[id] = offer;
    store(state_, host_key(id), host);
    store(state_, offer_key(id), offer);
    index_.touch(id);
  }

  OfferQuery random_query() {
    OfferQuery query;
    BidTerms& terms = query.terms;
    terms.resources = random_room();
    terms.profile = query.profile = {1'000'000'000, 1 << 20, 100};
    terms.cap_step = static_cast<std::uint8_t>(60 + rng_.below(20));
    for (std::uint64_t n = rng_.below(4); n > 1; --n)
      terms.constraints.countries.push_back(country());
    if (rng_.below(4) == 0) terms.constraints.runtime = runtime();
    if (rng_.below(4) == 0) terms.constraints.attributes = {testing::is("disk", disk().c_str())};
    if (rng_.below(5) == 0) terms.constraints.standing_min = 9'000;
    if (rng_.below(8) == 0) terms.constraints.not_hosts.push_back(id_of(rng_.below(hosts_max_)));
    if (rng_.below(3) == 0) {
      terms.near = place();
      terms.latency_weight = static_cast<std::uint32_t>(rng_.below(3) * 300);
    }
    if (rng_.below(2) == 0) testing::RandomTerms(rng_).constrain(terms);
    if (rng_.below(4) == 0) query.runtime = RuntimeKind::kWasmHttp;
    if (rng_.below(6) == 0) query.excluded.insert(id_of(rng_.below(hosts_max_)));
    query.bid = id_of(1'000 + rng_.below(1'000));
    query.beacon = id_of(rng_.next());
    query.height = kHeight;
    query.time_ms = time_ms_;
    return query;
  }

  // By looking at all of them; the first 2 048 that fit are tested.
  std::vector<HostId> literal(const OfferQuery& query, std::size_t tested_max = kSearchMax) const {
    testing::Seeker seeker;
    seeker.bid = query.bid;
    seeker.terms = query.terms;
    seeker.profile = query.profile;
    seeker.runtime = query.runtime;
    seeker.excluded = query.excluded;
    seeker.beacon = query.beacon;
    seeker.height = query.height;
    seeker.time_ms = query.time_ms;
    std::vector<HostId> out;
    for (const testing::Ask& ask :
         testing::reference_asks(seeker, hosts_, offers_, audits_, params_, tested_max)) {
      out.push_back(ask.host);
    }
    return out;
  }

  std::vector<HostId> indexed(const OfferQuery& query) {
    index_.refresh(state_);
    OfferIndex::Search search(index_, query, params_);
    std::vector<HostId> out;
    while (const auto candidate = search.next()) out.push_back(candidate->host);
    return out;
  }

  // An index of the same Offers that has come to them in another order: it has seen each before as
  // another, or gone, and some that are no more, and was read in pieces.
  struct Detour {
    testing::MemoryState base;
    Overlay state{base};
    OfferIndex index;
  };
  std::unique_ptr<Detour> by_another_way() {
    auto out = std::make_unique<Detour>();
    std::vector<HostId> order;
    for (std::uint64_t n = 0; n < hosts_max_; ++n) order.push_back(id_of(n));
    const auto shuffle = [&] {
      for (std::size_t n = order.size(); n > 1; --n) std::swap(order[n - 1], order[rng_.below(n)]);
    };
    const auto changed = [&](const HostId& id) {
      out->index.touch(id);
      if (rng_.below(4) == 0) out->index.refresh_some(out->state, 1 + rng_.below(5));
    };
    for (int round = 0; round < 3; ++round) {
      shuffle();
      for (const HostId& id : order) {
        const std::uint64_t what = rng_.below(3);
        if (what == 0) out->state.erase(offer_key(id));
        if (what == 1) {
          store(out->state, host_key(id), random_host(id));
          store(out->state, offer_key(id), random_offer(id));
        }
        changed(id);
      }
    }
    shuffle();
    for (const HostId& id : order) {
      if (!offers_.contains(id)) {
        out->state.erase(offer_key(id));
      } else {
        store(out->state, host_key(id), hosts_.at(id));
        store(out->state, offer_key(id), offers_.at(id));
        if (audits_.contains(id)) store(out->state, host_audit_key(id), audits_.at(id));
      }
      changed(id);
    }
    out->index.refresh(out->state);
    return out;
  }

  OfferIndex& index() { return index_; }
  Overlay& state() { return state_; }
  std::size_t live() const {
    return static_cast<std::size_t>(
        std::count_if(offers_.begin(), offers_.end(), [&](const auto& entry) {
          const Host& host = hosts_.at(entry.first);
          return host.retired_at_ms == 0 && host.down_since_ms == 0 && !host.runtimes.empty();
        }));
  }
  void remove_all() {
    for (const auto& [id, offer] : std::exchange(offers_, {})) {
      state_.erase(offer_key(id));
      index_.touch(id);
    }
    index_.refresh(state_);
  }

 private:
  std::string country() { return std::string(1, 'A') + static_cast<char>('A' + rng_.below(6)); }
  RuntimeProfile runtime() { return id_of(5'000 + rng_.below(3)); }
  std::string disk() { return rng_.below(2) == 0 ? "ssd" : "hdd"; }
  Location place() {
    return {country(), static_cast<std::uint32_t>(rng_.below(180'001)),
            static_cast<std::uint32_t>(rng_.below(360'001))};
  }
  Resources random_room() {
    Resources out{static_cast<std::uint32_t>(rng_.below(8'000)),
                  static_cast<std::uint32_t>(rng_.below(32'768)),
                  0,
                  0,
                  {}};
    if (rng_.below(4) == 0)
      out.gpu = Gpu{std::string(rng_.below(2) == 0 ? "one" : "two"),
                    static_cast<std::uint32_t>(1 + rng_.below(4'000))};
    return out;
  }
  Host random_host(const HostId& id) {
    Host host;
    host.id = id;
    host.owner = rng_.below(2) == 0
                     ? testing::RandomTerms(rng_).owner()
                     : *fixed_from<20>(ByteView(id_of(9'000 + rng_.below(40))).first(20));
    host.attributes = testing::RandomTerms(rng_).attributes();
    host.location = place();
    if (rng_.below(3) == 0) host.attributes["runtime.wasm-http"] = "1";
    if (rng_.below(2) == 0) host.attributes["disk"] = disk();
    for (std::uint64_t n = rng_.below(8); n > 0 && host.runtimes.size() < 2; --n)
      host.runtimes.push_back(runtime());
    host.standing_as_of_ms = time_ms_ - rng_.below(40'000'000);
    if (rng_.below(4) == 0) host.standing = static_cast<std::uint16_t>(rng_.below(10'001));
    if (rng_.below(12) == 0) host.retired_at_ms = 5;
    if (rng_.below(12) == 0) host.down_since_ms = 5;
    return host;
  }
  Offer random_offer(const HostId& id) {
    Offer offer;
    offer.host = id;
    offer.price_class = static_cast<std::uint8_t>(rng_.below(2));
    // Few different ones, or all the same: what people leave as it is.
    offer.scale = static_cast<Scale>(mixed_ ? kScaleMin + rng_.below(40) * 500 : kScaleOne);
    offer.free = random_room();
    offer.since_height = kHeight - rng_.below(20);
    return offer;
  }

  SeededRng rng_;
  const std::uint64_t hosts_max_;
  const std::uint64_t time_ms_;
  MarketParams params_;
  bool mixed_ = false;
  testing::MemoryState base_;
  Overlay state_{base_};
  OfferIndex index_;
  std::map<HostId, Host> hosts_;
  std::map<HostId, Offer> offers_;
  std::map<HostId, HostAudit> audits_;
};

TEST(OfferIndex, FindsWhatLookingAtAllFindsInTheSameOrder) {
  std::size_t found = 0;
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    Offers offers(seed);
    for (int round = 0; round < 30; ++round) {
      for (int n = 0; n < 40; ++n) offers.change();
      for (int n = 0; n < 5; ++n) {
        const OfferQuery query = offers.random_query();
        const std::vector<HostId> expected = offers.literal(query);
        ASSERT_EQ(offers.indexed(query), expected) << "seed " << seed << " round " << round;
        found += expected.size();
      }
    }
    EXPECT_EQ(offers.index().size(), offers.live());
  }
  EXPECT_GT(found, 20'000U);
}

// More Offers fit than are tested, so that what fails counts, wherever it stands.
TEST(OfferIndex, StopsWhereTheBoundedSearchStops) {
  std::size_t stopped = 0;
  for (std::uint64_t seed = 1; seed <= 6; ++seed) {
    Offers offers(seed, 12'000);
    for (int n = 0; n < 16'000; ++n) offers.change();
    for (int n = 0; n < 30; ++n) {
      OfferQuery query = offers.random_query();
      query.terms.resources = {100, 100, 0, 0, {}};
      query.terms.constraints.countries.clear();
      query.terms.constraints.runtime.reset();
      query.terms.constraints.attributes = {testing::is("disk", "ssd")};
      const std::vector<HostId> expected = offers.literal(query);
      ASSERT_EQ(offers.indexed(query), expected) << "seed " << seed << " query " << n;
      if (expected.size() < offers.literal(query, ~std::size_t{0}).size()) ++stopped;
    }
  }
  EXPECT_GT(stopped, 60U);
}

TEST(OfferIndex, IsTheSameByChangesAndFromTheWholeState) {
  Offers offers(7);
  OfferIndex other;
  for (int round = 0; round < 20; ++round) {
    Overlay block(offers.state());
    for (int n = 0; n < 30; ++n) offers.change();
    other.touch(offers.state().changes());
    other.refresh(offers.state());
    const OfferQuery query = offers.random_query();
    offers.index().refresh(offers.state());
    const MarketParams params = testing::example_params();
    OfferIndex::Search one(offers.index(), query, params);
    OfferIndex::Search two(other, query, params);
    for (;;) {
      const auto a = one.next();
      ASSERT_EQ(a, two.next());
      if (!a) break;
    }
  }
}

TEST(OfferIndex, IsTheSameInWhateverOrderItWasMade) {
  std::size_t found = 0;
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    Offers offers(seed);
    for (int n = 0; n < 600; ++n) offers.change();
    offers.index().refresh(offers.state());
    const MarketParams params = testing::example_params();
    for (int way = 0; way < 3; ++way) {
      const auto other = offers.by_another_way();
      ASSERT_EQ(other->index.size(), offers.index().size());
      for (int n = 0; n < 10; ++n) {
        const OfferQuery query = offers.random_query();
        OfferIndex::Search one(offers.index(), query, params);
        OfferIndex::Search two(other->index, query, params);
        for (;; ++found) {
          const auto a = one.next();
          ASSERT_EQ(a, two.next()) << "seed " << seed << " way " << way;
          if (!a) break;
        }
      }
    }
  }
  EXPECT_GT(found, 5'000U);
}

TEST(OfferIndex, GivesBackWhatItUsed) {
  Offers offers(3);
  for (int n = 0; n < 5'000; ++n) offers.change();
  offers.remove_all();
  EXPECT_EQ(offers.index().size(), 0U);
  EXPECT_TRUE(offers.indexed(offers.random_query()).empty());
  const std::size_t bytes = offers.index().memory_bytes();
  for (int round = 0; round < 20; ++round) {
    for (int n = 0; n < 2'000; ++n) offers.change();
    offers.remove_all();
  }
  EXPECT_LE(offers.index().memory_bytes(), bytes + bytes / 2);
}

}  // namespace
}  // namespace fog::market
