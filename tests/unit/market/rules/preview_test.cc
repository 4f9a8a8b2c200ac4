// Preview: what it says a Bid would find is what the Bid then finds; and the reasons of the others.
#include "market/rules/preview.h"

#include "market/rules/bids.h"
#include "tests/support/market_world.h"

namespace fog::market {
namespace {

using testing::example_params;
using testing::is;
using testing::MarketWorld;
using testing::Person;

struct PreviewTest : ::testing::Test {
  MarketWorld world;
  Person publisher = world.person();
  BidTerms terms = MarketWorld::terms("abc");

  PreviewTest() { world.publish(publisher, "abc"); }
  PreviewReport ask(std::uint16_t matches_max = 20) {
    world.next_block();
    OfferIndex index;
    index.touch_all();
    index.refresh(world.state);
    BlockContext block = world.context;
    ++block.height;
    EXPECT_EQ(check_terms(block, example_params(), terms), Fault::kNone);
    return preview(index, block, example_params(), std::nullopt,
                   {terms, RuntimeKind::kWasmCommand, matches_max});
  }
  static const PreviewReason* reason(const PreviewReport& report, Misfit why) {
    for (const PreviewReason& one : report.reasons) {
      if (one.why == why) return &one;
    }
    return nullptr;
  }
};

TEST_F(PreviewTest, AnEmptyMarketHasNothing) {
  const PreviewReport report = ask();
  EXPECT_EQ(report.offers, 0U);
  EXPECT_EQ(report.wanted, 1U);
  EXPECT_EQ(report.found, 0U);
  EXPECT_TRUE(report.matches.empty());
  EXPECT_TRUE(report.reasons.empty());
}

TEST_F(PreviewTest, SaysWhoWinsAndWhatItIsPaidAsTheBlockThenDoes) {
  for (const Scale scale : {14'000U, 9'000U, 12'000U, 30'000U, 11'000U}) {
    world.add_host(world.person(), scale);
  }
  terms.replicas_min = terms.replicas_max = 3;
  const PreviewReport report = ask();
  EXPECT_EQ(report.found, 3U);
  ASSERT_EQ(report.matches.size(), 5U);
  std::vector<Scale> asked;
  for (const PreviewMatch& match : report.matches) asked.push_back(match.asked);
  EXPECT_EQ(asked, (std::vector<Scale>{9'000, 11'000, 12'000, 14'000, 30'000}));
  EXPECT_FALSE(report.matches[3].cleared.has_value());
  EXPECT_EQ(report.can_serve, 5U);

  const BidId bid = world.add_bid(publisher, terms);
  world.next_block();
  world.next_block();
  for (std::uint32_t n = 0; n < 3; ++n) {
    const Lease lease = world.lease_of(bid, n);
    EXPECT_EQ(lease.host, report.matches[n].host);
    EXPECT_EQ(lease.scale, report.matches[n].cleared);
    EXPECT_EQ(report.matches[n].replicas, 1);
    EXPECT_EQ(report.matches[n].hourly, 4'624'000U);
  }
}

TEST_F(PreviewTest, ShowsNoMoreMatchesThanWereAskedFor) {
  for (int i = 0; i < 5; ++i) world.add_host(world.person(), static_cast<Scale>(10'000 + i));
  EXPECT_EQ(ask(4).matches.size(), 4U);
  EXPECT_TRUE(ask(4).more_matches);
  EXPECT_EQ(ask(5).matches.size(), 5U);
  EXPECT_FALSE(ask(5).more_matches);
}

TEST_F(PreviewTest, GroupsTheOthersByTheirFirstReasonAndSaysWhatIsNearest) {
  world.add_host(world.person(), 10'000, "DE");
  world.add_host(world.person(), 10'000, "FR");
  world.add_host(world.person(), 10'000, "FR");
  world.add_host(world.person(), 10'000, "NL");
  world.add_host(world.person(), 50'000, "DE");
  world.add_host(world.person(), 40'000, "DE");
  world.add_host(world.person(), 90'000, "FR");  // two reasons: not what a change of one would win
  terms.constraints.countries = {"DE"};
  terms.cap_step = *step_for(2 * 4'624'000);
  const PreviewReport report = ask();
  EXPECT_EQ(report.offers, 7U);
  EXPECT_EQ(report.looked_at, 7U);
  EXPECT_EQ(report.can_serve, 1U);
  ASSERT_EQ(report.reasons.size(), 2U);
  EXPECT_EQ(report.reasons[0], (PreviewReason{Misfit::kCountry, 4, 3, 0, std::string("FR")}));
  EXPECT_EQ(report.reasons[1], (PreviewReason{Misfit::kPriceCap, 2, 2, 4 * 4'624'000, {}}))
      << "the cheaper one asks four times the class";
}

TEST_F(PreviewTest, NamesTheUnitAndTheAttributeThatAreMissed) {
  world.add_host(world.person(), 20'000);
  terms.unit_caps.cpu_core_hour = *step_for(4'000'000);
  PreviewReport report = ask();
  const PreviewReason* unit = reason(report, Misfit::kUnitCap);
  ASSERT_NE(unit, nullptr);
  EXPECT_EQ(unit->what, "cpu_core_hour");
  EXPECT_EQ(unit->nearest, 7'200'000U) << "a core at twice the class";
  terms.unit_caps = {};
  terms.constraints.attributes = {is("disk", "nvme")};
  report = ask();
  const PreviewReason* attribute = reason(report, Misfit::kAttribute);
  ASSERT_NE(attribute, nullptr);
  EXPECT_EQ(attribute->what, "disk");
  EXPECT_EQ(attribute->alone, 1U);
}

TEST_F(PreviewTest, SaysHowMuchRoomThereIs) {
  world.add_host(world.person(), 10'000);  // 8 cores, 16 384 MiB
  terms.cap_step = 60;                     // it is not the price
  terms.spend_per_hour_max = Amount{cap_of_step(60)};
  const auto nearest = [&](Misfit why) {
    const PreviewReport report = ask();
    const PreviewReason* one = reason(report, why);
    return one == nullptr ? 0 : one->nearest;
  };
  terms.resources.cpu_milli = 8'001;
  EXPECT_EQ(nearest(Misfit::kCpu), 8'000U);
  terms.resources = {1'000, 16'385, 0, 0, std::nullopt};
  EXPECT_EQ(nearest(Misfit::kMemory), 16'384U);
  terms.resources = {1'000, 1'024, 0, 0, Gpu{"l4", 1}};
  EXPECT_EQ(nearest(Misfit::kGpu), 0U);
}

}  // namespace
}  // namespace fog::market
