// OpenStreams: the streams that a replica's container serves now. Vouchers cover requests in the
// order in which they were sent, so a stream holds back all later ones, and a Host serves no more
// than market::kUnvoucheredMax ahead. Before it comes to that, the oldest streams are ended: what
// they have brought is settled, and their clients connect anew.
//
// Safe from any thread.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>

#include "market/types/host_link.h"

namespace fog::gateway {

// So many requests after it, a stream is ended.
constexpr std::uint64_t kRequestsAfterStreamMax = market::kUnvoucheredMax / 2;

class OpenStreams {
 public:
  // The request of that index is a stream, as long as what this returns lives. `end` is called at
  // most once, by whoever calls make_way().
  [[nodiscard]] std::shared_ptr<void> add(std::uint64_t index, std::function<void()> end);
  // A request of that index goes out.
  void make_way(std::uint64_t index);

 private:
  struct Stream {
    std::function<void()> end;
  };
  std::mutex mutex_;
  std::map<std::uint64_t, std::weak_ptr<Stream>> streams_;
};

}  // namespace fog::gateway
