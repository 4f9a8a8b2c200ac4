// The market's trace: machines and tasks of a GPU cluster as CSV files list them, and the costs
// and values that a seed draws for them.
//
// The files are those of the "openb" trace (Weng et al., "Beware of Fragmentation: Scheduling
// GPU-Sharing Workloads with Fragmentation Gradient Descent", USENIX ATC 2023) or any with the
// same column names, in any order: machines have cpu_milli, memory_mib, gpu and may have sn and
// model; tasks have cpu_milli, memory_mib, num_gpu, gpu_milli and may have name and gpu_spec
// ("A|B": either model). Other columns are not looked at.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "chain/base/result.h"
#include "market/types/params.h"
#include "tests/support/seeded_rng.h"

namespace fog::bench {

constexpr std::uint32_t kDeviceMilli = 1'000;  // one GPU
constexpr std::uint32_t kDevicesMax = 64;      // of one machine

struct Machine {
  std::string name;
  std::uint32_t cpu_milli = 0;
  std::uint32_t memory_mib = 0;
  std::uint32_t gpus = 0;
  std::string model;                       // empty: not said
  market::Scale cost = market::kScaleOne;  // what it really costs, in 1/10 000 of the prices
};

struct Task {
  std::string name;
  std::uint32_t cpu_milli = 0;
  std::uint32_t memory_mib = 0;
  std::uint32_t num_gpu = 0;        // distinct devices
  std::uint32_t gpu_milli = 0;      // of each of them, 1..1 000
  std::vector<std::string> models;  // any of; empty: all
  std::uint64_t hourly = 0;         // droplets an hour at scale one
  std::uint64_t value = 0;          // what an hour is worth to whoever asks, in droplets

  std::uint64_t gpu_need() const { return std::uint64_t{num_gpu} * gpu_milli; }
};

// Why a file cannot be used: "LINE: what is wrong and what is expected", lines from 1.
using CsvError = std::string;

// Quoted fields, doubled quotes, CRLF, a byte order mark, blank lines and empty fields are
// understood. An empty count of GPUs is none, an empty gpu_milli a whole device; "nan" is empty.
Result<std::vector<Machine>, CsvError> parse_machines(std::string_view csv);
Result<std::vector<Task>, CsvError> parse_tasks(std::string_view csv);

// How costs and values are drawn, in 1/10 000: a machine's cost is a scale, uniform between the
// first two; a task's value its price at scale one times a factor, uniform between the other two.
struct Spread {
  const char* name;
  market::Scale cost_least, cost_most;
  std::uint32_t value_least, value_most;
};
// Hosts of one kind differ by less than a factor of two in cost; what a service is worth is a few
// times what its machine costs.
constexpr Spread kSpread{"default", 7'000, 13'000, 10'000, 50'000};

// Unit prices at scale one: 1 FOG for a GPU-hour, 0.04 for a core-hour, 0.005 for a GiB-hour.
market::MarketParams trace_params();

using fog::testing::SeededRng;
template <class T>
void shuffle(std::vector<T>& items, SeededRng& draw) {
  for (std::size_t i = items.size(); i > 1; --i) std::swap(items[i - 1], items[draw.below(i)]);
}
void draw_costs(std::vector<Machine>& machines, SeededRng& draw, const Spread& spread);
// The tasks in an order drawn by the seed, as far as they ask for `load` (in hundredths) of the
// machines' GPUs, of their cores if they have none; the list begins again, in another order, when
// it is too short. Values are drawn and prices computed.
std::vector<Task> draw_arrivals(const std::vector<Machine>& machines,
                                const std::vector<Task>& tasks, std::uint32_t load, SeededRng& draw,
                                const Spread& spread);

}  // namespace fog::bench
