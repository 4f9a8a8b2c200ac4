#include "rpc/server/subscription_hub.h"

#include <algorithm>

#include "chain/base/clock.h"

namespace fog::rpc {
namespace {

constexpr std::uint64_t kNsPerMs = 1'000'000;
// How long the hub looks at the chain before it looks at new subscriptions again.
constexpr std::uint64_t kSliceMs = 20;
// The same while somebody waits for room.
constexpr std::uint64_t kRoomMs = 5;
// Who is so few blocks behind is up to date but for a moment.
constexpr std::uint64_t kLiveBlocks = 16;
// What catching up takes before the chain is looked at again.
constexpr std::uint64_t kCatchUpMs = 20;

}  // namespace

SubscriptionHub::SubscriptionHub(NodeApi& node, std::size_t per_subscriber_max)
    : node_(node),
      per_subscriber_max_(per_subscriber_max),
      blocks_(node),
      thread_([this] { run(); }) {}

SubscriptionHub::~SubscriptionHub() {
  stop();
}

void SubscriptionHub::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

std::size_t SubscriptionHub::open_count() const {
  const std::lock_guard lock(mutex_);
  return open_;
}

ErrorOr<std::uint64_t> SubscriptionHub::open(const std::shared_ptr<Subscriber>& subscriber,
                                             std::unique_ptr<Feed> feed) {
  auto one = std::make_shared<Subscription>();
  one->subscriber = subscriber;
  one->feed = std::move(feed);
  const std::lock_guard lock(mutex_);
  if (stopping_) return fail(ErrorCode::kUnavailable, "the node is stopping");
  Held& held = held_[subscriber.get()];
  if (held.all.size() >= per_subscriber_max_) {
    return fail(ErrorCode::kExhausted, "a connection has at most " +
                                           std::to_string(per_subscriber_max_) +
                                           " subscriptions; open another connection");
  }
  one->id = ++held.last_id;
  held.all.push_back(one);
  ++open_;
  return one->id;
}

void SubscriptionHub::release(const Subscriber& subscriber, std::uint64_t id) {
  {
    const std::lock_guard lock(mutex_);
    const auto held = held_.find(&subscriber);
    if (held == held_.end()) return;
    for (const SubscriptionPtr& one : held->second.all) {
      if (one->id == id) incoming_.push_back(one);
    }
  }
  changed_.notify_all();
}

void SubscriptionHub::end(Subscription& one) {
  const std::lock_guard lock(one.sending);
  one.ended = true;
}

bool SubscriptionHub::close(const Subscriber& subscriber, std::uint64_t id) {
  SubscriptionPtr found;
  {
    const std::lock_guard lock(mutex_);
    const auto held = held_.find(&subscriber);
    if (held == held_.end()) return false;
    auto& all = held->second.all;
    const auto at =
        std::find_if(all.begin(), all.end(), [&](const auto& one) { return one->id == id; });
    if (at == all.end()) return false;
    found = *at;
    all.erase(at);
    --open_;
  }
  end(*found);
  return true;
}

void SubscriptionHub::close_all(const Subscriber& subscriber) {
  std::vector<SubscriptionPtr> all;
  {
    const std::lock_guard lock(mutex_);
    const auto held = held_.find(&subscriber);
    if (held == held_.end()) return;
    all = std::move(held->second.all);
    open_ -= all.size();
    held_.erase(held);
  }
  for (const SubscriptionPtr& one : all) end(*one);
}

void SubscriptionHub::forget(const Subscription& one) {
  const std::lock_guard lock(mutex_);
  for (auto& [subscriber, held] : held_) {
    open_ -= std::erase_if(held.all, [&](const auto& other) { return other.get() == &one; });
  }
}

bool SubscriptionHub::tell(Subscription& one, const std::string& what) {
  const auto subscriber = one.subscriber.lock();
  const std::lock_guard lock(one.sending);
  if (one.ended || !subscriber) return false;
  subscriber->notify(R"({"jsonrpc":"2.0","method":"subscription","params":{"subscription":")" +
                     std::to_string(one.id) + "\"," + what + "}}");
  return true;
}

SubscriptionHub::Need SubscriptionHub::serve(Subscription& one, std::uint64_t height) {
  if (one.feed->done_height() >= height) return Need::kNothing;
  const auto subscriber = one.subscriber.lock();
  if (!subscriber) return Need::kNothing;
  if (!subscriber->has_room()) return Need::kRoom;
  std::vector<std::string> items;
  const auto read = one.feed->read(node_, blocks_, height, items);
  for (const std::string& item : items) {
    if (!tell(one, item)) return Need::kNothing;
  }
  if (!read) {
    tell(one, "\"error\":" + compact(error_json(rpc_error(read.error()))));
    end(one);
    forget(one);
    return Need::kNothing;
  }
  return one.feed->done_height() < height ? Need::kMore : Need::kNothing;
}

SubscriptionHub::Need SubscriptionHub::serve_all(const std::vector<SubscriptionPtr>& all,
                                                 std::uint64_t height) {
  Need most = Need::kNothing;
  std::vector<Subscription*> behind;
  for (const SubscriptionPtr& one : all) {
    if (one->feed->done_height() + kLiveBlocks < height) {
      behind.push_back(one.get());
      continue;
    }
    Need need = Need::kMore;
    while (need == Need::kMore) need = serve(*one, height);
    most = std::max(most, need);
  }
  // In turn, so that one of many does not wait for all before it to arrive.
  const std::uint64_t until = system_clock().monotonic_ns() + kCatchUpMs * kNsPerMs;
  for (std::size_t i = 0; i < behind.size() && system_clock().monotonic_ns() < until; ++i) {
    Need need = Need::kMore;
    Subscription& one = *behind[catch_up_++ % behind.size()];
    for (std::uint64_t n = 0; n < kLiveBlocks && need == Need::kMore; ++n)
      need = serve(one, height);
    most = std::max(most, need);
  }
  return most;
}

void SubscriptionHub::run() {
  std::vector<SubscriptionPtr> all;
  std::uint64_t height = 0;
  std::uint64_t slice_ms = 0;
  while (true) {
    {
      std::unique_lock lock(mutex_);
      if (all.empty()) changed_.wait(lock, [&] { return stopping_ || !incoming_.empty(); });
      if (stopping_) return;
      for (SubscriptionPtr& one : incoming_) all.push_back(std::move(one));
      incoming_.clear();
    }
    std::erase_if(all, [](const SubscriptionPtr& one) {
      const std::lock_guard lock(one->sending);
      return one->ended || one->subscriber.expired();
    });
    if (all.empty()) continue;
    const auto status = node_.wait_height(height + 1, slice_ms);
    if (!status) {
      // A node that cannot say must not make this thread spin.
      std::unique_lock lock(mutex_);
      changed_.wait_for(lock, std::chrono::milliseconds(kSliceMs), [&] { return stopping_; });
      continue;
    }
    height = status->height;
    switch (serve_all(all, height)) {
      case Need::kNothing:
        slice_ms = kSliceMs;
        break;
      case Need::kRoom:
        slice_ms = kRoomMs;
        break;
      case Need::kMore:
        slice_ms = 0;
        break;
    }
  }
}

}  // namespace fog::rpc
