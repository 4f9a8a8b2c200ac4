// SnapshotMaker: writes snapshots on a thread of its own, so that neither the engine nor the
// database's writer waits for one.
#pragma once

#include <condition_variable>
#include <functional>
#include <thread>

#include "chain/base/clock.h"
#include "chain/store/snapshot_store.h"

namespace fog {

class SnapshotMaker {
 public:
  SnapshotMaker(SnapshotStore& store, Clock& clock, std::function<void(std::string_view)> log);
  SnapshotMaker(const SnapshotMaker&) = delete;
  SnapshotMaker& operator=(const SnapshotMaker&) = delete;
  ~SnapshotMaker() { stop(); }

  // Takes a state to be written; from any thread, returns at once. While one is being written, the
  // newest of those that come waits, and the others are dropped.
  void take(StateReader state);
  // Gives up what is begun. Afterwards no state is held.
  void stop();

  std::uint64_t made() const { return made_; }
  std::uint64_t busy_ns() const { return busy_ns_; }

 private:
  void run();

  SnapshotStore& store_;
  Clock& clock_;
  const std::function<void(std::string_view)> log_;
  std::atomic<std::uint64_t> made_{0};
  std::atomic<std::uint64_t> busy_ns_{0};
  std::atomic<bool> stopping_{false};
  std::mutex mutex_;
  std::condition_variable wake_;
  std::optional<StateReader> waiting_;  // guarded by mutex_
  std::thread thread_;                  // last: starts when the rest stands
};

}  // namespace fog
