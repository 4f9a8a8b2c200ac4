#include "consensus/rules/market_index.h"

#include "market/rules/offer_index.h"

namespace fog {

MarketIndex::MarketIndex() : offers_(std::make_unique<market::OfferIndex>()) {}
MarketIndex::~MarketIndex() = default;

void MarketIndex::load(const ReadView& state) {
  offers_->touch_all(state);
  is_loaded_ = true;
}

void MarketIndex::touch(const Changes& changes) {
  if (is_loaded_) offers_->touch(changes);
}

}  // namespace fog
