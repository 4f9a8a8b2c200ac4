// The terms of a bid as a manifest and the command line's options make them.
#pragma once

#include "market/types/preview.h"
#include "rpc/json/manifest.h"
#include "rpc/programs/cli/context.h"

namespace fog::cli {

struct BidOptions {
  std::string manifest;
  std::string service;
  std::optional<std::uint16_t> replicas;
  std::optional<std::uint32_t> cpu_milli;
  std::optional<std::uint32_t> memory_mib;
  std::string price_cap;
  std::string spend_cap;
  std::string deposit;
  std::vector<std::string> gateways;
};
// --replicas, --cpu-milli, --memory-mib, --price-cap, --spend-cap.
void add_term_options(CLI::App& command, BidOptions& options);

struct BidDraft {
  market::BidTerms terms;  // gateways as the manifest names them, or none
  std::optional<Amount> deposit;
  market::RuntimeKind runtime = market::RuntimeKind::kWasmCommand;
};
// Of options.manifest, or of the published options.service. Where there is no section `bid:`, what
// a small request-and-answer service needs, capped at twice the dearest class.
ErrorOr<BidDraft> draft_bid(Context& context, const BidOptions& options);

// What a file asks of the market: its section `bid:`, or what a small request-and-answer service
// needs, without caps.
market::BidTerms terms_of(const rpc::ServiceFile& file);
// What the node says that the draft would find now.
ErrorOr<market::PreviewReport> preview_bid(NodeApi& node, const BidDraft& draft,
                                           std::uint16_t matches_max);

void add_preview_command(CLI::App& bid, Chosen& chosen);

}  // namespace fog::cli
