// Tunnels: connections that Hosts which cannot be reached have opened to this gateway
// (market/types/tunnel.h), waiting to carry requests the other way. Safe from any thread.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "chain/base/fd.h"
#include "market/types/tunnel.h"

namespace fog::gateway {

constexpr std::size_t kTunnelsPerHost = 256;  // waiting and in use
constexpr std::size_t kTunnelsMax = 8'192;

// Whose tunnels are taken.
struct TunnelRules {
  bool off = false;
  std::vector<market::HostId> only;  // empty: any registered Host's
};

struct Tunnel {
  UniqueFd socket;
  std::shared_ptr<void> counted;  // held while the connection lives
};

class Tunnels {
 public:
  explicit Tunnels(TunnelRules rules) : rules_(std::move(rules)) {}

  bool takes(const market::HostId& host) const;
  // Counts one more of a Host whose hello was checked. Nothing when it has too many, or when the
  // hello is no later than one before: somebody has kept it.
  std::shared_ptr<void> admit(const PublicKey& host, std::uint64_t hello_time_ms);
  void put(const PublicKey& host, Tunnel tunnel);
  // The one that came last, if any waits and lives.
  std::optional<Tunnel> take(const PublicKey& host);
  // Whether the Host has tunnels here, maybe all in use.
  bool knows(const PublicKey& host) const;
  std::size_t count() const;  // of all

 private:
  struct Held {
    std::deque<Tunnel> waiting;
    std::size_t counted = 0;
    std::uint64_t hello_time_ms = 0;
  };
  // Outlives this where a connection does.
  struct Shared {
    mutable std::mutex mutex;
    std::map<PublicKey, Held> hosts;
    std::size_t all = 0;
  };
  const TunnelRules rules_;
  const std::shared_ptr<Shared> shared_ = std::make_shared<Shared>();
};

}  // namespace fog::gateway
