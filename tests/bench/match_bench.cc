// match: clearing one Bid against many live Offers: the search, the auction with its payments, and
// taking the room from the winners' Offers in state and index.
//
// Hosts differ in price, room, country, place, GPU, runtimes and attributes; Bids ask for a
// mixture. What a Bid takes it gives back some hundred Bids later, so the market stays as full as
// it was. Records are read from a state in memory, as in a node; what a block writes besides
// (leases, escrow) is not in the figure.
#include <algorithm>
#include <array>
#include <deque>
#include <random>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "consensus/engine/live_state.h"
#include "market/rules/offer_index.h"
#include "tests/bench/bench_support.h"

namespace fog::bench {
namespace {

using namespace market;

struct Options {
  std::uint64_t offers = 1'000'000;
  std::uint64_t bids = 200'000;
  std::uint64_t seed = 1;
  bool equal_prices = false;
  bool largest_only = false;
  std::string only;            // a name of kKindNames; empty: all
  std::uint32_t replicas = 0;  // that each Bid asks for; 0: one to three
};

// What a Bid asks for beside room, and for a third of all the HTTP runtime.
enum class Kind : std::uint8_t { kPlain, kCountries, kGpu, kNear, kAttributes, kRuntime };
constexpr std::size_t kKinds = 6;
constexpr std::array<std::string_view, kKinds> kKindNames = {
    "plain", "countries", "gpu", "near", "attributes", "runtime_and_standing"};
Kind kind_of(std::uint64_t tenth) {
  if (tenth < 2) return Kind::kCountries;
  if (tenth == 2) return Kind::kGpu;
  if (tenth == 3) return Kind::kNear;
  if (tenth == 4) return Kind::kAttributes;
  return tenth == 5 ? Kind::kRuntime : Kind::kPlain;
}

constexpr std::uint64_t kTimeMs = 1'000'000'000;
constexpr std::size_t kHeldBids = 500;

class Market {
 public:
  Market(const Options& options, std::uint64_t offers)
      : options_(options), rng_(options.seed), live_(system_rng()) {
    for (int n = 0; n < 3; ++n) {
      PriceClass one;
      one.name = "class-" + std::to_string(n);
      const auto more = static_cast<std::uint64_t>(n);
      one.prices = {
          1'000'000 + 150'000 * more, 200'000, 50'000, 40'000'000, 30'000, 20'000'000, 5'000'000};
      params_.classes.push_back(one);
    }
    progress(fmt::format("{} Offers", offers));
    for (std::uint64_t i = 0; i < offers; ++i) add_host(i);
    const double start = thread_cpu_seconds();
    index_.refresh(live_);
    build_s = thread_cpu_seconds() - start;
  }

  // Microseconds for the next Bid, which stay in `us`.
  void serve(std::uint64_t number) {
    Kind kind = kind_of(below(10));
    if (!options_.only.empty())
      kind = static_cast<Kind>(std::find(kKindNames.begin(), kKindNames.end(), options_.only) -
                               kKindNames.begin());
    const OfferQuery query = random_query(number, kind);
    const double start = thread_cpu_seconds();
    OfferIndex::Search search(index_, query, params_);
    AuctionTerms terms;
    terms.bid = query.bid;
    terms.beacon = query.beacon;
    terms.demand =
        options_.replicas != 0 ? options_.replicas : static_cast<std::uint32_t>(1 + number % 3);
    terms.cap = cap_of_step(query.terms.cap_step);
    const AuctionResult result = run_auction(terms, [&] { return search.next(); });
    for (const Award& award : result.awards)
      change_room(result.candidates[award.candidate].host, query.terms.resources, true);
    us[static_cast<std::size_t>(kind)].push_back((thread_cpu_seconds() - start) * 1e6);
    if (result.awards.empty()) ++unserved;
    replicas += result.awards.size();
    looked_at += result.candidates.size();
    Held held{{}, query.terms.resources};
    for (const Award& award : result.awards)
      held.hosts.push_back(result.candidates[award.candidate].host);
    held_.push_back(std::move(held));
    if (held_.size() > kHeldBids) {
      for (const HostId& host : held_.front().hosts)
        change_room(host, held_.front().resources, false);
      held_.pop_front();
    }
  }

