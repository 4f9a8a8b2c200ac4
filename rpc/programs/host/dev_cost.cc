#include "rpc/programs/host/dev_cost.h"

#include <algorithm>

#include <fmt/format.h>

#include "rpc/programs/cli/bid_terms.h"

namespace fog::host {
namespace {

constexpr std::uint64_t kHourMs = 3'600'000;
constexpr std::uint16_t kMatches = 20;

struct UnitName {
  const char* name;
  std::uint64_t market::UnitPrices::*price;
};
constexpr UnitName kUnits[] = {{"cpu_core_hour", &market::UnitPrices::cpu_core_hour},
                               {"memory_gib_hour", &market::UnitPrices::memory_gib_hour},
                               {"storage_gib_month", &market::UnitPrices::storage_gib_month},
                               {"gpu_hour", &market::UnitPrices::gpu_hour},
                               {"gfuel", &market::UnitPrices::gfuel},
                               {"egress_gib", &market::UnitPrices::egress_gib},
                               {"million_requests", &market::UnitPrices::million_requests}};

struct Cost {
  Amount rent;
  Amount use;
  Amount rent_hour;     // of the replica
  Amount use_millions;  // of a million requests as those were; nothing was served: 0
};

std::optional<Cost> cost_of(const DevUse& use, const market::Resources& resources,
                            const DevPrices& at) {
  const auto rent = market::rent_due(at.prices, at.scale, resources, use.served_ms);
  const auto hour = market::rent_due(at.prices, at.scale, resources, kHourMs);
  const auto used = market::use_due(at.prices, at.scale, use.counters);
  if (!rent || !hour || !used) return std::nullopt;
  Cost out{*rent, *used, *hour, {}};
  if (use.counters.requests == 0) return out;
  const auto million = mul_div_ceil(used->droplets, 1'000'000, use.counters.requests);
  if (!million) return std::nullopt;
  out.use_millions = Amount{*million};
  return out;
}

std::string duration_text(std::uint64_t ms) {
  const std::uint64_t s = ms / 1'000;
  if (s < 60) return fmt::format("{}.{:03} s", s, ms % 1'000);
  if (s < 3'600) return fmt::format("{} min {} s", s / 60, s % 60);
  return fmt::format("{} h {} min", s / 3'600, s % 3'600 / 60);
}

std::string mib_text(std::uint64_t bytes) {
  return fmt::format("{:.1f} MiB", static_cast<double>(bytes) / (1 << 20));
}

std::string resources_text(const market::Resources& reserved) {
  std::string out = fmt::format("{:.2f} cores, {} MiB memory",
                                static_cast<double>(reserved.cpu_milli) / 1e3, reserved.memory_mib);
  if (reserved.storage_mib > 0) out += fmt::format(", {} MiB storage", reserved.storage_mib);
  if (reserved.gpu)
    out += fmt::format(", {:.2f} {}", static_cast<double>(reserved.gpu->milli) / 1e3,
                       std::string(reserved.gpu->model));
  return out;
}

}  // namespace

ErrorOr<DevPrices> live_prices(cli::Context& context, const std::string& manifest) {
  cli::BidOptions options;
  options.manifest = manifest;
  TRY(const auto draft, cli::draft_bid(context, options));
  TRY(const auto report, cli::preview_bid(context.node(), draft, kMatches));
  TRY(const auto params, cli::read_one<market::MarketParams>(
                             context.node(), market::market_params_key(), "parameters"));
  const auto cost = [](const market::PreviewMatch& match) {
    return mul_div_ceil(match.hourly, match.cleared.value_or(match.asked), market::kScaleOne)
        .value_or(~std::uint64_t{0});
  };
  const auto cheapest =
      std::min_element(report.matches.begin(), report.matches.end(),
                       [&](const auto& a, const auto& b) { return cost(a) < cost(b); });
  if (cheapest == report.matches.end() || cheapest->price_class >= params.classes.size()) {
    return fail(ErrorCode::kNotFound,
                fmt::format("at height {} none of {} Offers matches the manifest's bid; `fogcoin "
                            "bid preview` says why",
                            report.height, report.offers));
  }
  const market::PriceClass& price_class = params.classes[cheapest->price_class];
  DevPrices out;
  out.prices = price_class.prices;
  out.scale = cheapest->cleared.value_or(cheapest->asked);
  out.from = fmt::format(
      "at height {} of {}: the cheapest of {} matching Offers, class {} at scale {:.4f}",
      report.height, context.options().node, report.matches.size(), std::string(price_class.name),
      static_cast<double>(out.scale) / market::kScaleOne);
  return out;
}

ErrorOr<DevPrices> given_prices(const std::vector<std::string>& texts) {
  DevPrices out;
  out.from = "at the prices given by --price";
  for (const std::string& text : texts) {
    const std::size_t at = text.find('=');
    const std::string name = text.substr(0, at);
    const auto unit = std::find_if(std::begin(kUnits), std::end(kUnits),
                                   [&](const UnitName& each) { return name == each.name; });
    if (at == std::string::npos || unit == std::end(kUnits)) {
      std::string names;
      for (const UnitName& each : kUnits)
        names += std::string(names.empty() ? "" : ", ") + each.name;
      return fail(ErrorCode::kInvalidInput, "--price: write NAME=FOG, e.g. gfuel=0.001, not \"" +
                                                text + "\"; names: " + names);
    }
    TRY(const Amount price, cli::parse_amount(text.substr(at + 1), "--price " + name));
    if (price.droplets > market::kUnitPriceMax) {
      return fail(ErrorCode::kInvalidInput,
                  "--price " + name + ": at most " + format_fog(Amount{market::kUnitPriceMax}));
    }
    out.prices.*unit->price = price.droplets;
  }
  return out;
}

std::string cost_text(const DevUse& use, const market::Resources& resources,
                      const ErrorOr<DevPrices>& prices) {
  const market::Counters& sum = use.counters;
  const double requests = static_cast<double>(std::max<std::uint64_t>(1, sum.requests));
  cli::Rows rows = {{"USED", "IN ALL", "A REQUEST"}};
  rows.push_back({"requests", fmt::format("{} ({} failed)", sum.requests, use.failed), ""});
  rows.push_back({"fuel", std::to_string(sum.fuel),
                  fmt::format("{:.0f}", static_cast<double>(sum.fuel) / requests)});
  rows.push_back({"bytes out", std::to_string(sum.egress_bytes),
                  fmt::format("{:.0f}", static_cast<double>(sum.egress_bytes) / requests)});
  rows.push_back({"memory peak", mib_text(use.memory_peak_bytes), ""});
  rows.push_back({"time", duration_text(use.wall_us / 1'000),
                  fmt::format("{:.2f} ms", static_cast<double>(use.wall_us) / 1e3 / requests)});
  if (use.cpu_ms > 0) rows.push_back({"processor", duration_text(use.cpu_ms), "(not billed)"});
  std::string out = cli::table(rows);
  if (use.refused > 0) out += fmt::format("{} requests were answered without it.\n", use.refused);
  if (!prices) {
    return out + "\nWhat it would cost cannot be said: " + prices.error().context +
           ".\nName a node with --node, or prices with --price gfuel=0.001 and so on.\n";
  }
  const auto cost = cost_of(use, resources, *prices);
  if (!cost) return out + "\nWhat it would cost is beyond 64 bits.\n";
  out += "\nWhat that would cost " + prices->from + ":\n";
  out += cli::table({{"COST", "FOR", "IN ALL", "GOING ON"},
                     {"rent", duration_text(use.served_ms) + " of " + resources_text(resources),
                      format_fog(cost->rent), format_fog(cost->rent_hour) + " an hour"},
                     {"use", std::to_string(sum.requests) + " requests", format_fog(cost->use),
                      format_fog(cost->use_millions) + " a million requests"}});
  return out;
}

cli::Json cost_json(const DevUse& use, const market::Resources& resources,
                    const ErrorOr<DevPrices>& prices) {
  cli::Json out = {{"event", "used"},
                   {"requests", std::to_string(use.counters.requests)},
                   {"failed", std::to_string(use.failed)},
                   {"refused", std::to_string(use.refused)},
                   {"fuel", std::to_string(use.counters.fuel)},
                   {"egress_bytes", std::to_string(use.counters.egress_bytes)},
                   {"memory_peak_bytes", std::to_string(use.memory_peak_bytes)},
                   {"wall_us", std::to_string(use.wall_us)},
                   {"served_ms", std::to_string(use.served_ms)},
                   {"cpu_ms", std::to_string(use.cpu_ms)},
                   {"cost", nullptr}};
  const auto cost = prices ? cost_of(use, resources, *prices) : std::nullopt;
  if (!cost) {
    out["no_cost"] = prices ? "beyond 64 bits" : prices.error().context;
    return out;
  }
  out["cost"] = {{"prices", prices->from},
                 {"rent", std::to_string(cost->rent.droplets)},
                 {"use", std::to_string(cost->use.droplets)},
                 {"rent_an_hour", std::to_string(cost->rent_hour.droplets)},
                 {"use_a_million_requests", std::to_string(cost->use_millions.droplets)}};
  return out;
}

}  // namespace fog::host
