// fogcoind keys: a validator's key, and its entry in a genesis.
#include <iostream>

#include <nlohmann/json.hpp>

#include "chain/types/staking_messages.h"
#include "consensus/engine/validator_key.h"
#include "rpc/programs/node/commands.h"

namespace fog::node_program {
namespace {

ErrorOr<void> new_key(const std::string& out) {
  const ValidatorKey key = ValidatorKey::generate(system_rng());
  TRY_VOID(key.write(system_env(), out));
  std::cout << "validator key  " << to_hex0x(key.secret.x_only_key()) << "\nwritten to     " << out
            << "\nKeep a copy in a safe place, and never let two nodes use it at once.\n";
  return {};
}

ErrorOr<void> show_key(const std::string& file, const std::string& payout_text,
                       const std::string& stake_text) {
  TRY(const ValidatorKey key, ValidatorKey::read(system_env(), file));
  Address payout = address_of(key.secret.public_key());
  if (!payout_text.empty()) {
    const auto address = address_from_text(payout_text);
    if (!address) {
      return fail(ErrorCode::kInvalidInput, "--payout: \"" + payout_text + "\" is not an address");
    }
    payout = *address;
  }
  const auto stake = parse_fog(stake_text);
  if (!stake) {
    return fail(ErrorCode::kInvalidInput,
                "--stake: expected an amount like 1000, not \"" + stake_text + "\"");
  }
  const GenesisValidator entry = key.genesis_entry(payout, *stake);
  std::cout << nlohmann::json{{"key", to_hex0x(entry.key)},
                              {"payout", to_text(entry.payout)},
                              {"stake", format_fog(entry.stake)},
                              {"beacon_commitment", to_hex0x(entry.beacon_commitment)}}
                   .dump(2)
            << "\n";
  return {};
}

// What `fogcoin validator create` needs, without secrets.
ErrorOr<void> register_key(const std::string& file, const std::string& owner_text,
                           const std::string& chain_text) {
  TRY(const ValidatorKey key, ValidatorKey::read(system_env(), file));
  const auto owner = address_from_text(owner_text);
  if (!owner) {
    return fail(ErrorCode::kInvalidInput, "--owner: \"" + owner_text + "\" is not an address");
  }
  const auto chain = fixed_from_hex<32>(chain_text);
  if (!chain) {
    return fail(
        ErrorCode::kInvalidInput,
        "--chain: \"" + chain_text + "\" is not a chain id; take it from `fogcoin node status`");
  }
  const Hash32 digest = possession_digest(*chain, *owner);
  std::cout << nlohmann::json{{"key", to_hex0x(key.secret.x_only_key())},
                              {"possession", to_hex0x(key.secret.sign_schnorr(digest, Hash32{}))},
                              {"beacon_commitment",
                               to_hex0x(key.genesis_entry({}, {}).beacon_commitment)}}
                   .dump(2)
            << "\n";
  return {};
}

}  // namespace

void add_keys_commands(CLI::App& app, Command& chosen) {
  CLI::App* keys = app.add_subcommand("keys", "make or show a validator's key");
  keys->require_subcommand(1);

  CLI::App* make = keys->add_subcommand("new", "make a validator's key");
  const auto out = std::make_shared<std::string>();
  make->add_option("--out", *out, "file to write; must not exist")->required();
  make->callback([=, &chosen] { chosen = [=] { return new_key(*out); }; });

  CLI::App* show =
      keys->add_subcommand("show", "print a key's entry for a genesis file, without secrets");
  const auto file = std::make_shared<std::string>();
  const auto payout = std::make_shared<std::string>();
  const auto stake = std::make_shared<std::string>("1000");
  show->add_option("--key", *file, "the key's file")->required();
  show->add_option("--payout", *payout, "address that earns the tips (default: the key's own)");
  show->add_option("--stake", *stake, "stake in FOG")->capture_default_str();
  show->callback([=, &chosen] { chosen = [=] { return show_key(*file, *payout, *stake); }; });

  CLI::App* enroll = keys->add_subcommand(
      "register", "print what `fogcoin validator create` needs, without secrets");
  const auto owner = std::make_shared<std::string>();
  const auto chain = std::make_shared<std::string>();
  enroll->add_option("--key", *file, "the key's file")->required();
  enroll->add_option("--owner", *owner, "address of the account that will own the validator")
      ->required();
  enroll->add_option("--chain", *chain, "the chain's id, from `fogcoin node status`")->required();
  enroll->callback([=, &chosen] { chosen = [=] { return register_key(*file, *owner, *chain); }; });
}

}  // namespace fog::node_program
