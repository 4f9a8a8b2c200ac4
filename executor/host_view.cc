#include "executor/host_view.h"

#include <algorithm>

namespace fog::executor {
namespace {

constexpr std::size_t kLeasesMax = 4'096;
constexpr std::size_t kGatewaysMax = 64;
constexpr std::size_t kKeysPerRead = 256;

template <class T>
ErrorOr<T> must_read(NodeApi& node, const StateKey& key, std::string_view what) {
  TRY(auto record, read_record<T>(node, key));
  if (!record) return fail(ErrorCode::kNotFound, "the chain has no " + std::string(what));
  return *std::move(record);
}

// Records under many keys, in bounded reads.
template <class T>
ErrorOr<std::vector<T>> read_many(NodeApi& node, const std::vector<StateKey>& keys) {
  std::vector<T> out;
  for (std::size_t at = 0; at < keys.size(); at += kKeysPerRead) {
    const std::size_t end = std::min(keys.size(), at + kKeysPerRead);
    TRY(const auto values, node.state_get({keys.begin() + static_cast<std::ptrdiff_t>(at),
                                           keys.begin() + static_cast<std::ptrdiff_t>(end)}));
    for (const auto& value : values) {
      if (!value) continue;  // gone between the two reads
      auto decoded = bcs_decode<T>(*value);
      if (!decoded) return fail(ErrorCode::kProtocol, "a state record cannot be decoded");
      out.push_back(*std::move(decoded));
    }
  }
  return out;
}

}  // namespace

ErrorOr<HostView> read_host_view(NodeApi& node, const market::HostId& host) {
  HostView view;
  TRY(view.status, node.status());
  TRY(view.params,
      must_read<market::MarketParams>(node, market::market_params_key(), "market parameters"));
  TRY(view.host, must_read<market::Host>(node, market::host_key(host), "Host with this id"));
  const StateKey prefix = market::leases_by_host(host);
  TRY(const auto entries, scan_prefix(node, prefix, kLeasesMax));
  std::vector<StateKey> keys;
  for (const StateRecord& entry : entries) {
    const auto id = fixed_from<32>(ByteView(entry.key).subspan(prefix.size()));
    if (id) keys.push_back(market::lease_key(*id));
  }
  TRY(auto leases, read_many<market::Lease>(node, keys));
  for (market::Lease& lease : leases) {
    // The index names the lease; its latest term may be another Host's by now.
    if (lease.host == host) view.leases.emplace(ReplicaId{lease.id, lease.term}, lease);
  }
  return view;
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
  TRY(work.gateways, read_many<market::Gateway>(node, keys));
  for (const market::Gateway& gateway : work.gateways) work.endpoints.push_back(gateway.endpoint);
  const StateKey prefix = market::all_gateways();
  TRY(const auto entries, scan_prefix(node, prefix, kGatewaysMax));
  keys.clear();
  for (const StateRecord& entry : entries) {
    const auto owner = fixed_from<20>(ByteView(entry.key).subspan(prefix.size()));
    if (owner) keys.push_back(market::gateway_key(*owner));
  }
  TRY(const auto others, read_many<market::Gateway>(node, keys));
  for (const market::Gateway& gateway : others) {
    const std::string endpoint = gateway.endpoint;
    if (std::find(work.endpoints.begin(), work.endpoints.end(), endpoint) == work.endpoints.end()) {
      work.endpoints.push_back(endpoint);
    }
  }
  return work;
}

}  // namespace fog::executor
