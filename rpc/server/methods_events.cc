// market_events, market_demands: what happens in the market, and what gateways ask for.
#include "rpc/json/schema.h"
#include "rpc/server/method.h"

namespace fog::rpc {
namespace {

using detail::object_schema;
using detail::schema_of;

constexpr std::uint32_t kEventsMax = 256;

struct EventQuery {
  StateKey from;
  StateKey prefix;
  std::uint32_t limit = 100;
};

// Events from the cursor on; nothing yet when there are none and the caller waits.
std::optional<Answer> read_events(NodeApi& node, const EventQuery& query, bool even_none) {
  const auto read = [&]() -> Answer {
    FOG_ARG(const StatePage page,
            node.state_scan(query.from, prefix_end(query.prefix), query.limit));
    Json items = Json::array();
    StateKey next = query.from;
    for (const StateRecord& record : page.records) {
      const auto event = bcs_decode<market::MarketEvent>(record.value);
      if (!event) return refuse({ErrorCode::kProtocol, "an event of the state cannot be decoded"});
      items.push_back(to_json(*event));
      next = record.key;
      next.push_back(0);  // the first key after it
    }
    return Json{
        {"items", std::move(items)}, {"next", to_hex0x(next)}, {"height", to_json(page.height)}};
  };
  Answer answer = read();
  if (answer && (*answer)["items"].empty() && !even_none) return std::nullopt;
  return answer;
}

Method market_events() {
  return {
      .name = "market_events",
      .summary =
          "What has happened to an address in the market, oldest first: its Bids, its leases as "
          "Publisher, Host or operator, its Host, its Demands, and of a gateway the Bids that name "
          "it and their leases. Kept for the parameter "
          "market.events_kept_ms. `next` is the cursor of what comes after, also when there is "
          "nothing yet; with wait_ms the call waits until there is something.",
      .params = {{"address", "Whose.", schema_of<Address>()},
                 {"cursor", "The `next` of the last answer; without it, the oldest that is kept.",
                  schema_of<Bytes>(), false},
                 {"limit", "At most so many, 1 to 256. Default 100.", schema_of<std::uint32_t>(),
                  false},
                 {"wait_ms", "How long to wait for the first at most, up to 60000. Default 0.",
                  schema_of<std::uint64_t>(), false}},
      .result = object_schema(
          {{"items", {{"type", "array"}, {"items", schema_of<market::MarketEvent>()}}},
           {"next", schema_of<Bytes>()},
           {"height", schema_of<std::uint64_t>()}}),
      .errors = {kUnavailable, kLimitReached},
      .example_params = R"({"address": "fog1xyerxdp4xcmnswfsxyerxdp4xcmnswfsjka587"})",
      .example_result = R"({"items": [{"kind": "lease_active", "height": "2"}]})",
      .cost = 50,
      .run = [](NodeApi& node, const Args& args) -> Outcome {
        FOG_ARG(const Address address, args.get<Address>("address"));
        EventQuery query;
        query.prefix = market::events_of(address);
        FOG_ARG(query.from, args.get_or<Bytes>("cursor", query.prefix));
        if (query.from.size() < query.prefix.size() ||
            !std::equal(query.prefix.begin(), query.prefix.end(), query.from.begin())) {
          return refuse({ErrorCode::kInvalidInput,
                         "cursor: not of this address; pass the `next` of its last answer"});
        }
        FOG_ARG(query.limit, args.get_or<std::uint32_t>("limit", 100));
        if (query.limit < 1 || query.limit > kEventsMax) {
          return refuse({ErrorCode::kInvalidInput, "limit: expected 1 to 256"});
        }
        FOG_ARG(const std::uint64_t wait_ms, args.get_or<std::uint64_t>("wait_ms", 0));
        if (wait_ms == 0) return *read_events(node, query, true);
        return Wait{
            [&node, query](bool time_is_up) { return read_events(node, query, time_is_up); },
            std::min(wait_ms, kWaitMsMax)};
      }};
}

Method market_demands() {
  return {
      .name = "market_demands",
      .summary = "What each gateway of a Bid asks for at present, and how often it has in an hour.",
      .params = {{"bid", "The Bid's id.", schema_of<market::BidId>()}},
      .result =
          object_schema({{"items", {{"type", "array"}, {"items", schema_of<market::Demand>()}}}}),
      .errors = {kNotFound},
      .example_params =
          R"({"bid": "0x2222222222222222222222222222222222222222222222222222222222222222"})",
      .example_result = R"({"items": []})",
      .run = [](NodeApi& node, const Args& args) -> Outcome {
        FOG_ARG(const market::BidId id, args.get<market::BidId>("bid"));
        FOG_ARG(const auto bid, read_record<market::Bid>(node, market::bid_key(id)));
        if (!bid) return refuse({ErrorCode::kNotFound, "there is no such Bid; see market_bids"});
        std::vector<StateKey> keys;
        for (const Address& gateway : bid->terms.gateways) {
          keys.push_back(market::demand_key(id, gateway));
        }
        FOG_ARG(const auto demands, read_records<market::Demand>(node, keys));
        Json items = Json::array();
        for (const market::Demand& demand : demands) items.push_back(to_json(demand));
        return Answer(Json{{"items", std::move(items)}});
      }};
}

}  // namespace

void add_event_methods(std::vector<Method>& out) {
  out.push_back(market_events());
  out.push_back(market_demands());
}

}  // namespace fog::rpc
