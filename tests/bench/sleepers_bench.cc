// sleepers: what an Offer that changed costs where many Bids sleep that it cannot serve, and what
// the clearing of one block costs at most. Markets are cleared by the rules, with their index in
// memory.
//
// The Bids sleep for want of a GPU model, a country, an attribute, room, or a price as low as they
// pay; the Offers are of the usual kind. The dearest searches are those of Bids near a place that
// find nobody: so many Offers fit that all that a search may test are tested, in vain, and must be
// put in order. The dearest sleepers are decoys, which every Offer misses by little, each in
// another way. Times are of the thread's processor time.
#include <random>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "consensus/engine/live_state.h"
#include "market/rules/fresh_offers.h"
#include "market/rules/matching_index.h"
#include "market/rules/rules.h"
#include "tests/bench/bench_support.h"

namespace fog::bench {
namespace {

using namespace market;

struct Options {
  std::uint64_t sleepers = 100'000;
  std::uint64_t offers = 1'000;
  std::uint64_t blocks = 20;
  std::uint64_t crowd = 100'000;
  std::uint64_t decoys = 100'000;
  std::uint64_t held = 1'000;
  std::uint64_t attributes = 0;
  std::uint64_t seed = 1;
};

class World {
 public:
  struct Sizes {
    std::uint64_t sleepers = 0;
    std::uint64_t offers = 0;
    std::uint64_t decoys = 0;
  };
  World(const Options& options, const Sizes& sizes)
      : options_(options), rng_(options.seed), live_(system_rng()) {
    context_.height = 10;
    context_.time_ms = 1'000'000'000;
    PriceClass one;
    one.name = "standard";
    one.prices = {1'000'000, 200'000, 50'000, 40'000'000, 30'000, 20'000'000, 5'000'000};
    params_.classes.push_back(one);
    if (sizes.sleepers > 0) params_.searches_per_block = 1'000'000;  // all are shown in one block
    Overlay first(live_);
    store(first, market_params_key(), params_);
    Service service;
    service.name = "abc";
    store(first, service_key(service.name), service);
    for (std::uint64_t i = 0; i < sizes.sleepers; ++i) add_sleeper(first, i);
    for (std::uint64_t i = 0; i < sizes.decoys; ++i) add_decoy(first, i);
    for (std::uint64_t i = 0; i < sizes.offers; ++i) add_host(first, i);
    take(first);
    index_.touch_all();
    index_.refresh(live_, params_);
  }

  // Microseconds for an Offer, in a block in which all of them have changed.
  double block() {
    change_offers(options_.offers, {});
    const double took = clear();
    CHECK(!any_awake(live_) && !any_fresh_offer(live_));
    return took * 1e6 / static_cast<double>(options_.offers);
  }

  // Milliseconds for each block until so many Offers of eight cores, all of which have changed,
  // have been shown.
  std::vector<double> show(std::uint64_t offers) {
    change_offers(offers, Resources{8'000, 32'768, 500'000, 1'000, {}});
    std::vector<double> ms;
    while (any_fresh_offer(live_)) ms.push_back(clear() * 1e3);
    return ms;
  }

  // Milliseconds for each block until all Bids of a flood have been searched for.
  std::vector<double> flood(std::uint64_t bids) {
    Overlay block(live_);
    for (std::uint64_t i = 0; i < bids; ++i) {
      Bid bid = new_bid(5'000'000 + i);
      bid.terms.near = place();
      bid.terms.latency_weight = 500;
      for (std::uint64_t n = 0; n < std::min<std::uint64_t>(options_.attributes, 15); ++n) {
        bid.terms.constraints.attributes.push_back(
            {fmt::format("common-{:02}", n), AttributeOp::kIn, {"a", "b", "yes"}, false});
      }
      bid.terms.constraints.attributes.push_back({"disk", AttributeOp::kIn, {"none"}, false});
      wake(block, context_, bid);
    }
    take(block);
    std::vector<double> ms;
    while (any_awake(live_)) ms.push_back(clear() * 1e3);
    return ms;
  }
  // The same for Bids that hold so many replicas and lack one that nobody has.
  std::vector<double> large(std::uint64_t bids, std::uint64_t held) {
    Overlay block(live_);
    for (std::uint64_t i = 0; i < bids; ++i) {
      Bid bid = new_bid(6'000'000 + i);
      bid.terms.constraints.attributes.push_back({"disk", AttributeOp::kIn, {"none"}, false});
      bid.terms.replicas_max = bid.terms.replicas_min = static_cast<std::uint16_t>(held + 1);
      bid.replicas_held = static_cast<std::uint16_t>(held);
      for (std::uint32_t n = 0; n < held; ++n) {
        Lease lease;
        lease.id = make_lease_id(bid.id, n);
        lease.bid = bid.id;
        lease.host = id_of(n % options_.offers);
        lease.state = LeaseState::kActive;
        store(block, lease_key(lease.id), lease);
        StateKey key = leases_by_bid(bid.id);
        append(key, lease.id);
        block.put(key, {});
      }
      wake(block, context_, bid);
    }
    take(block);
    std::vector<double> ms;
    while (any_awake(live_)) ms.push_back(clear() * 1e3);
    return ms;
  }
  std::uint32_t searches_per_block() const { return params_.searches_per_block; }

 private:
  std::uint64_t below(std::uint64_t n) { return rng_() % n; }
  static Hash32 id_of(std::uint64_t number) {
    return make_lease_id({}, static_cast<std::uint32_t>(number));
  }
  // One block's clearing, in seconds.
  double clear() {
    ++context_.height;
    ++context_.time_ms;
    Overlay block(live_);
    const double start = thread_cpu_seconds();
    clear_market(block, context_, index_);
    const double took = thread_cpu_seconds() - start;
    take(block);
    return took;
  }
  void change_offers(std::uint64_t offers, const std::optional<Resources>& free) {
    ++context_.height;
    Overlay block(live_);
    for (std::uint64_t i = 0; i < offers; ++i) {
      auto offer = *load<Offer>(block, offer_key(id_of(i)));
      offer.scale = static_cast<Scale>(8'000 + below(4'000));
      if (free) offer.free = *free;
      store(block, offer_key(offer.host), offer);
      note_offer_changed(block, context_, offer.host);
    }
    index_.touch(block.changes());
    take(block);
  }
  void take(Overlay& overlay) {
    for (const auto& [key, value] : overlay.changes()) {
      if (value) {
        live_.put(key, *value);
      } else {
        live_.erase(key);
      }
    }
  }

