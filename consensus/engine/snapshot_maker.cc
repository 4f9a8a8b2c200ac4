#include "consensus/engine/snapshot_maker.h"

namespace fog {

SnapshotMaker::SnapshotMaker(SnapshotStore& store, Clock& clock,
                             std::function<void(std::string_view)> log)
    : store_(store), clock_(clock), log_(std::move(log)), thread_([this] { run(); }) {}

void SnapshotMaker::take(StateReader state) {
  {
    const std::lock_guard lock(mutex_);
    if (stopping_) return;
    waiting_.emplace(std::move(state));
  }
  wake_.notify_one();
}

void SnapshotMaker::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    waiting_.reset();
  }
  wake_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void SnapshotMaker::run() {
  while (true) {
    std::optional<StateReader> state;
    {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [&] { return stopping_ || waiting_.has_value(); });
      if (stopping_) return;
      state.swap(waiting_);
    }
    const std::uint64_t start = clock_.monotonic_ns();
    const auto written = store_.write(*state, stopping_);
    busy_ns_ += clock_.monotonic_ns() - start;
    if (written) {
      ++made_;
    } else if (!stopping_) {
      // The node can do without: the next epoch's may succeed.
      log_("no snapshot at height " + std::to_string(state->meta().height) + ": " +
           written.error().context);
    }
  }
}

}  // namespace fog
