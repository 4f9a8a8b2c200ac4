// fogcoin bid ...: a Publisher's demand and the escrow that pays for it.
#include "market/types/price.h"
#include "rpc/json/codec.h"
#include "rpc/programs/cli/bid_terms.h"

namespace fog::cli {
namespace {

constexpr std::uint64_t kHourMs = 3'600'000;

ErrorOr<void> fill_gateways(Context& context, const BidOptions& options, market::BidTerms& terms) {
  if (!options.gateways.empty()) {
    terms.gateways.clear();
    for (const std::string& text : options.gateways) {
      TRY(const auto address, context.address_of_text(text));
      terms.gateways.push_back(address);
    }
  }
  if (!terms.gateways.empty()) return {};
  TRY(const auto all, read_index<market::Gateway>(context.node(), market::all_gateways(),
                                                  state_key(Table::kGateway), kListMax));
  for (const market::Gateway& gateway : all) {
    if (terms.gateways.size() < decltype(terms.gateways)::kMax)
      terms.gateways.push_back(gateway.owner);
  }
  if (terms.gateways.empty()) {
    return fail(ErrorCode::kNotFound,
                "no gateway is registered, so nobody could reach the service. Run one: foggate");
  }
  return {};
}

ErrorOr<void> create(Context& context, const BidOptions& options) {
  TRY(const auto params,
      read_one<market::MarketParams>(context.node(), market::market_params_key(), "parameters"));
  TRY(BidDraft draft, draft_bid(context, options));
  market::BidTerms& terms = draft.terms;
  std::optional<Amount>& deposit = draft.deposit;
  TRY([[maybe_unused]] const auto service,
      read_one<market::Service>(context.node(), market::service_key(terms.service),
                                "service '" + terms.service + "' on the chain; publish it first"));
  TRY_VOID(fill_gateways(context, options, terms));
  if (!options.deposit.empty()) {
    TRY(deposit, parse_amount(options.deposit, "--deposit"));
  }
  if (!deposit) {
    // An hour at the spending cap, and the slices that stay locked meanwhile.
    const auto locked =
        mul_div_ceil(terms.spend_per_hour_max.droplets,
                     params.receipt_interval_ms + params.notice_ms + kHourMs, kHourMs);
    const auto all = locked ? checked_mul(*locked, std::max<std::uint64_t>(1, terms.replicas_max))
                            : std::nullopt;
    if (!all)
      return fail(ErrorCode::kInvalidInput, "the spending cap is too large; name a --deposit");
    deposit = Amount{*all};
  }
  market::CreateBid message{terms, *deposit};
  Json json{{"service", terms.service}, {"deposit", std::to_string(deposit->droplets)}};
  TRY(const auto sent, context.send({make_message(message)}, {}, json));
  const auto id = market::make_bid_id(sent.id, 0);
  json["bid"] = to_hex0x(id);
  context.print(json, "Bid " + to_hex0x(id) + "\nfunded with " + format_fog(*deposit) +
                          " at height " + std::to_string(sent.height) +
                          "; the next block matches it. See: fogcoin bid show " + to_hex0x(id));
  return {};
}

ErrorOr<void> top_up(Context& context, const std::string& text, const std::string& amount_text) {
  TRY(const auto id, parse_id(text, "bid"));
  TRY(const auto amount, parse_amount(amount_text, "the deposit"));
  market::TopUpBid message{id, amount};
  Json json{{"bid", to_hex0x(id)}, {"amount", std::to_string(amount.droplets)}};
  TRY(const auto sent, context.send({make_message(message)}, {}, json));
  context.print(
      json, "Deposited " + format_fog(amount) + " at height " + std::to_string(sent.height) + ".");
  return {};
}

ErrorOr<void> close(Context& context, const std::string& text) {
  TRY(const auto id, parse_id(text, "bid"));
  market::CloseBid message{id};
  Json json{{"bid", to_hex0x(id)}};
  TRY(const auto sent, context.send({make_message(message)}, {}, json));
  context.print(json,
                "Closed at height " + std::to_string(sent.height) +
                    ". What is not owed returns to the depositors once the last receipts are in.");
  return {};
}

std::string bid_state(const market::Bid& bid) {
  if (bid.closed != market::CloseReason::kOpen)
    return "closed: " + std::string(market::close_reason_name(bid.closed));
  std::string out = std::to_string(bid.replicas_held) + " of " +
                    std::to_string(bid.terms.replicas_min) + ".." +
                    std::to_string(bid.terms.replicas_max) + " replicas";
  if (bid.replicas_reserved > 0) {
    out += ", " + std::to_string(bid.replicas_reserved) + " of them in reserve";
  }
  if (bid.replicas_leaving > 0) {
    out += ", " + std::to_string(bid.replicas_leaving) + " of them leaving";
  }
  if (bid.low_since_ms != 0) out += "; escrow is low, top it up";
  return out;
}

ErrorOr<void> list(Context& context, const std::string& service, const std::string& owner) {
  StateKey prefix;
  if (!service.empty()) {
    prefix = market::bids_by_service(service);
  } else if (!owner.empty()) {
    TRY(const auto address, context.address_of_text(owner));
    prefix = market::bids_by_owner(address);
  } else {
    TRY(const auto account, context.account());
    prefix = market::bids_by_owner(account.address);
  }
  TRY(const auto bids,
      read_index<market::Bid>(context.node(), prefix, state_key(Table::kBid), kListMax));
  Json json = Json::array();
  Rows rows{{"BID", "SERVICE", "STATE", "FREE", "LOCKED", "SPENT"}};
  for (const auto& bid : bids) {
    json.push_back(rpc::to_json(bid));
    rows.push_back({to_hex0x(bid.id), bid.terms.service, bid_state(bid), format_fog(bid.free),
                    format_fog(bid.locked), format_fog(bid.spent)});
  }
  context.print_list(json, rows);
  return {};
}

ErrorOr<void> show(Context& context, const std::string& text) {
  TRY(const auto id, parse_id(text, "bid"));
  TRY(const auto bid,
      read_one<market::Bid>(context.node(), market::bid_key(id), "bid " + to_hex0x(id)));
  TRY(const auto leases, read_index<market::Lease>(context.node(), market::leases_by_bid(id),
                                                   state_key(Table::kLease), kListMax));
  Json json = rpc::to_json(bid);
  json["leases"] = Json::array();
  std::string out =
      table({{"bid", to_hex0x(bid.id)},
             {"service", bid.terms.service},
             {"state", bid_state(bid)},
             {"opened", time_text(bid.created_ms)},
             {"price cap", format_fog(Amount{market::cap_of_step(bid.terms.cap_step)}) +
                               " an hour at the profile"},
             {"spending cap", format_fog(bid.terms.spend_per_hour_max) + " an hour a replica"},
             {"free", format_fog(bid.free)},
             {"locked", format_fog(bid.locked)},
             {"spent", format_fog(bid.spent)},
             {"refunded", format_fog(bid.refunded)},
             {"deposited", format_fog(bid.deposited) + " in all"}});
  Rows rows{{"LEASE", "TERM", "HOST", "STATE", "SCALE", "PAID"}};
  for (const auto& lease : leases) {
    json["leases"].push_back(rpc::to_json(lease));
    rows.push_back({to_hex0x(lease.id), std::to_string(lease.term), short_id(lease.host),
                    std::string(market::lease_state_name(lease.state)), std::to_string(lease.scale),
                    format_fog(lease.paid)});
  }
  if (leases.empty() && bid.closed == market::CloseReason::kOpen && bid.terms.replicas_min > 0) {
    out +=
        "\nNo Host yet: none fits the constraints, the price cap and the free capacity at this "
        "moment. Why, says: fogcoin bid preview MANIFEST\n";
  } else if (!leases.empty()) {
    out += "\n" + table(rows);
  }
  context.print(json, out);
  return {};
}

}  // namespace

void add_bid_commands(CLI::App& app, Chosen& chosen) {
  auto* bid = app.add_subcommand(
      "bid",
      "Demand for a service, and its escrow: preview, create, update, top up, close, list, show");
  bid->require_subcommand(1);
  add_bid_update_command(*bid, chosen);
  auto options = std::make_shared<BidOptions>();
  auto* make = bid->add_subcommand(
      "create", "Opens and funds a bid, as a manifest's section `bid:` says or with defaults");
  auto* file = make->add_option("MANIFEST", options->manifest,
                                "service.yaml or .json, with or without a section `bid:`")
                   ->check(CLI::ExistingFile);
  auto* name = make->add_option("--service", options->service,
                                "name of a published service, instead of a manifest");
  name->excludes(file);
  add_term_options(*make, *options);
  make->add_option("--deposit", options->deposit,
                   "into escrow (default: an hour at the spending cap)");
  make->add_option("--gateway", options->gateways,
                   "gateways that may serve it (default: all, up to 8)");
  make->callback([&chosen, options] {
    if (options->manifest.empty() && options->service.empty()) {
      throw CLI::ValidationError("bid create", "name a MANIFEST or a --service");
    }
    chosen.command = [options](Context& c) { return create(c, *options); };
  });

  add_preview_command(*bid, chosen);

  auto id = std::make_shared<std::string>();
  auto amount = std::make_shared<std::string>();
  auto* more = bid->add_subcommand("topup", "Adds to a bid's escrow; anyone may");
  more->add_option("BID", *id, "its id")->required();
  more->add_option("AMOUNT", *amount, "e.g. \"5 FOG\"")->required();
  more->callback([&chosen, id, amount] {
    chosen.command = [id, amount](Context& c) { return top_up(c, *id, *amount); };
  });
  auto* end = bid->add_subcommand("close", "Stops its replicas; unused escrow returns");
  end->add_option("BID", *id, "its id")->required();
  end->callback([&chosen, id] { chosen.command = [id](Context& c) { return close(c, *id); }; });
  auto* one = bid->add_subcommand("show", "One bid with its leases");
  one->add_option("BID", *id, "its id")->required();
  one->callback([&chosen, id] { chosen.command = [id](Context& c) { return show(c, *id); }; });

  auto service = std::make_shared<std::string>();
  auto owner = std::make_shared<std::string>();
  auto* all =
      bid->add_subcommand("list", "Bids of the account in use, of an owner, or for a service");
  all->add_option("--service", *service, "name of a service");
  all->add_option("--owner", *owner, "address or account name");
  all->callback([&chosen, service, owner] {
    chosen.command = [service, owner](Context& c) { return list(c, *service, *owner); };
  });
}

}  // namespace fog::cli
