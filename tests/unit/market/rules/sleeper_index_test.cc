// No sleeping Bid that an Offer could serve is left out when the Offer is shown; most that it could
// not serve are. They come by their turns.
#include "market/rules/sleeper_index.h"

#include <algorithm>

#include "market/rules/demand.h"
#include "tests/support/market_world.h"
#include "tests/support/random_terms.h"

namespace fog::market {
namespace {

using testing::example_params;
using testing::SeededRng;

constexpr std::uint64_t kTimeMs = 100'000'000;

Hash32 id_of(std::uint64_t number) {
  return make_lease_id({}, static_cast<std::uint32_t>(number));
}

class Sleepers {
 public:
  explicit Sleepers(std::uint64_t seed) : rng_(seed), random_(rng_) {
    block_.emplace(base_);
    context_.time_ms = kTimeMs;
  }

  // A Bid falls asleep, changes in its sleep, or wakes.
  void change() {
    Bid bid;
    bid.id = id_of(rng_.below(300));
    if (rng_.below(3) == 0) {
      if (bids_.erase(bid.id) == 0) return;
      Bid woken = *load<Bid>(*block_, bid_key(bid.id));
      wake(*block_, context_, woken);
      return;
    }
    if (bids_.contains(bid.id)) bid = *load<Bid>(*block_, bid_key(bid.id));
    bid.terms = random_terms();
    bid.terms.replicas_min = 1;
    context_.height = 1 + rng_.below(50);
    put_to_sleep(*block_, context_, params_, bid, kTimeMs + 1'000);
    bids_[bid.id] = bid;
  }
  // What changed since the last time is told to the index.
  void refresh() {
    index_.touch(block_->changes());
    index_.refresh(*block_, params_);
    base_.apply(block_->changes());
    block_.emplace(base_);
  }
  IndexedOffer random_offer() {
    IndexedOffer offer;
    attributes_ = random_.attributes();
    runtimes_ = {runtime()};
    offer.attributes = &attributes_;
    offer.runtimes = &runtimes_;
    offer.host = id_of(5'000);
    offer.owner = random_.owner();
    offer.country = country();
    offer.location = random_.place();
    offer.price_class = static_cast<std::uint8_t>(rng_.below(params_.classes.size()));
    offer.scale = static_cast<Scale>(kScaleMin + rng_.below(30'000));
    offer.free = room();
    return offer;
  }
  // Those that it could serve.
  std::set<DemandTurn> literal(const IndexedOffer& offer, const DemandTurn& after,
                               std::uint64_t before_height) const {
    std::set<DemandTurn> out;
    for (const auto& [id, bid] : bids_) {
      const DemandTurn turn{bid.turn_height, id};
      if (turn <= after || turn.height >= before_height) continue;
      OfferQuery query;
      query.terms = bid.terms;
      // A gateway may say that another place counts.
      if (bid.terms.near && bid.terms.replicas_max > 1) query.terms.near = offer.location;
      query.profile = bid.terms.profile;
      query.height = 10;
      query.time_ms = kTimeMs;
      const auto price = price_in(params_.classes[offer.price_class], query);
      if (price && first_misfit(offer, query, *price) == Misfit::kNone) out.insert(turn);
    }
    return out;
  }
  const SleeperIndex& index() const { return index_; }
  DemandTurn some_turn() { return {rng_.below(20), id_of(rng_.below(300))}; }
  std::uint64_t some_height() { return 30 + rng_.below(30); }
  std::size_t size() const { return bids_.size(); }
  const Overlay& state() const { return *block_; }
  const MarketParams& params() const { return params_; }

 private:
  std::string country() { return std::string(1, 'D') + static_cast<char>('A' + rng_.below(6)); }
  RuntimeProfile runtime() { return id_of(7'000 + rng_.below(3)); }
  Resources room() {
    Resources out{static_cast<std::uint32_t>(1 + rng_.below(8'000)),
                  static_cast<std::uint32_t>(1 + rng_.below(8'000)),
                  static_cast<std::uint32_t>(rng_.below(3)),
                  static_cast<std::uint32_t>(rng_.below(3)),
                  {}};
    if (rng_.below(3) == 0)
      out.gpu = Gpu{std::string(rng_.below(2) == 0 ? "one" : "two"),
                    static_cast<std::uint32_t>(1 + rng_.below(2'000))};
    return out;
  }
  BidTerms random_terms() {
    BidTerms terms;
    terms.resources = room();
    terms.profile = {rng_.below(1'000'000'000), 1 << 20, 100};
    terms.cap_step = static_cast<std::uint8_t>(30 + rng_.below(60));
    if (rng_.below(3) == 0) terms.near = random_.place();
    random_.constrain(terms);
    for (std::uint64_t n = rng_.below(4); n > 1; --n)
      terms.constraints.countries.push_back(country());
    if (rng_.below(4) == 0) terms.constraints.runtime = runtime();
    if (rng_.below(8) == 0) terms.constraints.only_hosts = {id_of(5'000 + rng_.below(2))};
    terms.gateways = {random_.owner()};
    if (rng_.below(4) == 0) terms.replicas_max = 2;
    return terms;
  }

  SeededRng rng_;
  testing::RandomTerms random_;
  MarketParams params_ = example_params();
  BlockContext context_;
  testing::MemoryState base_;
  std::optional<Overlay> block_;
  SleeperIndex index_;
  std::map<BidId, Bid> bids_;
  Attributes attributes_;
  std::vector<RuntimeProfile> runtimes_;
};

// `took`: how many looks.
std::vector<DemandTurn> walk(const SleeperIndex& index, const IndexedOffer& offer,
                             const DemandTurn& after = {}, std::uint64_t before_height = 1'000,
                             std::uint64_t* took = nullptr) {
  std::vector<DemandTurn> out;
  SleeperIndex::Walk walk(index, offer, after, before_height);
  std::uint64_t looks = ~std::uint64_t{0};
  while (const auto sight = walk.next(looks)) {
    if (sight->may_want) out.push_back(sight->turn);
  }
  EXPECT_TRUE(walk.is_over());
  if (took != nullptr) *took = ~std::uint64_t{0} - looks;
  return out;
}

TEST(SleeperIndex, LeavesOutNoBidThatTheOfferCouldServe) {
  std::size_t wanted = 0;
  std::size_t shown = 0;
  std::size_t asleep = 0;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    Sleepers sleepers(seed);
    for (int round = 0; round < 20; ++round) {
      for (int n = 0; n < 40; ++n) sleepers.change();
      sleepers.refresh();
      ASSERT_EQ(sleepers.index().size(), sleepers.size());
      for (int n = 0; n < 10; ++n) {
        const IndexedOffer offer = sleepers.random_offer();
        const DemandTurn after = n % 2 == 0 ? DemandTurn{} : sleepers.some_turn();
        const std::uint64_t before = n % 2 == 0 ? 1'000 : sleepers.some_height();
        const std::set<DemandTurn> expected = sleepers.literal(offer, after, before);
        const std::vector<DemandTurn> got = walk(sleepers.index(), offer, after, before);
        ASSERT_TRUE(std::adjacent_find(got.begin(), got.end(), std::greater_equal<>()) == got.end())
            << "in their order, each once";
        ASSERT_TRUE(std::includes(got.begin(), got.end(), expected.begin(), expected.end()))
            << "seed " << seed << " round " << round;
        wanted += expected.size();
        shown += got.size();
        asleep += sleepers.size();
      }
    }
  }
  EXPECT_GT(wanted, 1'000U);
  EXPECT_LT(shown, asleep / 5);
  EXPECT_GT(wanted, shown / 10);
}

// Not only who is found, but how much is looked at on the way, since blocks count that.
TEST(SleeperIndex, IsTheSameFromTheWholeState) {
  Sleepers sleepers(3);
  std::uint64_t looks = 0;
  for (int round = 0; round < 20; ++round) {
    for (int n = 0; n < 100; ++n) sleepers.change();
    sleepers.refresh();
    SleeperIndex whole;
    whole.touch_all();
    whole.refresh(sleepers.state(), sleepers.params());
    for (int n = 0; n < 50; ++n) {
      const IndexedOffer offer = sleepers.random_offer();
      std::uint64_t took = 0;
      std::uint64_t took_whole = 0;
      ASSERT_TRUE(walk(sleepers.index(), offer, {}, 1'000, &took) ==
                  walk(whole, offer, {}, 1'000, &took_whole));
      ASSERT_EQ(took, took_whole);
      looks += took;
    }
  }
  EXPECT_GT(looks, 10'000U);
}

// In large trees too, whose leaves and branches come and go until nothing is left.
TEST(SleeperIndex, HoldsManyThatDemandAlike) {
  const MarketParams params = example_params();
  testing::MemoryState base;
  std::optional<Overlay> block;
  block.emplace(base);
  SleeperIndex index;
  SeededRng rng(5);
  BlockContext context;
  context.time_ms = kTimeMs;
  std::vector<Bid> bids;
  const auto refresh = [&] {
    index.touch(block->changes());
    index.refresh(*block, params);
    base.apply(block->changes());
    block.emplace(base);
  };
  for (std::uint32_t n = 0; n < 5'000; ++n) {
    Bid bid;
    bid.id = id_of(n);
    bid.terms.resources = {static_cast<std::uint32_t>(1 + rng.below(8'000)),
                           static_cast<std::uint32_t>(1 + rng.below(8'000)),
                           0,
                           0,
                           {}};
    bid.terms.cap_step = 60;
    bid.terms.replicas_min = 1;
    context.height = 1 + n / 100;
    put_to_sleep(*block, context, params, bid, kTimeMs + 1'000);
    bids.push_back(bid);
  }
  refresh();
  IndexedOffer offer;
  const Attributes attributes;
  const std::vector<RuntimeProfile> runtimes = {id_of(7'000)};
  offer.attributes = &attributes;
  offer.runtimes = &runtimes;
  offer.host = id_of(6'000);
  offer.country = "DE";
  while (!bids.empty()) {
    for (int n = 0; n < 500; ++n) {
      std::swap(bids[rng.below(bids.size())], bids.back());
      wake(*block, context, bids.back());
      bids.pop_back();
    }
    refresh();
    ASSERT_EQ(index.size(), bids.size());
    SleeperIndex whole;
    whole.touch_all();
    whole.refresh(base, params);
    for (const std::uint32_t room : {2'000U, 5'000U, 8'000U}) {
      offer.free = {room, 10'000 - room, 0, 0, {}};
      std::set<DemandTurn> fit;
      for (const Bid& bid : bids) {
        if (offer.free.fits(bid.terms.resources)) fit.insert({bid.turn_height, bid.id});
      }
      std::uint64_t took = 0;
      std::uint64_t took_whole = 0;
      const std::vector<DemandTurn> got = walk(index, offer, {}, 1'000, &took);
      ASSERT_TRUE(std::equal(got.begin(), got.end(), fit.begin(), fit.end()));
      ASSERT_TRUE(walk(whole, offer, {}, 1'000, &took_whole) == got);
      ASSERT_EQ(took, took_whole);
    }
  }
}

// A walk that runs out of looks goes on where it stopped.
TEST(SleeperIndex, AWalkIsPaidForLookByLook) {
  Sleepers sleepers(4);
  for (int n = 0; n < 500; ++n) sleepers.change();
  sleepers.refresh();
  for (int n = 0; n < 20; ++n) {
    const IndexedOffer offer = sleepers.random_offer();
    std::uint64_t took = 0;
    const std::vector<DemandTurn> all = walk(sleepers.index(), offer, {}, 1'000, &took);
    std::vector<DemandTurn> got;
    std::uint64_t paid = 0;
    SleeperIndex::Walk walk(sleepers.index(), offer, {}, 1'000);
    for (std::uint64_t looks = 0; !walk.is_over();) {
      while (const auto sight = walk.next(looks)) {
        if (sight->may_want) got.push_back(sight->turn);
      }
      if (walk.is_over()) break;
      ASSERT_EQ(looks, 0U);
      looks = 1;
      ++paid;
    }
    ASSERT_TRUE(got == all);
    ASSERT_EQ(paid, took);
  }
}

}  // namespace
}  // namespace fog::market
