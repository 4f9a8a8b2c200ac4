// A key-value store in memory that fails when told, for tests of what stands above it.
#pragma once

#include <map>
#include <mutex>

#include "chain/store/kv_store.h"

namespace fog::testing {

class FaultKv final : public KvStore {
 public:
  // The next `count` writes succeed, all later ones find the disk full.
  void fail_after(std::size_t count) {
    const std::lock_guard lock(mutex_);
    writes_left_ = count;
  }
  void heal() {
    const std::lock_guard lock(mutex_);
    writes_left_.reset();
  }
  std::size_t writes() const {
    const std::lock_guard lock(mutex_);
    return writes_;
  }
  // Every row, to be compared or damaged.
  std::map<Bytes, Bytes>& rows() { return rows_; }

  ErrorOr<std::optional<Bytes>> get(ByteView key) const override {
    const std::lock_guard lock(mutex_);
    const auto row = rows_.find(to_bytes(key));
    if (row == rows_.end()) return std::optional<Bytes>();
    return std::optional<Bytes>(row->second);
  }
  ErrorOr<void> write(const KvBatch& batch, bool) override {
    const std::lock_guard lock(mutex_);
    if (writes_left_ == std::size_t{0})
      return fail(ErrorCode::kExhausted, "cannot write to the database: No space left on device");
    if (writes_left_) --*writes_left_;
    ++writes_;
    batch.replay([&](ByteView key, ByteView value) { rows_[to_bytes(key)] = to_bytes(value); },
                 [&](ByteView key) { rows_.erase(to_bytes(key)); });
    return {};
  }
  ErrorOr<void> scan(ByteView from, ByteView to, const Visitor& visit) const override {
    std::map<Bytes, Bytes> copy;
    {
      const std::lock_guard lock(mutex_);
      copy = rows_;
    }
    for (auto row = copy.lower_bound(to_bytes(from)); row != copy.end(); ++row) {
      if (row->first >= to_bytes(to) || !visit(row->first, row->second)) break;
    }
    return {};
  }
  ErrorOr<void> scan_back(ByteView from, ByteView to, const Visitor& visit) const override {
    std::map<Bytes, Bytes> copy;
    {
      const std::lock_guard lock(mutex_);
      copy = rows_;
    }
    for (auto row = copy.lower_bound(to_bytes(to)); row != copy.begin();) {
      --row;
      if (row->first < to_bytes(from) || !visit(row->first, row->second)) break;
    }
    return {};
  }

  std::unique_ptr<const KvView> view() const override {
    auto out = std::make_unique<FaultKv>();
    const std::lock_guard lock(mutex_);
    out->rows_ = rows_;
    return out;
  }

 private:
  mutable std::mutex mutex_;
  std::map<Bytes, Bytes> rows_;
  std::optional<std::size_t> writes_left_;
  std::size_t writes_ = 0;
};

}  // namespace fog::testing
