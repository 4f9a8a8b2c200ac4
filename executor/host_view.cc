#include "executor/host_view.h"

#include <algorithm>

namespace fog::executor {
namespace {

constexpr std::size_t kLeasesMax = 4'096;
constexpr std::size_t kGatewaysMax = 64;

template <class T>
ErrorOr<T> must_read(NodeApi& node, const StateKey& key, std::string_view what) {
  TRY(auto record, read_record<T>(node, key));
  if (!record) return fail(ErrorCode::kNotFound, "the chain has no " + std::string(what));
  return *std::move(record);
}

}  // namespace

ErrorOr<HostView> read_host_view(NodeApi& node, const market::HostId& host) {
  HostView view;
  TRY(view.status, node.status());
  TRY(view.params,
      must_read<market::MarketParams>(node, market::market_params_key(), "market parameters"));
  TRY(view.host, must_read<market::Host>(node, market::host_key(host), "Host with this id"));
  TRY(const auto leases, read_index<market::Lease>(node, market::leases_by_host(host),
                                                   state_key(Table::kLease), kLeasesMax));
  for (const market::Lease& lease : leases) {
    // The index names the lease; its latest term may be another Host's by now.
    if (lease.host == host) view.leases.emplace(ReplicaId{lease.id, lease.term}, lease);
  }
  return view;
}

std::uint64_t leaves_keep_ms(const market::MarketParams& params) {
  return params.receipt_interval_ms + params.final_receipt_window_ms + params.audit_window_ms;
}

ErrorOr<std::optional<market::Lease>> read_term(NodeApi& node, const ReplicaId& replica) {
  for (const StateKey& key :
       {market::lease_key(replica.lease), market::past_term_key(replica.lease, replica.term)}) {
    TRY(auto lease, read_record<market::Lease>(node, key));
    if (lease && lease->term == replica.term) return lease;
  }
  return std::optional<market::Lease>();
}

ErrorOr<LeaseWork> read_lease_work(NodeApi& node, const market::Lease& lease) {
  LeaseWork work;
  TRY(work.service, must_read<market::Service>(node, market::service_key(lease.service),
                                               "service with that name"));
  TRY(work.bid, must_read<market::Bid>(node, market::bid_key(lease.bid), "bid with that id"));
  std::vector<StateKey> keys;
  for (const Address& gateway : work.bid.terms.gateways) {
    keys.push_back(market::gateway_key(gateway));
  }
  TRY(work.gateways, read_records<market::Gateway>(node, keys));
  for (const market::Gateway& gateway : work.gateways) work.endpoints.push_back(gateway.endpoint);
  TRY(const auto others, read_index<market::Gateway>(node, market::all_gateways(),
                                                     state_key(Table::kGateway), kGatewaysMax));
  for (const market::Gateway& gateway : others) {
    const std::string endpoint = gateway.endpoint;
    if (std::find(work.endpoints.begin(), work.endpoints.end(), endpoint) == work.endpoints.end()) {
      work.endpoints.push_back(endpoint);
    }
  }
  return work;
}

}  // namespace fog::executor
