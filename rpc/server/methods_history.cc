// account_history, tx_simulate: what was, and what would be.
#include "rpc/json/schema.h"
#include "rpc/server/method.h"

namespace fog::rpc {
namespace {

using detail::object_schema;
using detail::schema_of;
using detail::titled;

Method account_history() {
  return {
      .name = "account_history",
      .summary =
          "Final transactions that concern an address (that it signed, whose transfers pay it, "
          "whose "
          "validator pays its commission to it) in pages, as far as the node keeps their blocks. "
          "Newest first, `next` is null at the end; oldest first, it is a cursor of what comes "
          "later, which subscribe_transactions takes too.",
      .params = {{"address", "Whom they concern.", schema_of<Address>()},
                 {"cursor", "The `next` of the last page; without it, the first page.",
                  schema_of<TxPosition>(), false},
                 {"limit",
                  "At most so many, 1 to 100; fewer come where their blocks are large. Default 25.",
                  schema_of<std::uint32_t>(), false},
                 {"order", "Default newest_first.", schema_of<HistoryOrder>(), false}},
      .result = schema_of<HistoryPage>(),
      .errors = {kUnavailable, kNodeFailed},
      .example_params = R"({"address": "fog1xyerxdp4xcmnswfsxyerxdp4xcmnswfsjka587"})",
      .example_result =
          R"({"items": [{"height": "2", "index": 0, "outcome": {"fee_burned": "25000"}}], "next": null})",
      .cost = 200,
      .run = [](NodeApi& node, const Args& args) -> Outcome {
        FOG_ARG(const Address address, args.get<Address>("address"));
        std::optional<TxPosition> from;
        if (args.has("cursor")) {
          FOG_ARG(from, args.get<TxPosition>("cursor"));
        }
        FOG_ARG(const std::uint32_t limit, args.get_or<std::uint32_t>("limit", 25));
        if (limit < 1 || limit > kHistoryMax) {
          return refuse({ErrorCode::kInvalidInput, "limit: expected 1 to 100"});
        }
        FOG_ARG(const HistoryOrder order, args.get_or("order", HistoryOrder::kNewestFirst));
        return answer_of(node.history(address, order, from, limit));
      }};
}

// The account that a record is of, if it is one.
std::optional<Address> account_of(const StateKey& key) {
  Address address;
  if (key.size() != account_key(address).size() || key.front() != account_key(address).front())
    return std::nullopt;
  std::copy(key.begin() + 1, key.end(), address.data.begin());
  return address;
}

Json balance_of(const std::optional<Bytes>& record) {
  const auto account = record ? bcs_decode<Account>(*record) : Result<Account, BcsError>(Account{});
  return account ? to_json(account->balance) : Json(nullptr);
}

// The changes in the words of accounts and events.
void explain(const Simulation& simulation, Json& out) {
  out["accounts"] = Json::array();
  out["events"] = Json::array();
  const StateKey events = state_key(Table::kEvents);
  for (const SimulatedChange& change : simulation.changes) {
    if (const auto address = account_of(change.key)) {
      out["accounts"].push_back({{"address", to_json(*address)},
                                 {"before", balance_of(change.before)},
                                 {"after", balance_of(change.after)}});
    } else if (change.after && !change.before && change.key.front() == events.front()) {
      const auto event = bcs_decode<market::MarketEvent>(*change.after);
      if (!event) continue;
      Address whose;
      std::copy_n(change.key.begin() + 1, whose.data.size(), whose.data.begin());
      out["events"].push_back({{"address", to_json(whose)}, {"event", to_json(*event)}});
    }
  }
}

Json simulation_schema() {
  Json out = schema_of<Simulation>();
  const Json accounts = titled("SimulatedAccount", object_schema({{"address", schema_of<Address>()},
                                                                  {"before", schema_of<Amount>()},
                                                                  {"after", schema_of<Amount>()}}));
  const Json events =
      titled("SimulatedEvent", object_schema({{"address", schema_of<Address>()},
                                              {"event", schema_of<market::MarketEvent>()}}));
  out["properties"]["accounts"] = {{"type", "array"}, {"items", accounts}};
  out["properties"]["events"] = {{"type", "array"}, {"items", events}};
  out["required"].push_back("accounts");
  out["required"].push_back("events");
  return out;
}

Method tx_simulate() {
  return {
      .name = "tx_simulate",
      .summary =
          "What a transaction would do as the only one of the next block, and nothing is kept of "
          "it: whether it could be included, its outcome and fee, the balances that change, the "
          "events it raises, and every record that changes. Signatures are not looked at and may "
          "be of zeros. What a block brings by itself, such as the matching of Bids, is not in it; "
          "market_preview tells that.",
      .params = {{"tx", "BCS of a transaction.", schema_of<Bytes>()}},
      .result = simulation_schema(),
      .errors = {kUnavailable},
      .example_params = R"({"tx": "0x00"})",
      .example_result =
          R"({"refused": {"number": 0}, "outcome": {"fault": {"number": 0}, "fee_burned": "25000"}, "accounts": [{"before": "100", "after": "93"}]})",
      .cost = 100,
      .run = [](NodeApi& node, const Args& args) -> Outcome {
        FOG_ARG(const Bytes tx, args.get<Bytes>("tx"));
        FOG_ARG(const Simulation simulation, node.simulate(tx));
        Json out = to_json(simulation);
        explain(simulation, out);
        return Answer(std::move(out));
      }};
}

}  // namespace

void add_history_methods(std::vector<Method>& out) {
  out.push_back(account_history());
  out.push_back(tx_simulate());
}

}  // namespace fog::rpc
