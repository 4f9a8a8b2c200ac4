// fogcoind: a validator. Parses, chooses one command, runs it; `run_command.cc` lists what is in a
// running node.
#include <iostream>

#include "chain/base/core_dump.h"
#include "rpc/programs/node/commands.h"

namespace {

// As `fogcoin`'s, where they mean the same.
int exit_code(fog::ErrorCode code) {
  using fog::ErrorCode;
  switch (code) {
    case ErrorCode::kInvalidInput:
      return 2;
    case ErrorCode::kNotFound:
      return 4;
    case ErrorCode::kPermission:
      return 5;
    case ErrorCode::kCorrupt:
      return 6;
    case ErrorCode::kAlreadyExists:
    case ErrorCode::kIo:
    case ErrorCode::kNetwork:
    case ErrorCode::kTimeout:
    case ErrorCode::kProtocol:
    case ErrorCode::kRejected:
    case ErrorCode::kExhausted:
    case ErrorCode::kUnavailable:
      return 1;
  }
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  fog::forbid_core_dumps();
  fog::node_program::Command chosen;
  CLI::App app("FogCoin's node: orders and finalizes blocks, and answers over JSON-RPC");
  app.footer(
      "Exit codes: 0 done, 1 failed, 2 wrong input, 4 not found, 5 not allowed, 6 damaged files.");
  app.require_subcommand(1);
  app.set_help_all_flag("--help-all", "help on all commands");
  fog::node_program::add_run_command(app, chosen);
  fog::node_program::add_init_command(app, chosen);
  fog::node_program::add_signer_commands(app, chosen);
  fog::node_program::add_keys_commands(app, chosen);
  fog::node_program::add_genesis_commands(app, chosen);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const int code = app.exit(error);
    return code == 0 ? 0 : 2;
  }
  const auto done = chosen();
  if (done) return 0;
  std::cerr << "fogcoind: " << done.error().context << "\n";
  return exit_code(done.error().code);
}
