#include "consensus/engine/simplex_engine.h"

#include <chrono>

namespace fog {
namespace {

constexpr std::size_t kQueueEvents = 50'000;
constexpr std::size_t kConsensusBytes = 128ULL * 1024 * 1024;
constexpr std::size_t kBulkBytes = 128ULL * 1024 * 1024;
constexpr std::size_t kRelayBytes = 64ULL * 1024 * 1024;
constexpr std::size_t kTurnEvents = 256;

bool is_bulk(std::uint8_t kind) {
  const auto wire_kind = static_cast<wire::Kind>(kind);
  return wire_kind == wire::Kind::kBlock || wire_kind == wire::Kind::kFinal ||
         SnapshotSync::handles(kind);
}

// Waits for `has_reason`, at most until `ns` of the clock.
template <class Predicate>
void wait_until(std::condition_variable& wake, std::unique_lock<std::mutex>& lock, Clock& clock,
                const std::optional<std::uint64_t>& ns, Predicate has_reason) {
  if (!ns) {
    wake.wait(lock, has_reason);
    return;
  }
  const std::uint64_t now = clock.monotonic_ns();
  if (*ns > now) wake.wait_for(lock, std::chrono::nanoseconds(*ns - now), has_reason);
}

}  // namespace

bool SimplexEngine::Queue::push(Event&& event, std::size_t events_max, std::size_t bytes_max) {
  // That a peer came or went is never lost.
  if (event.what == What::kMessage &&
      (events.size() >= events_max || bytes + event.message.size() > bytes_max))
    return false;
  bytes += event.message.size();
  events.push_back(std::move(event));
  return true;
}

SimplexEngine::SimplexEngine(
    ReplicaParts parts, std::unique_ptr<Signer> signer, ReplicaOptions options,
    std::function<std::vector<SubmitReply>(const std::vector<Bytes>&)> submit, EngineEvents events)
    : parts_(parts),
      events_(events),
      replica_(parts, std::move(signer), options, std::move(events)),
      state_sync_(
          parts.epochs != nullptr && parts.net != nullptr
              ? std::optional<StateSyncServer>(std::in_place, *parts.app, *parts.epochs, *parts.net)
              : std::nullopt),
      relay_(RelayParts{parts.pool, parts.log, parts.net, parts.clock, std::move(submit),
                        [this] {
                          const std::lock_guard lock(mutex_);
                          return next_leaders_;
                        },
                        [this] {
                          {
                            const std::lock_guard lock(mutex_);
                            relay_woken_ = true;
                          }
                          relay_wake_.notify_one();
                        },
                        state_sync_ ? &*state_sync_ : nullptr}) {}

SimplexEngine::~SimplexEngine() {
  stop();
}

ErrorOr<void> SimplexEngine::start() {
  TRY_VOID(replica_.start());
  engine_thread_ = std::thread([this] { run(); });
  if (parts_.net != nullptr) relay_thread_ = std::thread([this] { run_relay(); });
  return {};
}

void SimplexEngine::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  engine_wake_.notify_all();
  relay_wake_.notify_all();
  if (engine_thread_.joinable()) engine_thread_.join();
  if (relay_thread_.joinable()) relay_thread_.join();
}

void SimplexEngine::wake() {
  {
    const std::lock_guard lock(mutex_);
    if (woken_ || !attentive_) return;
    woken_ = true;
  }
  engine_wake_.notify_one();
}

void SimplexEngine::on_arrival(const PooledTx& tx) {
  if (parts_.net != nullptr) relay_.on_arrival(tx);
}

NetworkEvents SimplexEngine::network_events() {
  NetworkEvents events;
  events.on_up = [this](const NodeId& peer) { push(Event{What::kUp, peer, 0, {}}); };
  events.on_down = [this](const NodeId& peer) { push(Event{What::kDown, peer, 0, {}}); };
  events.on_message = [this](const NodeId& peer, std::uint8_t kind, Bytes&& message) {
    push(Event{What::kMessage, peer, kind, std::move(message)});
  };
  return events;
}