  // Every Host states another price; seconds for one.
  double reprice(std::uint64_t count) {
    const double start = thread_cpu_seconds();
    for (std::uint64_t i = 0; i < count; ++i) {
      const HostId id = host_id(i);
      auto offer = *load<Offer>(live_, offer_key(id));
      offer.scale = random_scale();
      live_.put(offer_key(id), bcs_encode(offer));
      index_.touch(id);
      if (i % 1'000 == 999) index_.refresh(live_);
    }
    index_.refresh(live_);
    return (thread_cpu_seconds() - start) / static_cast<double>(count);
  }

  double memory_mib() const { return static_cast<double>(index_.memory_bytes()) / (1 << 20); }

  std::array<std::vector<double>, kKinds> us;
  double build_s = 0;
  std::uint64_t unserved = 0;
  std::uint64_t replicas = 0;
  std::uint64_t looked_at = 0;

 private:
  struct Held {
    std::vector<HostId> hosts;
    Resources resources;
  };

  std::uint64_t below(std::uint64_t n) { return rng_() % n; }
  HostId host_id(std::uint64_t i) const { return make_lease_id({}, static_cast<std::uint32_t>(i)); }
  Scale random_scale() {
    return options_.equal_prices ? kScaleOne : static_cast<Scale>(6'000 + below(14'000));
  }
  // A few countries have most of the Hosts.
  std::string country() {
    const std::uint64_t n = below(2) == 0 ? below(8) : below(120);
    return {static_cast<char>('A' + n / 26), static_cast<char>('A' + n % 26)};
  }
  Location place() {
    return {country(), static_cast<std::uint32_t>(30'000 + below(120'000)),
            static_cast<std::uint32_t>(below(360'001))};
  }

  void add_host(std::uint64_t i) {
    static const char* const kModels[] = {"a100", "h100", "l4", "rtx4090", "t4"};
    Host host;
    host.id = host_id(i);
    host.owner = *fixed_from<20>(ByteView(host_id(below(1 + i / 3) + 1'000'000'000)).first(20));
    host.location = place();
    host.runtimes.push_back(
        make_lease_id({}, 2'000'000'000 + static_cast<std::uint32_t>(below(3))));
    if (below(3) != 0) host.attributes["runtime.wasm-http"] = "1";
    if (below(2) == 0) host.attributes["disk"] = below(2) == 0 ? "ssd" : "hdd";
    if (below(20) == 0) host.attributes["audited"] = "yes";
    if (below(10) == 0) host.standing = static_cast<std::uint16_t>(5'000 + below(5'000));
    host.standing_as_of_ms = kTimeMs;
    Offer offer;
    offer.host = host.id;
    offer.price_class = static_cast<std::uint8_t>(below(3));
    offer.scale = random_scale();
    const auto cores = static_cast<std::uint32_t>(1ULL << below(7));
    offer.free = {cores * 1'000,
                  cores * static_cast<std::uint32_t>(2'048 + below(3) * 2'048),
                  static_cast<std::uint32_t>(50'000 + below(1'000'000)),
                  static_cast<std::uint32_t>(100 * (1 + below(10))),
                  {}};
    if (below(8) == 0)
      offer.free.gpu =
          Gpu{std::string(kModels[below(5)]), static_cast<std::uint32_t>(1'000 * (1 + below(8)))};
    offer.since_height = 1;
    live_.put(host_key(host.id), bcs_encode(host));
    live_.put(offer_key(host.id), bcs_encode(offer));
    index_.touch(host.id);
  }

  OfferQuery random_query(std::uint64_t number, Kind kind) {
    static const char* const kModels[] = {"a100", "h100", "l4", "rtx4090", "t4"};
    OfferQuery query;
    BidTerms& terms = query.terms;
    const auto cores = static_cast<std::uint32_t>(1ULL << below(5));
    terms.resources = {
        cores * 500, cores * 1'024, static_cast<std::uint32_t>(below(60'000)), 0, {}};
    terms.profile = query.profile = {10'000'000'000, 1 << 30, 10'000};
    terms.cap_step = 80;
    switch (kind) {
      case Kind::kPlain:
        break;
      case Kind::kCountries:
        for (std::uint64_t n = 1 + below(3); n > 0; --n)
          terms.constraints.countries.push_back(country());
        break;
      case Kind::kGpu:
        terms.resources.gpu = Gpu{std::string(kModels[below(5)]), 1'000};
        break;
      case Kind::kNear:
        terms.near = place();
        terms.latency_weight = 500;
        break;
      case Kind::kAttributes:
        terms.constraints.attributes.push_back({"disk", AttributeOp::kEquals, {"ssd"}, false});
        terms.constraints.attributes.push_back({"audited", AttributeOp::kEquals, {"yes"}, false});
        break;
      case Kind::kRuntime:
        terms.constraints.runtime =
            make_lease_id({}, 2'000'000'000 + static_cast<std::uint32_t>(below(3)));
        terms.constraints.standing_min = 9'000;
        break;
    }
    if (below(3) == 0) query.runtime = RuntimeKind::kWasmHttp;
    query.bid = make_lease_id({}, 3'000'000'000 + static_cast<std::uint32_t>(number));
    query.beacon = make_lease_id({}, 7);
    query.height = 10;
    query.time_ms = kTimeMs;
    return query;
  }

  void change_room(const HostId& host, const Resources& resources, bool take) {
    auto offer = *load<Offer>(live_, offer_key(host));
    if (take) {
      offer.free.take(resources);
    } else {
      offer.free.give_back(resources);
    }
    live_.put(offer_key(host), bcs_encode(offer));
    index_.set_room(host, offer.free);
  }

  const Options options_;
  std::mt19937_64 rng_;
  LiveState live_;
  MarketParams params_;
  OfferIndex index_;
  std::deque<Held> held_;
};

struct Size {
  double mean_us = 0;
  std::string figures;
};

Size measure(const Options& options, std::uint64_t offers) {
  Market market(options, offers);
  for (std::uint64_t i = 0; i < options.bids; ++i) market.serve(i);
  std::vector<double> all;
  std::string by_kind;
  for (std::size_t kind = 0; kind < kKinds; ++kind) {
    const std::vector<double>& us = market.us[kind];
    if (us.empty()) continue;
    all.insert(all.end(), us.begin(), us.end());
    by_kind +=
        fmt::format("{}\"{}\": {{\"mean_us\": {:.1f}, \"p50_us\": {:.1f}, \"p99_us\": {:.1f}}}",
                    by_kind.empty() ? "" : ", ", kKindNames[kind], mean(us), percentile(us, 0.5),
                    percentile(us, 0.99));
  }
  const auto bids = static_cast<double>(all.size());
  const double rss = rss_mib(::getpid());
  const double reprice_us = market.reprice(std::min<std::uint64_t>(offers, 200'000)) * 1e6;
  return {mean(all),
          fmt::format("\"offers\": {}, \"per_second\": {:.0f}, \"p50_us\": {:.1f}, \"p99_us\": "
                      "{:.1f}, \"p999_us\": {:.1f}, \"max_us\": {:.0f}, \"rss_mib\": {:.0f}, "
                      "\"index_mib\": {:.0f}, \"replicas_per_bid\": {:.2f}, "
                      "\"candidates_per_bid\": {:.1f}, \"unserved\": {:.4f}, \"build_s\": {:.2f}, "
                      "\"reprice_us\": {:.1f}, \"by_kind\": {{{}}}",
                      offers, 1e6 / mean(all), percentile(all, 0.5), percentile(all, 0.99),
                      percentile(all, 0.999), percentile(all, 1.0), rss, market.memory_mib(),
                      static_cast<double>(market.replicas) / bids,
                      static_cast<double>(market.looked_at) / bids,
                      static_cast<double>(market.unserved) / bids, market.build_s, reprice_us,
                      by_kind)};
}

// The figures are those of the largest number of Offers; `by_offers` has the smaller ones.
int run(const Options& options) {
  std::string smaller;
  double first_us = 0;
  for (std::uint64_t offers = 1'000; offers <= options.offers; offers *= 10) {
    if (options.largest_only && offers * 10 <= options.offers) continue;
    const Size size = measure(options, offers);
    progress("  " + size.figures);
    if (first_us == 0) first_us = size.mean_us;
    if (offers * 10 <= options.offers) {
      smaller += fmt::format("{}{{{}}}", smaller.empty() ? "" : ", ", size.figures);
    } else {
      print_figures("match", fmt::format("{}, \"growth\": {:.2f}, \"by_offers\": [{}]",
                                         size.figures, size.mean_us / first_us, smaller));
    }
  }
  return 0;
}

}  // namespace
}  // namespace fog::bench

int main(int argc, char** argv) {
  fog::bench::Options options;
  CLI::App app("Clearing Bids against up to a million live Offers, on one core");
  app.add_option("--offers", options.offers, "at most; from 1000 in steps of ten")
      ->capture_default_str()
      ->check(CLI::Range(1'000, 10'000'000));
  app.add_option("--bids", options.bids, "for each size")->capture_default_str();
  app.add_option("--seed", options.seed, "of Hosts and Bids")->capture_default_str();
  app.add_flag("--equal-prices", options.equal_prices, "all Hosts ask the same scale");
  app.add_flag("--largest-only", options.largest_only, "leave out the smaller sizes");
  app.add_option("--only", options.only, "Bids of this kind alone")
      ->check(CLI::IsMember(
          std::vector<std::string>(fog::bench::kKindNames.begin(), fog::bench::kKindNames.end())));
  app.add_option("--replicas", options.replicas, "that each Bid asks for; 0: one to three")
      ->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  return fog::bench::run(options);
}
