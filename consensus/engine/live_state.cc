#include "consensus/engine/live_state.h"

#include <cstring>

#include <sys/mman.h>

namespace fog {
namespace {

// A free piece begins with the address of the next.
constexpr std::size_t kLinkBytes = sizeof(std::uint8_t*);
constexpr std::uint8_t kFirstOrderedTable = 0x80;
constexpr std::uint64_t kAddressMask = 0x0000'FFFF'FFFF'FFFF;
constexpr std::size_t kFirstSlots = 16;

// A record: key length u32, value length u32, key, value.
constexpr std::size_t kHeader = 8;

struct RecordView {
  ByteView key;
  ByteView value;
  std::size_t bytes() const { return kHeader + key.size() + value.size(); }
};

RecordView view_record(const std::uint8_t* at) {
  std::uint32_t key_size = 0;
  std::uint32_t value_size = 0;
  std::memcpy(&key_size, at, 4);
  std::memcpy(&value_size, at + 4, 4);
  return {{at + kHeader, key_size}, {at + kHeader + key_size, value_size}};
}

void fill_record(std::uint8_t* at, ByteView key, ByteView value) {
  const auto key_size = static_cast<std::uint32_t>(key.size());
  const auto value_size = static_cast<std::uint32_t>(value.size());
  std::memcpy(at, &key_size, 4);
  std::memcpy(at + 4, &value_size, 4);
  std::memcpy(at + kHeader, key.data(), key.size());
  if (!value.empty()) std::memcpy(at + kHeader + key.size(), value.data(), value.size());
}

std::uint8_t* address_of_slot(std::uint64_t slot) {
  // NOLINTNEXTLINE(performance-no-int-to-ptr): the address shares its word with the hash.
  return reinterpret_cast<std::uint8_t*>(slot & kAddressMask);
}
std::uint64_t make_slot(const std::uint8_t* record, std::uint64_t hash) {
  const auto address = reinterpret_cast<std::uint64_t>(record);
  CHECK((address & ~kAddressMask) == 0);
  return address | (hash & ~kAddressMask);
}

std::uint64_t fold(std::uint64_t a, std::uint64_t b) {
  const u128 product = static_cast<u128>(a) * b;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

bool equal(ByteView a, ByteView b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size()) == 0;
}

bool is_ordered(const StateKey& key) {
  CHECK(!key.empty());
  return key.front() >= kFirstOrderedTable;
}

}  // namespace

// ---- RecordArena ----

RecordArena::~RecordArena() = default;

std::uint8_t* RecordArena::allocate(std::size_t bytes) {
  const std::size_t units = (bytes + kUnit - 1) / kUnit;
  if (units * kUnit > kPieceMax) {
    memory_bytes_ += bytes;
    return new std::uint8_t[bytes];
  }
  if (std::uint8_t* piece = free_[units]) {
    std::memcpy(&free_[units], piece, kLinkBytes);
    return piece;
  }
  const std::size_t size = units * kUnit;
  if (left_ < size) {
    // What is left of the old chunk serves smaller records.
    if (left_ > 0) free(next_, left_);
    add_chunk();
  }
  memory_bytes_ += size;
  std::uint8_t* piece = next_;
  next_ += size;
  left_ -= size;
  return piece;
}

void RecordArena::add_chunk() {
  auto* chunk = static_cast<std::uint8_t*>(std::aligned_alloc(kChunk, kChunk));
  CHECK(chunk != nullptr);
  // A small state keeps small pages. A system without huge pages refuses, which is no harm.
  if (!chunks_.empty()) static_cast<void>(::madvise(chunk, kChunk, MADV_HUGEPAGE));
  chunks_.emplace_back(chunk);
  next_ = chunk;
  left_ = kChunk;
}

void RecordArena::free(std::uint8_t* piece, std::size_t bytes) {
  const std::size_t units = (bytes + kUnit - 1) / kUnit;
  if (units * kUnit > kPieceMax) {
    memory_bytes_ -= bytes;
    delete[] piece;
    return;
  }
  std::memcpy(piece, &free_[units], kLinkBytes);
  free_[units] = piece;
}

// ---- LiveState ----

LiveState::LiveState(Rng& rng) : shards_(kShards) {
  std::array<std::uint8_t, 16> bytes{};
  rng.fill(bytes);
  std::memcpy(seed_.data(), bytes.data(), bytes.size());
}

LiveState::~LiveState() {
  clear();
}

void LiveState::clear() {
  for (Shard& shard : shards_) {
    for (const std::uint64_t slot : shard.slots) {
      if (slot == 0) continue;
      std::uint8_t* record = address_of_slot(slot);
      arena_.free(record, view_record(record).bytes());
    }
    shard = Shard{};
  }
  hashed_records_ = 0;
  ordered_.clear();
  ordered_bytes_ = 0;
}

// Multiply and fold, eight bytes at a time, from a secret start (after wyhash).
std::uint64_t LiveState::hash_of(ByteView key) const {
  std::uint64_t hash = seed_[0] ^ key.size();
  std::size_t at = 0;
  for (; at + 8 <= key.size(); at += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, key.data() + at, 8);
    hash = fold(hash ^ word, seed_[1] | 1);
  }
  std::uint64_t rest = 0;
  if (at < key.size()) std::memcpy(&rest, key.data() + at, key.size() - at);
  hash = fold(hash ^ rest, seed_[1] | 1);
  return fold(hash ^ 0x9E37'79B9'7F4A'7C15U, seed_[0] | 1);
}

std::size_t LiveState::find(const Shard& shard, std::uint64_t hash, const StateKey& key) const {
  const std::size_t mask = shard.slots.size() - 1;
  for (std::size_t at = (hash >> 8) & mask;; at = (at + 1) & mask) {
    const std::uint64_t slot = shard.slots[at];
    if (slot == 0) return at;
    if (((slot ^ hash) & ~kAddressMask) == 0 && equal(view_record(address_of_slot(slot)).key, key))
      return at;
  }
}

void LiveState::grow(Shard& shard) {
  std::vector<std::uint64_t> old = std::move(shard.slots);
  shard.slots.assign(old.empty() ? kFirstSlots : old.size() * 2, 0);
  const std::size_t mask = shard.slots.size() - 1;
  for (const std::uint64_t slot : old) {
    if (slot == 0) continue;
    const ByteView key = view_record(address_of_slot(slot)).key;
    std::size_t at = (hash_of(key) >> 8) & mask;
    while (shard.slots[at] != 0) at = (at + 1) & mask;
    shard.slots[at] = slot;
  }
}

std::optional<Bytes> LiveState::get(const StateKey& key) const {
  std::optional<Bytes> out;
  read(key, [&out](ByteView value) { out = to_bytes(value); });
  return out;
}

void LiveState::read(const StateKey& key, const ValueUser& use) const {
  if (is_ordered(key)) {
    const auto record = ordered_.find(key);
    if (record != ordered_.end()) use(record->second);
    return;
  }
  const std::uint64_t hash = hash_of(key);
  const Shard& shard = shards_[hash % kShards];
  if (shard.slots.empty()) return;
  const std::uint64_t slot = shard.slots[find(shard, hash, key)];
  if (slot != 0) use(view_record(address_of_slot(slot)).value);
}

void LiveState::scan(const StateKey& from, const StateKey& to, const Visitor& visit) const {
  CHECK(is_ordered(from));
  for (auto at = ordered_.lower_bound(from); at != ordered_.end() && at->first < to; ++at) {
    if (!visit(at->first, at->second)) return;
  }
}

std::optional<Bytes> LiveState::put(const StateKey& key, ByteView value) {
  if (is_ordered(key)) {
    const auto [record, is_new] = ordered_.try_emplace(key);
    std::optional<Bytes> before;
    if (!is_new) before = std::move(record->second);
    ordered_bytes_ += value.size() + (is_new ? key.size() : 0) - (before ? before->size() : 0);
    record->second = to_bytes(value);
    return before;
  }
  const std::uint64_t hash = hash_of(key);
  Shard& shard = shards_[hash % kShards];
  if ((shard.used + 1) * 4 > shard.slots.size() * 3) grow(shard);
  std::uint64_t& slot = shard.slots[find(shard, hash, key)];
  if (slot == 0) {
    std::uint8_t* record = arena_.allocate(kHeader + key.size() + value.size());
    fill_record(record, key, value);
    slot = make_slot(record, hash);
    ++shard.used;
    ++hashed_records_;
    return std::nullopt;
  }
  std::uint8_t* record = address_of_slot(slot);
  const RecordView old = view_record(record);
  std::optional<Bytes> before = to_bytes(old.value);
  if (old.value.size() == value.size()) {
    fill_record(record, key, value);
  } else {
    arena_.free(record, old.bytes());
    record = arena_.allocate(kHeader + key.size() + value.size());
    fill_record(record, key, value);
    slot = make_slot(record, hash);
  }
  return before;
}

std::optional<Bytes> LiveState::erase(const StateKey& key) {
  if (is_ordered(key)) {
    const auto record = ordered_.find(key);
    if (record == ordered_.end()) return std::nullopt;
    std::optional<Bytes> before = std::move(record->second);
    ordered_bytes_ -= key.size() + before->size();
    ordered_.erase(record);
    return before;
  }
  const std::uint64_t hash = hash_of(key);
  Shard& shard = shards_[hash % kShards];
  if (shard.slots.empty()) return std::nullopt;
  std::size_t hole = find(shard, hash, key);
  if (shard.slots[hole] == 0) return std::nullopt;
  std::uint8_t* record = address_of_slot(shard.slots[hole]);
  const RecordView old = view_record(record);
  std::optional<Bytes> before = to_bytes(old.value);
  arena_.free(record, old.bytes());
  --shard.used;
  --hashed_records_;
  // Close the hole: whatever was pushed beyond it moves up (Knuth 6.4, algorithm R).
  const std::size_t mask = shard.slots.size() - 1;
  for (std::size_t at = (hole + 1) & mask; shard.slots[at] != 0; at = (at + 1) & mask) {
    const ByteView moved = view_record(address_of_slot(shard.slots[at])).key;
    const std::size_t home = (hash_of(moved) >> 8) & mask;
    if (((at - home) & mask) < ((at - hole) & mask)) continue;
    shard.slots[hole] = shard.slots[at];
    hole = at;
  }
  shard.slots[hole] = 0;
  return before;
}

std::size_t LiveState::memory_bytes() const {
  std::size_t bytes = arena_.memory_bytes() + ordered_bytes_ + ordered_.size() * 110;
  for (const Shard& shard : shards_) bytes += shard.slots.capacity() * sizeof(std::uint64_t);
  return bytes;
}

}  // namespace fog
