// market_*: Hosts, Offers, gateways, Services, Bids, leases and receipts, one by one and in pages.
//
// A page is read from an index of the state: each entry's key ends in the id of a record. The
// cursor of a page is the key at which the next one starts.
#include "rpc/json/schema.h"
#include "rpc/server/method.h"

namespace fog::rpc {
namespace {

using detail::object_schema;
using detail::schema_of;

constexpr std::uint32_t kPageMax = 256;  // one state_get reads the whole page

// The key of the record that an index entry stands for; the tail is what follows the list's prefix.
using RecordKey = StateKey (*)(ByteView entry, ByteView tail);

// The index's entries from the args' cursor, with the records; `next` as the cursor of the next
// page.
template <class T>
Answer read_page(NodeApi& node, const Args& args, const StateKey& prefix, RecordKey record_key) {
  FOG_ARG(const std::uint32_t limit, args.get_or<std::uint32_t>("limit", 100));
  if (limit < 1 || limit > kPageMax) {
    return refuse({ErrorCode::kInvalidInput, "limit: expected 1 to 256"});
  }
  FOG_ARG(const Bytes from, args.get_or<Bytes>("cursor", prefix));
  if (from.size() < prefix.size() || !std::equal(prefix.begin(), prefix.end(), from.begin())) {
    return refuse(
        {ErrorCode::kInvalidInput, "cursor: not from this list; pass the `next` of its last page"});
  }
  FOG_ARG(const StatePage page, node.state_scan(from, prefix_end(prefix), limit));
  std::vector<StateKey> keys;
  for (const StateRecord& entry : page.records) {
    keys.push_back(record_key(entry.key, ByteView(entry.key).subspan(prefix.size())));
  }
  FOG_ARG(const auto values, node.state_get(keys));
  Json items = Json::array();
  for (const auto& value : values) {
    // An entry whose record went between the two reads is left out.
    const auto record =
        value ? bcs_decode<T>(*value) : Result<T, BcsError>(Fail{BcsError::kTruncated});
    if (record) items.push_back(to_json(*record));
  }
  return Json{{"items", std::move(items)},
              {"next", page.next ? Json(to_hex0x(*page.next)) : Json(nullptr)},
              {"height", to_json(page.height)}};
}

template <class T>
Answer read_one(NodeApi& node, const StateKey& key, const char* what) {
  FOG_ARG(const auto record, read_record<T>(node, key));
  if (!record) return refuse({ErrorCode::kNotFound, std::string(what)});
  return to_json(*record);
}

ErrorOr<std::string> service_name(const Args& args, const char* param) {
  TRY(std::string name, args.get<std::string>(param));
  if (market::is_service_name(name)) return name;
  return fail(ErrorCode::kInvalidInput,
              std::string(param) + ": expected 3 to 63 of a-z, 0-9 and '-', no '-' at the ends");
}

Json page_schema(Json item) {
  return object_schema({{"items", {{"type", "array"}, {"items", std::move(item)}}},
                        {"next", schema_of<std::optional<Bytes>>()},
                        {"height", schema_of<std::uint64_t>()}});
}
std::vector<Param> page_params(std::vector<Param> filters) {
  filters.push_back({"cursor", "The `next` of the last page; without it, the first page.",
                     schema_of<Bytes>(), false});
  filters.push_back({"limit", "At most so many items, 1 to 256. Default 100.",
                     schema_of<std::uint32_t>(), false});
  return filters;
}
Param optional_param(const char* name, const char* summary, Json schema) {
  return {name, summary, std::move(schema), false};
}

template <Table table>
StateKey by_tail(ByteView, ByteView tail) {
  return state_key(table, {tail});
}
// For entries with numbers before the id of 32 bytes: kOffersByClass, kOpenBids.
template <Table table>
StateKey by_last_id(ByteView, ByteView tail) {
  return state_key(table, {tail.last(std::min<std::size_t>(tail.size(), 32))});
}
// A receipt's entry and record are under the same key, but for the table.
StateKey as_receipt(ByteView entry, ByteView) {
  return state_key(Table::kReceipt, {entry.subspan(1)});
}

constexpr const char* kExampleHash =
    R"({"id": "0x2222222222222222222222222222222222222222222222222222222222222222"})";

Method market_host() {
  return {.name = "market_host",
          .summary = "A Host, with its Offer or null.",
          .params = {{"id", "The Host's id.", schema_of<market::HostId>()}},
          .result = object_schema({{"host", schema_of<market::Host>()},
                                   {"offer", schema_of<std::optional<market::Offer>>()}}),
          .errors = {kNotFound},
          .example_params = kExampleHash,
          .example_result =
              R"({"host": {"endpoint": "http://127.0.0.1:7001"}, "offer": {"scale": 10000}})",
          .is_quick = true,
          .run = [](NodeApi& node, const Args& args) -> Outcome {
            FOG_ARG(const market::HostId id, args.get<market::HostId>("id"));
            FOG_ARG(const auto host, read_record<market::Host>(node, market::host_key(id)));
            if (!host) {
              return refuse({ErrorCode::kNotFound, "there is no such Host; see market_hosts"});
            }
            FOG_ARG(const auto offer, read_record<market::Offer>(node, market::offer_key(id)));
            return Answer(
                Json{{"host", to_json(*host)}, {"offer", offer ? to_json(*offer) : Json(nullptr)}});
          }};
}

Method market_hosts() {
  return {
      .name = "market_hosts",
      .summary = "All Hosts, or one owner's, in pages.",
      .params = page_params({optional_param("owner", "Only this owner's.", schema_of<Address>())}),
      .result = page_schema(schema_of<market::Host>()),
      .errors = {kUnavailable},
      .example_params = R"({"limit": 1})",
      .example_result = R"({"items": [{"location": {"country": "DE"}}]})",
      .cost = 50,
      .run = [](NodeApi& node, const Args& args) -> Outcome {
        StateKey prefix = market::all_hosts();
        if (args.has("owner")) {
          FOG_ARG(const Address owner, args.get<Address>("owner"));
          prefix = market::hosts_by_owner(owner);
        }
        return read_page<market::Host>(node, args, prefix, &by_tail<Table::kHost>);
      }};
}

Method market_offers() {
  return {.name = "market_offers",
          .summary = "Offers by price class, the cheapest scale first within each, in pages.",
          .params = page_params(
              {optional_param("price_class", "Only this class.", schema_of<std::uint8_t>())}),
          .result = page_schema(schema_of<market::Offer>()),
          .errors = {kUnavailable},
          .example_params = "{}",
          .example_result = R"({"items": [{"price_class": 0, "scale": 10000}], "next": null})",
          .cost = 50,
          .run = [](NodeApi& node, const Args& args) -> Outcome {
            StateKey prefix = state_key(Table::kOffersByClass);
            if (args.has("price_class")) {
              FOG_ARG(const std::uint32_t number, args.get<std::uint32_t>("price_class"));
              if (number > 255) {
                return refuse({ErrorCode::kInvalidInput, "price_class: expected at most 255"});
              }
              prefix.push_back(static_cast<std::uint8_t>(number));
            }
            return read_page<market::Offer>(node, args, prefix, &by_last_id<Table::kOffer>);
          }};
}

Method market_gateway() {
  return {.name = "market_gateway",
          .summary = "A gateway: its key, endpoint and location.",
          .params = {{"owner", "The gateway's account, which is its id.", schema_of<Address>()}},
          .result = schema_of<market::Gateway>(),
          .errors = {kNotFound},
          .example_params = R"({"owner": "fog1xyerxdp4xcmnswfsxyerxdp4xcmnswfsjka587"})",
          .example_result = R"({"endpoint": "http://127.0.0.1:8001"})",
          .is_quick = true,
          .run = [](NodeApi& node, const Args& args) -> Outcome {
            FOG_ARG(const Address owner, args.get<Address>("owner"));
            return read_one<market::Gateway>(node, market::gateway_key(owner),
                                             "there is no such gateway; see market_gateways");
          }};
}

Method market_gateways() {
  return {.name = "market_gateways",
          .summary = "All gateways, in pages.",
          .params = page_params({}),
          .result = page_schema(schema_of<market::Gateway>()),
          .errors = {kUnavailable},
          .example_params = "{}",
          .example_result = R"({"items": [{"endpoint": "http://127.0.0.1:8001"}], "next": null})",
          .cost = 50,
          .run = [](NodeApi& node, const Args& args) -> Outcome {
            return read_page<market::Gateway>(node, args, market::all_gateways(),
                                              &by_tail<Table::kGateway>);
          }};
}

Method market_service() {
  return {.name = "market_service",
          .summary = "A service of the library, with its manifest.",
          .params = {{"name", "The service's name.", schema_of<std::string>()}},
          .result = schema_of<market::Service>(),
          .errors = {kNotFound},
          .example_params = R"({"name": "echo"})",
          .example_result = R"({"name": "echo", "version": 1, "manifest": {"runtime": "wasm"}})",
          .is_quick = true,
          .run = [](NodeApi& node, const Args& args) -> Outcome {
            FOG_ARG(const std::string name, service_name(args, "name"));
            return read_one<market::Service>(
                node, market::service_key(name),
                "there is no service of this name; see market_services");
          }};
}

Method market_services() {
  return {
      .name = "market_services",
      .summary = "All services, or one owner's, in pages.",
      .params = page_params({optional_param("owner", "Only this owner's.", schema_of<Address>())}),
      .result = page_schema(schema_of<market::Service>()),
      .errors = {kUnavailable},
      .example_params = "{}",
      .example_result = R"({"items": [{"name": "echo"}], "next": null})",
      .cost = 50,
      .run = [](NodeApi& node, const Args& args) -> Outcome {
        StateKey prefix = market::all_services();
        if (args.has("owner")) {
          FOG_ARG(const Address owner, args.get<Address>("owner"));
          prefix = market::services_by_owner(owner);
        }
        return read_page<market::Service>(node, args, prefix, &by_tail<Table::kService>);
      }};
}

Method market_bid() {
  return {
      .name = "market_bid",
      .summary = "A Bid: its terms, its escrow, its leases' count.",
      .params = {{"id", "The Bid's id.", schema_of<market::BidId>()}},
      .result = schema_of<market::Bid>(),
      .errors = {kNotFound},
      .example_params = kExampleHash,
      .example_result = R"({"free": "5000000000", "terms": {"service": "echo"}, "closed": "open"})",
      .is_quick = true,
      .run = [](NodeApi& node, const Args& args) -> Outcome {
        FOG_ARG(const market::BidId id, args.get<market::BidId>("id"));
        return read_one<market::Bid>(node, market::bid_key(id),
                                     "there is no such Bid; see market_bids");
      }};
}

Method market_bids() {
  return {.name = "market_bids",
          .summary =
              "Bids of an owner, or for a service, or all that wait for a search, longest first; "
              "in pages.",
          .params = page_params(
              {optional_param("owner", "Only this owner's.", schema_of<Address>()),
               optional_param("service", "Only for this service.", schema_of<std::string>())}),
          .result = page_schema(schema_of<market::Bid>()),
          .errors = {kUnavailable},
          .example_params = R"({"service": "echo"})",
          .example_result = R"({"items": [{"terms": {"service": "echo"}}], "next": null})",
          .cost = 50,
          .run = [](NodeApi& node, const Args& args) -> Outcome {
            if (args.has("owner") && args.has("service")) {
              return refuse({ErrorCode::kInvalidInput, "give either owner or service"});
            }
            if (args.has("owner")) {
              FOG_ARG(const Address owner, args.get<Address>("owner"));
              return read_page<market::Bid>(node, args, market::bids_by_owner(owner),
                                            &by_tail<Table::kBid>);
            }
            if (args.has("service")) {
              FOG_ARG(const std::string name, service_name(args, "service"));
              return read_page<market::Bid>(node, args, market::bids_by_service(name),
                                            &by_tail<Table::kBid>);
            }
            return read_page<market::Bid>(node, args, state_key(Table::kOpenBids),
                                          &by_last_id<Table::kBid>);
          }};
}

Method market_lease() {
  return {.name = "market_lease",
          .summary = "A lease: one replica on one Host, its price, what is due and paid.",
          .params = {{"id", "The lease's id.", schema_of<market::LeaseId>()}},
          .result = schema_of<market::Lease>(),
          .errors = {kNotFound},
          .example_params = kExampleHash,
          .example_result = R"({"service": "echo", "state": "active", "term": 1})",
          .is_quick = true,
          .run = [](NodeApi& node, const Args& args) -> Outcome {
            FOG_ARG(const market::LeaseId id, args.get<market::LeaseId>("id"));
            return read_one<market::Lease>(node, market::lease_key(id),
                                           "there is no such lease; see market_leases");
          }};
}

Method market_leases() {
  return {
      .name = "market_leases",
      .summary = "Leases of a Host or of a Bid, in pages.",
      .params = page_params({optional_param("host", "Of this Host.", schema_of<market::HostId>()),
                             optional_param("bid", "Of this Bid.", schema_of<market::BidId>())}),
      .result = page_schema(schema_of<market::Lease>()),
      .errors = {kUnavailable},
      .example_params =
          R"({"bid": "0x2222222222222222222222222222222222222222222222222222222222222222"})",
      .example_result = R"({"items": [{"state": "active"}], "next": null})",
      .cost = 50,
      .run = [](NodeApi& node, const Args& args) -> Outcome {
        if (args.has("host") == args.has("bid")) {
          return refuse({ErrorCode::kInvalidInput, "give either host or bid"});
        }
        StateKey prefix;
        if (args.has("host")) {
          FOG_ARG(const market::HostId id, args.get<market::HostId>("host"));
          prefix = market::leases_by_host(id);
        } else {
          FOG_ARG(const market::BidId id, args.get<market::BidId>("bid"));
          prefix = market::leases_by_bid(id);
        }
        return read_page<market::Lease>(node, args, prefix, &by_tail<Table::kLease>);
      }};
}

Method market_receipts() {
  return {
      .name = "market_receipts",
      .summary = "The included receipts of a lease that are still kept, oldest first, in pages.",
      .params = page_params({{"lease", "The lease's id.", schema_of<market::LeaseId>()}}),
      .result = page_schema(schema_of<market::ReceiptRecord>()),
      .errors = {kUnavailable},
      .example_params =
          R"({"lease": "0x2222222222222222222222222222222222222222222222222222222222222222"})",
      .example_result = R"({"items": [{"number": "1", "to_host": "88"}], "next": null})",
      .cost = 50,
      .run = [](NodeApi& node, const Args& args) -> Outcome {
        FOG_ARG(const market::LeaseId id, args.get<market::LeaseId>("lease"));
        return read_page<market::ReceiptRecord>(node, args, market::receipts_by_lease(id),
                                                &as_receipt);
      }};
}

}  // namespace

void add_market_methods(std::vector<Method>& out) {
  for (auto* make : {&market_host, &market_hosts, &market_offers, &market_gateway, &market_gateways,
                     &market_service, &market_services, &market_bid, &market_bids, &market_lease,
                     &market_leases, &market_receipts}) {
    out.push_back(make());
  }
}

}  // namespace fog::rpc
