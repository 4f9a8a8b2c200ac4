// What a shell's script asks for with `fogcoin completion words -- WORDS`.
#pragma once

#include <string>
#include <vector>

#include "rpc/programs/cli/context.h"

namespace fog::cli {

// Prints the words that the last one (which may be empty) can become, each with a tab and what it
// is behind it; none where files are to be completed. The exit code.
int complete_words(const CLI::App& program, const GlobalOptions& options,
                   std::vector<std::string> words);

}  // namespace fog::cli
