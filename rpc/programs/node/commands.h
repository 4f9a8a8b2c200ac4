// The commands of `fogcoind`: keys, genesis, init, run, signer. Each adds itself to the program and
// leaves what it chose to do in `chosen`.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "chain/base/error.h"
#include "consensus/rules/genesis.h"

namespace fog::node_program {

// A command's work; its error is printed and becomes the exit code.
using Command = std::function<ErrorOr<void>()>;

void add_keys_commands(CLI::App& app, Command& chosen);
void add_genesis_commands(CLI::App& app, Command& chosen);
void add_init_command(CLI::App& app, Command& chosen);
void add_run_command(CLI::App& app, Command& chosen);
void add_signer_commands(CLI::App& app, Command& chosen);

// What the command line says about a genesis.
struct GenesisPlan {
  std::string base_file;              // a genesis file to start from, may be partial; empty: none
  std::string chain_name;             // empty: the base's, else "fog-local"
  std::vector<std::string> accounts;  // "fog1...=1000 FOG"
  std::vector<std::string> settings;  // "market.ack_deadline_ms=5000"
  std::vector<std::string> validator_files;  // entries as `fogcoind keys show` prints them
};
void add_plan_options(CLI::App& command, GenesisPlan& plan);
// The genesis of a plan, with these validators beside the base's and the files'. Where the base
// names no price class there is one, "standard". kInvalidInput says what is wrong.
ErrorOr<Genesis> make_genesis(const GenesisPlan& plan,
                              const std::vector<GenesisValidator>& validators);

}  // namespace fog::node_program
