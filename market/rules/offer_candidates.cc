// The search of an OfferIndex, from the leaves on: which Offers fit, which are only counted, and
// which become candidates.
#include <algorithm>
#include <bit>

#include "market/rules/offer_index.h"
#include "market/rules/standing.h"

namespace fog::market {
namespace {

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
  const QueryPrice& price = trees_[item.tree].price;
  const Scale scale_max = std::min(price.cap, price.unit_cap);
  std::uint32_t left = 0;
  for (std::size_t i = 0; i < leaf.count; ++i) {
    const OfferLeafRow& row = leaf.rows[i];
    if (!filter_.lets_through(row)) continue;
    const TraitsVerdict& verdict = verdict_on(row.traits);
    if (!verdict.fits) continue;
    if (verdict.satisfies && row.scale <= scale_max &&
        (only_ids_.empty() || contains(only_ids_, row.id))) {
      left |= 1U << i;
      store_.rows.prefetch(leaf.places[i]);
    } else {
      count_failed(leaf.places[i], item.tree);
    }
  }
  for (; left != 0; left &= left - 1)
    consider(leaf.places[static_cast<std::size_t>(std::countr_zero(left))], item.tree);
}

void OfferIndex::Search::put_off(const Item& leaf) {
  put_off_.push_back(leaf);
  if (failed_at_most() + tested_ >= failed_max_) scan_put_off();
}

void OfferIndex::Search::scan_put_off() {
  for (const Item& leaf : std::exchange(put_off_, {})) scan(leaf);
}

std::size_t OfferIndex::Search::failed_at_most() const {
  return failed_.size() + put_off_.size() * OfferLeaf::kFanout;
}

void OfferIndex::Search::consider(OfferPlace place, std::uint16_t tree) {
  const OfferRow& row = store_.rows[place];
  if (!row_fits(row)) return;
  const std::uint16_t standing =
      healed_standing(row.standing, row.standing_as_of_ms, query_.time_ms);
  if (standing >= query_.terms.constraints.standing_min) {
    push(offer_item(place, tree, standing));
  } else {
    count_failed(place, tree);
  }
}

bool OfferIndex::Search::row_fits(const OfferRow& row) const {
  return filter_.lets_through(row) && row.since_height < query_.height &&
         (countries_.empty() || contains(countries_, row.country)) && may_lie_in(row.at);
}

OfferIndex::Search::Item OfferIndex::Search::offer_item(OfferPlace place, std::uint16_t tree,
                                                        std::uint16_t standing) const {
  const OfferRow& row = store_.rows[place];
  Candidate candidate;
  candidate.hourly = trees_[tree].price.hourly;
  candidate.factor = standing_factor(standing);
  if (near_counts_) {
    candidate.distance_cost =
        std::uint64_t{query_.terms.latency_weight} * distance_at_least_km(near_, row.at);
  }
  Item item;
  item.score = score_at(candidate, row.scale);
  item.tie = row.id ^ mask_prefix_;
  item.number = place;
  item.tree = tree;
  item.kind = near_counts_ ? Kind::kNear : Kind::kOffer;
  return item;
}

void OfferIndex::Search::count_failed(OfferPlace place, std::uint16_t tree) {
  Failed& failed = failed_.emplace_back();
  failed.item.number = place;
  failed.item.tree = tree;
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
  const QueryPrice& price = trees_[item.tree].price;
  if (first_misfit_of_rest(offer, query_, price) != Misfit::kNone) return std::nullopt;
  return candidate_of(offer, price);
}

OfferIndex::Search::Item OfferIndex::Search::with_exact_score(const Item& item) const {
  Item exact = item;
  const IndexedOffer& offer = index_.offers_[item.number];
  Candidate candidate;
  candidate.hourly = trees_[item.tree].price.hourly;
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
  for (Failed& failed : failed_) {
    if (failed.fit == Fit::kUnknown) {
      const OfferPlace place = failed.item.number;
      const OfferRow& row = store_.rows[place];
      const bool does = row_fits(row) && (rows_tell_ || fits(index_.offers_[place], query_));
      failed.fit = does ? Fit::kBounded : Fit::kNot;
      if (does) {
        failed.item =
            offer_item(place, failed.item.tree,
                       healed_standing(row.standing, row.standing_as_of_ms, query_.time_ms));
      }
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

Candidate OfferIndex::Search::candidate_of(const IndexedOffer& offer,
                                           const QueryPrice& price) const {
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
