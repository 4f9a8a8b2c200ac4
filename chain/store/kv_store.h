// KvStore: an ordered map of bytes on disk, written in batches that happen whole or not at all.
// LevelDB stands behind it; a test can put a breaking one in front.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "chain/base/bytes.h"
#include "chain/base/error.h"

namespace fog {

// Writes in order; a later one to the same key wins.
class KvBatch {
 public:
  void put(ByteView key, ByteView value) { add(key, value, false); }
  void erase(ByteView key) { add(key, {}, true); }
  void clear() {
    data_.clear();
    ops_.clear();
  }
  std::size_t bytes() const { return data_.size(); }
  std::size_t count() const { return ops_.size(); }

  // Calls put(key, value) or erase(key) for each, in order.
  template <class Put, class Erase>
  void replay(const Put& put_op, const Erase& erase_op) const {
    const ByteView all(data_);
    std::size_t at = 0;
    for (const Op& op : ops_) {
      const ByteView key = all.subspan(at, op.key_size);
      const ByteView value = all.subspan(at + op.key_size, op.value_size);
      at += op.key_size + op.value_size;
      if (op.is_erase) {
        erase_op(key);
      } else {
        put_op(key, value);
      }
    }
  }

 private:
  struct Op {
    std::uint32_t key_size;
    std::uint32_t value_size;
    bool is_erase;
  };
  void add(ByteView key, ByteView value, bool is_erase) {
    append(data_, key);
    append(data_, value);
    ops_.push_back({static_cast<std::uint32_t>(key.size()),
                    static_cast<std::uint32_t>(value.size()), is_erase});
  }
  Bytes data_;
  std::vector<Op> ops_;
};

// Something that can be read in order. Safe from any thread.
class KvView {
 public:
  virtual ~KvView() = default;
  // Visits from <= key < to ascending, as it stood at the call, until the visitor returns false.
  // The views are valid during the visit only.
  using Visitor = std::function<bool(ByteView key, ByteView value)>;
  virtual ErrorOr<void> scan(ByteView from, ByteView to, const Visitor& visit) const = 0;
  // The same keys, descending.
  virtual ErrorOr<void> scan_back(ByteView from, ByteView to, const Visitor& visit) const = 0;
};

// Safe from any thread.
class KvStore : public KvView {
 public:
  virtual ErrorOr<std::optional<Bytes>> get(ByteView key) const = 0;
  // `sync`: on disk afterwards. Without it a power failure may take back the last batches, whole
  // and latest first.
  virtual ErrorOr<void> write(const KvBatch& batch, bool sync) = 0;
  // The store as it stands now, whatever is written later. Must not outlive the store, which keeps
  // on disk what the view shows.
  virtual std::unique_ptr<const KvView> view() const = 0;
};

struct LevelDbOptions {
  std::size_t write_buffer_bytes = 32ULL * 1024 * 1024;
  std::size_t cache_bytes = 8ULL * 1024 * 1024;
  bool compress = false;  // keys and hashes do not shrink
  bool bloom_filter = true;
  int open_files = 200;  // at once
};

// Opens (or makes) a LevelDB in a directory whose parent exists. kUnavailable when another process
// has it, kCorrupt when it is damaged.
ErrorOr<std::unique_ptr<KvStore>> open_leveldb(const std::string& dir, LevelDbOptions options = {});
// Removes a LevelDB with everything in it, also a damaged one.
ErrorOr<void> destroy_leveldb(const std::string& dir);

}  // namespace fog
