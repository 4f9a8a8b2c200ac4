// The trace through the chain's own market: machines register and offer, tasks are created as Bids
// block by block, every block settles and clears by the rules, and Hosts acknowledge or decline.
//
// One machine is one Host with an owner of its own; it asks its true cost. DESIGN's resource vector
// counts a Host's GPUs together, while a share lies on one device. So a Host offers what one more
// replica could really have (Node::gpu_offered): its idle devices, or without any the most that is
// free on one, and says so again whenever that changes. Two Bids of one block can still both be
// awarded the same device; the Host then declines one, which clears again without it.
//
// A task without gpu_spec takes any model and a gpu_spec may name several, so all Hosts offer
// the model "gpu" and say in an attribute which one it is; a gpu_spec is a rule on that.
#pragma once

#include "tests/bench/market_trace/cluster.h"

namespace fog::bench {

struct ChainOutcome {
  Outcome outcome;
  std::int64_t paid = 0;  // droplets an hour that the leases cleared at
  std::int64_t cost = 0;  // and that they cost their Hosts
  std::uint64_t blocks = 0;
};
// A Bid's cap is the highest step of the ladder that is not above its value. `seed` is of the
// beacons.
ChainOutcome run_chain(const std::vector<Machine>& machines, const std::vector<Task>& tasks,
                       std::uint64_t seed);

}  // namespace fog::bench
