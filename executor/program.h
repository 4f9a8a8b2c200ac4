// Programs of this computer that the Host uses: found, and run to their end.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "chain/base/error.h"

namespace fog::executor {

// The path of a program in the system's folders; empty when it is not there. PATH is not looked at:
// whoever sets it must not choose what runs as root.
std::string find_program(const std::string& name);

struct ProgramLimits {
  std::uint64_t timeout_ms = 0;
  std::uint64_t file_bytes_max = 0;  // of one file that it writes
};

// Runs argv[0] with an environment that holds PATH and TMPDIR only, and ends it when the limits or
// `go_on`, asked several times a second, say so. Errors: kIo (cannot be started; it ended with
// another status than 0, and the end of what it said), kTimeout, kUnavailable (told to stop).
ErrorOr<void> run_program(const std::vector<std::string>& argv, const std::string& temp_folder,
                          const ProgramLimits& limits, const std::function<bool()>& go_on);

}  // namespace fog::executor
