// SubscriptionHub: brings what final blocks hold to whoever subscribed, in order and each item
// once.
//
// One thread watches the chain. After each block it asks the feeds of those who are up to date
// first, then, for a while, those who catch up. A feed is asked only while its subscriber has room,
// so what a slow one has not taken is held by the chain, not by the node's memory.
//
//   {"jsonrpc": "2.0", "method": "subscription",
//    "params": {"subscription": "1", "cursor": "...", "item": {...}}}
//
// A subscription that cannot go on ends with "error" in the place of "cursor" and "item".
// All functions are safe from any thread.
#pragma once

#include <condition_variable>
#include <mutex>
#include <thread>
#include <unordered_map>

#include "rpc/server/feed.h"
#include "rpc/server/subscriber.h"

namespace fog::rpc {

class SubscriptionHub {
 public:
  // The node must outlive the hub. A subscriber has at most so many.
  SubscriptionHub(NodeApi& node, std::size_t per_subscriber_max);
  ~SubscriptionHub();
  // Sends nothing any more. May be called twice.
  void stop();
  SubscriptionHub(const SubscriptionHub&) = delete;
  SubscriptionHub& operator=(const SubscriptionHub&) = delete;

  // A subscription that says nothing before release(). Its id is the subscriber's own, counted from
  // 1. kExhausted beyond the bound.
  ErrorOr<std::uint64_t> open(const std::shared_ptr<Subscriber>& subscriber,
                              std::unique_ptr<Feed> feed);
  void release(const Subscriber& subscriber, std::uint64_t id);
  // Nothing is sent for it after this returns. False when there is no such subscription.
  bool close(const Subscriber& subscriber, std::uint64_t id);
  // The subscriber goes: all that it has.
  void close_all(const Subscriber& subscriber);
  std::size_t open_count() const;

 private:
  struct Subscription {
    std::weak_ptr<Subscriber> subscriber;
    std::uint64_t id = 0;
    std::unique_ptr<Feed> feed;  // the hub's thread only, once released
    std::mutex sending;
    bool ended = false;  // guarded by sending
  };
  using SubscriptionPtr = std::shared_ptr<Subscription>;
  struct Held {
    std::uint64_t last_id = 0;
    std::vector<SubscriptionPtr> all;
  };

  void run();
  // Whether it is worth asking again at once, or in a little while.
  enum class Need : std::uint8_t { kNothing, kRoom, kMore };
  Need serve(Subscription& one, std::uint64_t height);
  Need serve_all(const std::vector<SubscriptionPtr>& all, std::uint64_t height);
  // False when it has ended, or its subscriber has gone.
  bool tell(Subscription& one, const std::string& what);
  static void end(Subscription& one);
  void forget(const Subscription& one);

  NodeApi& node_;
  const std::size_t per_subscriber_max_;
  BlockDigests blocks_;       // the hub's thread only
  std::size_t catch_up_ = 0;  // whose turn it is to catch up; the same

  mutable std::mutex mutex_;  // guards what follows
  std::condition_variable changed_;
  bool stopping_ = false;
  std::unordered_map<const Subscriber*, Held> held_;
  std::vector<SubscriptionPtr> incoming_;
  std::size_t open_ = 0;
  std::thread thread_;
};

}  // namespace fog::rpc
