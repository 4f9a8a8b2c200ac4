// SimplexEngine: a replica and a relay with their threads and queues.
//
//   network ──> consensus queue ──┐
//           ──> bulk queue      ──┴─> engine thread: Replica   (consensus before bulk)
//           ──> relay queue     ────> relay thread: Relay
//   mempool ──> wake both
//
// A network of one validator is the same engine with a quorum of one.
#pragma once

#include <condition_variable>
#include <mutex>
#include <thread>

#include "consensus/engine/relay.h"
#include "consensus/engine/replica.h"

namespace fog {

class SimplexEngine final : public Engine {
 public:
  // `submit` checks transactions that peers send, like those from outside.
  SimplexEngine(ReplicaParts parts, std::unique_ptr<Signer> signer, ReplicaOptions options,
                std::function<std::vector<SubmitReply>(const std::vector<Bytes>&)> submit,
                EngineEvents events);
  ~SimplexEngine() override;

  ErrorOr<void> start() override;
  void stop() override;
  void wake() override;
  // A transaction has got into the mempool; from any thread.
  void on_arrival(const PooledTx& tx);

  // What the network calls.
  NetworkEvents network_events();

  std::uint64_t sync_ns() const { return replica_.sync_ns(); }
  std::uint64_t blocks_made() const { return replica_.blocks_made(); }
  std::uint64_t votes_signed() const { return replica_.votes_signed(); }
  std::uint64_t messages_dropped() const { return dropped_; }

 private:
  enum class What : std::uint8_t { kUp, kDown, kMessage };
  struct Event {
    What what = What::kMessage;
    NodeId peer;
    std::uint8_t kind = 0;
    Bytes message;
  };
  // Bounded in number and bytes; what does not fit is dropped, and the protocol asks again.
  struct Queue {
    std::deque<Event> events;
    std::size_t bytes = 0;
    bool push(Event&& event, std::size_t events_max, std::size_t bytes_max);
  };

  void push(Event&& event);
  void run();
  void run_relay();
  ErrorOr<bool> run_once();
  ErrorOr<void> handle(Event&& event);
  void publish();

  const ReplicaParts parts_;
  const EngineEvents events_;
  Replica replica_;
  std::optional<StateSyncServer> state_sync_;
  Relay relay_;

  std::mutex mutex_;
  std::condition_variable engine_wake_, relay_wake_;
  Queue consensus_, bulk_, relay_queue_;  // guarded by mutex_, as all below
  bool woken_ = false;
  bool attentive_ = true;  // false: the engine rests, and transactions alone are no reason to rise
  bool relay_woken_ = false;
  bool stopping_ = false;
  std::vector<NodeId> next_leaders_;
  std::atomic<std::uint64_t> dropped_{0};
  std::thread engine_thread_, relay_thread_;
};

}  // namespace fog
