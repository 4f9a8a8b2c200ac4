// LiveState: the state at the last final block, all of it in memory.
//
// Tables below 0x80 are looked up by key only and stand in a hash table of packed records: 8 bytes
// a slot, and one piece of memory a record, rounded up to 16 bytes, for its lengths, key and value.
// Ordered tables stand in a map.
//
// Not thread safe for writers: readers may run beside each other, not beside put or erase.
#pragma once

#include <array>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <memory>
#include <vector>

#include "chain/base/clock.h"
#include "chain/state/view.h"

namespace fog {

// Pieces of memory of multiples of 16 bytes, from chunks of one huge page that are never given
// back; freed pieces are used again for the same size. Pieces above 1 KiB come from the heap.
class RecordArena {
 public:
  RecordArena() = default;
  RecordArena(const RecordArena&) = delete;
  RecordArena& operator=(const RecordArena&) = delete;
  ~RecordArena();

  std::uint8_t* allocate(std::size_t bytes);
  void free(std::uint8_t* piece, std::size_t bytes);
  std::size_t memory_bytes() const { return memory_bytes_; }

 private:
  static constexpr std::size_t kUnit = 16;
  static constexpr std::size_t kPieceMax = 1024;
  static constexpr std::size_t kChunk = 2ULL * 1024 * 1024;
  struct Release {
    void operator()(std::uint8_t* chunk) const { std::free(chunk); }
  };
  void add_chunk();

  std::array<std::uint8_t*, kPieceMax / kUnit + 1> free_{};  // heads of the free lists
  std::vector<std::unique_ptr<std::uint8_t[], Release>> chunks_;
  std::uint8_t* next_ = nullptr;
  std::size_t left_ = 0;
  std::size_t memory_bytes_ = 0;
};

class LiveState final : public ReadView {
 public:
  // The random numbers start the hash, so that nobody can choose keys that collide.
  explicit LiveState(Rng& rng);
  ~LiveState() override;
  LiveState(const LiveState&) = delete;
  LiveState& operator=(const LiveState&) = delete;

  std::optional<Bytes> get(const StateKey& key) const override;
  void read(const StateKey& key, const ValueUser& use) const override;
  void scan(const StateKey& from, const StateKey& to, const Visitor& visit) const override;

  // Forgets everything.
  void clear();
  // Returns the value before.
  std::optional<Bytes> put(const StateKey& key, ByteView value);
  std::optional<Bytes> erase(const StateKey& key);

  std::size_t records() const { return hashed_records_ + ordered_.size(); }
  // Of the hash table and its records; the ordered map is counted roughly.
  std::size_t memory_bytes() const;

 private:
  // A slot is the address of a record with the hash's upper 16 bits above it; 0 is free. A shard
  // grows on its own, so no single put moves more than a 256th of the table.
  struct Shard {
    std::vector<std::uint64_t> slots;
    std::size_t used = 0;
  };
  static constexpr std::size_t kShards = 256;

  std::uint64_t hash_of(ByteView key) const;
  // The slot where the key stands, or the free one where it would.
  std::size_t find(const Shard& shard, std::uint64_t hash, const StateKey& key) const;
  void grow(Shard& shard);

  std::array<std::uint64_t, 2> seed_{};
  std::vector<Shard> shards_;
  RecordArena arena_;
  std::size_t hashed_records_ = 0;
  std::map<StateKey, Bytes> ordered_;
  std::size_t ordered_bytes_ = 0;
};

}  // namespace fog
