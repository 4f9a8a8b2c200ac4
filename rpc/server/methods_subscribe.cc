// subscribe_*, unsubscribe: what final blocks bring, over an open connection.
#include "rpc/json/schema.h"
#include "rpc/server/feed.h"
#include "rpc/server/method.h"
#include "rpc/server/subscriber.h"
#include "rpc/server/subscription_hub.h"

namespace fog::rpc {
namespace {

using detail::object_schema;
using detail::schema_of;
using detail::titled;

constexpr const char* kExampleAddress =
    R"({"address": "fog1xyerxdp4xcmnswfsxyerxdp4xcmnswfsjka587"})";

Param address_param(const char* summary) {
  return {"address", summary, schema_of<Address>()};
}
Param cursor_param() {
  return {"cursor",
          "That of the last notification that was dealt with, or of the answer to this call before "
          "there was one: what came since comes first. Without it, only what comes from now on.",
          schema_of<std::string>(), false};
}
Json opened_schema() {
  return object_schema(
      {{"subscription", schema_of<std::string>()}, {"cursor", schema_of<std::string>()}});
}

// Opens what `open` makes of the cursor.
template <class Open>
Answer subscribe(const Args& args, SubscriptionHub& hub, SocketCall& socket, const Open& open) {
  std::optional<std::string> cursor;
  if (args.has("cursor")) {
    FOG_ARG(cursor, args.get<std::string>("cursor"));
  }
  FOG_ARG(auto feed, open(cursor));
  std::string from = feed->cursor();
  FOG_ARG(const std::uint64_t id, hub.open(socket.subscriber, std::move(feed)));
  socket.opened.push_back(id);
  return Json{{"subscription", std::to_string(id)}, {"cursor", std::move(from)}};
}

Method subscribe_blocks() {
  return {.name = "subscribe_blocks",
          .summary =
              "Every final block from now on, or from a cursor on, in order and once: its header, "
              "how many transactions it has and how many of them failed. chain_block has the rest.",
          .params = {cursor_param()},
          .result = opened_schema(),
          .errors = {kNotFound, kUnavailable, kLimitReached},
          .example_params = R"({"cursor": "2"})",
          .example_result = R"({"cursor": "2"})",
          .cost = 50,
          .run_on_socket = [](NodeApi& node, const Args& args, SubscriptionHub& hub,
                              SocketCall& socket) -> Answer {
            return subscribe(args, hub, socket, [&](const std::optional<std::string>& cursor) {
              return open_block_feed(node, cursor);
            });
          },
          .notification =
              titled("BlockSummary", object_schema({{"id", schema_of<BlockId>()},
                                                    {"header", schema_of<BlockHeader>()},
                                                    {"transactions", schema_of<std::uint32_t>()},
                                                    {"failed", schema_of<std::uint32_t>()}}))};
}

Method subscribe_transactions() {
  return {.name = "subscribe_transactions",
          .summary =
              "Every final transaction that concerns an address, in order and once: which it "
              "signed, whose transfers pay it, whose validator pays its commission to it.",
          .params = {address_param("Whom they concern."), cursor_param()},
          .result = opened_schema(),
          .errors = {kNotFound, kUnavailable, kLimitReached},
          .example_params = kExampleAddress,
          .example_result = R"({"cursor": "3:0"})",
          .cost = 50,
          .run_on_socket = [](NodeApi& node, const Args& args, SubscriptionHub& hub,
                              SocketCall& socket) -> Answer {
            FOG_ARG(const Address address, args.get<Address>("address"));
            return subscribe(args, hub, socket, [&](const std::optional<std::string>& cursor) {
              return open_transaction_feed(node, address, cursor);
            });
          },
          .notification = schema_of<FinalTx>()};
}

Method subscribe_market_events() {
  return {.name = "subscribe_market_events",
          .summary =
              "What happens to an address in the market, as market_events, in order and once: its "
              "Bids, its leases as Publisher, Host or operator, its Host, its Demands, and of a "
              "gateway the Bids that name it and their leases. A cursor of market_events may be "
              "given too.",
          .params = {address_param("Whose."), cursor_param()},
          .result = opened_schema(),
          .errors = {kNotFound, kUnavailable, kLimitReached},
          .example_params = kExampleAddress,
          .example_result =
              R"({"cursor": "0x8f31323334353637383930313233343536373839300000000000000003"})",
          .cost = 50,
          .run_on_socket = [](NodeApi& node, const Args& args, SubscriptionHub& hub,
                              SocketCall& socket) -> Answer {
            FOG_ARG(const Address address, args.get<Address>("address"));
            return subscribe(args, hub, socket, [&](const std::optional<std::string>& cursor) {
              return open_event_feed(node, address, cursor);
            });
          },
          .notification = schema_of<market::MarketEvent>()};
}

Method unsubscribe() {
  return {
      .name = "unsubscribe",
      .summary = "Ends a subscription of this connection: nothing of it comes after the answer.",
      .params = {{"subscription", "As it was answered.", schema_of<std::string>()}},
      .result = {{"type", "boolean"}},
      .errors = {kNotFound},
      .example_params = R"({"subscription": "1"})",
      .example_result = "true",
      .run_on_socket = [](NodeApi&, const Args& args, SubscriptionHub& hub,
                          SocketCall& socket) -> Answer {
        FOG_ARG(const std::string text, args.get<std::string>("subscription"));
        std::uint64_t id = 0;
        if (!detail::parse_decimal(text, id)) {
          return refuse({ErrorCode::kInvalidInput,
                         "subscription: expected the number that subscribing answered"});
        }
        if (!hub.close(*socket.subscriber, id)) {
          return refuse(
              {ErrorCode::kNotFound, "this connection has no subscription " + std::to_string(id)});
        }
        return Json(true);
      }};
}

}  // namespace

void add_subscription_methods(std::vector<Method>& out) {
  for (auto* make :
       {&subscribe_blocks, &subscribe_transactions, &subscribe_market_events, &unsubscribe}) {
    out.push_back(make());
  }
}

}  // namespace fog::rpc
