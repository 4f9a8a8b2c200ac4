#include "rpc/programs/cli/bid_terms.h"

#include "chain/base/file.h"

namespace fog::cli {
namespace {

market::BidTerms default_terms(const market::ServiceName& name, const market::Manifest& manifest) {
  market::BidTerms terms;
  terms.service = name;
  terms.resources.cpu_milli = 100;
  terms.resources.memory_mib = manifest.memory_mib;
  terms.resources.storage_mib = manifest.keyvalue_mib;
  terms.profile.requests = 3'600;
  terms.profile.fuel = 100'000'000'000;
  terms.profile.egress_bytes = 64ULL << 20;
  return terms;
}

// The dearest class at twice its vector: an honest Host's ask fits below.
ErrorOr<std::uint8_t> default_cap(Context& context, const market::BidTerms& terms) {
  TRY(const auto params,
      read_one<market::MarketParams>(context.node(), market::market_params_key(), "parameters"));
  std::uint64_t dearest = 1;
  for (const market::PriceClass& one : params.classes) {
    const auto hourly = market::hourly_at_scale_one(one.prices, terms.resources, terms.profile);
    if (hourly) dearest = std::max(dearest, *hourly);
  }
  return rpc::cap_step_for(Amount{dearest * 2});
}

}  // namespace

market::BidTerms terms_of(const rpc::ServiceFile& file) {
  return file.bid ? file.bid->terms : default_terms(file.name, file.manifest);
}

ErrorOr<market::PreviewReport> preview_bid(NodeApi& node, const BidDraft& draft,
                                           std::uint16_t matches_max) {
  const market::PreviewRequest request{draft.terms, draft.runtime, matches_max};
  TRY(const Bytes bytes, node.market_preview(bcs_encode(request)));
  const auto report = bcs_decode<market::PreviewReport>(bytes);
  if (!report) return fail(ErrorCode::kProtocol, "the node's preview cannot be decoded");
  return *report;
}

void add_term_options(CLI::App& command, BidOptions& options) {
  command.add_option("--replicas", options.replicas, "how many to run at once");
  command.add_option("--cpu-milli", options.cpu_milli, "thousandths of a core to reserve for each");
  command.add_option("--memory-mib", options.memory_mib, "memory to reserve for each");
  command.add_option("--price-cap", options.price_cap,
                     "most an hour of a replica may cost at its profile, e.g. \"0.5 FOG\"");
  command.add_option("--spend-cap", options.spend_cap,
                     "most an hour of a replica can ever cost, rent and use");
}

ErrorOr<BidDraft> draft_bid(Context& context, const BidOptions& options) {
  BidDraft draft;
  market::BidTerms& terms = draft.terms;
  bool from_file = false;
  if (!options.manifest.empty()) {
    TRY(const Bytes text, read_file(options.manifest, rpc::kManifestFileBytesMax));
    TRY(const auto file, rpc::parse_service_file(as_text(text), options.manifest));
    draft.runtime = file.manifest.runtime;
    terms = terms_of(file);
    if (file.bid) {
      draft.deposit = file.bid->deposit;
      from_file = true;
    }
    if (file.bid && file.bid->start_within_ms != 0) {
      TRY(const ChainStatus status, context.node().status());
      terms.start_by_ms = status.time_ms + file.bid->start_within_ms;
    }
  } else {
    TRY(const auto service,
        read_one<market::Service>(
            context.node(), market::service_key(options.service),
            "service '" + options.service + "' on the chain; publish it first"));
    draft.runtime = service.manifest.runtime;
    terms = default_terms(service.name, service.manifest);
  }
  if (options.replicas) terms.replicas_min = terms.replicas_max = *options.replicas;
  if (options.cpu_milli) terms.resources.cpu_milli = *options.cpu_milli;
  if (options.memory_mib) terms.resources.memory_mib = *options.memory_mib;
  if (!options.price_cap.empty()) {
    TRY(const auto cap, parse_amount(options.price_cap, "--price-cap"));
    TRY(terms.cap_step, rpc::cap_step_for(cap));
  } else if (!from_file) {
    TRY(terms.cap_step, default_cap(context, terms));
  }
  if (!options.spend_cap.empty()) {
    TRY(terms.spend_per_hour_max, parse_amount(options.spend_cap, "--spend-cap"));
  } else if (!from_file) {
    terms.spend_per_hour_max = Amount{market::cap_of_step(terms.cap_step) * 4};
  }
  return draft;
}

}  // namespace fog::cli
