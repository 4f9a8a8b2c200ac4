#include "rpc/gateway/open_streams.h"

#include <utility>
#include <vector>

namespace fog::gateway {

std::shared_ptr<void> OpenStreams::add(std::uint64_t index, std::function<void()> end) {
  auto stream = std::make_shared<Stream>(std::move(end));
  const std::lock_guard lock(mutex_);
  streams_[index] = stream;
  return stream;
}

void OpenStreams::make_way(std::uint64_t index) {
  std::vector<std::shared_ptr<Stream>> late;
  {
    const std::lock_guard lock(mutex_);
    for (auto it = streams_.begin(); it != streams_.end();) {
      auto stream = it->second.lock();
      const bool in_the_way = stream != nullptr && index - it->first > kRequestsAfterStreamMax;
      // Later ones are not in the way either.
      if (stream != nullptr && !in_the_way) break;
      if (in_the_way) late.push_back(std::move(stream));
      it = streams_.erase(it);
    }
  }
  for (const auto& stream : late) stream->end();
}

}  // namespace fog::gateway