void SimplexEngine::push(Event&& event) {
  bool relay = false;
  bool engine = true;
  {
    const std::lock_guard lock(mutex_);
    if (event.what != What::kMessage) {
      relay = true;
      relay_queue_.push(Event(event), 0, 0);
      consensus_.push(std::move(event), 0, 0);
    } else if (Relay::handles(event.kind)) {
      relay = true;
      engine = false;
      if (!relay_queue_.push(std::move(event), kQueueEvents, kRelayBytes)) ++dropped_;
    } else if (is_bulk(event.kind)) {
      if (!bulk_.push(std::move(event), kQueueEvents, kBulkBytes)) ++dropped_;
    } else if (!consensus_.push(std::move(event), kQueueEvents, kConsensusBytes)) {
      ++dropped_;
    }
  }
  if (relay) relay_wake_.notify_one();
  if (engine) engine_wake_.notify_one();
}

// ---- the engine's thread ----

void SimplexEngine::run() {
  while (true) {
    const ErrorOr<bool> more = run_once();
    if (!more) {
      events_.log("the engine has stopped: " + more.error().context);
      events_.on_failure(more.error());
      return;
    }
    if (!*more) return;
  }
}

ErrorOr<bool> SimplexEngine::run_once() {
  std::deque<Event> events;
  bool stopping = false;
  {
    std::unique_lock lock(mutex_);
    const auto has_reason = [&] {
      return stopping_ || woken_ || !consensus_.events.empty() || !bulk_.events.empty();
    };
    // Under load transactions come thousands a second, and one a view is news.
    attentive_ = replica_.looks_for_work();
    if (!attentive_) woken_ = false;
    if (!has_reason()) {
      lock.unlock();
      // Before a rest: the last final entry, so that the databases can follow.
      TRY_VOID(replica_.flush());
      const auto next = replica_.next_ns();
      lock.lock();
      wait_until(engine_wake_, lock, *parts_.clock, next, has_reason);
    }
    stopping = stopping_;
    woken_ = false;
    attentive_ = true;
    // Consensus first; of bulk one at a time, so that a vote waits for one message at most.
    events.swap(consensus_.events);
    consensus_.bytes = 0;
    if (events.empty() && !bulk_.events.empty()) {
      bulk_.bytes -= bulk_.events.front().message.size();
      events.push_back(std::move(bulk_.events.front()));
      bulk_.events.pop_front();
    }
  }
  if (stopping) {
    TRY_VOID(replica_.flush());
    return false;
  }
  std::size_t handled = 0;
  for (Event& event : events) {
    TRY_VOID(handle(std::move(event)));
    if (++handled % kTurnEvents == 0) TRY_VOID(replica_.poll());
  }
  TRY_VOID(replica_.poll());
  publish();
  return true;
}

ErrorOr<void> SimplexEngine::handle(Event&& event) {
  switch (event.what) {
    case What::kUp:
      return replica_.on_up(event.peer);
    case What::kDown:
      replica_.on_down(event.peer);
      return {};
    case What::kMessage:
      return replica_.on_message(event.peer, event.kind, event.message);
  }
  return {};
}

void SimplexEngine::publish() {
  std::vector<NodeId> leaders = replica_.next_leaders();
  const std::lock_guard lock(mutex_);
  next_leaders_ = std::move(leaders);
}

// ---- the relay's thread ----

void SimplexEngine::run_relay() {
  while (true) {
    std::deque<Event> events;
    {
      std::unique_lock lock(mutex_);
      wait_until(relay_wake_, lock, *parts_.clock, relay_.next_ns(),
                 [&] { return stopping_ || relay_woken_ || !relay_queue_.events.empty(); });
      if (stopping_) return;
      relay_woken_ = false;
      events.swap(relay_queue_.events);
      relay_queue_.bytes = 0;
    }
    for (const Event& event : events) {
      switch (event.what) {
        case What::kUp:
          relay_.on_up(event.peer);
          break;
        case What::kDown:
          relay_.on_down(event.peer);
          break;
        case What::kMessage:
          relay_.on_message(event.peer, event.kind, event.message);
          break;
      }
    }
    relay_.flush();
  }
}

}  // namespace fog
