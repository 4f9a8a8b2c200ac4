#include "chain/state/view.h"

namespace fog {
namespace {

constexpr std::uint8_t kFirstOrderedTable = 0x80;
// A transaction's few changes are found faster in the map than an index is made.
constexpr std::size_t kUnindexedMax = 12;

}  // namespace

const Overlay::Entry* Overlay::find(const StateKey& key) const {
  if (!index_.empty()) return index_.find(key);
  const auto change = changes_.find(key);
  return change == changes_.end() ? nullptr : &*change;
}

// Called when an entry has been added to the changes.
void Overlay::index_new(Entry& entry) {
  if (!index_.empty()) {
    index_.add(entry);
  } else if (changes_.size() > kUnindexedMax) {
    for (Entry& each : changes_) index_.add(each);
  }
}

std::optional<Bytes> Overlay::get(const StateKey& key) const {
  const Entry* change = find(key);
  return change != nullptr ? change->second : base_.get(key);
}

void Overlay::read(const StateKey& key, const ValueUser& use) const {
  const Entry* change = find(key);
  if (change == nullptr) {
    base_.read(key, use);
  } else if (change->second) {
    use(*change->second);
  }
}

void Overlay::scan(const StateKey& from, const StateKey& to, const Visitor& visit) const {
  CHECK(!from.empty() && from.front() >= kFirstOrderedTable);
  if (to <= from) return;
  auto change = changes_.lower_bound(from);
  const auto changes_end = changes_.lower_bound(to);
  bool wanted = true;
  // Visits the change at hand, unless it is an erased key, and steps to the next.
  const auto visit_change = [&] {
    if (change->second) wanted = visit(change->first, *change->second);
    ++change;
  };
  base_.scan(from, to, [&](const StateKey& key, const Bytes& value) {
    while (wanted && change != changes_end && change->first < key) visit_change();
    if (!wanted) return false;
    if (change != changes_end && change->first == key) {
      visit_change();
    } else {
      wanted = visit(key, value);
    }
    return wanted;
  });
  while (wanted && change != changes_end) visit_change();
}

void Overlay::set(const StateKey& key, std::optional<Bytes> value) {
  if (Entry* change = find(key)) {
    change->second = std::move(value);
  } else {
    index_new(*changes_.emplace(key, std::move(value)).first);
  }
}

void Overlay::put(const StateKey& key, Bytes value) {
  set(key, std::move(value));
}

void Overlay::erase(const StateKey& key) {
  set(key, std::nullopt);
}

void Overlay::merge(Changes&& changes) {
  if (changes_.empty()) {
    changes_.swap(changes);
    if (!changes_.empty()) index_new(*changes_.begin());
    return;
  }
  while (!changes.empty()) {
    auto node = changes.extract(changes.begin());
    if (Entry* change = find(node.key())) {
      change->second = std::move(node.mapped());
    } else {
      index_new(*changes_.insert(std::move(node)).position);
    }
  }
}

}  // namespace fog
