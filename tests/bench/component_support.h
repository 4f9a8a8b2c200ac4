// Components for the benchmarks of the Host, made of C by clang and the crate's component maker.
#pragma once

#include <cstdint>
#include <string>

#include "chain/base/bytes.h"
#include "executor/worker_frames.h"

namespace fog::bench {

// A component that answers "hello\n", of about so many bytes. Ends the program when it cannot be
// made.
Bytes hello_component(std::uint64_t bytes);

// The file, or with an empty path hello_component(bytes).
Bytes component_of(const std::string& path, std::uint64_t bytes);

// What a Host binds a component's worker with, at a manifest of 128 MiB of memory.
executor::BindFrame component_limits(std::uint32_t slots);

// Runs a command of the shell; ends the program when it fails.
void run_or_exit(const std::string& command);

// Runs a worker or a front, if that is what this program was started for, and ends it.
void become_host_process(int argc, char** argv);

}  // namespace fog::bench
