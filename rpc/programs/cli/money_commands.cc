// fogcoin balance, fogcoin send: FOG of the wallet's accounts.
#include "rpc/programs/cli/context.h"
#include "wallet/tx_builder.h"

namespace fog::cli {
namespace {

ErrorOr<void> balance(Context& context, const std::vector<std::string>& who) {
  std::vector<std::pair<std::string, Address>> wanted;
  for (const std::string& text : who) {
    TRY(const auto address, context.address_of_text(text));
    wanted.emplace_back(text, address);
  }
  if (who.empty()) {
    TRY(const auto all, context.accounts());
    for (const auto& account : all) wanted.emplace_back(account.name, account.address);
  }
  Json json = Json::array();
  Rows rows{{"ACCOUNT", "ADDRESS", "BALANCE"}};
  for (std::size_t at = 0; at < wanted.size(); at += 256) {
    std::vector<StateKey> keys;
    const std::size_t end = std::min(wanted.size(), at + 256);
    for (std::size_t i = at; i < end; ++i) keys.push_back(account_key(wanted[i].second));
    TRY(const auto values, context.node().state_get(keys));
    for (std::size_t i = at; i < end; ++i) {
      Account account;
      if (values[i - at]) {
        auto decoded = bcs_decode<Account>(*values[i - at]);
        if (!decoded)
          return fail(ErrorCode::kProtocol, "the node sent an account that cannot be read");
        account = *std::move(decoded);
      }
      json.push_back({{"account", wanted[i].first},
                      {"address", to_text(wanted[i].second)},
                      {"balance", std::to_string(account.balance.droplets)},
                      {"exists", values[i - at].has_value()}});
      rows.push_back({wanted[i].first, to_text(wanted[i].second), format_fog(account.balance)});
    }
  }
  context.print_list(json, rows);
  return {};
}

ErrorOr<void> send(Context& context, const std::vector<std::string>& pairs) {
  std::vector<TransferOutput> outputs;
  for (const std::string& pair : pairs) {
    const std::size_t equals = pair.rfind('=');
    if (equals == std::string::npos) {
      return fail(ErrorCode::kInvalidInput, "'" + pair + "' is not TO=AMOUNT, e.g. fog1...=12.5");
    }
    TRY(const auto to, context.address_of_text(pair.substr(0, equals)));
    TRY(const auto amount, parse_amount(pair.substr(equals + 1), pair.substr(0, equals)));
    outputs.push_back({to, amount});
  }
  TRY(const auto message, wallet::make_transfer(outputs));
  Json json;
  TRY(const auto sent, context.send({message}, {}, json));
  context.print(json, "Final at height " + std::to_string(sent.height) + ", fee " +
                          format_fog(sent.fee()) + ".\nTransaction " + to_hex0x(sent.id));
  return {};
}

}  // namespace

void add_money_commands(CLI::App& app, Chosen& chosen) {
  auto who = std::make_shared<std::vector<std::string>>();
  auto* show = app.add_subcommand("balance", "Balances of addresses or accounts");
  show->add_option("WHO", *who, "addresses or account names (else all accounts of the wallet)");
  show->callback(
      [&chosen, who] { chosen.command = [who](Context& c) { return balance(c, *who); }; });

  auto pairs = std::make_shared<std::vector<std::string>>();
  auto* pay = app.add_subcommand("send", "Pays one or more receivers in one transaction");
  pay->add_option("TO=AMOUNT", *pairs,
                  "receiver (address or account) and amount, e.g. fog1...=12.5")
      ->required();
  pay->callback(
      [&chosen, pairs] { chosen.command = [pairs](Context& c) { return send(c, *pairs); }; });
}

}  // namespace fog::cli
