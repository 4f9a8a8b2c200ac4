// What a service that ran under `dev` has used, and what that would have cost.
#pragma once

#include "market/types/preview.h"
#include "rpc/programs/cli/context.h"

namespace fog::host {

// Sums over the requests that the service answered.
struct DevUse {
  market::Counters counters;
  std::uint64_t failed = 0;   // of them, by the workload's fault
  std::uint64_t refused = 0;  // answered without it
  std::uint64_t memory_peak_bytes = 0;
  std::uint64_t wall_us = 0;
  std::uint64_t served_ms = 0;  // since it served first: rent counts that
  std::uint64_t cpu_ms = 0;     // of this computer, where control groups count it; not billed
};

// Unit prices and whose they are.
struct DevPrices {
  market::UnitPrices prices;
  market::Scale scale = market::kScaleOne;
  std::string from;  // a sentence about where they come from
};
// What the cheapest Host that matches the manifest's bid would be paid now, as the node sees it.
// kNotFound when none matches; else as the node's calls.
ErrorOr<DevPrices> live_prices(cli::Context& context, const std::string& manifest);
// "gfuel=0.001", one a text; what is not named costs nothing. kInvalidInput.
ErrorOr<DevPrices> given_prices(const std::vector<std::string>& texts);

// The table, and the same for programs. `prices`: why there are none, else them.
std::string cost_text(const DevUse& use, const market::Resources& resources,
                      const ErrorOr<DevPrices>& prices);
cli::Json cost_json(const DevUse& use, const market::Resources& resources,
                    const ErrorOr<DevPrices>& prices);

}  // namespace fog::host
