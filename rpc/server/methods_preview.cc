// market_preview: what a Bid would find, before anything is paid.
#include "market/types/preview.h"
#include "rpc/json/schema.h"
#include "rpc/server/method.h"

namespace fog::rpc {
namespace {

using detail::schema_of;

// Terms in full: a preview is asked with what would stand in the Bid.
constexpr const char* kExample = R"({"terms": {
  "service": "echo", "replicas_min": 1, "replicas_max": 1,
  "resources": {"cpu_milli": 500, "memory_mib": 128, "storage_mib": 0, "egress_mbps": 0,
                "gpu": null},
  "profile": {"fuel": "1000000000", "egress_bytes": "0", "requests": "100"},
  "cap_step": 60,
  "unit_caps": {"cpu_core_hour": null, "memory_gib_hour": null, "storage_gib_month": null,
                "gpu_hour": null, "gfuel": null, "egress_gib": null, "million_requests": null},
  "spend_per_hour_max": "1000000000",
  "constraints": {"countries": ["DE"], "not_countries": [], "cells": [], "distance_max_km": 0,
                  "latency_max_us": 0,
                  "attributes": [{"key": "disk", "op": "in", "values": ["ssd", "nvme"],
                                  "audited": false}],
                  "auditors": [], "only_hosts": [], "not_hosts": [], "only_owners": [],
                  "not_owners": [], "runtime": null, "standing_min": 0, "per_host_max": 1,
                  "per_owner_max": 255, "per_country_max": 255},
  "near": null, "latency_weight": 0, "verification": "none", "gateways": [], "lease_ms": "0",
  "start_by_ms": "0", "warm": 0, "demands_per_hour": 0}})";

Method market_preview() {
  return {
      .name = "market_preview",
      .summary =
          "What a Bid with these terms would find now: the Hosts that can serve it, in the "
          "auction's order, and the reasons of those that cannot.",
      .params = {{"terms",
                  "As in create_bid. The service need not be published nor gateways be named.",
                  schema_of<market::BidTerms>()},
                 {"runtime", "Of the service. Default \"wasm\".", schema_of<market::RuntimeKind>(),
                  false},
                 {"matches_max", "At most so many matches, 1 to 256. Default 20.",
                  schema_of<std::uint32_t>(), false}},
      .result = schema_of<market::PreviewReport>(),
      .errors = {kUnavailable, kLimitReached},
      .example_params = kExample,
      .example_result =
          R"({"offers": "2", "looked_at": "2", "found": 1, "matches": [{"asked": 9000, "cleared": 10000, "replicas": 1}], "reasons": [{"why": "price_cap", "hosts": "1", "alone": "1"}]})",
      .cost = 500,
      .is_dear = true,
      .run = [](NodeApi& node, const Args& args) -> Outcome {
        market::PreviewRequest request;
        FOG_ARG(request.terms, args.get<market::BidTerms>("terms"));
        FOG_ARG(request.runtime, args.get_or<market::RuntimeKind>("runtime", request.runtime));
        FOG_ARG(const std::uint32_t most,
                args.get_or<std::uint32_t>("matches_max", request.matches_max));
        if (most < 1 || most > market::kPreviewMatchesMax) {
          return refuse({ErrorCode::kInvalidInput, "matches_max: expected 1 to 256"});
        }
        request.matches_max = static_cast<std::uint16_t>(most);
        FOG_ARG(const Bytes bytes, node.market_preview(bcs_encode(request)));
        const auto report = bcs_decode<market::PreviewReport>(bytes);
        if (!report) {
          return refuse({ErrorCode::kProtocol, "the node's preview cannot be decoded"});
        }
        return Answer(to_json(*report));
      }};
}

}  // namespace

void add_preview_methods(std::vector<Method>& out) {
  out.push_back(market_preview());
}

}  // namespace fog::rpc
