// fogcoin bid update: other terms for a bid that lives.
#include "rpc/json/codec.h"
#include "rpc/json/plain_time.h"
#include "rpc/programs/cli/context.h"
#include "rpc/programs/cli/service_file.h"

namespace fog::cli {
namespace {

struct UpdateOptions {
  std::string id;
  std::string manifest;
  std::optional<std::uint16_t> replicas_min;
  std::optional<std::uint16_t> replicas_max;
  std::optional<std::uint16_t> warm;
  std::optional<std::uint16_t> demands_per_hour;
  std::string price_cap;
  std::string spend_cap;
  std::string lease;
  std::vector<std::string> gateways;
};

// "12h" in milliseconds; 0 for "none". The chain says which lengths it takes.
ErrorOr<std::uint64_t> lease_ms_of(const std::string& text) {
  if (text == "none") return std::uint64_t{0};
  const auto us = rpc::parse_duration_us(text);
  if (us && *us >= 1'000) return *us / 1'000;
  return fail(ErrorCode::kInvalidInput, "--lease: '" + text +
                                            "' is no duration; expected 90s, 30m, 12h or 7d, or "
                                            "none for a lease that lasts until it is closed");
}

// The terms that stand, but for what is named.
ErrorOr<market::BidTerms> changed_terms(Context& context, const UpdateOptions& options,
                                        const market::BidTerms& old) {
  market::BidTerms terms = old;
  if (!options.manifest.empty()) {
    TRY(const auto file, load_service(options.manifest));
    if (!file.file.bid) {
      return fail(ErrorCode::kInvalidInput, options.manifest + " has no section `bid:`");
    }
    terms = file.file.bid->terms;
    if (terms.gateways.empty()) terms.gateways = old.gateways;
  }
  if (options.replicas_min) terms.replicas_min = *options.replicas_min;
  if (options.replicas_max) terms.replicas_max = *options.replicas_max;
  // Whoever says the fewest or the most alone means the other to follow.
  if (options.replicas_min && !options.replicas_max) {
    terms.replicas_max = std::max(terms.replicas_max, terms.replicas_min);
  }
  if (options.replicas_max && !options.replicas_min) {
    terms.replicas_min = std::min(terms.replicas_min, terms.replicas_max);
  }
  if (options.warm) terms.warm = *options.warm;
  if (options.demands_per_hour) terms.demands_per_hour = *options.demands_per_hour;
  if (!options.price_cap.empty()) {
    TRY(const auto cap, parse_amount(options.price_cap, "--price-cap"));
    TRY(terms.cap_step, rpc::cap_step_for(cap));
  }
  if (!options.spend_cap.empty()) {
    TRY(terms.spend_per_hour_max, parse_amount(options.spend_cap, "--spend-cap"));
  }
  if (!options.lease.empty()) {
    TRY(terms.lease_ms, lease_ms_of(options.lease));
  }
  if (!options.gateways.empty()) {
    terms.gateways.clear();
    for (const std::string& text : options.gateways) {
      TRY(const auto address, context.address_of_text(text));
      if (terms.gateways.size() == decltype(terms.gateways)::kMax) {
        return fail(ErrorCode::kInvalidInput, "--gateway: at most 8");
      }
      terms.gateways.push_back(address);
    }
  }
  return terms;
}

ErrorOr<void> update(Context& context, const UpdateOptions& options) {
  TRY(const auto id, parse_id(options.id, "bid"));
  TRY(const auto bid,
      read_one<market::Bid>(context.node(), market::bid_key(id), "bid " + to_hex0x(id)));
  TRY(const auto terms, changed_terms(context, options, bid.terms));
  if (terms == bid.terms) {
    return fail(ErrorCode::kInvalidInput,
                "the bid has these terms already; name what is to change, see --help");
  }
  const std::uint32_t serving = std::uint32_t{bid.replicas_held} - bid.replicas_leaving;
  std::vector<std::string> notes;
  const std::uint32_t most = std::uint32_t{terms.replicas_max};
  if (serving > most) {
    notes.push_back("it closes at least " + std::to_string(serving - most) +
                    " replicas, the latest first");
  }
  Json json{{"bid", to_hex0x(id)}};
  TRY(const auto sent, context.send({make_message(market::UpdateBid{id, terms})}, notes, json));
  context.print(json, "Updated at height " + std::to_string(sent.height) +
                          "; the next block clears what is missing. See: fogcoin bid show " +
                          to_hex0x(id));
  return {};
}

}  // namespace

void add_bid_update_command(CLI::App& bid, Chosen& chosen) {
  auto options = std::make_shared<UpdateOptions>();
  auto* update_command = bid.add_subcommand(
      "update", "Resizes a bid or changes its terms; what runs goes on without a redeploy");
  update_command->add_option("BID", options->id, "its id")->required();
  update_command
      ->add_option("MANIFEST", options->manifest,
                   "service.yaml or .json whose section `bid:` has the new terms")
      ->check(CLI::ExistingFile);
  update_command->add_option("--replicas-min", options->replicas_min,
                             "the fewest, cleared as soon as possible");
  update_command->add_option("--replicas-max", options->replicas_max,
                             "the most, with what gateways ask for");
  update_command->add_option("--warm", options->warm, "reservations to keep ready beside them");
  update_command->add_option("--demands-per-hour", options->demands_per_hour,
                             "how often each gateway may ask for more");
  update_command->add_option("--price-cap", options->price_cap,
                             "most an hour of a new replica may cost at its profile");
  update_command->add_option("--spend-cap", options->spend_cap,
                             "most an hour of a new replica can ever cost, rent and use");
  update_command->add_option("--lease", options->lease,
                             "how long a replica is leased at a price, 60s to 366d, or none; for "
                             "leases that begin or are renewed from now on");
  update_command->add_option("--gateway", options->gateways,
                             "gateways that may serve it, instead of those of now");
  update_command->callback([&chosen, options] {
    chosen.command = [options](Context& c) { return update(c, *options); };
  });
}

}  // namespace fog::cli
