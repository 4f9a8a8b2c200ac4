// Constraints: each reason by itself, and all together against the reference.
#include "market/rules/constraints.h"

#include "market/rules/auction.h"
#include "tests/support/market_world.h"
#include "tests/support/random_terms.h"
#include "tests/support/reference_offers.h"

namespace fog::market {
namespace {

using testing::example_params;
using testing::is;
using testing::MarketWorld;
using testing::SeededRng;

constexpr std::uint64_t kTimeMs = 100'000'000;

// A Host that can serve the query, until one of them is changed.
struct Pair {
  Attributes attributes;
  std::vector<RuntimeProfile> runtimes{sha256(as_bytes("runtime"))};
  IndexedOffer offer;
  OfferQuery query;
  MarketParams params = example_params();

  Pair() {
    attributes["disk"] = "ssd";
    offer.host.data[0] = 1;
    offer.owner.data[0] = 2;
    offer.country = "DE";
    offer.location = {"DE", 142'520, 193'405};  // Berlin
    offer.free = {4'000, 8'192, 100, 10, Gpu{"l4", 1'000}};
    offer.since_height = 9;
    query.terms = MarketWorld::terms("abc");
    query.height = 10;
    query.time_ms = kTimeMs;
    offer.standing_as_of_ms = kTimeMs;
  }
  Misfit first() {
    offer.attributes = &attributes;
    offer.runtimes = &runtimes;
    return first_misfit(offer, query, *price_in(params.classes[0], query));
  }
  void attest(const Attributes& what, std::uint64_t expires_ms = kTimeMs + 1) {
    auto audit = std::make_shared<HostAudit>();
    Address auditor;
    auditor.data[0] = 9;
    audit->attestations.push_back({auditor, what, kTimeMs - 1, expires_ms});
    offer.audit = audit;
    query.terms.constraints.auditors = {auditor};
  }
};

template <class Change>
Misfit after(Change change) {
  Pair pair;
  EXPECT_EQ(pair.first(), Misfit::kNone);
  change(pair, pair.query.terms.constraints);
  return pair.first();
}

TEST(Constraints, EachReasonByItself) {
  EXPECT_EQ(after([](Pair& p, auto&) { p.offer.since_height = 10; }), Misfit::kTooNew);
  EXPECT_EQ(after([](Pair& p, auto&) { p.query.runtime = RuntimeKind::kContainer; }),
            Misfit::kRuntimeKind);
  EXPECT_EQ(after([](Pair&, auto& c) { c.runtime = Hash32{}; }), Misfit::kRuntimeProfile);
  EXPECT_EQ(after([](Pair&, auto& c) { c.countries = {"FR", "NL"}; }), Misfit::kCountry);
  EXPECT_EQ(after([](Pair&, auto& c) { c.not_countries = {"FR", "DE"}; }), Misfit::kCountry);
  EXPECT_EQ(after([](Pair&, auto& c) { c.not_countries = {"FR"}; }), Misfit::kNone);
  EXPECT_EQ(after([](Pair&, auto& c) { c.cells = {"u32", "v"}; }), Misfit::kCell);
  EXPECT_EQ(after([](Pair&, auto& c) { c.cells = {"v", "u33d"}; }), Misfit::kNone);
  EXPECT_EQ(after([](Pair& p, auto&) {
              p.query.terms.resources.gpu = Gpu{"l4", 1'001};
            }),
            Misfit::kGpu);
  EXPECT_EQ(after([](Pair& p, auto&) {
              p.query.terms.resources.gpu = Gpu{"h100", 1};
            }),
            Misfit::kGpu);
  EXPECT_EQ(after([](Pair& p, auto&) { p.offer.free.cpu_milli = 999; }), Misfit::kCpu);
  EXPECT_EQ(after([](Pair& p, auto&) { p.offer.free.memory_mib = 1'023; }), Misfit::kMemory);
  EXPECT_EQ(after([](Pair& p, auto&) { p.query.terms.resources.storage_mib = 101; }),
            Misfit::kStorage);
  EXPECT_EQ(after([](Pair& p, auto&) { p.query.terms.resources.egress_mbps = 11; }),
            Misfit::kEgress);
  EXPECT_EQ(after([](Pair&, auto& c) { c.attributes = {is("disk", "hdd")}; }), Misfit::kAttribute);
  EXPECT_EQ(after([](Pair&, auto& c) { c.only_hosts = {HostId{}}; }), Misfit::kHostUnlisted);
  EXPECT_EQ(after([](Pair& p, auto& c) { c.not_hosts = {p.offer.host}; }), Misfit::kHostDenied);
  EXPECT_EQ(after([](Pair&, auto& c) { c.only_owners = {Address{}}; }), Misfit::kOwnerUnlisted);
  EXPECT_EQ(after([](Pair& p, auto& c) { c.not_owners = {p.offer.owner}; }), Misfit::kOwnerDenied);
  EXPECT_EQ(after([](Pair& p, auto&) { p.query.excluded.insert(p.offer.host); }),
            Misfit::kFailedBefore);
  EXPECT_EQ(after([](Pair& p, auto& c) {
              p.offer.standing = 8'999;
              c.standing_min = 9'000;
            }),
            Misfit::kStanding);
  EXPECT_EQ(after([](Pair& p, auto&) { p.query.terms.cap_step = 3; }), Misfit::kPriceCap);
  EXPECT_EQ(after([](Pair& p, auto&) { p.query.terms.unit_caps.gfuel = 3; }), Misfit::kUnitCap);
}

TEST(Constraints, DistanceAndLatencyAtTheirEdges) {
  // Munich: 504 km from Berlin by distance_km.
  const auto from_munich = [](auto change) {
    return after([&](Pair& p, auto& c) {
      p.query.terms.near = Location{"DE", 138'137, 191'576};
      ASSERT_EQ(distance_km(p.offer.location, *p.query.terms.near), 504U);
      change(c);
    });
  };
  EXPECT_EQ(from_munich([](auto& c) { c.distance_max_km = 504; }), Misfit::kNone);
  EXPECT_EQ(from_munich([](auto& c) { c.distance_max_km = 503; }), Misfit::kDistance);
  EXPECT_EQ(from_munich([](auto& c) { c.latency_max_us = 5'040; }), Misfit::kNone);
  EXPECT_EQ(from_munich([](auto& c) { c.latency_max_us = 5'039; }), Misfit::kLatency);
}

TEST(Constraints, AnAuditedRuleBelievesTrustedAuditorsUntilTheirWordExpires) {
  AttributeRule audited = is("tier", "gold");
  audited.audited = true;
  const auto with = [&](auto change) {
    return after([&](Pair& p, auto& c) {
      p.attest({{"tier", "gold"}});
      c.attributes = {audited};
      change(p, c);
    });
  };
  EXPECT_EQ(with([](auto&, auto&) {}), Misfit::kNone);
  EXPECT_EQ(with([](auto& p, auto&) { p.attest({{"tier", "tin"}}); }), Misfit::kAttestation);
  EXPECT_EQ(with([](auto& p, auto&) {
              p.attest({{"tier", "gold"}}, kTimeMs);
            }),
            Misfit::kAttestation)
      << "expired";
  EXPECT_EQ(with([](auto&, auto& c) { c.auditors = {Address{}}; }), Misfit::kAttestation)
      << "somebody else's word";
  EXPECT_EQ(with([](auto& p, auto&) {
              p.offer.audit = nullptr;
              p.attributes["tier"] = "gold";
            }),
            Misfit::kAttestation)
      << "the Host's own word";
  EXPECT_EQ(with([](auto& p, auto& c) {
              p.attest({});
              c.attributes[0].op = AttributeOp::kDiffers;
            }),
            Misfit::kAttestation)
      << "revoked: nothing is attested, not even that it differs";
}

TEST(Constraints, AllReasonsAndTheFirst) {
  Pair pair;
  pair.query.terms.constraints.countries = {"FR"};
  pair.query.terms.cap_step = 3;
  pair.query.terms.constraints.attributes = {is("disk", "ssd"), is("tier", "gold")};
  EXPECT_EQ(pair.first(), Misfit::kCountry);
  const auto bit = [](Misfit misfit) { return 1U << static_cast<std::uint32_t>(misfit); };
  EXPECT_EQ(all_misfits(pair.offer, pair.query, *price_in(pair.params.classes[0], pair.query)),
            bit(Misfit::kCountry) | bit(Misfit::kAttribute) | bit(Misfit::kPriceCap));
  EXPECT_EQ(failing_rule(pair.offer, pair.query), 1U);
}

TEST(Constraints, EveryReasonHasItsOwnName) {
  std::set<std::string_view> names;
  for (std::size_t i = 0; i < kMisfits; ++i) {
    EXPECT_TRUE(names.insert(misfit_name(static_cast<Misfit>(i))).second);
    EXPECT_FALSE(misfit_text(static_cast<Misfit>(i)).empty());
  }
}

// Random demands of random Hosts: the rule says what the reference says, and every reason occurs.
TEST(ConstraintsProperty, TheRuleIsTheReference) {
  std::array<std::size_t, kMisfits> seen{};
  SeededRng rng(11);
  testing::RandomTerms random(rng);
  for (int round = 0; round < 60'000; ++round) {
    Pair pair;
    Host host;
    host.id.data[0] = static_cast<std::uint8_t>(rng.below(3));
    host.owner = random.owner();
    host.location = random.place();
    host.location.country = std::string(rng.below(4) == 0 ? "FR" : "DE");
    host.attributes = random.attributes();
    if (rng.below(4) != 0) host.attributes["runtime.container"] = "1";
    host.runtimes.push_back(pair.runtimes[0]);
    host.standing_as_of_ms = kTimeMs - rng.below(30'000'000);
    host.standing = static_cast<std::uint16_t>(8'000 + rng.below(2'001));
    Offer offer{host.id, 0, static_cast<Scale>(8'000 + rng.below(4'000)), pair.offer.free,
                rng.below(20) == 0 ? 10U : 9U};
    std::optional<HostAudit> audit;
    if (rng.below(3) != 0) audit = random.audit(host.id, kTimeMs);
    BidTerms& terms = pair.query.terms;
    if (rng.below(2) == 0) terms.near = random.place();
    random.constrain(terms);
    Constraints& c = terms.constraints;
    const auto rarely = [&] { return rng.below(12) == 0; };
    if (rarely()) pair.query.runtime = RuntimeKind::kContainer;
    if (rarely()) c.runtime = Hash32{};
    if (rarely()) c.countries = {"FR"};
    if (rarely()) terms.resources.gpu = Gpu{rng.below(2) == 0 ? "l4" : "t4", 1};
    if (rarely()) terms.resources.cpu_milli = 4'001;
    if (rarely()) terms.resources.memory_mib = 8'193;
    if (rarely()) terms.resources.storage_mib = 101;
    if (rarely()) terms.resources.egress_mbps = 11;
    if (rarely()) c.only_hosts = {HostId{}};
    if (rarely()) c.not_hosts = {HostId{}};
    if (rarely()) c.standing_min = 9'500;
    if (rarely()) terms.cap_step = static_cast<std::uint8_t>(36 + rng.below(4));

    IndexedOffer indexed;
    indexed.host = host.id;
    indexed.owner = host.owner;
    indexed.country = host.location.country;
    indexed.location = host.location;
    indexed.scale = offer.scale;
    indexed.free = offer.free;
    indexed.since_height = offer.since_height;
    indexed.standing = host.standing;
    indexed.standing_as_of_ms = host.standing_as_of_ms;
    const std::vector<RuntimeProfile> runtimes(host.runtimes.begin(), host.runtimes.end());
    indexed.attributes = &host.attributes;
    indexed.runtimes = &runtimes;
    if (audit) indexed.audit = std::make_shared<HostAudit>(*audit);

    const UnitPrices& prices = pair.params.classes[0].prices;
    const QueryPrice price = *price_in(pair.params.classes[0], pair.query);
    testing::Seeker seeker;
    seeker.terms = terms;
    seeker.profile = terms.profile;
    seeker.runtime = pair.query.runtime;
    seeker.height = 10;
    seeker.time_ms = kTimeMs;
    const testing::Ask ask = seeker.ask_of(host, offer, prices, Hash32{});
    const bool place = seeker.fits(host, offer);
    const bool rest = seeker.satisfies(host, audit ? &*audit : nullptr, ask);
    ASSERT_EQ(first_misfit_of_place(indexed, pair.query) == Misfit::kNone, place) << round;
    ASSERT_EQ(first_misfit_of_rest(indexed, pair.query, price) == Misfit::kNone, rest) << round;
    const Misfit first = first_misfit(indexed, pair.query, price);
    ASSERT_EQ(first == Misfit::kNone, place && rest) << round;
    const std::uint32_t all = all_misfits(indexed, pair.query, price);
    ASSERT_EQ(all == 0 ? 0 : std::countr_zero(all), static_cast<int>(first)) << round;
    ASSERT_TRUE(price.hourly == ask.hourly);
    ASSERT_TRUE(price.unit_cap == testing::reference_largest_scale([&](u128 scale) {
                  return testing::reference_units_within(terms.unit_caps, prices, scale);
                }))
        << round;
    ++seen[static_cast<std::size_t>(first)];
  }
  for (std::size_t i = 0; i < kMisfits; ++i) {
    if (static_cast<Misfit>(i) == Misfit::kFailedBefore) continue;  // the market's tests have it
    EXPECT_GT(seen[i], 20U) << misfit_name(static_cast<Misfit>(i));
  }
}

}  // namespace
}  // namespace fog::market
