// AddressBook: where other nodes are said to listen, and which of them answered. After the idea of
// Bitcoin Core's addrman: what one network group says, and what lies in one network group, reaches
// only a few buckets, which ones only a secret tells; so nobody can fill the book.
//
//     heard of   kNewBuckets x kBucketSize; a source group reaches kNewPerSource of them
//     answered   kTriedBuckets x kBucketSize; a group of addresses reaches kTriedPerGroup of them
//
// An address has one place in a table; who stands there stays unless it has proved useless. Bounded
// by construction. Pure: randomness and time (seconds, wall clock) come in. Not thread safe.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <vector>

#include "chain/base/clock.h"
#include "chain/net/peer_address.h"

namespace fog {

class AddressBook {
 public:
  static constexpr std::size_t kBucketSize = 32;
  static constexpr std::size_t kNewBuckets = 256;
  static constexpr std::size_t kNewPerSource = 16;
  static constexpr std::size_t kTriedBuckets = 64;
  static constexpr std::size_t kTriedPerGroup = 4;

  // The secret places addresses; keep it with the book. The node's own id is never added.
  AddressBook(const Hash32& secret, const NodeId& self);

  // Heard from someone at `source`. False when not taken: not dialable, local to another network,
  // our own, or its place is held.
  bool add(const BookAddress& address, const IpAddress& source, std::uint64_t now_s);
  // A dial began; it counts as failed until answered().
  void dialled(const BookAddress& address, std::uint64_t now_s);
  // The node proved its id there. Added if unknown.
  void answered(const BookAddress& address, std::uint64_t now_s);
  // One that is due to be dialled and `wanted`; from either table with the same chance.
  std::optional<BookAddress> pick(Rng& rng, std::uint64_t now_s,
                                  const std::function<bool(const BookAddress&)>& wanted) const;
  // Up to `count` different ones at random, none of them useless, for somebody who asks.
  std::vector<BookAddress> sample(Rng& rng, std::size_t count, std::uint64_t now_s) const;

  std::size_t size() const { return places_.size(); }
  std::size_t tried_size() const { return tried_count_; }

  // With a checksum. decode gives nothing for damaged or foreign bytes.
  Bytes encode() const;
  static std::optional<AddressBook> decode(ByteView bytes, const NodeId& self);

 private:
  struct Entry {
    BookAddress address;
    IpAddress source;
    std::uint64_t heard_s = 0;
    std::uint64_t dialled_s = 0;
    std::uint64_t answered_s = 0;
    std::uint32_t failures = 0;  // since it last answered

    static constexpr auto kFields =
        std::make_tuple(&Entry::address, &Entry::source, &Entry::heard_s, &Entry::dialled_s,
                        &Entry::answered_s, &Entry::failures);
  };
  struct Stored;
  using Table = std::vector<std::optional<Entry>>;
  struct Place {
    bool tried = false;
    std::size_t slot = 0;
  };

  static bool useless(const Entry& entry, std::uint64_t now_s);
  static bool due(const Entry& entry, std::uint64_t now_s);
  std::uint64_t keyed(std::string_view what, std::initializer_list<ByteView> parts) const;
  std::size_t new_slot(const Entry& entry) const;
  std::size_t tried_slot(const Entry& entry) const;
  Table& table_of(bool tried) { return tried ? tried_ : new_; }
  const Table& table_of(bool tried) const { return tried ? tried_ : new_; }
  const Entry* entry_at(const Place& place) const;
  Entry* find(const BookAddress& address);
  bool put_new(const Entry& entry, std::uint64_t now_s);
  void take_out(bool tried, std::size_t slot);
  std::optional<BookAddress> pick_from(bool tried, Rng& rng, std::uint64_t now_s,
                                       const std::function<bool(const BookAddress&)>& wanted) const;

  Hash32 secret_;
  NodeId self_;
  Table new_;
  Table tried_;
  std::size_t tried_count_ = 0;
  std::map<BookAddress, Place> places_;
};

}  // namespace fog
