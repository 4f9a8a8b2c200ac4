#include "market/rules/offer_book.h"

#include <algorithm>

#include "market/rules/standing.h"

namespace fog::market {
namespace {

template <class List, class Item>
bool contains(const List& list, const Item& item) {
  return std::find(list.begin(), list.end(), item) != list.end();
}

bool runs(const Host& host, const OfferQuery& query) {
  const std::optional<RuntimeProfile>& wanted = query.terms.constraints.runtime;
  if (wanted && !contains(host.runtimes, *wanted)) return false;
  if (host.runtimes.empty()) return false;
  const std::string_view attribute = runtime_attribute(query.runtime);
  if (attribute.empty()) return true;
  const auto found = host.attributes.find(BoundedText<32>(std::string(attribute)));
  return found != host.attributes.end() && found->second == "1";
}

// Runtime, region, GPU and free capacity: what a search looks at first.
bool fits(const BookEntry& entry, const OfferQuery& query) {
  const BidTerms& terms = query.terms;
  const bool in_region = terms.constraints.countries.empty() ||
                         contains(terms.constraints.countries, entry.host.location.country);
  return in_region && runs(entry.host, query) && entry.offer.free.fits(terms.resources);
}

bool has_attributes(const Host& host, const Constraints& constraints) {
  return std::all_of(constraints.attributes.begin(), constraints.attributes.end(),
                     [&](const auto& wanted) {
                       const auto found = host.attributes.find(wanted.first);
                       return found != host.attributes.end() && found->second == wanted.second;
                     });
}

bool satisfies_rest(const BookEntry& entry, const OfferQuery& query, const Candidate& candidate) {
  const Constraints& c = query.terms.constraints;
  const HostId& id = entry.host.id;
  const bool listed = c.only_hosts.empty() || contains(c.only_hosts, id);
  return listed && !contains(c.not_hosts, id) && !query.excluded.contains(id) &&
         entry.standing >= c.standing_min && has_attributes(entry.host, c) &&
         candidate.scale <= cap_scale(cap_of_step(query.terms.cap_step), candidate.hourly);
}

// How often `need` fits into `free`, at most 2^16.
std::uint32_t copies_of(const Resources& free, const Resources& need) {
  std::uint32_t copies = 1U << 16;
  const auto bound = [&](std::uint32_t have, std::uint32_t each) {
    if (each != 0) copies = std::min(copies, have / each);
  };
  bound(free.cpu_milli, need.cpu_milli);
  bound(free.memory_mib, need.memory_mib);
  bound(free.storage_mib, need.storage_mib);
  bound(free.egress_mbps, need.egress_mbps);
  if (need.gpu) bound(free.gpu->milli, need.gpu->milli);
  return copies;
}

// Nothing when the price at the profile exceeds 64 bits. The entry fits the query.
std::optional<Candidate> candidate_of(const BookEntry& entry, const OfferQuery& query,
                                      const MarketParams& params) {
  const BidTerms& terms = query.terms;
  const auto hourly = hourly_at_scale_one(params.classes[entry.offer.price_class].prices,
                                          terms.resources, query.profile);
  if (!hourly) return std::nullopt;
  Candidate candidate;
  candidate.host = entry.host.id;
  candidate.owner = entry.host.owner;
  candidate.country = entry.host.location.country;
  candidate.scale = entry.offer.scale;
  candidate.hourly = *hourly;
  candidate.factor = standing_factor(entry.standing);
  if (terms.near && terms.latency_weight != 0) {
    candidate.distance_cost =
        std::uint64_t{terms.latency_weight} * distance_km(entry.host.location, *terms.near);
  }
  candidate.copies = copies_of(entry.offer.free, terms.resources);
  return candidate;
}

struct Scored {
  u128 score = 0;
  std::size_t place = 0;
  Hash32 tie;
  Candidate candidate;
};

// The first kSearchMax by (score, tie). Ties are hashed only where scores can be equal.
void keep_first(std::vector<Scored>& scored, const OfferQuery& query) {
  const auto by_score = [](const Scored& a, const Scored& b) { return a.score < b.score; };
  std::sort(scored.begin(), scored.end(), by_score);
  if (scored.size() > kSearchMax) {
    const u128 last = scored[kSearchMax - 1].score;
    while (scored.back().score > last) scored.pop_back();
  }
  for (Scored& s : scored) s.tie = tie_of(query.beacon, query.bid, s.candidate.host);
  std::sort(scored.begin(), scored.end(), [](const Scored& a, const Scored& b) {
    return a.score != b.score ? a.score < b.score : a.tie < b.tie;
  });
  if (scored.size() > kSearchMax) scored.resize(kSearchMax);
}

}  // namespace

std::string_view runtime_attribute(RuntimeKind kind) {
  switch (kind) {
    case RuntimeKind::kWasmCommand:
      return {};
    case RuntimeKind::kWasmHttp:
      return "runtime.wasm-http";
    case RuntimeKind::kContainer:
      return "runtime.container";
  }
  return {};
}

std::optional<BookEntry> book_entry(const ReadView& state, const BlockContext& block,
                                    const HostId& host) {
  const std::optional<Offer> offer = load<Offer>(state, offer_key(host));
  if (!offer || offer->since_height >= block.height) return std::nullopt;
  BookEntry entry{must_load_host(state, host), *offer, 0};
  if (entry.host.retired_at_ms != 0 || entry.host.down_since_ms != 0) return std::nullopt;
  entry.standing = standing_at(entry.host, block.time_ms);
  return entry;
}

bool can_serve(const BookEntry& entry, const OfferQuery& query, const MarketParams& params) {
  if (!fits(entry, query)) return false;
  const std::optional<Candidate> candidate = candidate_of(entry, query, params);
  return candidate && satisfies_rest(entry, query, *candidate);
}

OfferBook::OfferBook(const ReadView& state, const BlockContext& block, const MarketParams& params)
    : params_(params) {
  const StateKey prefix = state_key(Table::kOffersByClass);
  std::vector<HostId> hosts;
  state.scan(prefix, prefix_end(prefix), [&](const StateKey& key, const Bytes&) {
    const auto host = fixed_from<32>(ByteView(key).subspan(1 + 1 + 4));
    CHECK(host.has_value());
    hosts.push_back(*host);
    return true;
  });
  for (const HostId& host : hosts) {
    std::optional<BookEntry> entry = book_entry(state, block, host);
    if (!entry) continue;
    places_.emplace(host, entries_.size());
    entries_.push_back(*std::move(entry));
  }
}

std::vector<Candidate> OfferBook::search(const OfferQuery& query) const {
  std::vector<Scored> scored;
  for (std::size_t place = 0; place < entries_.size(); ++place) {
    if (!fits(entries_[place], query)) continue;
    std::optional<Candidate> candidate = candidate_of(entries_[place], query, params_);
    if (!candidate) continue;
    const u128 score = score_at(*candidate, candidate->scale);
    scored.push_back({score, place, {}, *std::move(candidate)});
  }
  keep_first(scored, query);
  std::vector<Candidate> candidates;
  for (Scored& s : scored) {
    if (satisfies_rest(entries_[s.place], query, s.candidate)) {
      candidates.push_back(std::move(s.candidate));
    }
  }
  return candidates;
}

const BookEntry& OfferBook::entry(const HostId& host) const {
  const auto place = places_.find(host);
  CHECK(place != places_.end());
  return entries_[place->second];
}

void OfferBook::take(Overlay& state, const HostId& host, const Resources& resources) {
  const auto place = places_.find(host);
  CHECK(place != places_.end());
  BookEntry& entry = entries_[place->second];
  entry.offer.free.take(resources);
  ++entry.host.leases_open;
  keep(state, entry.offer);
  keep(state, entry.host);
}

}  // namespace fog::market
