// A state in a map: the base of overlays in tests.
#pragma once

#include <map>

#include "chain/state/view.h"

namespace fog::testing {

class MemoryState final : public ReadView {
 public:
  std::optional<Bytes> get(const StateKey& key) const override {
    const auto record = records_.find(key);
    if (record == records_.end()) return std::nullopt;
    return record->second;
  }
  void scan(const StateKey& from, const StateKey& to, const Visitor& visit) const override {
    for (auto record = records_.lower_bound(from); record != records_.end() && record->first < to;
         ++record) {
      if (!visit(record->first, record->second)) return;
    }
  }
  void put(const StateKey& key, Bytes value) { records_.insert_or_assign(key, std::move(value)); }
  // Takes a block's changes.
  void apply(const Changes& changes) {
    for (const auto& [key, value] : changes) {
      if (value) {
        records_.insert_or_assign(key, *value);
      } else {
        records_.erase(key);
      }
    }
  }
  const std::map<StateKey, Bytes>& records() const { return records_; }

 private:
  std::map<StateKey, Bytes> records_;
};

}  // namespace fog::testing
