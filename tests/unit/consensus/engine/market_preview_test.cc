// The preview's index follows the chain while it is made, and commits never wait for long.
#include "consensus/engine/market_preview.h"

#include "tests/support/market_world.h"

namespace fog {
namespace {

using market::HostId;
using market::Offer;
using market::testing::MarketWorld;
using testing::MemoryState;

constexpr std::size_t kReadsMax = 6'000;  // of records, while commits wait

// Counts what is read of it.
class CountedState final : public ReadView {
 public:
  explicit CountedState(const ReadView& base) : base_(base) {}
  std::optional<Bytes> get(const StateKey& key) const override {
    ++reads;
    return base_.get(key);
  }
  void scan(const StateKey& from, const StateKey& to, const Visitor& visit) const override {
    base_.scan(from, to, [&](const StateKey& key, const Bytes& value) {
      ++reads;
      return visit(key, value);
    });
  }
  mutable std::size_t reads = 0;

 private:
  const ReadView& base_;
};

// A chain that changes between any two looks at its state.
class MovingChain {
 public:
  explicit MovingChain(std::uint32_t hosts) {
    MarketWorld world;
    world.publish(world.person(), "abc");
    market::Host host = world.host(world.add_host(world.person(), 10'000));
    world.next_block();
    state_ = world.state;
    // As if so many had been registered: a message each would take longer.
    Overlay overlay(state_);
    for (std::uint32_t n = 0; n < hosts; ++n) {
      host.id = id_of(n);
      put(overlay, host, Offer{host.id, 0, 10'000 + n % 500, host.capacity, 0});
    }
    state_.apply(overlay.changes());
  }
  MarketPreview& preview() { return preview_; }
  std::size_t most_reads() const { return most_reads_; }
  std::size_t looks() const { return looks_; }
  // Changes to apply before each look, one a look.
  std::vector<std::function<void(Overlay&)>> moves;

  static HostId id_of(std::uint32_t n) { return market::make_lease_id({}, n); }
  static void put(Overlay& state, const market::Host& host, const Offer& offer) {
    store(state, market::host_key(host.id), host);
    store(state, market::offer_key(host.id), offer);
    state.put(by_class(offer), {});
  }
  static StateKey by_class(const Offer& offer) {
    StateKey key = state_key(Table::kOffersByClass);
    key.push_back(offer.price_class);
    for (int shift = 24; shift >= 0; shift -= 8)
      key.push_back(static_cast<std::uint8_t>(offer.scale >> shift));
    append(key, offer.host);
    return key;
  }
  static void reprice(Overlay& state, const HostId& id, market::Scale scale) {
    Offer offer = *load<Offer>(state, market::offer_key(id));
    state.erase(by_class(offer));
    offer.scale = scale;
    put(state, *load<market::Host>(state, market::host_key(id)), offer);
  }
  static void withdraw(Overlay& state, const HostId& id) {
    state.erase(by_class(*load<Offer>(state, market::offer_key(id))));
    state.erase(market::offer_key(id));
  }
  static market::PreviewReport ask(MarketPreview& preview) {
    market::PreviewRequest request{MarketWorld::terms("abc"), {}, 256};
    auto report = preview.ask(request);
    EXPECT_TRUE(report.has_value());
    return *std::move(report);
  }
  // Of an index that begins now, while the chain stands still.
  market::PreviewReport ask_anew() {
    MarketPreview fresh(system_clock(),
                        [this](const MarketPreview::ReadState& read) { read(state_, AppInfo{}); });
    return ask(fresh);
  }

 private:
  void look(const MarketPreview::ReadState& read) {
    if (looks_ < moves.size()) {
      Overlay block(state_);
      moves[looks_](block);
      preview_.on_commit(block.changes());
      state_.apply(block.changes());
    }
    ++looks_;
    CountedState counted(state_);
    read(counted, AppInfo{});
    most_reads_ = std::max(most_reads_, counted.reads);
  }

  MemoryState state_;
  std::size_t looks_ = 0;
  std::size_t most_reads_ = 0;
  MarketPreview preview_{system_clock(),
                         [this](const MarketPreview::ReadState& read) { look(read); }};
};

TEST(MarketPreview, IsMadeInPiecesBetweenWhichTheChainGoesOn) {
  MovingChain chain(12'000);
  // While keys are listed, lowest price first, and while Offers are read: what was listed becomes
  // dear or goes, what was not becomes cheap and stands where the listing has been.
  for (std::uint32_t move = 0; move < 12; ++move) {
    chain.moves.push_back([move](Overlay& state) {
      MovingChain::reprice(state, MovingChain::id_of(499 + 500 * move), 5'000 + move);
      MovingChain::reprice(state, MovingChain::id_of(500 * move), 900'000);
      MovingChain::withdraw(state, MovingChain::id_of(1 + 500 * move));
      MovingChain::withdraw(state, MovingChain::id_of(498 + 500 * move));
    });
  }
  const market::PreviewReport report = chain.ask(chain.preview());
  EXPECT_GT(chain.looks(), 12U) << "every change came while it was made";
  EXPECT_LT(chain.most_reads(), kReadsMax);
  ASSERT_FALSE(report.matches.empty());
  EXPECT_EQ(report.matches[0].asked, 5'000U);
  const market::PreviewReport anew = chain.ask_anew();
  EXPECT_EQ(report.offers, anew.offers);
  EXPECT_EQ(report.matches, anew.matches);
  EXPECT_EQ(report.reasons, anew.reasons);
}

TEST(MarketPreview, BeginsAgainWhenTheStateIsAnother) {
  MovingChain chain(100);
  const std::uint64_t before = chain.ask(chain.preview()).offers;
  chain.preview().forget();
  EXPECT_EQ(chain.ask(chain.preview()).offers, before);
}

}  // namespace
}  // namespace fog
