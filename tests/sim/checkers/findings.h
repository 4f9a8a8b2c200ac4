// Findings: what the checkers have found wrong in one run, with the simulated time.
#pragma once

#include <string>
#include <vector>

#include "tests/sim/sim_clock.h"

namespace fog::sim {

class Findings {
 public:
  explicit Findings(const SimTime& time) : time_(time) {}
  void add(const std::string& sentence) {
    if (lines_.size() < kMax)
      lines_.push_back(std::to_string(time_.now_ns / kMs) + " ms: " + sentence);
  }
  bool empty() const { return lines_.empty(); }
  const std::vector<std::string>& lines() const { return lines_; }

 private:
  static constexpr std::size_t kMax = 20;
  const SimTime& time_;
  std::vector<std::string> lines_;
};

}  // namespace fog::sim
