#include "market/rules/sleeper_leads.h"

#include <algorithm>

#include "market/rules/text_hash.h"
#include "market/types/cell.h"

namespace fog::market {
namespace {

enum class Kind : std::uint8_t { kGpu, kCell, kCountry, kHost, kOwner, kSays, kKey, kRuntime };

using Hashes = std::vector<std::uint64_t>;
const Hashes kAnything = {0};

std::uint64_t mixed(std::uint64_t a, std::uint64_t b) {
  const std::uint64_t product = (a ^ b >> 32 ^ b << 32) * 0x9E37'79B9'7F4A'7C15U;
  return product ^ product >> 29;
}
// Never 0, which is anything.
std::uint64_t hash_of(Kind kind, std::string_view text) {
  return mixed(text_hash(text), static_cast<std::uint64_t>(kind) + 1) | 1;
}
template <std::size_t size>
std::uint64_t hash_of(Kind kind, const FixedBytes<size>& bytes) {
  return hash_of(kind, std::string_view(reinterpret_cast<const char*>(bytes.data.data()), size));
}
std::uint64_t hash_of_pair(std::string_view key, std::string_view value) {
  return mixed(hash_of(Kind::kSays, key), text_hash(value)) | 1;
}
std::uint64_t where_of(std::uint64_t gpu, std::uint64_t place) {
  return mixed(gpu, place);
}

// Each once; nothing where there are none or too many.
template <class List, class Hash>
Hashes some_of(const List& list, const Hash& hash) {
  Hashes out;
  for (const auto& item : list) out.push_back(hash(item));
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  if (out.size() > kLeadsMax) out.clear();
  return out;
}
template <class List>
Hashes some_of(Kind kind, const List& list) {
  return some_of(list, [kind](const auto& item) { return hash_of(kind, item); });
}

Hashes places_of(const BidTerms& terms) {
  const Constraints& c = terms.constraints;
  Hashes out = some_of(Kind::kCell, c.cells);
  if (out.empty() && is_near_fixed(terms) && terms.near) {
    std::uint32_t km = c.distance_max_km != 0 ? c.distance_max_km : ~std::uint32_t{0};
    if (c.latency_max_us != 0) km = std::min(km, farthest_km(c.latency_max_us));
    if (km != ~std::uint32_t{0}) out = some_of(Kind::kCell, cells_around(*terms.near, km));
  }
  if (out.empty()) out = some_of(Kind::kCountry, c.countries);
  return out.empty() ? kAnything : out;
}

Hashes demands_of(const Constraints& c) {
  Hashes out = some_of(Kind::kHost, c.only_hosts);
  if (out.empty()) out = some_of(Kind::kOwner, c.only_owners);
  for (const AttributeRule& rule : c.attributes) {
    if (!out.empty()) break;
    if (rule.audited || (rule.op != AttributeOp::kEquals && rule.op != AttributeOp::kIn)) continue;
    out = some_of(rule.values,
                  [&](const AttributeValue& value) { return hash_of_pair(rule.key, value); });
  }
  for (const AttributeRule& rule : c.attributes) {
    if (!out.empty()) break;
    if (!rule.audited && (rule.op == AttributeOp::kAtLeast || rule.op == AttributeOp::kExists))
      out = {hash_of(Kind::kKey, rule.key)};
  }
  if (out.empty() && c.runtime) out = {hash_of(Kind::kRuntime, *c.runtime)};
  return out.empty() ? kAnything : out;
}

}  // namespace

bool is_near_fixed(const BidTerms& terms) {
  return terms.gateways.empty() || terms.replicas_max == terms.replicas_min;
}

std::vector<Lead> leads_of(const BidTerms& terms) {
  const std::optional<Gpu>& gpu = terms.resources.gpu;
  const std::uint64_t model = gpu ? hash_of(Kind::kGpu, gpu->model) : 0;
  const Hashes demands = demands_of(terms.constraints);
  Hashes places = places_of(terms);
  if (places.size() * demands.size() > kLeadsMax) places = kAnything;
  std::vector<Lead> leads;
  for (const std::uint64_t place : places) {
    for (const std::uint64_t demand : demands) leads.push_back({where_of(model, place), demand});
  }
  return leads;
}

OfferLeads::OfferLeads(const IndexedOffer& offer) : what(kAnything) {
  Hashes places = kAnything;
  places.push_back(hash_of(Kind::kCountry, offer.country));
  const Cell cell = cell_of(offer.location, Cell::kMax);
  for (std::size_t characters = 1; characters <= Cell::kMax; ++characters)
    places.push_back(hash_of(Kind::kCell, std::string_view(cell).substr(0, characters)));
  for (const std::uint64_t place : places) {
    where.push_back(where_of(0, place));
    if (offer.free.gpu)
      where.push_back(where_of(hash_of(Kind::kGpu, offer.free.gpu->model), place));
  }
  what.push_back(hash_of(Kind::kHost, offer.host));
  what.push_back(hash_of(Kind::kOwner, offer.owner));
  for (const auto& [key, value] : *offer.attributes) {
    what.push_back(hash_of_pair(key, value));
    what.push_back(hash_of(Kind::kKey, key));
  }
  for (const RuntimeProfile& profile : *offer.runtimes)
    what.push_back(hash_of(Kind::kRuntime, profile));
}

}  // namespace fog::market
