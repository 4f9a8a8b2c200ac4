// Placement rules that the market is compared with: first fit, best fit, and those that the trace's
// paper names (section 6.1). Each sees every machine, true costs and true values, and places a
// task, in order of arrival, on a machine that has the room for it and costs at most what it is
// worth.
#pragma once

#include <array>

#include "tests/bench/market_trace/cluster.h"

namespace fog::bench {

enum class Policy : std::uint8_t {
  kCheapest,    // the lowest cost: what the market would do without cap steps and ties by hash
  kFirstFit,    // the first in the file
  kBestFit,     // the least left afterwards, cores and GPUs in equal weight
  kDotProduct,  // the least product of what is free with what is needed, as shares of the machine
  kPacking,     // GPUs in use first, then idle ones of machines in use, then idle machines
  kClustering,  // beside tasks that ask for GPUs alike, then idle machines, then others
  kRandom,
  kFgd,  // the least growth of fragmentation (fragmentation gradient descent)
};
inline constexpr std::array kPolicies{Policy::kCheapest,   Policy::kFirstFit, Policy::kBestFit,
                                      Policy::kDotProduct, Policy::kPacking,  Policy::kClustering,
                                      Policy::kRandom,     Policy::kFgd};
const char* policy_name(Policy policy);

// `seed` is kRandom's.
Outcome run_policy(Policy policy, const std::vector<Machine>& machines,
                   const std::vector<Task>& tasks, std::uint64_t seed);

}  // namespace fog::bench
