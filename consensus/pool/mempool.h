// Mempool: checked transactions that wait for a block, bounded in number, memory and per account.
//
//   (account, lane) -> sequence -> transaction
//        the lane's next sequence is at hand:  ready, ordered by tip, then arrival
//        ... but its price is below the base:  parked, ordered by price, until the base has fallen
//        a gap before it:                      waits
//
// Every step costs O(log n): a block touches the accounts that it changed and nothing else, and
// choosing transactions for a block looks at those that it takes.
//
// Safe from any thread; one mutex inside, held for microseconds a transaction.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <unordered_map>

#include "chain/base/seeded_hash.h"
#include "chain/ledger/check.h"
#include "consensus/pool/included.h"

namespace fog {

struct MempoolOptions {
  std::size_t txs_max = 200'000;
  std::size_t bytes_max = 256ULL * 1024 * 1024;  // of memory, estimated
  std::size_t account_txs_max = 4'096;
  std::uint64_t lane_ahead_max = 1'024;  // sequences from the lane's next on
};

using PooledTx = std::shared_ptr<const CheckedTx>;

// Why a transaction did not get in: a fault of its own, or (fault kNone) a reason of this pool, in
// a sentence. Neither: it is in.
struct PoolVerdict {
  Fault fault = Fault::kNone;
  std::string refused;
  bool ok() const { return fault == Fault::kNone && refused.empty(); }
};

struct BlockLimits {
  std::size_t txs = 0;
  std::size_t bytes = 0;  // of encoded transactions
  std::uint64_t units = 0;
};

struct MempoolSize {
  std::size_t txs = 0;
  std::size_t bytes = 0;  // encoded
};

class Mempool {
 public:
  explicit Mempool(MempoolOptions options = {});
  ~Mempool();
  Mempool(const Mempool&) = delete;
  Mempool& operator=(const Mempool&) = delete;

  bool contains(const TxId& id) const;
  // Null when the pool does not hold it.
  PooledTx find(const TxId& id) const;
  // One whose id starts with these eight bytes, big-endian; of several, any.
  PooledTx find_short(std::uint64_t id_start) const;
  MempoolSize size() const;

  // The cheap look before a signature is paid for: whether add() would take it as things stand.
  // `sender` is the account at the last final block, `terms` those of the next.
  PoolVerdict check(const DecodedTx& tx, const InclusionTerms& terms,
                    const std::optional<Account>& sender) const;
  // Takes a transaction. One with the same sender, lane and sequence must pay at least a tenth more
  // in both price and tip than the one it replaces. When the pool is full the cheapest last
  // transactions of their lanes go, as far as they are cheaper than this one.
  //
  // `sender` must be read so that no block is committed before add() has returned.
  PoolVerdict add(CheckedTx tx, const InclusionTerms& terms, const std::optional<Account>& sender);

  // What a block with this base price and time should carry: by effective tip (the tip, or what the
  // price leaves above the base), then arrival, each account's lanes in sequence. They stay in the
  // pool until on_block() sees their sequence used.
  //
  // `included` is what the block's ancestors that are not final carry: their sequences are skipped
  // and the lanes go on behind them. Costs what is taken plus what is included.
  std::vector<PooledTx> choose(const InclusionTerms& terms, const BlockLimits& limits,
                               const IncludedTxs& included = {});
  // Whether choose() would find one for a block with this base price and time.
  bool has_includable(std::uint64_t base_price, std::uint64_t time_ms,
                      const IncludedTxs& included = {});
  // Takes out one that a block could not include.
  void drop(const TxId& id);

  // A block is final: for the accounts it changed, used sequences go, and whatever the balance no
  // longer covers; whatever expired goes too.
  void on_block(const Changes& changes, std::uint64_t time_ms);

  // Called after a transaction has become ready, from the thread that added it, without locks held.
  void set_listener(std::function<void()> listener);
  // Called with every transaction that got in, ready or not (for relay), in the same way. What was
  // there before is not told of.
  void set_arrival_listener(std::function<void(const PooledTx&)> listener);

 private:
  enum class Standing : std::uint8_t { kWaiting, kReady, kParked };
  struct Entry;
  struct Lane;
  struct Queue;
  // Best first: tip, then arrival.
  struct BetterTip {
    bool operator()(const Entry* a, const Entry* b) const;
  };
  // Highest price first.
  struct HigherPrice {
    bool operator()(const Entry* a, const Entry* b) const;
  };
  // Cheapest first, of equals the latest.
  struct Cheaper {
    bool operator()(const Entry* a, const Entry* b) const;
  };

  PoolVerdict check_locked(const TxBody& body, std::uint64_t units, const TxId& id,
                           std::size_t memory, const InclusionTerms& terms,
                           const std::optional<Account>& sender) const;
  const Entry* find_same_place(const TxBody& body) const;
  Entry* find_after(const Address& sender, std::uint8_t number, std::uint64_t next) const;
  bool make_room(const Entry& incoming);
  Standing insert(Entry&& fresh, std::uint64_t next_sequence);
  void remove(Entry* entry);
  void set_next(Lane& lane, std::uint64_t next);
  void refresh_head(Lane& lane);
  void refresh_tail(Lane& lane);
  void unready(Entry* entry);
  void park(Entry* entry);
  void unpark(std::uint64_t base_price);
  void link_expiry(Entry* entry);
  void unlink_expiry(Entry* entry);
  void drop_expired(std::uint64_t time_ms);

  const MempoolOptions options_;
  mutable std::mutex mutex_;
  // By the first eight bytes of the id, so that find_short() finds the bucket too.
  struct StartHash {
    std::size_t operator()(const TxId& id) const { return seeded_hash(ByteView(id).first(8)); }
  };
  std::unordered_map<TxId, Entry, StartHash> by_id_;
  std::unordered_map<Address, Queue, SeededHash> queues_;
  std::set<Entry*, BetterTip> ready_;
  std::set<Entry*, HigherPrice> parked_;
  std::set<Entry*, Cheaper> tails_;
  std::map<std::uint64_t, Entry*> expiry_;  // by time in steps of kExpiryStepMs: heads of lists
  std::uint64_t arrivals_ = 0;
  std::size_t bytes_ = 0;
  std::size_t memory_ = 0;
  std::function<void()> listener_;
  std::function<void(const PooledTx&)> arrival_listener_;
};

}  // namespace fog
