// fogcoin validator ...: becoming a validator and remaining one. The validator key never comes near
// the wallet: the node's machine makes a registration (`fogcoind keys register`), which holds no
// secret.
#include "chain/api/stake_view.h"
#include "chain/base/file.h"
#include "rpc/json/codec.h"
#include "rpc/programs/cli/context.h"

namespace fog::cli {
namespace {

constexpr std::size_t kFileBytesMax = 1024 * 1024;

struct Creation {
  std::string registration;  // file
  std::string bond;
  std::string payout;  // empty: the owner
  std::uint32_t rate = 500;
  std::uint32_t rate_max = 2'000;
  std::uint32_t change_max = 100;
};
struct Edit {
  std::string key;
  std::string payout;
  std::optional<std::uint32_t> rate;
  std::string registration;
};

std::string percent(std::uint32_t per_10000) {
  const std::string hundredths = std::to_string(per_10000 % 100);
  return std::to_string(per_10000 / 100) + (hundredths.size() == 1 ? ".0" : ".") + hundredths +
         " %";
}

std::string standing(const ValidatorView& view) {
  if (view.record.tombstoned) return "out for equivocation";
  if (view.record.jailed_until_ms != 0)
    return "jailed until " + time_text(view.record.jailed_until_ms);
  if (view.in_set) return view.in_next_set ? "validating" : "validating, not in the next set";
  return view.in_next_set ? "in the next set" : "waiting";
}

ErrorOr<void> list(Context& context) {
  TRY(const auto validators, read_validators(context.node()));
  Rows rows{{"VALIDATOR", "STAKE", "COMMISSION", "STANDING"}};
  for (const ValidatorView& view : validators) {
    rows.push_back({to_hex0x(view.record.key), format_fog(view.record.stake),
                    percent(view.record.commission.rate), standing(view)});
  }
  context.print_list(rpc::to_json(validators), rows);
  return {};
}

ErrorOr<void> show(Context& context, const std::string& text) {
  TRY(const auto key, parse_id(text, "validator"));
  TRY(const auto view, read_validator(context.node(), key));
  const ValidatorRecord& record = view.record;
  context.print(rpc::to_json(view),
                table({{"validator", to_hex0x(record.key)},
                       {"standing", standing(view)},
                       {"owner", to_text(record.owner)},
                       {"payout", to_text(record.payout)},
                       {"stake", format_fog(record.stake) + ", of it the owner's " +
                                     format_fog(view.owner_stake)},
                       {"commission", percent(record.commission.rate) + ", at most " +
                                          percent(record.commission.rate_max) + ", by at most " +
                                          percent(record.commission.change_max) + " a day"},
                       {"rewards", format_fog(record.rewards) + " for delegators, " +
                                       format_fog(record.commission_due) + " commission"},
                       {"beacon links left", std::to_string(record.beacon_remaining)}}));
  return {};
}

// What `fogcoind keys register` prints.
struct Registration {
  XOnlyKey key;
  SchnorrSig possession;
  Hash32 beacon_commitment;
};

template <std::size_t N>
ErrorOr<FixedBytes<N>> bytes_field(const Json& json, const char* name, const std::string& path) {
  const auto field = json.find(name);
  if (field != json.end() && field->is_string()) {
    if (const auto bytes = fixed_from_hex<N>(field->get_ref<const std::string&>())) return *bytes;
  }
  return fail(ErrorCode::kInvalidInput, path + ": \"" + name + "\" is not " + std::to_string(N) +
                                            " bytes of hex; make it with `fogcoind keys register`");
}

ErrorOr<Json> read_json(const std::string& path) {
  TRY(const Bytes bytes, read_file(path, kFileBytesMax));
  Json json = Json::parse(as_text(bytes), nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) return fail(ErrorCode::kInvalidInput, path + " is not a JSON object");
  return json;
}

ErrorOr<Registration> read_registration(const std::string& path) {
  TRY(const Json json, read_json(path));
  Registration out;
  TRY(out.key, bytes_field<32>(json, "key", path));
  TRY(out.possession, bytes_field<64>(json, "possession", path));
  TRY(out.beacon_commitment, bytes_field<32>(json, "beacon_commitment", path));
  return out;
}

ErrorOr<void> create(Context& context, const Creation& creation) {
  TRY(const auto registration, read_registration(creation.registration));
  TRY(const auto account, context.account());
  CreateValidator message;
  message.key = registration.key;
  message.possession = registration.possession;
  message.beacon_commitment = registration.beacon_commitment;
  message.payout = account.address;
  if (!creation.payout.empty()) {
    TRY(message.payout, context.address_of_text(creation.payout));
  }
  message.commission = {creation.rate, creation.rate_max, creation.change_max};
  TRY(message.bond, parse_amount(creation.bond, "--bond"));
  TRY(const auto chain, context.node().status());
  if (!verify_schnorr(message.key, possession_digest(chain.chain_id, account.address),
                      message.possession)) {
    return fail(ErrorCode::kInvalidInput,
                creation.registration +
                    " was made for another owner or chain. Make it again: fogcoind keys register "
                    "--key validator.key --owner " +
                    to_text(account.address) + " --chain " + to_hex0x(chain.chain_id));
  }
  Json json{{"validator", to_hex0x(message.key)}};
  TRY(const auto sent, context.send({make_message(message)}, {}, json));
  context.print(json, "Registered at height " + std::to_string(sent.height) +
                          ". It can be in the validator set after the next epoch; see: fogcoin "
                          "validator show " +
                          to_hex0x(message.key));
  return {};
}

ErrorOr<void> edit(Context& context, const Edit& edit) {
  EditValidator message;
  TRY(message.validator, parse_id(edit.key, "validator"));
  if (!edit.payout.empty()) {
    TRY(message.payout, context.address_of_text(edit.payout));
  }
  if (edit.rate) {
    message.commission_per_10000 = edit.rate;
  }
  if (!edit.registration.empty()) {
    TRY(const auto registration, read_registration(edit.registration));
    message.beacon_commitment = registration.beacon_commitment;
  }
  if (!message.payout && !message.commission_per_10000 && !message.beacon_commitment) {
    return fail(ErrorCode::kInvalidInput,
                "nothing to change: give --payout, --commission or --registration");
  }
  Json json{{"validator", to_hex0x(message.validator)}};
  TRY(const auto sent, context.send({make_message(message)}, {}, json));
  context.print(json, "Changed at height " + std::to_string(sent.height) + ".");
  return {};
}

ErrorOr<void> unjail(Context& context, const std::string& text) {
  Unjail message;
  TRY(message.validator, parse_id(text, "validator"));
  Json json{{"validator", to_hex0x(message.validator)}};
  TRY(const auto sent, context.send({make_message(message)}, {}, json));
  context.print(json, "Out of jail since height " + std::to_string(sent.height) +
                          "; it can be in the validator set after the next epoch.");
  return {};
}

// From a file, or the first that the node has seen and nobody has submitted.
ErrorOr<SubmitEvidence> find_evidence(Context& context, const std::string& path) {
  if (!path.empty()) {
    TRY(const Json json, read_json(path));
    return rpc::from_json<SubmitEvidence>(json, "evidence");
  }
  TRY(const auto seen, context.node().evidence());
  for (const SubmitEvidence& one : seen) {
    TRY(const auto record,
        read_record<ValidatorRecord>(context.node(), validator_key(one.validator)));
    if (record && !record->tombstoned) return one;
  }
  return fail(ErrorCode::kNotFound,
              "the node has seen nobody vote against himself who is not slashed already");
}

ErrorOr<void> evidence(Context& context, const std::string& path) {
  TRY(const SubmitEvidence message, find_evidence(context, path));
  Json out{{"validator", to_hex0x(message.validator)}};
  TRY(const auto sent, context.send({make_message(message)}, {}, out));
  context.print(out, "Accepted at height " + std::to_string(sent.height) +
                         ": the validator is slashed, and you have your part of it.");
  return {};
}

void add_create(CLI::App& validator, Chosen& chosen) {
  auto creation = std::make_shared<Creation>();
  auto* command =
      validator.add_subcommand("create", "Registers a validator of yours and bonds FOG to it");
  command
      ->add_option("REGISTRATION", creation->registration,
                   "file that `fogcoind keys register` printed")
      ->required();
  command->add_option("--bond", creation->bond, "FOG to bond, at least staking.min_bond")
      ->required();
  command->add_option("--payout", creation->payout,
                      "address or account that gets the commission (else the owner)");
  command->add_option("--commission", creation->rate, "part of the rewards to keep, of 10000")
      ->capture_default_str();
  command->add_option("--commission-max", creation->rate_max, "the most it will ever be, of 10000")
      ->capture_default_str();
  command
      ->add_option("--commission-step", creation->change_max,
                   "the most it will change in a day, of 10000")
      ->capture_default_str();
  command->callback([&chosen, creation] {
    chosen.command = [creation](Context& c) { return create(c, *creation); };
  });
}

void add_edit(CLI::App& validator, Chosen& chosen) {
  auto plan = std::make_shared<Edit>();
  auto* command = validator.add_subcommand("edit", "Changes a validator of yours");
  command->add_option("VALIDATOR", plan->key, "its public key")->required();
  command->add_option("--payout", plan->payout, "address or account that gets the commission");
  command->add_option("--commission", plan->rate, "part of the rewards to keep, of 10000");
  command->add_option("--registration", plan->registration,
                      "file with a new beacon commitment, while the validator is in no set");
  command->callback(
      [&chosen, plan] { chosen.command = [plan](Context& c) { return edit(c, *plan); }; });
}

// A subcommand with one argument.
void add_one(CLI::App& parent, Chosen& chosen, const char* name, const char* help,
             const char* argument, const char* argument_help,
             ErrorOr<void> (*run)(Context&, const std::string&)) {
  auto text = std::make_shared<std::string>();
  auto* command = parent.add_subcommand(name, help);
  command->add_option(argument, *text, argument_help)->required();
  command->callback(
      [&chosen, text, run] { chosen.command = [text, run](Context& c) { return run(c, *text); }; });
}

}  // namespace

void add_validator_commands(CLI::App& app, Chosen& chosen) {
  auto* validator = app.add_subcommand("validator", "Validators: registering and keeping one");
  validator->require_subcommand(1);
  validator->add_subcommand("list", "All validators, the largest stake first")->callback([&chosen] {
    chosen.command = list;
  });
  add_one(*validator, chosen, "show", "One validator", "VALIDATOR", "its public key", show);
  add_create(*validator, chosen);
  add_edit(*validator, chosen);
  add_one(*validator, chosen, "unjail", "Takes a validator of yours out of jail", "VALIDATOR",
          "its public key", unjail);
  auto file = std::make_shared<std::string>();
  auto* accuse = validator->add_subcommand(
      "evidence", "Submits two votes that one validator may not both cast");
  accuse->add_option("FILE", *file, "JSON file with the two signed votes (else what the node saw)");
  accuse->callback(
      [&chosen, file] { chosen.command = [file](Context& c) { return evidence(c, *file); }; });
}

}  // namespace fog::cli
