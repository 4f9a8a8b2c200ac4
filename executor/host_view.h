// HostView: what the chain says about one Host, read through NodeApi: its record, the market's
// numbers, its leases and what each of them runs.
#pragma once

#include <map>

#include "chain/api/node_api.h"
#include "executor/front_frames.h"

namespace fog::executor {

struct HostView {
  ChainStatus status;
  market::MarketParams params;
  market::Host host;
  // Terms of leases that are this Host's: open ones, and closed ones whose receipts may still come.
  std::map<ReplicaId, market::Lease> leases;
};

// kNotFound when there is no such Host.
ErrorOr<HostView> read_host_view(NodeApi& node, const market::HostId& host);

// How long the leaves of a request can be asked for: from its end until the audit window of a
// receipt over it is over.
std::uint64_t leaves_keep_ms(const market::MarketParams& params);

// A term of a lease, wherever its record stands by now; nothing once it is forgotten.
ErrorOr<std::optional<market::Lease>> read_term(NodeApi& node, const ReplicaId& replica);

// What a lease runs and who may forward to it.
struct LeaseWork {
  market::Service service;
  market::Bid bid;
  std::vector<market::Gateway> gateways;  // authorized by the bid, as far as they are registered
  std::vector<std::string> endpoints;  // where artifacts can be fetched: those gateways, then all
};
ErrorOr<LeaseWork> read_lease_work(NodeApi& node, const market::Lease& lease);

}  // namespace fog::executor
