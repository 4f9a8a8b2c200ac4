// Subscriber: the end of an open connection, as those see it who send to it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace fog::rpc {

// Safe from any thread.
class Subscriber {
 public:
  virtual ~Subscriber() = default;
  // Whether it takes more now. Whoever is refused tries again a little later; a subscriber that
  // stays full ends its connection itself.
  virtual bool has_room() const = 0;
  // Queues a notification; never waits.
  virtual void notify(std::string text) = 0;
};

// One message that came over an open connection: who sent it, and what it has opened. Its
// subscriptions say nothing before their ids have been answered.
struct SocketCall {
  std::shared_ptr<Subscriber> subscriber;
  std::vector<std::uint64_t> opened = {};
};

}  // namespace fog::rpc
