// SimKv: a key-value store in memory that outlives the node that uses it. A power failure may take
// back the last batches, whole and latest first, down to what was synced.
#pragma once

#include <deque>
#include <map>
#include <mutex>

#include "chain/store/kv_store.h"
#include "tests/support/seeded_rng.h"

namespace fog::sim {

class SimKv final : public KvStore {
 public:
  ErrorOr<std::optional<Bytes>> get(ByteView key) const override {
    const std::lock_guard lock(mutex_);
    const auto row = rows_.find(to_bytes(key));
    if (row == rows_.end()) return std::optional<Bytes>();
    return std::optional<Bytes>(row->second);
  }
  ErrorOr<void> write(const KvBatch& batch, bool sync) override {
    const std::lock_guard lock(mutex_);
    Undo undo;
    const auto keep = [&](ByteView key) {
      const Bytes name = to_bytes(key);
      const auto row = rows_.find(name);
      undo.emplace_back(name, row == rows_.end() ? std::nullopt : std::optional(row->second));
    };
    batch.replay(
        [&](ByteView key, ByteView value) {
          keep(key);
          rows_[to_bytes(key)] = to_bytes(value);
        },
        [&](ByteView key) {
          keep(key);
          rows_.erase(to_bytes(key));
        });
    unsynced_.push_back(std::move(undo));
    if (unsynced_.size() > kUnsyncedMax) unsynced_.pop_front();
    if (sync) unsynced_.clear();
    return {};
  }
  ErrorOr<void> scan(ByteView from, ByteView to, const Visitor& visit) const override {
    const std::lock_guard lock(mutex_);
    const Bytes end = to_bytes(to);
    for (auto row = rows_.lower_bound(to_bytes(from)); row != rows_.end(); ++row) {
      if (row->first >= end || !visit(row->first, row->second)) break;
    }
    return {};
  }
  ErrorOr<void> scan_back(ByteView from, ByteView to, const Visitor& visit) const override {
    const std::lock_guard lock(mutex_);
    const Bytes start = to_bytes(from);
    for (auto row = rows_.lower_bound(to_bytes(to)); row != rows_.begin();) {
      --row;
      if (row->first < start || !visit(row->first, row->second)) break;
    }
    return {};
  }

  std::unique_ptr<const KvView> view() const override {
    auto out = std::make_unique<SimKv>();
    const std::lock_guard lock(mutex_);
    out->rows_ = rows_;
    return out;
  }

  // Nobody uses it while the power is off.
  void power_failure(testing::SeededRng& rng) {
    std::uint64_t lost = rng.below(unsynced_.size() + 1);
    for (; lost > 0; --lost) {
      const Undo undo = std::move(unsynced_.back());
      unsynced_.pop_back();
      for (auto entry = undo.rbegin(); entry != undo.rend(); ++entry) {
        if (entry->second) {
          rows_[entry->first] = *entry->second;
        } else {
          rows_.erase(entry->first);
        }
      }
    }
    unsynced_.clear();
  }
  void destroy() {
    rows_.clear();
    unsynced_.clear();
  }

 private:
  using Undo = std::vector<std::pair<Bytes, std::optional<Bytes>>>;
  static constexpr std::size_t kUnsyncedMax = 4;

  mutable std::mutex mutex_;
  std::map<Bytes, Bytes> rows_;
  std::deque<Undo> unsynced_;
};

}  // namespace fog::sim