  Location place() {
    return {std::string(below(2) == 0 ? "DE" : "FR"),
            static_cast<std::uint32_t>(30'000 + below(120'000)),
            static_cast<std::uint32_t>(below(360'001))};
  }
  void add_host(Overlay& state, std::uint64_t i) {
    Host host;
    host.id = id_of(i);
    host.location = place();
    host.runtimes.push_back(id_of(2'000'000'000));
    if (below(2) == 0) host.attributes["disk"] = "ssd";
    for (std::uint64_t n = 0; n < options_.attributes; ++n) {
      host.attributes[fmt::format("common-{:02}", n)] = "yes";
    }
    store(state, host_key(host.id), host);
    Offer offer;
    offer.host = host.id;
    const auto cores = static_cast<std::uint32_t>(1ULL << below(6));
    offer.free = {cores * 1'000, cores * 4'096, 500'000, 1'000, {}};
    if (below(4) == 0) offer.free.gpu = Gpu{"l4", 2'000};
    offer.since_height = 1;
    store(state, offer_key(offer.host), offer);
    state.put(state_key(Table::kOffersByClass,
                        {Bytes{0, 0, 0, 0, static_cast<std::uint8_t>(i % 200)}, offer.host}),
              {});
  }

  Bid new_bid(std::uint64_t number) {
    Bid bid;
    bid.id = id_of(number);
    bid.free = Amount{1'000'000'000'000};
    BidTerms& terms = bid.terms;
    terms.service = "abc";
    const auto cores = static_cast<std::uint32_t>(1ULL << below(5));
    terms.resources = {
        cores * 500, cores * 1'024, static_cast<std::uint32_t>(below(60'000)), 0, {}};
    terms.replicas_min = 1;
    terms.replicas_max = 1;
    terms.cap_step = 80;
    terms.spend_per_hour_max = Amount{1'000'000};
    return bid;
  }
  void add_sleeper(Overlay& state, std::uint64_t i) {
    static const char* const kModels[] = {"a100", "h100", "rtx4090"};
    Bid bid = new_bid(10'000'000 + i);
    BidTerms& terms = bid.terms;
    switch (below(5)) {
      case 0:
        terms.resources.gpu = Gpu{std::string(kModels[below(3)]), 1'000};
        break;
      case 1:
        terms.constraints.countries.push_back(
            {static_cast<char>('G' + below(20)), static_cast<char>('A' + below(26))});
        break;
      case 2: {
        AttributeRule rule;
        rule.key = std::string(below(2) == 0 ? "audited" : "certified");
        rule.values = {AttributeValue("yes")};
        terms.constraints.attributes.push_back(rule);
        break;
      }
      case 3:
        terms.resources.memory_mib = static_cast<std::uint32_t>(200'000 + below(1'000'000));
        break;
      case 4:
        terms.cap_step = static_cast<std::uint8_t>(10 + below(14));
        break;
    }
    put_to_sleep(state, context_, params_, bid, context_.time_ms + 3'600'000);
  }

  // Fits no Offer, and among others of its kind looks as if it might: some need a little more
  // processors than Offers of eight cores have, others a little more memory.
  void add_decoy(Overlay& state, std::uint64_t i) {
    Bid bid = new_bid(20'000'000 + i);
    bid.terms.resources =
        i % 2 == 0 ? Resources{8'100, 32'768, 0, 0, {}} : Resources{7'900, 33'000, 0, 0, {}};
    put_to_sleep(state, context_, params_, bid, context_.time_ms + 3'600'000);
  }

  const Options options_;
  std::mt19937_64 rng_;
  LiveState live_;
  MarketParams params_;
  BlockContext context_;
  MatchingIndex index_;
};

int run(const Options& options) {
  std::string by_sleepers;
  double first_us = 0;
  double last_us = 0;
  for (std::uint64_t sleepers = 1'000; sleepers <= options.sleepers; sleepers *= 10) {
    World world(options, {sleepers, options.offers, 0});
    std::vector<double> us;
    for (std::uint64_t i = 0; i < options.blocks; ++i) us.push_back(world.block());
    last_us = median(us);
    if (first_us == 0) first_us = last_us;
    by_sleepers += fmt::format("{}{{\"sleepers\": {}, \"us_per_changed_offer\": {:.2f}}}",
                               by_sleepers.empty() ? "" : ", ", sleepers, last_us);
    progress(by_sleepers);
  }
  World flooded(options, {0, options.crowd, 0});
  const std::vector<double> ms = flooded.flood(std::uint64_t{10} * flooded.searches_per_block());
  World misled(options, {0, options.offers, options.decoys});
  const std::vector<double> decoy_ms = misled.show(options.offers);
  World holding(options, {0, options.offers, 0});
  const std::vector<double> large_ms = holding.large(holding.searches_per_block(), options.held);
  print_figures("sleepers",
                fmt::format("\"us_per_changed_offer\": {:.2f}, \"growth\": {:.2f}, "
                            "\"by_sleepers\": [{}], \"crowd\": {}, \"searches_per_block\": {}, "
                            "\"block_ms\": {:.1f}, \"block_ms_max\": {:.1f}, \"decoys\": {}, "
                            "\"decoy_blocks\": {}, \"decoy_block_ms_max\": {:.1f}, \"held\": {}, "
                            "\"large_blocks\": {}, \"large_block_ms_max\": {:.1f}",
                            last_us, last_us / first_us, by_sleepers, options.crowd,
                            flooded.searches_per_block(), median(ms), percentile(ms, 1.0),
                            options.decoys, decoy_ms.size(), percentile(decoy_ms, 1.0),
                            options.held, large_ms.size(), percentile(large_ms, 1.0)));
  return 0;
}

}  // namespace
}  // namespace fog::bench

int main(int argc, char** argv) {
  fog::bench::Options options;
  CLI::App app("What an Offer that changed costs where many Bids sleep");
  app.add_option("--sleepers", options.sleepers, "at most; from 1000 in steps of ten")
      ->capture_default_str()
      ->check(CLI::Range(1'000, 10'000'000));
  app.add_option("--offers", options.offers, "that change in a block")->capture_default_str();
  app.add_option("--blocks", options.blocks, "for each size")->capture_default_str();
  app.add_option("--crowd", options.crowd, "Offers that the dearest searches go through")
      ->capture_default_str();
  app.add_option("--decoys", options.decoys, "sleepers that no Offer fits, by little")
      ->capture_default_str();
  app.add_option("--held", options.held, "replicas that each large Bid holds")
      ->capture_default_str()
      ->check(CLI::Range(1, 1'023));
  app.add_option("--attributes", options.attributes,
                 "further attributes of each Host, up to 15 of which the searching Bids ask for")
      ->capture_default_str()
      ->check(CLI::Range(0, 31));
  app.add_option("--seed", options.seed, "of Hosts and Bids")->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  return fog::bench::run(options);
}
