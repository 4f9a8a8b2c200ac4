// Plan: what a seed stands for: who takes part, who lies and how, how bad network, disk and clocks
// are, and how often something happens to them.
#pragma once

#include <optional>
#include <vector>

#include "tests/sim/liar.h"

namespace fog::sim {

struct PlannedNode {
  std::optional<std::size_t> validator;  // nothing: follows
  std::uint64_t stake_fog = 0;
  bool lies = false;
  LiarOptions liar;
  std::uint64_t drift_ppm = 0;
  std::uint64_t joins_ms = 0;   // starts only then
  bool takes_snapshot = false;  // starts from others' snapshot while it has no block
};

// Mean times between incidents during the safety phase; 0: never.
struct PlannedFaults {
  std::uint64_t partition_ms = 0;
  std::uint64_t clog_ms = 0;
  std::uint64_t pause_ms = 0;
  std::uint64_t crash_ms = 0;
  std::uint64_t clock_ms = 0;
  std::uint64_t clock_jump_max_ms = 0;
  std::uint64_t damage_percent = 0;  // of crashes: a misdirected write is found afterwards
};

struct Plan {
  std::uint64_t seed = 0;
  std::size_t validators = 0;
  std::vector<PlannedNode> nodes;
  std::uint64_t epoch_length = 0;
  std::uint64_t delay_ms = 0;  // D
  std::uint64_t segment_bytes = 0;
  std::uint64_t snapshot_epochs = 0;  // every node makes one every so many epochs; 0: none
  std::uint64_t keep_blocks = 0;      // older ones go; 0: all stay
  LinkQuality bad, good;
  PlannedFaults faults;
  std::uint64_t load_ms = 0;  // mean time between transactions
  std::uint64_t safety_ms = 0;
  std::uint64_t liveness_ms = 0;
};

// `validators`: so many, instead of what the seed says.
Plan make_plan(std::uint64_t seed, std::optional<std::size_t> validators);

}  // namespace fog::sim
