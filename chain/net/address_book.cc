#include "chain/net/address_book.h"

#include <algorithm>

#include "chain/base/bcs.h"
#include "chain/base/check.h"
#include "chain/crypto/hash.h"

namespace fog {
namespace {

constexpr std::uint64_t kMinute = 60;
constexpr std::uint64_t kDay = 24 * 60 * kMinute;
// Useless: never answered and failed this often, or not heard of for a month, or silent for a week
// though dialled often.
constexpr std::uint32_t kFailuresNeverAnswered = 3;
constexpr std::uint32_t kFailuresOnceAnswered = 10;
constexpr std::uint64_t kSilentMax = 7 * kDay;
constexpr std::uint64_t kUnheardMax = 30 * kDay;
// After a failed dial: this long, doubled for each further one.
constexpr std::uint64_t kRedialFirst = 10;
constexpr std::uint64_t kRedialMax = 60 * kMinute;
constexpr std::uint32_t kRedialDoublings = 9;
// An answered address gives way to a newcomer when it has not answered for this long.
constexpr std::uint64_t kTriedFirm = kDay;
constexpr std::uint8_t kFormat = 1;
constexpr std::size_t kStoredMax =
    AddressBook::kBucketSize * (AddressBook::kNewBuckets + AddressBook::kTriedBuckets);

std::uint64_t draw(Rng& rng) {
  std::array<std::uint8_t, 8> bytes{};
  rng.fill(bytes);
  return read_be64(bytes);
}

}  // namespace

struct AddressBook::Stored {
  std::uint8_t format = kFormat;
  Hash32 secret;
  BoundedList<Entry, kStoredMax> heard;
  BoundedList<Entry, kStoredMax> tried;
  static constexpr auto kFields =
      std::make_tuple(&Stored::format, &Stored::secret, &Stored::heard, &Stored::tried);
};

AddressBook::AddressBook(const Hash32& secret, const NodeId& self)
    : secret_(secret),
      self_(self),
      new_(kNewBuckets * kBucketSize),
      tried_(kTriedBuckets * kBucketSize) {}

bool AddressBook::useless(const Entry& entry, std::uint64_t now_s) {
  if (entry.answered_s == 0 && entry.failures >= kFailuresNeverAnswered) return true;
  if (now_s > entry.heard_s + kUnheardMax && now_s > entry.answered_s + kUnheardMax) return true;
  return entry.failures >= kFailuresOnceAnswered && now_s > entry.answered_s + kSilentMax;
}

bool AddressBook::due(const Entry& entry, std::uint64_t now_s) {
  if (entry.failures == 0) return true;
  const std::uint64_t wait = kRedialFirst << std::min(entry.failures - 1, kRedialDoublings);
  return now_s >= entry.dialled_s + std::min(wait, kRedialMax);
}

std::uint64_t AddressBook::keyed(std::string_view what,
                                 std::initializer_list<ByteView> parts) const {
  Bytes all(what.begin(), what.end());
  for (const ByteView part : parts) append(all, part);
  return read_be64(ByteView(hmac_sha256(secret_, all)).first(8));
}

// Source group and address group choose one of the few buckets of the source group.
std::size_t AddressBook::new_slot(const Entry& entry) const {
  const NetGroup source = net_group(entry.source);
  const std::uint8_t share = static_cast<std::uint8_t>(
      keyed("share", {source, net_group(entry.address.ip)}) % kNewPerSource);
  const std::uint64_t bucket = keyed("new", {source, ByteView(&share, 1)}) % kNewBuckets;
  const std::uint64_t place = keyed("place", {bcs_encode(entry.address)}) % kBucketSize;
  return static_cast<std::size_t>(bucket * kBucketSize + place);
}

// The address chooses one of the few buckets of its group.
std::size_t AddressBook::tried_slot(const Entry& entry) const {
  const Bytes address = bcs_encode(entry.address);
  const std::uint8_t share =
      static_cast<std::uint8_t>(keyed("tried share", {address}) % kTriedPerGroup);
  const std::uint64_t bucket =
      keyed("tried", {net_group(entry.address.ip), ByteView(&share, 1)}) % kTriedBuckets;
  const std::uint64_t place = keyed("tried place", {address}) % kBucketSize;
  return static_cast<std::size_t>(bucket * kBucketSize + place);
}

const AddressBook::Entry* AddressBook::entry_at(const Place& place) const {
  const auto& slot = table_of(place.tried)[place.slot];
  CHECK(slot.has_value());
  return &*slot;
}

AddressBook::Entry* AddressBook::find(const BookAddress& address) {
  const auto found = places_.find(address);
  return found == places_.end() ? nullptr : const_cast<Entry*>(entry_at(found->second));
}

void AddressBook::take_out(bool tried, std::size_t slot) {
  auto& held = table_of(tried)[slot];
  CHECK(held.has_value());
  places_.erase(held->address);
  held.reset();
  if (tried) --tried_count_;
}

bool AddressBook::put_new(const Entry& entry, std::uint64_t now_s) {
  const std::size_t slot = new_slot(entry);
  if (new_[slot] && !useless(*new_[slot], now_s)) return false;
  if (new_[slot]) take_out(false, slot);
  new_[slot] = entry;
  places_[entry.address] = {false, slot};
  return true;
}

bool AddressBook::add(const BookAddress& address, const IpAddress& source, std::uint64_t now_s) {
  if (address.id == self_ || address.port == 0 || !is_dialable(address.ip)) return false;
  // A stranger from afar does not send us into our own network.
  if (is_local(address.ip) && !is_local(source)) return false;
  if (Entry* known = find(address)) {
    known->heard_s = std::max(known->heard_s, now_s);
    return true;
  }
  if (!is_valid(address.id)) return false;
  Entry entry;
  entry.address = address;
  entry.source = source;
  entry.heard_s = now_s;
  return put_new(entry, now_s);
}

void AddressBook::dialled(const BookAddress& address, std::uint64_t now_s) {
  Entry* entry = find(address);
  if (entry == nullptr) return;
  entry->dialled_s = now_s;
  if (entry->failures < UINT32_MAX) ++entry->failures;
}

void AddressBook::answered(const BookAddress& address, std::uint64_t now_s) {
  if (find(address) == nullptr && !add(address, address.ip, now_s)) return;
  Entry* entry = find(address);
  entry->answered_s = entry->heard_s = now_s;
  entry->failures = 0;
  const Place place = places_.at(address);
  if (place.tried) return;

  const std::size_t slot = tried_slot(*entry);
  if (tried_[slot] && now_s < tried_[slot]->answered_s + kTriedFirm) return;
  const Entry moved = *entry;
  take_out(false, place.slot);
  if (tried_[slot]) {
    const Entry displaced = *tried_[slot];
    take_out(true, slot);
    put_new(displaced, now_s);
  }
  tried_[slot] = moved;
  places_[address] = {true, slot};
  ++tried_count_;
}

std::optional<BookAddress> AddressBook::pick_from(
    bool tried, Rng& rng, std::uint64_t now_s,
    const std::function<bool(const BookAddress&)>& wanted) const {
  const Table& table = table_of(tried);
  const auto fits = [&](const std::optional<Entry>& slot) {
    return slot && due(*slot, now_s) && !useless(*slot, now_s) && wanted(slot->address);
  };
  // A bucket at random, then a place in it: whoever has few buckets is picked seldom.
  const std::size_t buckets = table.size() / kBucketSize;
  const std::size_t start = static_cast<std::size_t>(draw(rng) % buckets);
  for (std::size_t step = 0; step < buckets; ++step) {
    // An odd stride visits every bucket (their number is a power of two) in a mixed order.
    const std::size_t bucket = (start + step * 37) % buckets;
    const std::size_t first = static_cast<std::size_t>(draw(rng) % kBucketSize);
    for (std::size_t i = 0; i < kBucketSize; ++i) {
      const auto& slot = table[bucket * kBucketSize + (first + i) % kBucketSize];
      if (fits(slot)) return slot->address;
    }
  }
  return std::nullopt;
}

std::optional<BookAddress> AddressBook::pick(
    Rng& rng, std::uint64_t now_s, const std::function<bool(const BookAddress&)>& wanted) const {
  const bool tried = draw(rng) % 2 == 0;
  if (auto found = pick_from(tried, rng, now_s, wanted)) return found;
  return pick_from(!tried, rng, now_s, wanted);
}

std::vector<BookAddress> AddressBook::sample(Rng& rng, std::size_t count,
                                             std::uint64_t now_s) const {
  std::vector<BookAddress> all;
  all.reserve(places_.size());
  for (const auto& [address, place] : places_) {
    if (!useless(*entry_at(place), now_s)) all.push_back(address);
  }
  const std::size_t taken = std::min(count, all.size());
  for (std::size_t i = 0; i < taken; ++i)
    std::swap(all[i], all[i + static_cast<std::size_t>(draw(rng) % (all.size() - i))]);
  all.resize(taken);
  return all;
}

Bytes AddressBook::encode() const {
  Stored stored;
  stored.secret = secret_;
  for (const auto& slot : new_) {
    if (slot) stored.heard.push_back(*slot);
  }
  for (const auto& slot : tried_) {
    if (slot) stored.tried.push_back(*slot);
  }
  Bytes out = bcs_encode(stored);
  append(out, sha256(out));
  return out;
}

std::optional<AddressBook> AddressBook::decode(ByteView bytes, const NodeId& self) {
  if (bytes.size() < Hash32::kSize) return std::nullopt;
  const ByteView body = bytes.first(bytes.size() - Hash32::kSize);
  if (fixed_from<32>(bytes.last(Hash32::kSize)) != sha256(body)) return std::nullopt;
  const auto stored = bcs_decode<Stored>(body);
  if (!stored || stored->format != kFormat) return std::nullopt;
  AddressBook book(stored->secret, self);
  const auto place = [&](const Entry& entry, bool tried) {
    const std::size_t slot = tried ? book.tried_slot(entry) : book.new_slot(entry);
    auto& held = book.table_of(tried)[slot];
    if (held || book.places_.contains(entry.address) || entry.address.id == self) return;
    held = entry;
    book.places_[entry.address] = {tried, slot};
    if (tried) ++book.tried_count_;
  };
  for (const Entry& entry : stored->tried) place(entry, true);
  for (const Entry& entry : stored->heard) place(entry, false);
  return book;
}

}  // namespace fog
