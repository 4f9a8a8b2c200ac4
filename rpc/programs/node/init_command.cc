// fogcoind init: makes a node's directory.
#include <iostream>

#include "consensus/engine/genesis_file.h"
#include "consensus/engine/node.h"
#include "rpc/programs/node/commands.h"

namespace fog::node_program {
namespace {

struct InitPlan {
  std::string directory;
  std::string genesis_file;  // empty: --devnet
  std::string key_file;      // empty: a new key
  bool devnet = false;
  bool follow = false;
  GenesisPlan genesis;
  std::string payout;
  std::string stake = "1000";
};

ErrorOr<ValidatorKey> take_key(const InitPlan& plan) {
  if (!plan.key_file.empty()) return ValidatorKey::read(system_env(), plan.key_file);
  return ValidatorKey::generate(system_rng());
}

// A chain of one validator, whose key was just made.
ErrorOr<Genesis> devnet_genesis(const InitPlan& plan, const ValidatorKey& key) {
  Address payout = address_of(key.secret.public_key());
  if (!plan.payout.empty()) {
    const auto address = address_from_text(plan.payout);
    if (!address) {
      return fail(ErrorCode::kInvalidInput, "--payout: \"" + plan.payout + "\" is not an address");
    }
    payout = *address;
  }
  const auto stake = parse_fog(plan.stake);
  if (!stake) {
    return fail(ErrorCode::kInvalidInput,
                "--stake: expected an amount like 1000, not \"" + plan.stake + "\"");
  }
  return make_genesis(plan.genesis, {key.genesis_entry(payout, *stake)});
}

ErrorOr<void> init(const InitPlan& plan) {
  if (plan.devnet == !plan.genesis_file.empty()) {
    return fail(ErrorCode::kInvalidInput,
                "give either --genesis FILE, to join a chain, or --devnet, to begin one");
  }
  if (plan.follow && (plan.devnet || !plan.key_file.empty())) {
    return fail(ErrorCode::kInvalidInput,
                "--follow makes a node without a validator key: it goes with --genesis alone");
  }
  if (!plan.devnet && !plan.follow && plan.key_file.empty()) {
    return fail(ErrorCode::kInvalidInput,
                "--key is missing: the validator's key; or --follow, for a node without a vote");
  }
  std::optional<ValidatorKey> key;
  if (!plan.follow) {
    TRY(key, take_key(plan));
  }
  TRY(const Genesis genesis, plan.devnet ? devnet_genesis(plan, *key)
                                         : read_genesis_file(system_env(), plan.genesis_file));
  NodeOptions options;
  options.directory = plan.directory;
  TRY(const NodeId id, init_node(options, genesis, key));
  std::cout << "chain name   " << static_cast<const std::string&>(genesis.chain_name)
            << "\nchain id     " << to_hex0x(chain_id_of(genesis)) << "\nvalidator    "
            << (key ? to_hex0x(key->secret.x_only_key()) : "none: follows without a vote")
            << "\nnode id      " << to_hex(id) << "\ndirectory    " << plan.directory
            << "\nStart it with: fogcoind run --dir " << plan.directory << "\n";
  return {};
}

}  // namespace

void add_init_command(CLI::App& app, Command& chosen) {
  CLI::App* command = app.add_subcommand("init", "make a node's directory");
  const auto plan = std::make_shared<InitPlan>();
  command->add_option("--dir", plan->directory, "the node's directory")->required();
  command->add_option("--genesis", plan->genesis_file, "join the chain of this genesis file");
  command->add_option("--key", plan->key_file,
                      "validator's key (with --devnet: default a new one)");
  command->add_flag("--follow", plan->follow, "a node without a validator key");
  command->add_flag("--devnet", plan->devnet,
                    "begin a chain of one validator, with the options below");
  add_plan_options(*command, plan->genesis);
  command->add_option("--payout", plan->payout,
                      "address that earns the validator's tips (default: its key's own)");
  command->add_option("--stake", plan->stake, "the validator's stake in FOG")
      ->capture_default_str();
  command->callback([=, &chosen] { chosen = [=] { return init(*plan); }; });
}

}  // namespace fog::node_program
