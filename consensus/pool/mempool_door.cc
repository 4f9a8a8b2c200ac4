// The mempool's door: who gets in, and who goes for it.
#include "consensus/pool/mempool_parts.h"

namespace fog {
namespace {

// A replacement pays at least a tenth more.
constexpr std::uint64_t kReplacePercent = 110;

bool pays_a_tenth_more(std::uint64_t fresh, std::uint64_t old) {
  return static_cast<u128>(fresh) * 100 >= static_cast<u128>(old) * kReplacePercent;
}

std::string refuse_full(std::uint64_t tip, std::uint64_t price) {
  return "the mempool is full of transactions that pay more: try again later, or with a tip "
         "above " +
         std::to_string(tip) + " (price above " + std::to_string(price) + ") droplets per unit";
}

}  // namespace

PoolVerdict Mempool::check(const DecodedTx& tx, const InclusionTerms& terms,
                           const std::optional<Account>& sender) const {
  const std::lock_guard lock(mutex_);
  if (by_id_.contains(tx.id())) return {};
  // The encoded size is within a few bytes of what the units count.
  return check_locked(tx.tx().body, tx.units(), tx.id(), memory_of(0), terms, sender);
}

PoolVerdict Mempool::check_locked(const TxBody& body, std::uint64_t units, const TxId& id,
                                  std::size_t memory, const InclusionTerms& terms,
                                  const std::optional<Account>& sender) const {
  if (by_id_.contains(id)) return {};
  Fault fault = check_inclusion(terms, sender, body, units);
  if (fault == Fault::kSequenceGap) {
    // It may wait for those before it; all else must hold as if they had come.
    Account ahead = *sender;
    const std::uint64_t next = ahead.next_sequence(body.lane);
    if (body.sequence - next >= options_.lane_ahead_max) {
      return {Fault::kNone, "sequence " + std::to_string(body.sequence) + " is too far ahead of " +
                                std::to_string(next) + ", the lane's next: at most " +
                                std::to_string(options_.lane_ahead_max - 1)};
    }
    ahead.set_next_sequence(body.lane, body.sequence);
    fault = check_inclusion(terms, ahead, body, units);
  }
  if (fault != Fault::kNone) return {fault, ""};

  const Entry* same = find_same_place(body);
  if (same != nullptr && (!pays_a_tenth_more(body.price_max, same->price_max) ||
                          !pays_a_tenth_more(body.tip, same->tip))) {
    return {Fault::kNone,
            "another transaction with this sequence waits in the mempool; to replace it, price_max "
            "and tip must be at least a tenth above its " +
                std::to_string(same->price_max) + " and " + std::to_string(same->tip)};
  }
  const auto queue = queues_.find(body.sender);
  if (queue != queues_.end()) {
    if (same == nullptr && queue->second.count >= options_.account_txs_max) {
      return {Fault::kNone, "the mempool already holds " +
                                std::to_string(options_.account_txs_max) +
                                " transactions of this account: wait until some are final"};
    }
    const u128 others = queue->second.fees_max - (same != nullptr ? same->fee_max.droplets : 0);
    if (others + fee_max(body, units)->droplets > sender->balance.droplets)
      return {Fault::kCannotPayFee, ""};
  }
  const bool full = by_id_.size() >= options_.txs_max || memory_ + memory > options_.bytes_max;
  if (full && same == nullptr && !tails_.empty()) {
    const Entry& cheapest = **tails_.begin();
    if (std::pair(body.tip, body.price_max) <= std::pair(cheapest.tip, cheapest.price_max))
      return {Fault::kNone, refuse_full(cheapest.tip, cheapest.price_max)};
  }
  return {};
}

const Mempool::Entry* Mempool::find_same_place(const TxBody& body) const {
  const auto queue = queues_.find(body.sender);
  if (queue == queues_.end()) return nullptr;
  const auto lane = queue->second.lanes.find(body.lane);
  if (lane == queue->second.lanes.end()) return nullptr;
  const auto entry = lane->second.entries.find(body.sequence);
  return entry == lane->second.entries.end() ? nullptr : entry->second;
}

PoolVerdict Mempool::add(CheckedTx tx, const InclusionTerms& terms,
                         const std::optional<Account>& sender) {
  const auto pooled = std::make_shared<const CheckedTx>(std::move(tx));
  const TxBody& body = pooled->tx().body;
  std::function<void()> ready;
  std::function<void(const PooledTx&)> arrived;
  {
    const std::lock_guard lock(mutex_);
    if (by_id_.contains(pooled->id())) return {};
    PoolVerdict verdict = check_locked(body, pooled->units(), pooled->id(),
                                       memory_of(pooled->encoded().size()), terms, sender);
    if (!verdict.ok()) return verdict;
    if (const Entry* same = find_same_place(body)) remove(&by_id_.at(same->tx->id()));
    Entry entry;
    entry.tx = pooled;
    entry.tip = body.tip;
    entry.price_max = body.price_max;
    entry.arrival = ++arrivals_;
    entry.fee_max = *fee_max(body, pooled->units());
    if (!make_room(entry)) {
      const Entry& cheapest = **tails_.begin();
      return {Fault::kNone, refuse_full(cheapest.tip, cheapest.price_max)};
    }
    const Standing standing = insert(std::move(entry), sender->next_sequence(body.lane));
    if (standing == Standing::kReady) ready = listener_;
    arrived = arrival_listener_;
  }
  if (ready) ready();
  if (arrived) arrived(pooled);
  return {};
}

// Evicts the cheapest last transactions of their lanes while the pool is full and they are cheaper.
bool Mempool::make_room(const Entry& incoming) {
  const std::size_t memory = memory_of(incoming.tx->encoded().size());
  while (by_id_.size() >= options_.txs_max || memory_ + memory > options_.bytes_max) {
    if (tails_.empty()) return true;
    Entry* cheapest = *tails_.begin();
    if (!Cheaper()(cheapest, &incoming)) return false;
    // Not one that the incoming would then wait for.
    if (cheapest->body().sender == incoming.body().sender &&
        cheapest->body().lane == incoming.body().lane) {
      return false;
    }
    remove(cheapest);
  }
  return true;
}

}  // namespace fog
