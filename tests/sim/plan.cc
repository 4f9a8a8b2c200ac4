#include "tests/sim/plan.h"

#include <algorithm>

namespace fog::sim {
namespace {

using testing::SeededRng;

std::uint64_t between(SeededRng& rng, std::uint64_t low, std::uint64_t high) {
  return low + rng.below(high - low + 1);
}
bool one_in(SeededRng& rng, std::uint64_t count) {
  return rng.below(count) == 0;
}
// A mean time between incidents, or never.
std::uint64_t maybe(SeededRng& rng, std::uint64_t low_ms, std::uint64_t high_ms) {
  return one_in(rng, 3) ? 0 : between(rng, low_ms, high_ms);
}

LiarOptions make_liar(SeededRng& rng) {
  LiarOptions liar;
  liar.withholds = one_in(rng, 2);
  liar.garbles = one_in(rng, 4);
  liar.replays = one_in(rng, 3);
  liar.lies_in_sync = one_in(rng, 3);
  return liar;
}

LinkQuality make_bad(SeededRng& rng) {
  LinkQuality link;
  link.latency_min_ns = between(rng, 1, 10) * kMs;
  link.latency_max_ns = link.latency_min_ns + between(rng, 1, one_in(rng, 4) ? 400 : 60) * kMs;
  link.loss_percent = one_in(rng, 3) ? 0 : rng.below(31);
  link.twice_percent = one_in(rng, 2) ? 0 : rng.below(20);
  link.in_order = one_in(rng, 2);
  return link;
}

// Late joiners take a snapshot over, or all blocks; where old blocks go, a snapshot is the only
// way.
void plan_snapshots(SeededRng& rng, Plan& plan) {
  if (one_in(rng, 3)) return;
  plan.snapshot_epochs = between(rng, 1, 2);
  // Far enough back for whoever was away for long.
  if (one_in(rng, 3)) plan.keep_blocks = plan.epoch_length * between(rng, 6, 12);
  if (one_in(rng, 3)) return;
  PlannedNode late;
  late.joins_ms = between(rng, 2'000, plan.safety_ms + 4'000);
  late.takes_snapshot = plan.keep_blocks > 0 || !one_in(rng, 4);
  late.drift_ppm = rng.below(200);
  plan.nodes.push_back(late);
}

}  // namespace

Plan make_plan(std::uint64_t seed, std::optional<std::size_t> validators) {
  SeededRng rng(seed * 2 + 1);
  Plan plan;
  plan.seed = seed;
  constexpr std::size_t kSizes[] = {1, 2, 3, 4, 4, 4, 4, 4, 4, 5, 6, 7};
  plan.validators = kSizes[rng.below(std::size(kSizes))];
  if (validators) plan.validators = *validators;

  std::uint64_t total = 0;
  for (std::size_t i = 0; i < plan.validators; ++i) {
    PlannedNode node;
    node.validator = i;
    node.stake_fog = one_in(rng, 2) ? 1'000 : between(rng, 700, 1'400);
    total += node.stake_fog;
    plan.nodes.push_back(node);
  }
  // Liars below a third of the stake.
  std::uint64_t lying = 0;
  for (std::size_t i = plan.validators; i > 0 && !one_in(rng, 4); --i) {
    PlannedNode& node = plan.nodes[i - 1];
    if (3 * (lying + node.stake_fog) >= total) break;
    lying += node.stake_fog;
    node.lies = true;
    node.liar = make_liar(rng);
    if (one_in(rng, 2)) {
      node.liar.twin = true;
      PlannedNode twin = node;
      twin.liar = make_liar(rng);
      twin.liar.twin = true;
      plan.nodes.push_back(twin);
    }
  }
  // Some follow without a vote.
  if (one_in(rng, 2)) plan.nodes.push_back({});
  if (plan.validators > 1 && one_in(rng, 6)) {
    PlannedNode node;
    node.lies = true;
    node.liar = make_liar(rng);
    plan.nodes.push_back(node);
  }
  for (PlannedNode& node : plan.nodes) node.drift_ppm = rng.below(200);

  plan.epoch_length = between(rng, 20, 50);
  plan.delay_ms = between(rng, 50, 300);
  plan.segment_bytes = one_in(rng, 2) ? 64ULL << 20 : between(rng, 20, 200) << 10;
  plan.bad = make_bad(rng);
  plan.good.latency_min_ns = 1 * kMs;
  plan.good.latency_max_ns = std::max<std::uint64_t>(2, plan.delay_ms / between(rng, 4, 20)) * kMs;
  PlannedFaults& faults = plan.faults;
  faults.partition_ms = maybe(rng, 1'000, 6'000);
  faults.clog_ms = maybe(rng, 500, 4'000);
  faults.pause_ms = maybe(rng, 500, 4'000);
  faults.crash_ms = maybe(rng, 800, 6'000);
  faults.clock_ms = maybe(rng, 2'000, 10'000);
  faults.clock_jump_max_ms = one_in(rng, 3) ? 3'000 : 400;
  faults.damage_percent = one_in(rng, 4) ? 10 : 0;
  plan.load_ms = between(rng, 10, one_in(rng, 4) ? 2'000 : 150);
  plan.safety_ms = between(rng, 4'000, 12'000);
  plan.liveness_ms = between(rng, 3'000, 6'000);
  plan_snapshots(rng, plan);
  return plan;
}

}  // namespace fog::sim
