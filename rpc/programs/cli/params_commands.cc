// fogcoin params ...: the chain's parameters, and votes that change them.
#include "chain/api/stake_view.h"
#include "rpc/json/codec.h"
#include "rpc/programs/cli/context.h"

namespace fog::cli {
namespace {

std::string_view state_name(ProposalState state) {
  switch (state) {
    case ProposalState::kOpen:
      return "open";
    case ProposalState::kAccepted:
      return "accepted";
    case ProposalState::kRejected:
      return "rejected";
    case ProposalState::kApplied:
      return "applied";
    case ProposalState::kFailed:
      return "failed";
  }
  return "";
}

std::vector<Cell> row_of(const Proposal& proposal) {
  std::string changes;
  for (const ParameterChange& change : proposal.changes) {
    if (!changes.empty()) changes += ", ";
    changes += change.name + "=" + std::to_string(change.value);
  }
  const std::uint64_t next =
      proposal.state == ProposalState::kOpen ? proposal.closes_ms : proposal.applies_ms;
  return {std::to_string(proposal.number), std::string(state_name(proposal.state)),
          std::to_string(proposal.votes.size()), time_text(next), changes};
}

ErrorOr<void> show(Context& context) {
  TRY(const auto chain, read_one<ChainParams>(context.node(), chain_params_key(), "parameters"));
  TRY(const auto market, read_one<market::MarketParams>(context.node(), market::market_params_key(),
                                                        "market parameters"));
  TRY(const auto staking,
      read_one<StakingParams>(context.node(), staking_params_key(), "staking parameters"));
  TRY(const auto proposals, read_proposals(context.node()));
  const Json json{{"chain", rpc::to_json(chain)},
                  {"market", rpc::to_json(market)},
                  {"staking", rpc::to_json(staking)},
                  {"proposals", rpc::to_json(proposals)}};
  std::string text =
      rpc::pretty(Json{
          {"params", json["chain"]}, {"market", json["market"]}, {"staking", json["staking"]}}) +
      "\n";
  if (!proposals.empty()) {
    Rows rows{{"PROPOSAL", "STATE", "VOTES", "CLOSES OR APPLIES", "CHANGES"}};
    for (const Proposal& proposal : proposals) rows.push_back(row_of(proposal));
    text += "\n" + table(rows);
  }
  context.print(json, text);
  return {};
}

// "12000", or an amount such as "100 FOG", in droplets.
ErrorOr<std::uint64_t> parse_value(const std::string& text) {
  const bool digits = !text.empty() && text.find_first_not_of("0123456789") == std::string::npos;
  const auto value = digits ? parse_fog(text + " droplets")
                            : (text.ends_with("FOG") ? parse_fog(text) : std::nullopt);
  if (value) return value->droplets;
  return fail(ErrorCode::kInvalidInput,
              "'" + text + "' is neither a whole number nor an amount like '100 FOG'");
}

ErrorOr<void> propose(Context& context, const std::vector<std::string>& pairs) {
  ProposeParameters message;
  if (pairs.size() > kParameterChangesMax) {
    return fail(ErrorCode::kInvalidInput,
                "at most " + std::to_string(kParameterChangesMax) + " changes in one proposal");
  }
  for (const std::string& pair : pairs) {
    const std::size_t equals = pair.find('=');
    if (equals == std::string::npos) {
      return fail(ErrorCode::kInvalidInput,
                  "'" + pair + "' is not NAME=VALUE, e.g. staking.jail_ms=900000");
    }
    TRY(const auto value, parse_value(pair.substr(equals + 1)));
    message.changes.push_back({pair.substr(0, equals), value});
  }
  Json json = Json::object();
  TRY(const auto sent, context.send({make_message(message)}, {}, json));
  TRY(const auto proposals, read_proposals(context.node()));
  for (const Proposal& proposal : proposals) {
    if (proposal.changes != message.changes) continue;
    json["proposal"] = std::to_string(proposal.number);
    context.print(json, "Proposal " + std::to_string(proposal.number) + " stands since height " +
                            std::to_string(sent.height) + "; votes are taken until " +
                            time_text(proposal.closes_ms) + ".");
    return {};
  }
  return fail(ErrorCode::kNotFound, "the proposal is final, but the node does not show it");
}

ErrorOr<void> vote(Context& context, std::uint64_t number, const std::string& word) {
  if (word != "yes" && word != "no")
    return fail(ErrorCode::kInvalidInput, "'" + word + "' is neither yes nor no");
  const VoteParameters message{number, word == "yes"};
  Json json{{"proposal", std::to_string(number)}, {"approve", message.approve}};
  TRY(const auto sent, context.send({make_message(message)}, {}, json));
  context.print(json, "Voted at height " + std::to_string(sent.height) + ".");
  return {};
}

}  // namespace

void add_params_commands(CLI::App& app, Chosen& chosen) {
  auto* params = app.add_subcommand("params", "The chain's parameters, and votes on them");
  params->require_subcommand(0, 1);
  params->callback([&chosen, params] {
    if (params->get_subcommands().empty()) chosen.command = show;
  });
  params->add_subcommand("show", "All parameters and the proposals to change them")
      ->callback([&chosen] { chosen.command = show; });

  auto pairs = std::make_shared<std::vector<std::string>>();
  auto* proposing = params->add_subcommand("propose", "Proposes to change parameters");
  proposing
      ->add_option("NAME=VALUE", *pairs,
                   "parameter and its new value, between half and double, e.g. "
                   "staking.jail_ms=900000")
      ->required();
  proposing->callback(
      [&chosen, pairs] { chosen.command = [pairs](Context& c) { return propose(c, *pairs); }; });

  auto number = std::make_shared<std::uint64_t>();
  auto word = std::make_shared<std::string>();
  auto* voting = params->add_subcommand("vote", "Votes on a proposal");
  voting->add_option("PROPOSAL", *number, "its number")->required();
  voting->add_option("VOTE", *word, "yes or no")->required();
  voting->callback([&chosen, number, word] {
    chosen.command = [number, word](Context& c) { return vote(c, *number, *word); };
  });
}

}  // namespace fog::cli
