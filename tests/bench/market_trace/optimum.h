// The best that anyone could have done, knowing all tasks before the first came: which tasks run
// where, at the greatest sum of (value - cost). A mixed integer programme that COIN-OR's cbc or
// GLPK's glpsol solves (Debian: coinor-cbc, glpk-utils); their answer is checked here, number by
// number.
#pragma once

#include <optional>
#include <string>

#include "tests/bench/market_trace/cluster.h"

namespace fog::bench {

struct Solver {
  enum class Kind : std::uint8_t { kCbc, kGlpsol } kind = Kind::kCbc;
  std::string path;
};
// cbc if it is in PATH, else glpsol; `name` restricts it to one. Nothing when there is none.
std::optional<Solver> find_solver(const std::string& name = {});

struct Optimum {
  bool is_proved = false;    // the solver finished: nobody could have more
  std::int64_t welfare = 0;  // of the assignment found
  // No assignment has more: the welfare if proved, else what the solver says; nothing if it says
  // none.
  std::optional<std::int64_t> bound;
  bool fits_devices = false;    // it can be laid on the machines' devices
  std::vector<int> machine_of;  // by task; -1: not served
  std::string problem;          // why there is no answer; empty if there is one
};
// `pooled`: a machine's GPUs count together, as in the market's resource vector; the optimum is
// then an upper bound of what devices allow, and much faster found. Otherwise each device is a bin
// of its own. Files go into `folder`.
Optimum solve_optimum(const Solver& solver, const std::vector<Machine>& machines,
                      const std::vector<Task>& tasks, bool pooled, unsigned seconds,
                      const std::string& folder);

}  // namespace fog::bench
