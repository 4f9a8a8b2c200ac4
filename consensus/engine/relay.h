// Relay: what peers exchange beside the consensus: transactions, by announce and request, and final
// blocks for those that catch up. It has a thread of its own beside the consensus's, so that bulk
// never makes a vote wait.
//
//   submitted here ──> whole to who leads next, announced to the others
//   from a peer    ──> checked like any other, then announced to the others
//
// on_arrival() from any thread; everything else from one.
#pragma once

#include <deque>
#include <map>
#include <mutex>
#include <set>
#include <unordered_map>
#include <unordered_set>

#include "chain/base/clock.h"
#include "chain/store/block_log.h"
#include "consensus/engine/application.h"
#include "consensus/engine/seen_ids.h"
#include "consensus/engine/state_sync_server.h"
#include "consensus/engine/wire.h"
#include "consensus/pool/mempool.h"

namespace fog {

struct RelayParts {
  const Mempool* pool = nullptr;
  const BlockLog* log = nullptr;
  Network* net = nullptr;
  Clock* clock = nullptr;
  // Checks transactions and puts them into the mempool; replies in order.
  std::function<std::vector<SubmitReply>(const std::vector<Bytes>&)> submit;
  // Whom a transaction should reach first.
  std::function<std::vector<NodeId>()> next_leaders;
  // There is something to send: flush() should be called soon.
  std::function<void()> wake;
  // Answers those who join late; null: nobody does.
  StateSyncServer* state_sync = nullptr;
};

class Relay {
 public:
  explicit Relay(RelayParts parts);

  // A transaction has got into the mempool.
  void on_arrival(const PooledTx& tx);

  void on_up(const NodeId& peer);
  void on_down(const NodeId& peer);
  // Whether the kind is the relay's.
  static bool handles(std::uint8_t kind);
  void on_message(const NodeId& from, std::uint8_t kind, ByteView message);
  // Sends what has arrived, together with what arrives soon after when much is on its way, and asks
  // others for what was not answered.
  void flush();
  // When flush() has something to do without an event (monotonic).
  std::optional<std::uint64_t> next_ns() const;

 private:
  // A transaction that was announced and asked for.
  struct Asked {
    NodeId of;
    std::uint64_t deadline_ns = 0;
    std::vector<NodeId> others;  // who announced it too
  };
  using IdSet = std::unordered_set<TxId, SeededHash>;

  template <class M>
  void receive(const NodeId& from, ByteView message);
  void on(const NodeId& from, wire::Announce&& message);
  void on(const NodeId& from, wire::GetTxs&& message);
  void on(const NodeId& from, wire::Txs&& message);
  void on(const NodeId& from, wire::GetFinal&& message);
  void announce(const std::vector<TxId>& ids, const std::vector<NodeId>& except);
  bool ask_one(const NodeId& peer, const TxId& id, std::uint64_t deadline_ns);
  void close_question(const TxId& id);
  void ask_again();
  void announce_again();

  const RelayParts parts_;
  std::set<NodeId> peers_;
  std::unordered_map<TxId, Asked, SeededHash> asked_;
  std::map<NodeId, std::size_t> asked_of_;  // how many of them
  SeenIds seen_;
  std::optional<std::uint64_t> next_ask_ns_;
  // Submitted here and perhaps not final, by when they are announced again: queues drop,
  // connections break, and a transaction that only one validator knows would wait for its turn to
  // lead.
  struct Own {
    TxId id;
    std::uint64_t pause_ns = 0;
  };
  std::multimap<std::uint64_t, Own> own_;
  std::uint64_t gather_until_ns_ = 0;  // what arrives before waits for more
  bool gathering_ = false;             // something waits

  std::mutex mutex_;
  std::vector<PooledTx> arrived_;  // guarded by mutex_
};

}  // namespace fog
