// Distances: how far Hosts are from this gateway, by measured time. A Host says where it is; what
// light needs there and back it cannot make less. For each Bid that weighs distance, the Hosts that
// its auction would take now are measured from time to time, and a Demand carries what was measured
// (market/types/objects.h, RoundTrip), so that nobody wins by claiming to be near.
//
// Measured is how long a TCP connection to the Host's endpoint takes, which its kernel answers, the
// least of several. Hosts that are found at a gateway's door are not measured: it would be the way
// to the door.
//
// One thread of its own. Safe from any thread.
#pragma once

#include <memory>

#include "chain/api/node_api.h"
#include "rpc/gateway/routes.h"

namespace fog::gateway {

struct DistanceSettings {
  std::uint64_t every_ms = 60'000;      // that a Bid's Hosts are measured
  std::uint64_t answer_ms_max = 1'000;  // that a connection may take
  std::uint64_t kept_ms = 600'000;      // that a measurement counts
};

class Distances {
 public:
  // The node and the routes must outlive this.
  Distances(DistanceSettings settings, NodeApi& node, Routes& routes);
  ~Distances();

  // What was measured for the Bid, at most as many as a Demand may carry, ascending by Host. Never
  // waits.
  market::RoundTrips of(const market::BidId& bid) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace fog::gateway
