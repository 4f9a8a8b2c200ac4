// fogcoin bid preview: what a bid would find, before anything is paid.
#include <fmt/format.h>

#include "market/types/preview.h"
#include "rpc/json/codec.h"
#include "rpc/programs/cli/bid_terms.h"

namespace fog::cli {
namespace {

using market::Misfit;
using market::PreviewReport;

std::string per_hour(std::uint64_t hourly, market::Scale scale) {
  const auto droplets = mul_div_ceil(hourly, scale, market::kScaleOne);
  return droplets ? format_fog(Amount{*droplets}) + "/h" : "beyond 64 bits";
}

std::string count_of(std::uint64_t count, const char* one) {
  return std::to_string(count) + " " + one + (count == 1 ? "" : "s");
}

// What the nearest of those that miss nothing else has.
std::string nearest_text(const market::PreviewReason& reason) {
  const std::string amount = format_fog(Amount{reason.nearest});
  const std::string number = std::to_string(reason.nearest);
  switch (reason.why) {
    case Misfit::kPriceCap:
      return "the cheapest asks " + amount + " an hour";
    case Misfit::kUnitCap:
      return "the cheapest asks " + amount + " for " + reason.what;
    case Misfit::kCountry:
      return "most of them are in " + reason.what;
    case Misfit::kDistance:
      return "the nearest is " + number + " km away";
    case Misfit::kLatency:
      return "the nearest is at least " + number + " us away, there and back";
    case Misfit::kGpu:
      return "the most that one has of the model is " + number + " thousandths";
    case Misfit::kCpu:
      return "the most that one has is " + number + " thousandths of a core";
    case Misfit::kMemory:
    case Misfit::kStorage:
      return "the most that one has is " + number + " MiB";
    case Misfit::kEgress:
      return "the most that one has is " + number + " Mbit/s";
    case Misfit::kStanding:
      return "the best standing among them is " + number;
    case Misfit::kAttribute:
    case Misfit::kAttestation:
      return "most of them by the rule about \"" + reason.what + "\"";
    case Misfit::kNone:
    case Misfit::kTooNew:
    case Misfit::kRuntimeKind:
    case Misfit::kRuntimeProfile:
    case Misfit::kCell:
    case Misfit::kHostUnlisted:
    case Misfit::kHostDenied:
    case Misfit::kOwnerUnlisted:
    case Misfit::kOwnerDenied:
    case Misfit::kFailedBefore:
      return {};
  }
  return {};
}

// The key of the manifest that would have to change.
std::string advice_for(const market::PreviewReason& reason) {
  const std::string number = std::to_string(reason.nearest);
  switch (reason.why) {
    case Misfit::kPriceCap:
      return "raise price_cap_per_hour to " + format_fog(Amount{reason.nearest});
    case Misfit::kUnitCap:
      return "raise unit_caps." + reason.what + " to " + format_fog(Amount{reason.nearest});
    case Misfit::kCountry:
      return "accept " + reason.what + " in countries";
    case Misfit::kCell:
      return "name more or shorter cells";
    case Misfit::kDistance:
      return "raise distance_max_km to " + number;
    case Misfit::kLatency:
      return "raise latency_max to " + number + "us";
    case Misfit::kGpu:
    case Misfit::kCpu:
    case Misfit::kMemory:
    case Misfit::kStorage:
    case Misfit::kEgress:
      return "ask for less in resources";
    case Misfit::kAttribute:
    case Misfit::kAttestation:
      return "drop or loosen the rule about \"" + reason.what + "\" in attributes";
    case Misfit::kStanding:
      return "lower standing_min to " + number;
    case Misfit::kHostUnlisted:
      return "name more Hosts in only_hosts, or drop it";
    case Misfit::kOwnerUnlisted:
      return "name more owners in only_owners, or drop it";
    case Misfit::kHostDenied:
      return "exclude fewer Hosts in not_hosts";
    case Misfit::kOwnerDenied:
      return "exclude fewer owners in not_owners";
    case Misfit::kRuntimeProfile:
      return "drop runtime_profile";
    case Misfit::kTooNew:
      return "wait for the next block";
    case Misfit::kNone:
    case Misfit::kRuntimeKind:
    case Misfit::kFailedBefore:
      return {};
  }
  return {};
}

const market::PreviewReason* most_helpful(const PreviewReport& report) {
  const market::PreviewReason* best = nullptr;
  for (const market::PreviewReason& reason : report.reasons) {
    if (advice_for(reason).empty() || reason.alone == 0) continue;
    if (best == nullptr || reason.alone > best->alone) best = &reason;
  }
  return best;
}

std::string matches_text(const PreviewReport& report, const market::BidTerms& terms) {
  Rows rows{{"HOST", "COUNTRY", "STANDING", "ASKS", "WINS", "IS PAID"}};
  if (terms.near) rows[0].insert(rows[0].begin() + 2, "KM");
  for (const market::PreviewMatch& match : report.matches) {
    rows.push_back({short_id(match.host), match.location.country, std::to_string(match.standing),
                    per_hour(match.hourly, match.asked), std::to_string(match.replicas),
                    match.cleared ? per_hour(match.hourly, *match.cleared) : "-"});
    if (terms.near) {
      rows.back().insert(rows.back().begin() + 2, std::to_string(match.distance_km));
    }
  }
  return table(rows) + (report.more_matches ? "and more; --matches shows up to 256\n" : "");
}

std::string report_text(const PreviewReport& report, const market::BidTerms& terms) {
  std::string out = fmt::format(
      "At height {}, of {} that take part: {} of {} wanted would be leased.\n", report.height,
      count_of(report.offers, "Offer"), report.found, count_of(report.wanted, "replica"));
  if (report.offers == 0) {
    return out + "No Host offers anything at this moment. See: fogcoin host list\n";
  }
  out += report.matches.empty() ? "No Host can serve it.\n" : matches_text(report, terms);
  const std::uint64_t refused = report.looked_at - report.can_serve;
  if (refused == 0) return out;
  out += "\n" + count_of(refused, "Host") + " cannot serve it";
  if (report.looked_at < report.offers) {
    out += fmt::format(" (of the {} that were looked at, the cheapest)", report.looked_at);
  }
  out += ", by the first reason of each:\n";
  for (const market::PreviewReason& reason : report.reasons) {
    out += fmt::format("  {} {}", reason.hosts, market::misfit_text(reason.why));
    if (reason.alone > 0) {
      const std::string nearest = nearest_text(reason);
      out += fmt::format("; {} for that alone", reason.alone);
      if (!nearest.empty()) out += ": " + nearest;
    }
    out += "\n";
  }
  if (const market::PreviewReason* best = most_helpful(report)) {
    out += fmt::format("What would help most: {} (up to {} more)\n", advice_for(*best),
                       count_of(best->alone, "Host"));
  }
  return out;
}

ErrorOr<void> preview(Context& context, const BidOptions& options, std::uint16_t matches) {
  TRY(const BidDraft draft, draft_bid(context, options));
  TRY(const PreviewReport report, preview_bid(context.node(), draft, matches));
  Json json = rpc::to_json(report);
  const market::PreviewReason* best = most_helpful(report);
  json["advice"] = best == nullptr ? Json(nullptr) : Json(advice_for(*best));
  context.print(json, report_text(report, draft.terms));
  return {};
}

}  // namespace

void add_preview_command(CLI::App& bid, Chosen& chosen) {
  auto options = std::make_shared<BidOptions>();
  auto matches = std::make_shared<std::uint16_t>(20);
  auto* command = bid.add_subcommand(
      "preview",
      "Which Hosts would serve a manifest's bid, in which order and at what price, and why others "
      "would not; pays nothing");
  command
      ->add_option("MANIFEST", options->manifest,
                   "service.yaml or .json, with or without a section `bid:`")
      ->required()
      ->check(CLI::ExistingFile);
  add_term_options(*command, *options);
  command->add_option("--matches", *matches, "how many Hosts to show at most, 1 to 256")
      ->check(CLI::Range(1, 256));
  command->callback([&chosen, options, matches] {
    chosen.command = [options, matches](Context& c) { return preview(c, *options, *matches); };
  });
}

}  // namespace fog::cli
