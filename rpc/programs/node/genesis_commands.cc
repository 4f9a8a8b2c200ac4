// fogcoind genesis: makes and shows the file that a chain begins with.
#include <iostream>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "chain/base/clock.h"
#include "consensus/engine/genesis_file.h"
#include "rpc/json/envelope.h"
#include "rpc/programs/node/commands.h"

namespace fog::node_program {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kFileBytesMax = 256 * 1024 * 1024;
constexpr std::size_t kDepthMax = 32;

ErrorOr<Json> read_json(const std::string& path) {
  TRY(const Bytes bytes, read_file(system_env(), path, kFileBytesMax));
  auto json = rpc::parse_bounded(as_text(bytes), kDepthMax);
  if (!json) return fail(ErrorCode::kInvalidInput, path + ": not JSON: " + json.error());
  if (!json->is_object()) return fail(ErrorCode::kInvalidInput, path + ": expected an object");
  return *std::move(json);
}

// "left=right", cut at the first '='.
ErrorOr<std::pair<std::string, std::string>> cut(const std::string& text, const char* form) {
  const std::size_t at = text.find('=');
  if (at == std::string::npos || at == 0 || at + 1 == text.size()) {
    return fail(ErrorCode::kInvalidInput, "\"" + text + "\": expected " + form);
  }
  return std::pair(text.substr(0, at), text.substr(at + 1));
}

// "params.base_price_min" as a place in the document; parse_genesis refuses names that are none.
ErrorOr<void> apply_setting(Json& genesis, const std::string& setting) {
  TRY(const auto parts, cut(setting, "NAME=VALUE, e.g. market.ack_deadline_ms=5000"));
  Json* at = &genesis;
  std::size_t from = 0;
  while (true) {
    const std::size_t dot = parts.first.find('.', from);
    const std::string name = parts.first.substr(from, dot - from);
    if (!at->is_null() && !at->is_object()) {
      return fail(ErrorCode::kInvalidInput, "--set " + setting + ": there is no such name");
    }
    at = &(*at)[name];
    if (dot == std::string::npos) break;
    from = dot + 1;
  }
  *at = parts.second;
  return {};
}

Json standard_class() {
  return {{"name", "standard"},
          {"prices",
           {{"cpu_core_hour", "20000000"},
            {"memory_gib_hour", "5000000"},
            {"storage_gib_month", "20000000"},
            {"gpu_hour", "500000000"},
            {"gfuel", "1000000"},
            {"egress_gib", "10000000"},
            {"million_requests", "100000000"}}}};
}

Json entry_of(const GenesisValidator& validator) {
  return {{"key", to_hex0x(validator.key)},
          {"payout", to_text(validator.payout)},
          {"stake", std::to_string(validator.stake.droplets)},
          {"beacon_commitment", to_hex0x(validator.beacon_commitment)}};
}

std::string summary(const Genesis& genesis) {
  u128 total = 0;
  for (const GenesisAccount& account : genesis.accounts) total += account.balance.droplets;
  for (const GenesisValidator& validator : genesis.validators) total += validator.stake.droplets;
  return fmt::format(
      "chain name   {}\nchain id     {}\nvalidators   {}\naccounts     {}\nminted       {}\n",
      static_cast<const std::string&>(genesis.chain_name), to_hex0x(chain_id_of(genesis)),
      genesis.validators.size(), genesis.accounts.size(),
      format_fog(Amount{static_cast<std::uint64_t>(total)}));
}

ErrorOr<void> make_file(const GenesisPlan& plan, const std::string& out) {
  TRY(const Genesis genesis, make_genesis(plan, {}));
  TRY_VOID(
      write_file_atomic(system_env(), out, as_bytes(format_genesis(genesis)), FileMode::kShared));
  std::cout << summary(genesis) << "written to   " << out << "\n";
  return {};
}

}  // namespace

void add_plan_options(CLI::App& command, GenesisPlan& plan) {
  command.add_option("--base", plan.base_file,
                     "genesis file to start from; what it leaves out has its default");
  command.add_option("--chain-name", plan.chain_name, "the chain's name (default: fog-local)");
  command.add_option("--account", plan.accounts,
                     "account with money, as ADDRESS=AMOUNT, e.g. fog1...=1000; repeatable");
  command.add_option("--set", plan.settings,
                     "parameter, as NAME=VALUE, e.g. market.ack_deadline_ms=5000; repeatable");
}

ErrorOr<Genesis> make_genesis(const GenesisPlan& plan,
                              const std::vector<GenesisValidator>& validators) {
  Json genesis = Json::object();
  if (!plan.base_file.empty()) {
    TRY(genesis, read_json(plan.base_file));
  }
  if (!plan.chain_name.empty()) genesis["chain_name"] = plan.chain_name;
  if (!genesis.contains("chain_name")) genesis["chain_name"] = "fog-local";
  if (!genesis.contains("time_ms")) {
    genesis["time_ms"] = std::to_string(system_clock().wall_ms());
  }
  for (const std::string& setting : plan.settings) TRY_VOID(apply_setting(genesis, setting));
  Json& market = genesis["market"];
  if (market.is_null()) market = Json::object();
  if (market.is_object() && !market.contains("classes")) {
    market["classes"] = Json::array({standard_class()});
  }
  for (const std::string& path : plan.validator_files) {
    TRY(Json entry, read_json(path));
    genesis["validators"].push_back(std::move(entry));
  }
  for (const GenesisValidator& validator : validators) {
    genesis["validators"].push_back(entry_of(validator));
  }
  for (const std::string& account : plan.accounts) {
    TRY(const auto parts, cut(account, "ADDRESS=AMOUNT, e.g. fog1...=1000"));
    const auto amount = parse_fog(parts.second);
    if (!amount) {
      return fail(ErrorCode::kInvalidInput,
                  "--account " + account + ": expected an amount like 12.5 or \"500 droplets\"");
    }
    genesis["accounts"].push_back(
        {{"address", parts.first}, {"balance", std::to_string(amount->droplets)}});
  }
  if (!genesis.contains("accounts")) genesis["accounts"] = Json::array();
  return parse_genesis(genesis.dump());
}

void add_genesis_commands(CLI::App& app, Command& chosen) {
  CLI::App* genesis =
      app.add_subcommand("genesis", "make or show the file that a chain begins with");
  genesis->require_subcommand(1);

  CLI::App* make = genesis->add_subcommand(
      "make", "make a genesis file from validators' entries, accounts and parameters");
  const auto plan = std::make_shared<GenesisPlan>();
  const auto out = std::make_shared<std::string>();
  make->add_option("--out", *out, "file to write")->required();
  make->add_option("--validator", plan->validator_files,
                   "file with a validator's entry, as `fogcoind keys show` prints it; repeatable");
  add_plan_options(*make, *plan);
  make->callback([=, &chosen] { chosen = [=] { return make_file(*plan, *out); }; });

  CLI::App* show = genesis->add_subcommand("show", "check a genesis file; print its chain id");
  const auto file = std::make_shared<std::string>();
  show->add_option("file", *file, "genesis file")->required();
  show->callback([=, &chosen] {
    chosen = [=]() -> ErrorOr<void> {
      TRY(const Genesis parsed, read_genesis_file(system_env(), *file));
      std::cout << summary(parsed);
      return {};
    };
  });
}

}  // namespace fog::node_program
