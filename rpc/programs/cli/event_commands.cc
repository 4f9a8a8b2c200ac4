// fogcoin events: what happens to somebody in the market.
#include <iostream>

#include "market/types/event.h"
#include "rpc/json/codec.h"
#include "rpc/programs/cli/context.h"

namespace fog::cli {
namespace {

constexpr std::uint32_t kPage = 256;
constexpr std::uint64_t kFollowMs = 10'000;

struct EventOptions {
  std::string address;
  std::string bid;
  bool follow = false;
};

// What belongs to the kind, in words.
std::string details(const market::MarketEvent& event) {
  std::string out;
  const auto add = [&](const std::string& text) { out += (out.empty() ? "" : ", ") + text; };
  if (!event.service.empty()) add(event.service);
  if (!event.lease.is_zero()) {
    add("lease " + short_id(event.lease) + " term " + std::to_string(event.term));
  }
  if (!event.host.is_zero()) add("host " + short_id(event.host));
  if (event.reason != market::CloseReason::kOpen) {
    add("because " + std::string(market::close_reason_name(event.reason)));
  }
  if (!event.gateway.is_zero()) add("gateway " + to_text(event.gateway));
  if (event.kind == market::EventKind::kDemandChanged ||
      event.kind == market::EventKind::kBidUpdated) {
    add(std::to_string(event.replicas) + " replicas");
  }
  if (event.amount != Amount{}) add(format_fog(event.amount));
  if (event.at_ms != 0) add("until " + time_text(event.at_ms));
  return out;
}

std::string line_of(const market::MarketEvent& event) {
  return time_text(event.time_ms) + "  " + std::string(market::event_kind_name(event.kind)) + "  " +
         details(event);
}

// The events from `from` on; moves it behind them.
ErrorOr<std::vector<market::MarketEvent>> read_events(Context& context, const StateKey& prefix,
                                                      StateKey& from) {
  std::vector<market::MarketEvent> out;
  while (true) {
    TRY(const StatePage page, context.node().state_scan(from, prefix_end(prefix), kPage));
    for (const StateRecord& record : page.records) {
      auto event = bcs_decode<market::MarketEvent>(record.value);
      if (!event) return fail(ErrorCode::kProtocol, "the node sent an event that cannot be read");
      out.push_back(*std::move(event));
      from = record.key;
      from.push_back(0);  // the first key after it
    }
    if (!page.next) return out;
  }
}

// One after another as they come, each a line of text or of JSON, until the program is stopped.
ErrorOr<void> follow(Context& context, const StateKey& prefix, StateKey from,
                     const std::optional<market::BidId>& bid) {
  TRY(auto status, context.node().status());
  while (true) {
    TRY(const auto events, read_events(context, prefix, from));
    for (const market::MarketEvent& event : events) {
      if (bid && event.bid != *bid) continue;
      const std::string text =
          context.options().json ? rpc::compact(rpc::to_json(event)) : line_of(event);
      std::cout << text << std::endl;
    }
    TRY(status, context.node().wait_height(status.height + 1, kFollowMs));
  }
}

ErrorOr<void> show(Context& context, const EventOptions& options) {
  Address address;
  if (options.address.empty()) {
    TRY(const auto account, context.account());
    address = account.address;
  } else {
    TRY(address, context.address_of_text(options.address));
  }
  std::optional<market::BidId> bid;
  if (!options.bid.empty()) {
    TRY(bid, parse_id(options.bid, "bid"));
  }
  const StateKey prefix = market::events_of(address);
  StateKey from = prefix;
  if (options.follow) return follow(context, prefix, from, bid);
  TRY(const auto events, read_events(context, prefix, from));
  Json json = Json::array();
  std::string text;
  for (const market::MarketEvent& event : events) {
    if (bid && event.bid != *bid) continue;
    json.push_back(rpc::to_json(event));
    text += line_of(event) + "\n";
  }
  context.print(json, text.empty() ? "Nothing has happened lately.\n" : text);
  return {};
}

}  // namespace

void add_event_commands(CLI::App& app, Chosen& chosen) {
  auto options = std::make_shared<EventOptions>();
  auto* events = app.add_subcommand(
      "events", "What happens to an address in the market: its bids, leases, Hosts, demands");
  events->add_option("--address", options->address,
                     "whose, an address or account name (default: the account in use)");
  events->add_option("--bid", options->bid, "only of this bid");
  events->add_flag("--follow", options->follow, "go on printing what happens, until Ctrl-C");
  events->callback(
      [&chosen, options] { chosen.command = [options](Context& c) { return show(c, *options); }; });
}

}  // namespace fog::cli
