// fogcoin stake ...: FOG behind validators, and what it earns.
#include "chain/api/stake_view.h"
#include "rpc/json/codec.h"
#include "rpc/programs/cli/context.h"

namespace fog::cli {
namespace {

// Nothing for an empty text: all of it.
ErrorOr<std::optional<Amount>> amount_or_all(const std::string& text) {
  if (text.empty()) return std::optional<Amount>();
  TRY(const Amount amount, parse_amount(text, "amount"));
  return std::optional<Amount>(amount);
}

ErrorOr<void> delegate(Context& context, const std::string& to, const std::string& amount) {
  Delegate message;
  TRY(message.validator, parse_id(to, "validator"));
  TRY(message.amount, parse_amount(amount, "amount"));
  Json json{{"validator", to_hex0x(message.validator)}};
  TRY(const auto sent, context.send({make_message(message)}, {}, json));
  context.print(json, "Staked at height " + std::to_string(sent.height) + ", fee " +
                          format_fog(sent.fee()) + ".");
  return {};
}

ErrorOr<void> redelegate(Context& context, const std::string& from, const std::string& to,
                         const std::string& amount) {
  Redelegate message;
  TRY(message.from, parse_id(from, "validator"));
  TRY(message.to, parse_id(to, "validator"));
  TRY(message.amount, amount_or_all(amount));
  Json json{{"from", to_hex0x(message.from)}, {"to", to_hex0x(message.to)}};
  TRY(const auto sent, context.send({make_message(message)}, {}, json));
  context.print(json, "Moved at height " + std::to_string(sent.height) + ".");
  return {};
}

ErrorOr<void> undelegate(Context& context, const std::string& from, const std::string& amount) {
  Undelegate message;
  TRY(message.validator, parse_id(from, "validator"));
  TRY(message.amount, amount_or_all(amount));
  TRY(const auto params,
      read_one<StakingParams>(context.node(), staking_params_key(), "staking parameters"));
  constexpr std::uint64_t kHourMs = 3'600'000;
  const std::string wait = std::to_string(params.unbonding_ms / kHourMs) + " hours";
  Json json{{"validator", to_hex0x(message.validator)}};
  TRY(const auto sent,
      context.send({make_message(message)},
                   {"it is free " + wait + " after the end of the next epoch"}, json));
  context.print(json, "On its way since height " + std::to_string(sent.height) + ", free " + wait +
                          " after the end of the next epoch; see: fogcoin stake list");
  return {};
}

ErrorOr<void> withdraw(Context& context, const std::vector<std::string>& names) {
  std::vector<XOnlyKey> validators;
  for (const std::string& name : names) {
    TRY(const auto key, parse_id(name, "validator"));
    validators.push_back(key);
  }
  if (names.empty()) {
    TRY(const auto account, context.account());
    TRY(const auto stake, read_stake(context.node(), account.address));
    for (const DelegationView& one : stake.delegations) {
      TRY(const auto view, read_validator(context.node(), one.validator));
      const bool commission =
          view.record.owner == account.address && view.record.commission_due != Amount{};
      if (one.rewards != Amount{} || commission) validators.push_back(one.validator);
    }
    if (validators.empty()) return fail(ErrorCode::kNotFound, "there are no rewards to withdraw");
  }
  std::vector<RawMessage> messages;
  for (const XOnlyKey& key : validators) {
    messages.push_back(make_message(WithdrawRewards{key}));
  }
  Json json{{"validators", validators.size()}};
  TRY(const auto sent, context.send(messages, {}, json));
  context.print(json, "Withdrawn at height " + std::to_string(sent.height) + ", fee " +
                          format_fog(sent.fee()) + ".");
  return {};
}

ErrorOr<void> list(Context& context, const std::string& who) {
  Address delegator;
  if (who.empty()) {
    TRY(const auto account, context.account());
    delegator = account.address;
  } else {
    TRY(delegator, context.address_of_text(who));
  }
  TRY(const auto stake, read_stake(context.node(), delegator));
  Rows rows{{"VALIDATOR", "STAKE", "STATE", "REWARDS"}};
  for (const auto& one : stake.delegations)
    rows.push_back(
        {to_hex0x(one.validator), format_fog(one.amount), "bonded", format_fog(one.rewards)});
  for (const auto& one : stake.unbonding) {
    rows.push_back(
        {to_hex0x(one.validator), format_fog(one.amount),
         one.free_ms ? "free " + time_text(*one.free_ms)
                     : "leaving; may vote until the end of epoch " + std::to_string(one.last_epoch),
         "-"});
  }
  for (const auto& one : stake.redelegations) {
    rows.push_back({to_hex0x(one.from), format_fog(one.amount),
                    "now with " + short_id(one.to) + ", still liable for this one", "-"});
  }
  context.print_list(rpc::to_json(stake), rows);
  return {};
}

}  // namespace

void add_stake_commands(CLI::App& app, Chosen& chosen) {
  auto* stake = app.add_subcommand("stake", "FOG behind validators, and what it earns");
  stake->require_subcommand(1);
  struct Words {
    std::string from, to, amount, who;
    std::vector<std::string> validators;
  };
  auto words = std::make_shared<Words>();
  const auto run = [&chosen, words](CLI::App* command, auto work) {
    command->callback([&chosen, words, work] {
      chosen.command = [words, work](Context& c) { return work(c, *words); };
    });
  };

  auto* put = stake->add_subcommand("delegate", "Puts FOG behind a validator");
  put->add_option("VALIDATOR", words->to, "its public key")->required();
  put->add_option("AMOUNT", words->amount, "how much, e.g. 12.5")->required();
  run(put, [](Context& c, const Words& w) { return delegate(c, w.to, w.amount); });

  auto* move = stake->add_subcommand("redelegate", "Moves stake to another validator at once");
  move->add_option("FROM", words->from, "public key of the validator to leave")->required();
  move->add_option("TO", words->to, "public key of the other")->required();
  move->add_option("AMOUNT", words->amount, "how much (else all of it)");
  run(move, [](Context& c, const Words& w) { return redelegate(c, w.from, w.to, w.amount); });

  auto* leave = stake->add_subcommand("undelegate", "Takes stake back, after the unbonding time");
  leave->add_option("VALIDATOR", words->from, "public key of the validator to leave")->required();
  leave->add_option("AMOUNT", words->amount, "how much (else all of it)");
  run(leave, [](Context& c, const Words& w) { return undelegate(c, w.from, w.amount); });

  auto* earn = stake->add_subcommand("withdraw", "Pays out rewards; an owner's commission too");
  earn->add_option("VALIDATOR", words->validators, "public keys (else all that owe something)");
  run(earn, [](Context& c, const Words& w) { return withdraw(c, w.validators); });

  auto* show = stake->add_subcommand("list", "What an account has in stake");
  show->add_option("WHO", words->who, "address or account name (else the account in use)");
  run(show, [](Context& c, const Words& w) { return list(c, w.who); });
}

}  // namespace fog::cli
