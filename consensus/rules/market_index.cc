#include "consensus/rules/market_index.h"

#include "market/rules/bids.h"
#include "market/rules/matching_index.h"
#include "market/rules/preview.h"

namespace fog {

MarketIndex::MarketIndex() : matching_(std::make_unique<market::MatchingIndex>()) {}
MarketIndex::~MarketIndex() = default;
MarketIndex::MarketIndex(MarketIndex&&) noexcept = default;
MarketIndex& MarketIndex::operator=(MarketIndex&&) noexcept = default;

void MarketIndex::load() {
  matching_->touch_all();
  is_loaded_ = true;
}

bool MarketIndex::load_some(const ReadView& state, std::size_t most) {
  loads_from_ = matching_->offers.touch_some(state, loads_from_, most);
  is_loaded_ = !loads_from_.has_value();
  return is_loaded_;
}

void MarketIndex::touch(const Changes& changes) {
  if (is_loaded_) matching_->touch(changes);
}

void MarketIndex::collect(const Changes& changes, Changes& into) {
  for (const Table table : {Table::kHost, Table::kOffer, Table::kHostAudit}) {
    const StateKey prefix = state_key(table);
    const auto end = changes.lower_bound(prefix_end(prefix));
    for (auto at = changes.lower_bound(prefix); at != end; ++at) into[at->first] = std::nullopt;
  }
}

std::size_t MarketIndex::refresh(const ReadView& state, std::size_t most) {
  return matching_->offers.refresh_some(state, most);
}

bool MarketIndex::Question::read(const ReadView& state) {
  const auto found = fog::load<market::MarketParams>(state, market::market_params_key());
  if (!found) return false;
  params = *found;
  const auto service =
      fog::load<market::Service>(state, market::service_key(request.terms.service));
  if (service) metered = service->metered;
  return true;
}

Result<market::PreviewReport, Fault> MarketIndex::preview(const Question& question) const {
  const market::BidTerms& terms = question.request.terms;
  const Fault fault = market::check_terms(question.block, question.params, terms);
  if (fault != Fault::kNone) return Fail{fault};
  return market::preview(matching_->offers, question.block, question.params, question.metered,
                         question.request);
}

}  // namespace fog
