// The state as rules see it: keys and values, read through a ReadView, written into an Overlay.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <utility>

#include "chain/base/bcs.h"
#include "chain/state/key_index.h"
#include "chain/types/records.h"

namespace fog {

// A consistent state. Reads cannot fail: live state is in memory, and damage stops the node.
class ReadView {
 public:
  virtual ~ReadView() = default;
  virtual std::optional<Bytes> get(const StateKey& key) const = 0;
  // Shows the value without copying it, if there is one. The user must keep nothing of it and write
  // to no view.
  using ValueUser = std::function<void(ByteView value)>;
  virtual void read(const StateKey& key, const ValueUser& use) const {
    if (const std::optional<Bytes> value = get(key)) use(*value);
  }
  // Visits the records of an ordered table with from <= key < to in ascending order until the
  // visitor returns false. The visitor must not write to the view.
  using Visitor = std::function<bool(const StateKey& key, const Bytes& value)>;
  virtual void scan(const StateKey& from, const StateKey& to, const Visitor& visit) const = 0;
};

// Changes of one block or one transaction: a value, or nothing for an erased key.
using Changes = std::map<StateKey, std::optional<Bytes>>;

// Writes above a base that it does not own and that must outlive it. Not thread safe.
class Overlay final : public ReadView {
 public:
  explicit Overlay(const ReadView& base) : base_(base) {}
  // An overlay made from another stands above it like above any view; it is never its copy, and
  // never moves, since others may stand above it.
  explicit Overlay(const Overlay& base) : base_(base) {}
  Overlay(Overlay&&) = delete;

  std::optional<Bytes> get(const StateKey& key) const override;
  void read(const StateKey& key, const ValueUser& use) const override;
  void scan(const StateKey& from, const StateKey& to, const Visitor& visit) const override;
  void put(const StateKey& key, Bytes value);
  void erase(const StateKey& key);
  // Every key written, also where the value ended as it began.
  const Changes& changes() const { return changes_; }
  Changes take_changes() && {
    index_.clear();
    return std::move(changes_);
  }
  // Takes another's changes on top of its own, e.g. a transaction's into its block's.
  void merge(Changes&& changes);

 private:
  using Entry = Changes::value_type;
  const Entry* find(const StateKey& key) const;
  Entry* find(const StateKey& key) { return const_cast<Entry*>(std::as_const(*this).find(key)); }
  void set(const StateKey& key, std::optional<Bytes> value);
  void index_new(Entry& entry);

  const ReadView& base_;
  Changes changes_;
  // Of all changes, or empty while these are few.
  KeyIndex<Entry> index_;
};

// Reads a record. One that cannot be decoded is damage or our own bug: the node stops.
template <class T>
std::optional<T> load(const ReadView& view, const StateKey& key) {
  std::optional<T> out;
  view.read(key, [&out](ByteView bytes) {
    auto value = bcs_decode<T>(bytes);
    CHECK(value.has_value());
    out.emplace(*std::move(value));
  });
  return out;
}
template <class T>
void store(Overlay& state, const StateKey& key, const T& value) {
  state.put(key, bcs_encode(value));
}

}  // namespace fog
