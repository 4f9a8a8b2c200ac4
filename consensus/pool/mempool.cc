#include "consensus/pool/mempool.h"

#include <algorithm>
#include <array>
#include <queue>

#include "consensus/pool/mempool_parts.h"

namespace fog {
namespace {

bool is_used(const IncludedTxs& included, const TxBody& body) {
  return body.sequence < included.next_sequence(body.sender, body.lane);
}

}  // namespace

bool Mempool::BetterTip::operator()(const Entry* a, const Entry* b) const {
  return a->tip != b->tip ? a->tip > b->tip : a->arrival < b->arrival;
}
bool Mempool::HigherPrice::operator()(const Entry* a, const Entry* b) const {
  return a->price_max != b->price_max ? a->price_max > b->price_max : a->arrival < b->arrival;
}
bool Mempool::Cheaper::operator()(const Entry* a, const Entry* b) const {
  if (a->tip != b->tip) return a->tip < b->tip;
  return a->price_max != b->price_max ? a->price_max < b->price_max : a->arrival > b->arrival;
}

Mempool::Mempool(MempoolOptions options) : options_(options) {}
Mempool::~Mempool() = default;

bool Mempool::contains(const TxId& id) const {
  const std::lock_guard lock(mutex_);
  return by_id_.contains(id);
}

PooledTx Mempool::find(const TxId& id) const {
  const std::lock_guard lock(mutex_);
  const auto entry = by_id_.find(id);
  return entry == by_id_.end() ? nullptr : entry->second.tx;
}

PooledTx Mempool::find_short(std::uint64_t id_start) const {
  TxId probe;
  for (std::size_t i = 0; i < 8; ++i)
    probe.data[i] = static_cast<std::uint8_t>(id_start >> (56 - 8 * i));
  const std::lock_guard lock(mutex_);
  if (by_id_.empty()) return nullptr;
  const std::size_t bucket = by_id_.bucket(probe);
  for (auto entry = by_id_.begin(bucket); entry != by_id_.end(bucket); ++entry) {
    if (std::equal(probe.data.begin(), probe.data.begin() + 8, entry->first.data.begin()))
      return entry->second.tx;
  }
  return nullptr;
}

MempoolSize Mempool::size() const {
  const std::lock_guard lock(mutex_);
  return {by_id_.size(), bytes_};
}

void Mempool::set_listener(std::function<void()> listener) {
  const std::lock_guard lock(mutex_);
  listener_ = std::move(listener);
}

void Mempool::set_arrival_listener(std::function<void(const PooledTx&)> listener) {
  const std::lock_guard lock(mutex_);
  arrival_listener_ = std::move(listener);
}

// ---- the structure ----

Mempool::Standing Mempool::insert(Entry&& fresh, std::uint64_t next_sequence) {
  const TxId& id = fresh.tx->id();
  Entry* entry = &by_id_.emplace(id, std::move(fresh)).first->second;
  const TxBody& body = entry->body();
  Queue& queue = queues_[body.sender];
  queue.address = body.sender;
  Lane& lane = queue.lanes[body.lane];
  lane.queue = &queue;
  lane.number = body.lane;
  entry->lane = &lane;
  lane.entries[body.sequence] = entry;
  queue.fees_max += entry->fee_max.droplets;
  ++queue.count;
  bytes_ += entry->tx->encoded().size();
  memory_ += memory_of(entry->tx->encoded().size());
  link_expiry(entry);
  set_next(lane, std::max(lane.next, next_sequence));
  refresh_tail(lane);
  return entry->standing;
}

void Mempool::remove(Entry* entry) {
  Lane& lane = *entry->lane;
  Queue& queue = *lane.queue;
  unready(entry);
  if (entry->is_tail) tails_.erase(entry);
  if (lane.tail == entry) lane.tail = nullptr;
  unlink_expiry(entry);
  lane.entries.erase(entry->body().sequence);
  queue.fees_max -= entry->fee_max.droplets;
  --queue.count;
  bytes_ -= entry->tx->encoded().size();
  memory_ -= memory_of(entry->tx->encoded().size());
  const Address address = queue.address;
  const std::uint8_t number = lane.number;
  by_id_.erase(entry->tx->id());
  if (!lane.entries.empty()) {
    refresh_head(lane);
    refresh_tail(lane);
  } else {
    queue.lanes.erase(number);
    if (queue.lanes.empty()) queues_.erase(address);
  }
}

// Drops the sequences that are used, and makes the next ready. An emptied lane is gone afterwards,
// and its queue with its last lane.
void Mempool::set_next(Lane& lane, std::uint64_t next) {
  lane.next = next;
  while (lane.entries.begin()->first < next) {
    const bool last = lane.entries.size() == 1;
    remove(lane.entries.begin()->second);
    if (last) return;
  }
  refresh_head(lane);
}

void Mempool::refresh_head(Lane& lane) {
  const auto head = lane.entries.begin();
  if (head->first != lane.next || head->second->standing != Standing::kWaiting) return;
  head->second->standing = Standing::kReady;
  // Of equals the latest comes last.
  ready_.insert(ready_.end(), head->second);
}

void Mempool::refresh_tail(Lane& lane) {
  Entry* last = lane.entries.rbegin()->second;
  if (lane.tail == last) return;
  if (lane.tail != nullptr) {
    tails_.erase(lane.tail);
    lane.tail->is_tail = false;
  }
  lane.tail = last;
  last->is_tail = true;
  // Of equals the latest comes first.
  tails_.insert(tails_.begin(), last);
}

void Mempool::unready(Entry* entry) {
  if (entry->standing == Standing::kReady) ready_.erase(entry);
  if (entry->standing == Standing::kParked) parked_.erase(entry);
  entry->standing = Standing::kWaiting;
}

void Mempool::park(Entry* entry) {
  ready_.erase(entry);
  entry->standing = Standing::kParked;
  parked_.insert(entry);
}

void Mempool::unpark(std::uint64_t base_price) {
  while (!parked_.empty() && (*parked_.begin())->price_max >= base_price) {
    Entry* entry = *parked_.begin();
    parked_.erase(parked_.begin());
    entry->standing = Standing::kReady;
    ready_.insert(entry);
  }
}

void Mempool::link_expiry(Entry* entry) {
  Entry*& head = expiry_[entry->expiry_step()];
  entry->expiry_after = head;
  if (head != nullptr) head->expiry_before = entry;
  head = entry;
}

void Mempool::unlink_expiry(Entry* entry) {
  if (entry->expiry_after != nullptr) entry->expiry_after->expiry_before = entry->expiry_before;
  if (entry->expiry_before != nullptr) {
    entry->expiry_before->expiry_after = entry->expiry_after;
    return;
  }
  const auto step = expiry_.find(entry->expiry_step());
  step->second = entry->expiry_after;
  if (step->second == nullptr) expiry_.erase(step);
}

// Whole steps that are past; choose() looks closer.
void Mempool::drop_expired(std::uint64_t time_ms) {
  while (!expiry_.empty() && (expiry_.begin()->first + 1) * kExpiryStepMs <= time_ms)
    remove(expiry_.begin()->second);
}

// ---- blocks ----

// The entry that follows what the ancestors use of a lane; null when there is none, or when they
// use nothing beyond what the state has.
Mempool::Entry* Mempool::find_after(const Address& sender, std::uint8_t number,
                                    std::uint64_t next) const {
  const auto queue = queues_.find(sender);
  if (queue == queues_.end()) return nullptr;
  const auto lane = queue->second.lanes.find(number);
  if (lane == queue->second.lanes.end() || next <= lane->second.next) return nullptr;
  const auto entry = lane->second.entries.find(next);
  return entry == lane->second.entries.end() ? nullptr : entry->second;
}

std::vector<PooledTx> Mempool::choose(const InclusionTerms& terms, const BlockLimits& limits,
                                      const IncludedTxs& included) {
  const std::lock_guard lock(mutex_);
  unpark(terms.base_price);
  struct Candidate {
    std::uint64_t tip;  // effective
    std::uint64_t arrival;
    Entry* entry;
    bool operator<(const Candidate& other) const {
      return tip != other.tip ? tip < other.tip : arrival > other.arrival;
    }
  };
  std::priority_queue<Candidate> heap;
  const auto consider = [&](Entry* entry) {
    if (entry->price_max < terms.base_price) return;
    heap.push({std::min(entry->tip, entry->price_max - terms.base_price), entry->arrival, entry});
  };
  included.for_each_lane([&](const Address& sender, std::uint8_t lane, std::uint64_t next) {
    if (Entry* entry = find_after(sender, lane, next)) consider(entry);
  });
  // Heads enter the heap only when no better one can be among those that have not: `ready_` is
  // ordered by the whole tip, which is no smaller than the effective one.
  std::vector<PooledTx> chosen;
  std::vector<Entry*> expired;
  BlockLimits left = limits;
  auto head = ready_.begin();
  while (chosen.size() < limits.txs) {
    while (head != ready_.end() &&
           (heap.empty() || heap.top() < Candidate{(*head)->tip, (*head)->arrival, *head})) {
      Entry* entry = *head;
      ++head;
      if (entry->price_max < terms.base_price) {
        park(entry);
      } else if (!is_used(included, entry->body())) {
        consider(entry);
      }
    }
    if (heap.empty()) break;
    Entry* entry = heap.top().entry;
    heap.pop();
    const CheckedTx& tx = *entry->tx;
    if (entry->body().expiry_ms < terms.time_ms) {
      expired.push_back(entry);
      continue;
    }
    if (tx.encoded().size() > left.bytes || tx.units() > left.units) {
      // The block is as good as full when a small transaction finds no room.
      if (left.bytes < 2'048 || left.units < 10'000) break;
      continue;
    }
    left.bytes -= tx.encoded().size();
    left.units -= tx.units();
    chosen.push_back(entry->tx);
    const auto next = entry->lane->entries.find(entry->body().sequence + 1);
    if (next != entry->lane->entries.end()) consider(next->second);
  }
  for (Entry* entry : expired) remove(entry);
  return chosen;
}

bool Mempool::has_includable(std::uint64_t base_price, std::uint64_t time_ms,
                             const IncludedTxs& included) {
  const std::lock_guard lock(mutex_);
  unpark(base_price);
  for (auto head = ready_.begin(); head != ready_.end();) {
    Entry* best = *head;
    ++head;
    if (best->body().expiry_ms < time_ms) {
      remove(best);
    } else if (best->price_max < base_price) {
      park(best);
    } else if (!is_used(included, best->body())) {
      return true;
    }
  }
  bool found = false;
  included.for_each_lane([&](const Address& sender, std::uint8_t lane, std::uint64_t next) {
    const Entry* entry = found ? nullptr : find_after(sender, lane, next);
    found = found || (entry != nullptr && entry->body().expiry_ms >= time_ms &&
                      entry->price_max >= base_price);
  });
  return found;
}

void Mempool::drop(const TxId& id) {
  const std::lock_guard lock(mutex_);
  const auto entry = by_id_.find(id);
  if (entry != by_id_.end()) remove(&entry->second);
}

void Mempool::on_block(const Changes& changes, std::uint64_t time_ms) {
  const std::lock_guard lock(mutex_);
  drop_expired(time_ms);
  if (queues_.empty()) return;
  const StateKey accounts = state_key(Table::kAccount);
  const auto end = changes.lower_bound(prefix_end(accounts));
  for (auto change = changes.lower_bound(accounts); change != end; ++change) {
    const auto address = fixed_from<20>(ByteView(change->first).subspan(1));
    if (!address || !change->second) continue;
    auto queue = queues_.find(*address);
    if (queue == queues_.end()) continue;
    const auto account = bcs_decode<Account>(*change->second);
    CHECK(account.has_value());
    // Lanes go while they are looked at, and the queue with the last one.
    std::array<Lane*, kLanes> lanes{};
    std::size_t count = 0;
    for (auto& [number, lane] : queue->second.lanes) lanes[count++] = &lane;
    for (std::size_t i = 0; i < count; ++i)
      set_next(*lanes[i], account->next_sequence(lanes[i]->number));
    // What the balance does not cover goes, from the ends of the lanes.
    while ((queue = queues_.find(*address)) != queues_.end() &&
           queue->second.fees_max > account->balance.droplets) {
      remove(queue->second.lanes.rbegin()->second.entries.rbegin()->second);
    }
  }
}

}  // namespace fog
