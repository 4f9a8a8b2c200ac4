// Measure: what this computer has and how fast it runs workloads, by asking the system and by a
// real run.
#pragma once

#include <cstdint>
#include <string>

#include "chain/base/error.h"

namespace fog::executor {

struct Machine {
  std::uint32_t cores = 1;
  std::uint64_t memory_mib = 0;            // in all
  std::uint64_t memory_free_mib = 0;       // that programs could get now
  std::uint64_t storage_free_mib = 0;      // on the file system of `folder`
  std::uint64_t fuel_per_core_second = 0;  // of integer arithmetic and memory, one run alone
};

// Takes about a second of one core. kUnavailable when this computer cannot run the runtime profile.
ErrorOr<Machine> measure_machine(const std::string& folder);

}  // namespace fog::executor
