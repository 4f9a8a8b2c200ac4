// The search of an OfferIndex, from the leaves on: which Offers fit, which are only counted, and
// which become candidates.
#include <algorithm>
#include <bit>

#include "market/rules/offer_index.h"
#include "market/rules/standing.h"

namespace fog::market {
namespace {

// So far ahead is asked for from memory what is looked at one after the other.
constexpr std::size_t kAhead = 8;

template <class List, class Item>
bool contains(const List& list, const Item& item) {
  return std::find(list.begin(), list.end(), item) != list.end();
}

bool fits(const IndexedOffer& offer, const OfferQuery& query) {
  return first_misfit_of_place(offer, query) == Misfit::kNone;
}

// How often `need` fits into `free`, at most 2^16.
std::uint32_t copies_of(const Room& free, const Room& need) {
  std::uint32_t copies = 1U << 16;
  for (std::size_t kind = 0; kind < kRoomKinds; ++kind) {
    if (need[kind] != 0) copies = std::min(copies, free[kind] / need[kind]);
  }
  return copies;
}

}  // namespace

// First by what stands in the leaf; what is left is asked for from memory all at once.
void OfferIndex::Search::scan(const Item& item) {
  const OfferLeaf& leaf = store_.leaves[item.number];
  std::uint32_t left = 0;
  for (std::size_t i = 0; i < leaf.count; ++i) {
    const OfferLeafRow& row = leaf.rows[i];
    if (!filter_.lets_through(row) || !can_pay(row.price_class)) continue;
    const TraitsVerdict& verdict = verdict_on(row.traits);
    if (!verdict.fits) continue;
    const QueryPrice& price = prices_[row.price_class];
    if (verdict.satisfies && row.scale <= std::min(price.cap, price.unit_cap) &&
        (only_ids_.empty() || contains(only_ids_, row.id))) {
      left |= 1U << i;
      store_.rows.prefetch(leaf.places[i]);
    } else {
      count_failed(leaf.places[i]);
    }
  }
  for (; left != 0; left &= left - 1)
    consider(leaf.places[static_cast<std::size_t>(std::countr_zero(left))]);
}

void OfferIndex::Search::put_off(const Item& leaf) {
  put_off_.push_back(leaf);
  if (failed_at_most() + tested_ >= failed_max_) scan_put_off();
}

void OfferIndex::Search::scan_put_off() {
  const std::vector<Item> leaves = std::exchange(put_off_, {});
  for (std::size_t i = 0; i < leaves.size(); ++i) {
    if (i + kAhead < leaves.size()) fetch_leaf(leaves[i + kAhead]);
    scan(leaves[i]);
  }
}

std::size_t OfferIndex::Search::failed_at_most() const {
  return failed_.size() + put_off_.size() * OfferLeaf::kFanout;
}

void OfferIndex::Search::consider(OfferPlace place) {
  if (!row_fits(store_.rows[place])) return;
  const std::uint16_t standing = standing_of(place);
  if (standing >= query_.terms.constraints.standing_min) {
    push(offer_item(place, standing));
  } else {
    count_failed(place);
  }
}

std::uint16_t OfferIndex::Search::standing_of(OfferPlace place) const {
  const OfferRow& row = store_.rows[place];
  if (query_.time_ms < kRowTimeMax)
    return healed_standing(row.standing, row.standing_as_of_ms, query_.time_ms);
  const IndexedOffer& offer = index_.offers_[place];
  return healed_standing(offer.standing, offer.standing_as_of_ms, query_.time_ms);
}

bool OfferIndex::Search::row_fits(const OfferRow& row) const {
  return filter_.lets_through(row) && row.since_height < query_.height &&
         (countries_.empty() || contains(countries_, row.country)) && may_lie_in(row.at);
}

OfferIndex::Search::Item OfferIndex::Search::offer_item(OfferPlace place,
                                                        std::uint16_t standing) const {
  const OfferRow& row = store_.rows[place];
  Candidate candidate;
  candidate.hourly = prices_[row.price_class].hourly;
  candidate.factor = standing_factor(standing);
  if (near_counts_) {
    candidate.distance_cost =
        std::uint64_t{query_.terms.latency_weight} * distance_at_least_km(near_, row.at);
  }
  Item item;
  item.score = score_at(candidate, row.scale);
  item.tie = row.id ^ mask_prefix_;
  item.number = place;
  item.kind = near_counts_ ? Kind::kNear : Kind::kOffer;
  return item;
}

void OfferIndex::Search::count_failed(OfferPlace place) {
  failed_.emplace_back().item.number = place;
  if (failed_.size() + tested_ < failed_max_) return;
  // Enough to look whether the best that is left has so many before it.
  if (!heap_.empty() && tested_ + failed_before(heap_.front()) >= kSearchMax) heap_.clear();
  failed_max_ = failed_.size() + tested_ + kSearchMax / 4;
}

const OfferIndex::Search::TraitsVerdict& OfferIndex::Search::verdict_on(std::uint32_t traits) {
  TraitsVerdict& verdict = verdicts_[traits % verdicts_.size()];
  if (verdict.traits == traits) return verdict;
  const Traits& says = index_.traits_by_number_[traits]->first;
  verdict.traits = traits;
  verdict.fits = runs(says.attributes, says.runtimes, query_);
  verdict.satisfies = says_enough(says.attributes, query_);
  return verdict;
}

// Its turn has come: nothing that is left is better.
std::optional<Candidate> OfferIndex::Search::judge(const Item& item) {
  const IndexedOffer& offer = index_.offers_[item.number];
  if (!rows_tell_ && !fits(offer, query_)) return std::nullopt;
  if (tested_ + failed_at_most() >= kSearchMax) scan_put_off();
  if (tested_ + failed_.size() >= kSearchMax && tested_ + failed_before(item) >= kSearchMax) {
    heap_.clear();
    return std::nullopt;
  }
  ++tested_;
  if (first_misfit_of_rest(offer, query_, prices_[offer.price_class]) != Misfit::kNone)
    return std::nullopt;
  // It may win, and then set_room() comes.
  index_.places_.prefetch(offer.host);
  store_.leaf_of.prefetch(item.number);
  return candidate_of(offer);
}

OfferIndex::Search::Item OfferIndex::Search::with_exact_score(const Item& item) const {
  Item exact = item;
  const IndexedOffer& offer = index_.offers_[item.number];
  Candidate candidate;
  candidate.hourly = prices_[offer.price_class].hourly;
  candidate.factor =
      standing_factor(healed_standing(offer.standing, offer.standing_as_of_ms, query_.time_ms));
  candidate.distance_cost = distance_cost(offer);
  exact.score = score_at(candidate, offer.scale);
  exact.kind = Kind::kOffer;
  return exact;
}

// Of those that were only counted, how many fit and come before the item.
std::size_t OfferIndex::Search::failed_before(const Item& item) {
  std::size_t before = 0;
  for (std::size_t i = 0; i < failed_.size(); ++i) {
    if (i + kAhead < failed_.size()) store_.rows.prefetch(failed_[i + kAhead].item.number);
    Failed& failed = failed_[i];
    if (failed.fit == Fit::kUnknown) {
      const OfferPlace place = failed.item.number;
      const OfferRow& row = store_.rows[place];
      const bool does = row_fits(row) && (rows_tell_ || fits(index_.offers_[place], query_));
      failed.fit = does ? Fit::kBounded : Fit::kNot;
      if (does) failed.item = offer_item(place, standing_of(place));
    }
    if (failed.fit == Fit::kNot || comes_later(failed.item, item)) continue;
    if (failed.fit == Fit::kBounded) {
      if (failed.item.kind == Kind::kNear) failed.item = with_exact_score(failed.item);
      failed.fit = Fit::kExact;
    }
    if (comes_later(item, failed.item)) ++before;
  }
  return before;
}

std::uint64_t OfferIndex::Search::distance_cost(const IndexedOffer& offer) const {
  if (!near_counts_) return 0;
  std::uint32_t km = distance_km(offer.location, *query_.terms.near);
  for (const RoundTrip& trip : query_.round_trips) {
    if (trip.host == offer.host) km = std::max(km, round_trip_km(trip.micros));
  }
  return std::uint64_t{query_.terms.latency_weight} * km;
}

Candidate OfferIndex::Search::candidate_of(const IndexedOffer& offer) const {
  const QueryPrice& price = prices_[offer.price_class];
  Candidate candidate;
  candidate.host = offer.host;
  candidate.owner = offer.owner;
  candidate.country = offer.country;
  candidate.scale = offer.scale;
  candidate.unit_cap = price.unit_cap;
  candidate.hourly = price.hourly;
  candidate.factor =
      standing_factor(healed_standing(offer.standing, offer.standing_as_of_ms, query_.time_ms));
  candidate.distance_cost = distance_cost(offer);
  candidate.copies = copies_of(room_of(offer.free), filter_.need);
  return candidate;
}

}  // namespace fog::market
