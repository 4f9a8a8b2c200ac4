#include "rpc/programs/host/live_prices.h"

#include <algorithm>

#include "rpc/programs/cli/context.h"

namespace fog::host {
namespace {

constexpr std::size_t kOffersRead = 20'000;
constexpr std::uint32_t kPage = 1'000;
// An entry of kOffersByClass: table, class, scale in four bytes, Host.
constexpr std::size_t kScaleAt = 2;

// The scales of a class's Offers, ascending, as the index has them.
ErrorOr<std::vector<market::Scale>> read_scales(NodeApi& node, std::uint8_t price_class) {
  const StateKey prefix = state_key(Table::kOffersByClass, {Bytes{price_class}});
  StateKey from = prefix;
  std::vector<market::Scale> out;
  while (out.size() < kOffersRead) {
    TRY(const StatePage page, node.state_scan(from, prefix_end(prefix), kPage));
    for (const StateRecord& record : page.records) {
      if (record.key.size() < kScaleAt + 4)
        return fail(ErrorCode::kProtocol, "the node sent an Offer's entry that cannot be read");
      market::Scale scale = 0;
      for (std::size_t i = 0; i < 4; ++i) scale = scale << 8 | record.key[kScaleAt + i];
      out.push_back(scale);
      from = record.key;
      from.push_back(0);  // the first key after it
    }
    if (!page.next || page.records.empty()) break;
  }
  return out;
}

}  // namespace

ErrorOr<std::vector<ClassPrices>> read_live_prices(NodeApi& node) {
  TRY(const auto params, cli::read_one<market::MarketParams>(node, market::market_params_key(),
                                                             "market on this chain"));
  std::vector<ClassPrices> out;
  for (std::size_t i = 0; i < params.classes.size(); ++i) {
    TRY(const auto scales, read_scales(node, static_cast<std::uint8_t>(i)));
    ClassPrices prices{params.classes[i], scales.size(), 0, 0};
    if (!scales.empty()) {
      prices.lowest = scales.front();
      prices.median = scales[scales.size() / 2];
    }
    out.push_back(std::move(prices));
  }
  return out;
}

const ClassPrices& most_offered(const std::vector<ClassPrices>& prices) {
  return *std::max_element(
      prices.begin(), prices.end(),
      [](const ClassPrices& a, const ClassPrices& b) { return a.offers < b.offers; });
}

}  // namespace fog::host
