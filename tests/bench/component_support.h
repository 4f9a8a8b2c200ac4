// Components for the benchmarks of the Host, made of C by clang and the crate's component maker.
#pragma once

#include <cstdint>
#include <string>

#include "chain/base/bytes.h"

namespace fog::bench {

// A component that answers "hello\n", of about so many bytes. Ends the program when it cannot be
// made.
Bytes hello_component(std::uint64_t bytes);

// The smallest such component, which computes for about so long before each answer.
Bytes working_component(std::uint64_t work_us);

// The file, or with an empty path hello_component(bytes).
Bytes component_of(const std::string& path, std::uint64_t bytes);

// Runs a command of the shell; ends the program when it fails.
void run_or_exit(const std::string& command);

}  // namespace fog::bench
