#include "rpc/server/wait_hub.h"

#include "chain/base/clock.h"

namespace fog::rpc {
namespace {

constexpr std::uint64_t kNsPerMs = 1'000'000;
// How long the hub looks at the chain before it looks at new callers and deadlines again.
constexpr std::uint64_t kSliceMs = 100;

Answer stopping_answer() {
  return refuse({ErrorCode::kUnavailable, "the node is stopping; ask again when it is back"});
}

}  // namespace

WaitHub::WaitHub(NodeApi& node, std::size_t waits_max)
    : node_(node), waits_max_(waits_max), thread_([this] { run(); }) {}

WaitHub::~WaitHub() {
  stop();
}

void WaitHub::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

std::size_t WaitHub::waiting() const {
  const std::lock_guard lock(mutex_);
  return waiting_;
}

void WaitHub::add(Wait wait, Done done) {
  if (auto known = wait.poll(wait.timeout_ms == 0)) {
    done(*std::move(known));
    return;
  }
  Entry entry{std::move(wait), std::move(done), 0};
  entry.deadline_ns = system_clock().monotonic_ns() + entry.wait.timeout_ms * kNsPerMs;
  std::optional<Answer> refused;
  {
    const std::lock_guard lock(mutex_);
    if (stopping_) {
      refused = stopping_answer();
    } else if (waiting_ >= waits_max_) {
      refused =
          refuse({ErrorCode::kExhausted, "too many calls wait at this node; ask again later"});
    } else {
      ++waiting_;
      incoming_.push_back(std::move(entry));
    }
  }
  if (refused) {
    entry.done(*std::move(refused));
    return;
  }
  changed_.notify_all();
}

std::uint64_t WaitHub::ask_all(std::vector<Entry>& entries) {
  const std::uint64_t now = system_clock().monotonic_ns();
  std::uint64_t slice = kSliceMs;
  std::size_t answered = 0;
  std::erase_if(entries, [&](Entry& entry) {
    if (auto answer = entry.wait.poll(now >= entry.deadline_ns)) {
      entry.done(*std::move(answer));
      ++answered;
      return true;
    }
    slice = std::min(slice, (entry.deadline_ns - now) / kNsPerMs + 1);
    return false;
  });
  const std::lock_guard lock(mutex_);
  waiting_ -= answered;
  return slice;
}

void WaitHub::watch(std::uint64_t slice_ms) {
  const auto status = node_.wait_height(height_seen_ + 1, slice_ms);
  if (status) {
    height_seen_ = status->height;
    return;
  }
  // A node that cannot say must not make this thread spin.
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, std::chrono::milliseconds(slice_ms), [&] { return stopping_; });
}

void WaitHub::run() {
  std::vector<Entry> entries;
  while (true) {
    {
      std::unique_lock lock(mutex_);
      if (entries.empty()) {
        changed_.wait(lock, [&] { return stopping_ || !incoming_.empty(); });
      }
      for (Entry& entry : incoming_) entries.push_back(std::move(entry));
      incoming_.clear();
      if (stopping_) break;
    }
    const std::uint64_t slice_ms = ask_all(entries);
    if (!entries.empty()) watch(slice_ms);
  }
  for (Entry& entry : entries) entry.done(stopping_answer());
}

}  // namespace fog::rpc
