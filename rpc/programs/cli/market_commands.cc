// fogcoin lease | receipt | host | gateway ...: what the market has made of offers and bids.
#include "market/types/cell.h"
#include "rpc/json/codec.h"
#include "rpc/programs/cli/context.h"

namespace fog::cli {
namespace {

struct LeaseFilter {
  std::string bid;
  std::string host;
  std::string service;
};

ErrorOr<std::vector<market::Lease>> leases_of_bids(Context& context, const StateKey& prefix) {
  TRY(const auto bids,
      read_index<market::Bid>(context.node(), prefix, state_key(Table::kBid), kListMax));
  std::vector<market::Lease> out;
  for (const auto& bid : bids) {
    TRY(auto leases, read_index<market::Lease>(context.node(), market::leases_by_bid(bid.id),
                                               state_key(Table::kLease), kListMax));
    std::move(leases.begin(), leases.end(), std::back_inserter(out));
  }
  return out;
}

ErrorOr<std::vector<market::Lease>> filtered(Context& context, const LeaseFilter& filter) {
  if (!filter.bid.empty()) {
    TRY(const auto id, parse_id(filter.bid, "bid"));
    return read_index<market::Lease>(context.node(), market::leases_by_bid(id),
                                     state_key(Table::kLease), kListMax);
  }
  if (!filter.host.empty()) {
    TRY(const auto id, parse_id(filter.host, "host"));
    return read_index<market::Lease>(context.node(), market::leases_by_host(id),
                                     state_key(Table::kLease), kListMax);
  }
  if (!filter.service.empty())
    return leases_of_bids(context, market::bids_by_service(filter.service));
  TRY(const auto account, context.account());
  return leases_of_bids(context, market::bids_by_owner(account.address));
}

ErrorOr<void> list_leases(Context& context, const LeaseFilter& filter) {
  TRY(const auto leases, filtered(context, filter));
  Json json = Json::array();
  Rows rows{{"LEASE", "TERM", "SERVICE", "HOST", "STATE", "REQUESTS", "PAID", "HELD", "BURNED"}};
  for (const auto& lease : leases) {
    json.push_back(rpc::to_json(lease));
    std::uint64_t requests = 0;
    for (const auto& log : lease.logs) requests += log.root.sums.requests;
    rows.push_back({to_hex0x(lease.id), std::to_string(lease.term), lease.service,
                    Cell::id(lease.host), std::string(market::lease_state_name(lease.state)),
                    std::to_string(requests), format_fog(lease.paid), format_fog(lease.held),
                    format_fog(lease.burned)});
  }
  context.print_list(json, rows);
  return {};
}

ErrorOr<void> show_lease(Context& context, const std::string& text) {
  TRY(const auto id, parse_id(text, "lease"));
  TRY(const auto lease,
      read_one<market::Lease>(context.node(), market::lease_key(id), "lease " + to_hex0x(id)));
  std::string state(market::lease_state_name(lease.state));
  if (lease.closed != market::CloseReason::kOpen)
    state += ": " + std::string(market::close_reason_name(lease.closed));
  std::string out = table(
      {{"lease", to_hex0x(lease.id)},
       {"term", std::to_string(lease.term)},
       {"service", lease.service + " (version " + std::to_string(lease.service_version) + ")"},
       {"bid", to_hex0x(lease.bid)},
       {"host", to_hex0x(lease.host)},
       {"state", state},
       {"active since", time_text(lease.active_since_ms)},
       {"billed until", time_text(lease.billed_until_ms)},
       {"cleared scale", std::to_string(lease.scale) + " (10000 is the class itself)"},
       {"rent due", format_fog(lease.rent_due)},
       {"use due", format_fog(lease.use_due)},
       {"paid", format_fog(lease.paid)},
       {"of it burned", format_fog(lease.burned)},
       {"of it held back", format_fog(lease.held)},
       {"slice", format_fog(lease.slice)},
       {"receipts", std::to_string(lease.receipts)}});
  Rows rows{{"GATEWAY", "LEAVES", "REQUESTS", "FUEL", "EGRESS BYTES"}};
  for (const auto& log : lease.logs) {
    rows.push_back({to_text(log.gateway), std::to_string(log.count),
                    std::to_string(log.root.sums.requests), std::to_string(log.root.sums.fuel),
                    std::to_string(log.root.sums.egress_bytes)});
  }
  if (!lease.logs.empty()) out += "\n" + table(rows);
  context.print(rpc::to_json(lease), out);
  return {};
}

ErrorOr<void> list_receipts(Context& context, const std::string& text) {
  TRY(const auto id, parse_id(text, "lease"));
  TRY(const auto receipts,
      read_index<market::ReceiptRecord>(context.node(), market::receipts_by_lease(id),
                                        state_key(Table::kReceipt, {id}), kListMax));
  Json json = Json::array();
  Rows rows{{"NUMBER", "TERM", "INCLUDED", "REQUESTS", "FUEL", "RENT", "USE", "TO HOST", "HELD",
             "BURNED"}};
  for (const auto& receipt : receipts) {
    json.push_back(rpc::to_json(receipt));
    rows.push_back({std::to_string(receipt.number), std::to_string(receipt.term),
                    time_text(receipt.included_ms), std::to_string(receipt.counters.requests),
                    std::to_string(receipt.counters.fuel), format_fog(receipt.rent),
                    format_fog(receipt.use), format_fog(receipt.to_host), format_fog(receipt.held),
                    format_fog(receipt.burned)});
  }
  context.print_list(json, rows);
  return {};
}

ErrorOr<void> list_hosts(Context& context) {
  TRY(const auto hosts, read_index<market::Host>(context.node(), market::all_hosts(),
                                                 state_key(Table::kHost), kListMax));
  Json json = Json::array();
  Rows rows{{"HOST", "COUNTRY", "CLASS", "SCALE", "FREE CPU", "FREE MEMORY", "STANDING", "LEASES",
             "EARNED"}};
  for (const auto& host : hosts) {
    TRY(const auto offer, read_record<market::Offer>(context.node(), market::offer_key(host.id)));
    Json one = rpc::to_json(host);
    one["offer"] = offer ? rpc::to_json(*offer) : Json(nullptr);
    json.push_back(std::move(one));
    rows.push_back(
        {to_hex0x(host.id), host.location.country, offer ? std::to_string(offer->price_class) : "-",
         offer ? std::to_string(offer->scale) : "-",
         offer ? std::to_string(offer->free.cpu_milli) : "-",
         offer ? std::to_string(offer->free.memory_mib) + " MiB" : "-",
         std::to_string(host.standing), std::to_string(host.leases_open), format_fog(host.earned)});
  }
  context.print_list(json, rows);
  return {};
}

ErrorOr<void> show_host(Context& context, const std::string& text) {
  TRY(const auto id, parse_id(text, "host"));
  TRY(const auto host,
      read_one<market::Host>(context.node(), market::host_key(id), "host " + to_hex0x(id)));
  Json json = rpc::to_json(host);
  json["cell"] = market::cell_of(host.location, market::Cell::kMax);
  context.print(json, rpc::pretty(json));
  return {};
}

ErrorOr<void> list_gateways(Context& context) {
  TRY(const auto gateways, read_index<market::Gateway>(context.node(), market::all_gateways(),
                                                       state_key(Table::kGateway), kListMax));
  Json json = Json::array();
  Rows rows{{"GATEWAY", "ENDPOINT", "COUNTRY"}};
  for (const auto& gateway : gateways) {
    json.push_back(rpc::to_json(gateway));
    rows.push_back({to_text(gateway.owner), gateway.endpoint, gateway.location.country});
  }
  context.print_list(json, rows);
  return {};
}

}  // namespace

void add_market_commands(CLI::App& app, Chosen& chosen) {
  auto id = std::make_shared<std::string>();
  auto* lease = app.add_subcommand("lease", "Replicas on Hosts: list, show");
  lease->require_subcommand(1);
  auto filter = std::make_shared<LeaseFilter>();
  auto* leases =
      lease->add_subcommand("list", "Leases of the account in use, of a bid, Host or service");
  leases->add_option("--bid", filter->bid, "id of a bid");
  leases->add_option("--host", filter->host, "id of a Host");
  leases->add_option("--service", filter->service, "name of a service");
  leases->callback([&chosen, filter] {
    chosen.command = [filter](Context& c) { return list_leases(c, *filter); };
  });
  auto* one = lease->add_subcommand("show", "One lease with its meter and money");
  one->add_option("LEASE", *id, "its id")->required();
  one->callback(
      [&chosen, id] { chosen.command = [id](Context& c) { return show_lease(c, *id); }; });

  auto* receipt = app.add_subcommand("receipt", "Hosts' included claims");
  receipt->require_subcommand(1);
  auto* receipts = receipt->add_subcommand("list", "Receipts of a lease within the audit window");
  receipts->add_option("LEASE", *id, "id of a lease")->required();
  receipts->callback(
      [&chosen, id] { chosen.command = [id](Context& c) { return list_receipts(c, *id); }; });

  auto* host = app.add_subcommand("host", "Hosts and their offers");
  host->require_subcommand(1);
  host->add_subcommand("list", "All Hosts with their offers")->callback([&chosen] {
    chosen.command = list_hosts;
  });
  auto* this_host =
      host->add_subcommand("show", "One Host: where it is, what it offers, its bond and standing");
  this_host->add_option("HOST", *id, "its id")->required();
  this_host->callback(
      [&chosen, id] { chosen.command = [id](Context& c) { return show_host(c, *id); }; });

  auto* gateway = app.add_subcommand("gateway", "The registered gateways");
  gateway->require_subcommand(1);
  gateway->add_subcommand("list", "All gateways with their endpoints")->callback([&chosen] {
    chosen.command = list_gateways;
  });
}

}  // namespace fog::cli
