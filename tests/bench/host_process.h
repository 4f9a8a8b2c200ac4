// For benchmarks that are a Host themselves: its workers and its front are this program again.
#pragma once

#include "executor/worker_frames.h"

namespace fog::bench {

// What a Host binds a component's worker with, at a manifest of 128 MiB of memory.
executor::BindFrame component_limits(std::uint32_t slots);

// Runs a worker or a front, if that is what this program was started for, and ends it.
void become_host_process(int argc, char** argv);

}  // namespace fog::bench
