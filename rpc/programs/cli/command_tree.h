// The tree of commands and options, as CLI11 has it: what --help, the man pages, shell completion
// and did-you-mean are all made from.
#pragma once

#include <string>
#include <vector>

#include <CLI/CLI.hpp>

namespace fog::cli {

// The command's subcommands and options, in the order in which they were made; without those that
// help does not show.
std::vector<const CLI::App*> subcommands(const CLI::App& command);
std::vector<const CLI::Option*> options(const CLI::App& command);
std::vector<const CLI::Option*> positionals(const CLI::App& command);
// "fogcoin wallet create".
std::string full_name(const CLI::App& command);
// "--name VALUE", "-y, --yes", without a value for a flag.
std::string usage_of(const CLI::Option& option);
// Whether it takes no value.
bool is_flag(const CLI::Option& option);
// The values that it may have, where they are listed; else nothing.
std::vector<std::string> choices(const CLI::Option& option);

// How far words (without the program's name) lead into the tree.
struct Walk {
  const CLI::App* command = nullptr;    // as far as they are commands
  const CLI::Option* awaits = nullptr;  // the last word is an option that still wants its value
  std::size_t arguments = 0;            // positional words since the command
  std::string unknown;                  // the first word that is neither command nor option here
  bool unknown_option = false;
};
Walk walk(const CLI::App& program, const std::vector<std::string>& words);

// What somebody may have meant whose command line was not understood, as a sentence; empty where
// nothing is near.
std::string did_you_mean(const CLI::App& program, const std::vector<std::string>& words);

}  // namespace fog::cli
