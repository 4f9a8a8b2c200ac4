#include "market/rules/offer_index.h"

#include <algorithm>

namespace fog::market {
namespace {

std::string_view gpu_model(const IndexedOffer& offer) {
  return offer.free.gpu ? std::string_view(offer.free.gpu->model) : std::string_view();
}

// Whether both stand in the same trees at the same places, and the nodes above say the same of both
// but for room.
bool stands_alike(const IndexedOffer& a, const IndexedOffer& b) {
  return a.price_class == b.price_class && a.scale == b.scale && a.country == b.country &&
         a.location == b.location && gpu_model(a) == gpu_model(b) && *a.runtimes == *b.runtimes &&
         *a.attributes == *b.attributes;
}

}  // namespace

void OfferIndex::touch_those_of(const ReadView& state) {
  for (std::size_t place = 0; place < offers_.size(); ++place) touch(offers_[place].host);
  (void)touch_some(state, std::nullopt, ~std::size_t{0});
}

std::optional<StateKey> OfferIndex::touch_some(const ReadView& state,
                                               const std::optional<StateKey>& from,
                                               std::size_t most) {
  const StateKey prefix = state_key(Table::kOffersByClass);
  std::optional<StateKey> next;
  state.scan(from.value_or(prefix), prefix_end(prefix), [&](const StateKey& key, const Bytes&) {
    if (most-- == 0) {
      next = key;
      return false;
    }
    const auto host = fixed_from<32>(ByteView(key).subspan(1 + 1 + 4));
    CHECK(host.has_value());
    touch(*host);
    return true;
  });
  return next;
}

void OfferIndex::touch(const HostId& host) {
  touched_.push_back(host);
  if (touched_.size() < touched_max_) return;
  sort_touched();
  touched_max_ = std::max(kTouchedMax, touched_.size() * 2);
}

void OfferIndex::sort_touched() {
  std::sort(touched_.begin(), touched_.end());
  touched_.erase(std::unique(touched_.begin(), touched_.end()), touched_.end());
}

void OfferIndex::touch(const Changes& changes) {
  for (const Table table : {Table::kHost, Table::kOffer, Table::kHostAudit}) {
    const StateKey prefix = state_key(table);
    for (auto at = changes.lower_bound(prefix); at != changes.end(); ++at) {
      if (at->first.size() != 1 + 32 || at->first[0] != prefix[0]) break;
      touch(*fixed_from<32>(ByteView(at->first).subspan(1)));
    }
  }
}

void OfferIndex::refresh(const ReadView& state) {
  if (std::exchange(reads_all_, false)) touch_those_of(state);
  sort_touched();
  refresh_some(state, touched_.size());
}

std::size_t OfferIndex::refresh_some(const ReadView& state, std::size_t most) {
  if (std::exchange(reads_all_, false)) touch_those_of(state);
  for (; most > 0 && !touched_.empty(); --most) {
    const HostId host = touched_.back();
    touched_.pop_back();
    std::optional<Read> now = read(state, host);
    if (now) {
      put(host, *std::move(now));
    } else {
      remove(host);
    }
  }
  return touched_.size();
}

// Nothing for a Host that cannot serve whatever the Bid.
std::optional<OfferIndex::Read> OfferIndex::read(const ReadView& state, const HostId& host_id) {
  std::optional<Offer> offer = load<Offer>(state, offer_key(host_id));
  if (!offer) return std::nullopt;
  Host host = must_load_host(state, host_id);
  if (host.retired_at_ms != 0 || host.down_since_ms != 0 || host.runtimes.empty())
    return std::nullopt;
  IndexedOffer out;
  out.host = host_id;
  out.owner = host.owner;
  out.country = host.location.country;
  out.price_class = offer->price_class;
  out.scale = offer->scale;
  out.free = std::move(offer->free);
  out.location = std::move(host.location);
  out.standing = host.standing;
  out.standing_as_of_ms = host.standing_as_of_ms;
  out.since_height = offer->since_height;
  if (host.auditors != 0) {
    out.audit = std::make_shared<HostAudit>(must_load<HostAudit>(state, host_audit_key(host_id)));
  }
  const auto traits = share({std::move(host.attributes), std::move(host.runtimes)});
  out.attributes = &traits->first.attributes;
  out.runtimes = &traits->first.runtimes;
  return Read{std::move(out), traits};
}

OfferRow OfferIndex::row_of(const IndexedOffer& offer, std::uint32_t traits) const {
  OfferRow row;
  row.id = id_prefix(offer.host);
  row.marks = country_mark(offer.country);
  if (offer.free.gpu) row.marks |= gpu_mark(offer.free.gpu->model);
  for (const RuntimeProfile& profile : *offer.runtimes) row.marks |= runtime_mark(profile);
  const Attributes& says = *offer.attributes;
  for (auto one = says.begin(); one != says.end(); ++one) {
    row.marks |= says_mark(one->first, one->second);
    for (auto other = says.begin(); other != one; ++other)
      row.says_both |= says_both_mark(one->first, one->second, other->first, other->second);
  }
  row.standing_as_of_ms = std::min(offer.standing_as_of_ms, kRowTimeMax) & kRowTimeMax;
  row.since_height =
      static_cast<std::uint32_t>(std::min<std::uint64_t>(offer.since_height, ~std::uint32_t{0}));
  row.country = country_code(offer.country);
  row.room = room_of(offer.free);
  row.scale = offer.scale;
  row.traits = traits & (kTraitsMax - 1);
  row.price_class = offer.price_class & (kPriceClassesMax - 1);
  row.at = globe_point(offer.location);
  row.standing = offer.standing & 0x3FFFU;
  return row;
}

void OfferIndex::put(const HostId& host, Read&& now) {
  const OfferRow row = row_of(now.offer, now.traits->second.number);
  const std::optional<OfferPlace> found = places_.find(host);
  OfferPlace place = 0;
  if (found) {
    place = *found;
    IndexedOffer& was = offers_[place];
    const std::uint32_t old_traits = store_.rows[place].traits;
    if (was == now.offer) return release(old_traits);  // what was just shared is one too many
    const bool stays = stands_alike(was, now.offer);
    if (!stays) each_tree(was, [&](OfferTree& tree) { tree.erase(place); });
    was = std::move(now.offer);
    release(old_traits);
    const Room before = std::exchange(store_.rows[place], row).room;
    if (stays) {  // most changes are of room
      store_.rows[place].room = before;
      store_.change_room(place, row.room);
      return;
    }
  } else {
    place = store_.add(row);
    if (place == offers_.size()) offers_.emplace_back();
    offers_[place] = std::move(now.offer);
    places_.add(host, place);
  }
  each_tree(offers_[place], [&](OfferTree& tree) { tree.insert(place); });
}

void OfferIndex::remove(const HostId& host) {
  const std::optional<OfferPlace> place = places_.find(host);
  if (!place) return;
  IndexedOffer& offer = offers_[*place];
  each_tree(offer, [&](OfferTree& tree) { tree.erase(*place); });
  places_.remove(host);
  offer = {};
  release(store_.rows[*place].traits);
  store_.remove(*place);
}

void OfferIndex::set_room(const HostId& host, const Resources& free) {
  const std::optional<OfferPlace> place = places_.find(host);
  if (!place) return;
  Resources& room = offers_[*place].free;
  CHECK(room.gpu.has_value() == free.gpu.has_value());
  room = free;
  store_.change_room(*place, room_of(free));
}

// Trees that have become empty go: their names come from Hosts. All classes stand in one tree by
// place, or a search would go down to the same region in each.
template <class Use>
void OfferIndex::each_tree(const IndexedOffer& offer, const Use& use) {
  const auto one = [&](OfferFamily family, const std::string& name, OfferOrder order) {
    const TreeKey key(order == OfferOrder::kByPlace ? kAllClasses : offer.price_class, family,
                      name);
    const auto at = trees_.try_emplace(key, store_, family, order).first;
    use(at->second);
    if (at->second.empty()) trees_.erase(at);
  };
  one(OfferFamily::kAll, {}, OfferOrder::kByScale);
  one(OfferFamily::kCountry, offer.country, OfferOrder::kByScale);
  one(OfferFamily::kPlace, {}, OfferOrder::kByPlace);
  if (offer.free.gpu) one(OfferFamily::kGpu, offer.free.gpu->model, OfferOrder::kByScale);
}

const OfferTree* OfferIndex::find(std::uint8_t price_class, OfferFamily family,
                                  const std::string& name) const {
  const auto found = trees_.find(TreeKey(price_class, family, name));
  return found == trees_.end() ? nullptr : &found->second;
}

OfferIndex::TraitsTable::iterator OfferIndex::share(Traits&& traits) {
  const auto [at, is_new] = traits_.try_emplace(std::move(traits));
  if (is_new) {
    if (free_traits_.empty()) {
      CHECK(traits_by_number_.size() < kTraitsMax);
      at->second.number = static_cast<std::uint32_t>(traits_by_number_.size());
      traits_by_number_.push_back(at);
    } else {
      at->second.number = free_traits_.back();
      free_traits_.pop_back();
      traits_by_number_[at->second.number] = at;
    }
  }
  ++at->second.users;
  return at;
}

void OfferIndex::release(std::uint32_t traits) {
  const auto at = traits_by_number_[traits];
  if (--at->second.users > 0) return;
  free_traits_.push_back(traits);
  traits_.erase(at);
}

const IndexedOffer* OfferIndex::find_offer(const HostId& host) const {
  const std::optional<OfferPlace> place = places_.find(host);
  return place ? &offers_[*place] : nullptr;
}

void OfferIndex::each_cheapest(std::size_t most,
                               const std::function<void(const IndexedOffer&)>& use) const {
  std::vector<const OfferTree*> trees;
  for (const auto& [key, tree] : trees_) {
    if (std::get<OfferFamily>(key) == OfferFamily::kAll) trees.push_back(&tree);
  }
  for (std::size_t i = 0; i < trees.size(); ++i) {
    std::size_t left = most / (trees.size() - i);  // what a small class leaves is the next one's
    most -= std::min(left, trees[i]->size());
    std::vector<std::pair<std::uint32_t, bool>> stack{{trees[i]->root(), trees[i]->root_is_leaf()}};
    while (!stack.empty() && left > 0) {
      const auto [node, is_leaf] = stack.back();
      stack.pop_back();
      if (is_leaf) {
        const OfferLeaf& leaf = store_.leaves[node];
        for (std::size_t n = 0; n < leaf.count && left > 0; ++n, --left)
          use(offers_[leaf.places[n]]);
      } else {
        const OfferBranch& branch = store_.branches[node];
        for (std::size_t n = branch.count; n-- > 0;)
          stack.emplace_back(branch.children[n], branch.height == 1);
      }
    }
  }
}

std::size_t OfferIndex::memory_bytes() const {
  return store_.memory_bytes() + offers_.memory_bytes() + places_.memory_bytes() +
         trees_.size() * sizeof(OfferTree);
}

}  // namespace fog::market
