// fogcoind signer: a validator's key in a process of its own, which votes for a node and keeps the
// record of what it has said. In a running one:
//
//   LocalSigner (consensus/engine): the key and its vote record
//   SignerServer:                   a unix socket, one node at a time
#include <atomic>
#include <csignal>
#include <iostream>

#include <spdlog/spdlog.h>
#include <sys/prctl.h>

#include "consensus/engine/genesis_file.h"
#include "consensus/engine/local_signer.h"
#include "consensus/engine/signer_server.h"
#include "rpc/programs/node/commands.h"
#include "rpc/programs/node/daemon.h"

namespace fog::node_program {
namespace {

struct SignerPlan {
  std::string directory;
  std::string genesis_file;
  std::string key_file;  // empty: a new key
  std::string socket;
  std::string log_level = "info";
};

ErrorOr<void> init(const SignerPlan& plan) {
  Env& env = system_env();
  TRY(const Genesis genesis, read_genesis_file(env, plan.genesis_file));
  const ChainId chain_id = chain_id_of(genesis);
  ValidatorKey key = ValidatorKey::generate(system_rng());
  if (!plan.key_file.empty()) {
    TRY(key, ValidatorKey::read(env, plan.key_file));
  }
  TRY_VOID(env.make_dir(plan.directory));
  TRY_VOID(create_signer_files(env, plan.directory, chain_id, key));
  std::cout << "chain id     " << to_hex0x(chain_id) << "\nvalidator    "
            << to_hex0x(key.secret.x_only_key()) << "\ndirectory    " << plan.directory
            << "\nStart it with: fogcoind signer run --dir " << plan.directory
            << " --socket PATH\nKeep a copy of " << kKeyName << " in a safe place, never one of "
            << kVotesName << ".\n";
  return {};
}

ErrorOr<void> run(const SignerPlan& plan) {
  TRY_VOID(set_up_log("fogcoind signer", plan.log_level));
  // The node's process runs as the same user: it shall not read the key out of this one's memory.
  ::prctl(PR_SET_DUMPABLE, 0);
  hold_signals();
  Env& env = system_env();
  const std::string votes_path = plan.directory + "/" + kVotesName;
  // A missing directory is better explained by the record's absence than by the lock's.
  TRY_VOID(read_vote_record(env, votes_path));
  TRY(const auto lock, env.lock(plan.directory + "/lock"));
  TRY(const VoteRecord record, read_vote_record(env, votes_path));
  TRY(const auto signer, LocalSigner::open(env, plan.directory, record.chain_id));

  std::atomic<bool> failed{false};
  Error failure;
  SignerServerOptions options;
  options.path = plan.socket;
  options.log = [](std::string_view line) { spdlog::info("{}", line); };
  options.on_failure = [&](const Error& error) {
    spdlog::error("nothing is signed any more: {}", error.context);
    failure = error;
    failed = true;
    stop_this_process();
  };
  TRY(auto server, SignerServer::start(*signer, options));
  spdlog::info("signs for validator {} on chain {}, beyond view {}", to_hex0x(record.key),
               to_hex0x(record.chain_id), record.view);
  std::cout << "signer on unix:" << plan.socket << std::endl;
  wait_for_stop();
  server.reset();
  if (failed) return Fail{failure};
  spdlog::info("stopped");
  return {};
}

}  // namespace

void add_signer_commands(CLI::App& app, Command& chosen) {
  CLI::App* signer = app.add_subcommand("signer", "keep a validator's key in a process of its own");
  signer->require_subcommand(1);
  const auto plan = std::make_shared<SignerPlan>();

  CLI::App* make = signer->add_subcommand(
      "init", "make a signer's directory for a key that has never voted: key and vote record");
  make->add_option("--dir", plan->directory, "the signer's directory")->required();
  make->add_option("--genesis", plan->genesis_file, "genesis file of the chain to sign for")
      ->required();
  make->add_option("--key", plan->key_file, "the validator's key (default: a new one)");
  make->callback([=, &chosen] { chosen = [=] { return init(*plan); }; });

  CLI::App* serve = signer->add_subcommand(
      "run", "sign for `fogcoind run --signer unix:PATH` until SIGINT or SIGTERM");
  serve->add_option("--dir", plan->directory, "directory with validator.key and validator.votes")
      ->required();
  serve
      ->add_option("--socket", plan->socket,
                   "path of the socket to make; its directory must be closed to others (mode 700)")
      ->required();
  serve->add_option("--log-level", plan->log_level, "trace, debug, info, warn, error or off")
      ->capture_default_str();
  serve->callback([=, &chosen] { chosen = [=] { return run(*plan); }; });
}

}  // namespace fog::node_program
