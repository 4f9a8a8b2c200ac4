#include "chain/state/view.h"

namespace fog {
namespace {

constexpr std::uint8_t kFirstOrderedTable = 0x80;

}  // namespace

std::optional<Bytes> Overlay::get(const StateKey& key) const {
  const auto change = changes_.find(key);
  return change != changes_.end() ? change->second : base_.get(key);
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

void Overlay::put(const StateKey& key, Bytes value) {
  changes_.insert_or_assign(key, std::move(value));
}

void Overlay::erase(const StateKey& key) {
  changes_.insert_or_assign(key, std::nullopt);
}

void Overlay::merge(Changes&& changes) {
  while (!changes.empty()) {
    auto node = changes.extract(changes.begin());
    const auto place = changes_.lower_bound(node.key());
    if (place != changes_.end() && place->first == node.key()) {
      place->second = std::move(node.mapped());
    } else {
      changes_.insert(place, std::move(node));
    }
  }
}

}  // namespace fog
