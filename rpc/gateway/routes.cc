#include "rpc/gateway/routes.h"

#include <algorithm>

#include <spdlog/spdlog.h>

namespace fog::gateway {
namespace {

// Enough for the networks this gateway reads whole; beyond it the refresh says so instead of
// forgetting.
constexpr std::size_t kRecordsMax = 100'000;
constexpr std::size_t kKeysPerCall = 256;

template <class T>
ErrorOr<std::vector<T>> read_all(NodeApi& node, const std::vector<StateKey>& keys) {
  std::vector<T> out;
  for (std::size_t at = 0; at < keys.size(); at += kKeysPerCall) {
    const std::size_t end = std::min(keys.size(), at + kKeysPerCall);
    TRY(const auto values, node.state_get({keys.begin() + static_cast<std::ptrdiff_t>(at),
                                           keys.begin() + static_cast<std::ptrdiff_t>(end)}));
    for (const auto& value : values) {
      if (!value) continue;  // erased between the scan and this call
      auto decoded = bcs_decode<T>(*value);
      if (!decoded) return fail(ErrorCode::kProtocol, "the node sent a record that cannot be read");
      out.push_back(*std::move(decoded));
    }
  }
  return out;
}

// The last 32 bytes of each index key, as keys of another table.
std::vector<StateKey> tails(const std::vector<StateRecord>& index, std::size_t prefix,
                            Table table) {
  std::vector<StateKey> out;
  for (const StateRecord& record : index) {
    out.push_back(state_key(table, {ByteView(record.key).subspan(prefix)}));
  }
  return out;
}

bool split_endpoint(const std::string& endpoint, std::string& address, std::string& port) {
  const std::size_t scheme = endpoint.find("://");
  const std::size_t colon = endpoint.rfind(':');
  if (scheme == std::string::npos || colon <= scheme + 2) return false;
  address = endpoint.substr(scheme + 3, colon - scheme - 3);
  port = endpoint.substr(colon + 1);
  if (address.starts_with('[') && address.ends_with(']'))
    address = address.substr(1, address.size() - 2);
  return !address.empty() && !port.empty();
}

bool serves(const market::Lease& lease) {
  return lease.state == market::LeaseState::kActive || lease.state == market::LeaseState::kClosing;
}

}  // namespace

Routes::Routes(NodeApi& node, SecretKey gateway_key, std::string folder)
    : node_(node),
      key_(std::move(gateway_key)),
      address_(address_of(key_.public_key())),
      folder_(std::move(folder)) {}

ErrorOr<std::vector<market::Lease>> Routes::leases_of(const std::string& service,
                                                      ServiceState& state) {
  const StateKey prefix = market::bids_by_service(service);
  TRY(const auto bid_index, scan_prefix(node_, prefix, kRecordsMax));
  TRY(const auto bids, read_all<market::Bid>(node_, tails(bid_index, prefix.size(), Table::kBid)));
  std::vector<market::Lease> out;
  state = ServiceState::kNoBid;
  for (const market::Bid& bid : bids) {
    const auto& allowed = bid.terms.gateways;
    if (std::find(allowed.begin(), allowed.end(), address_) == allowed.end()) continue;
    if (bid.closed == market::CloseReason::kOpen && state == ServiceState::kNoBid) {
      state = ServiceState::kNoReplica;
    }
    const StateKey leases = market::leases_by_bid(bid.id);
    TRY(const auto lease_index, scan_prefix(node_, leases, kRecordsMax));
    TRY(auto found,
        read_all<market::Lease>(node_, tails(lease_index, leases.size(), Table::kLease)));
    std::erase_if(found, [](const market::Lease& lease) { return !serves(lease); });
    std::move(found.begin(), found.end(), std::back_inserter(out));
  }
  if (!out.empty()) state = ServiceState::kServed;
  return out;
}

ErrorOr<std::shared_ptr<Replica>> Routes::open_replica(const market::Lease& lease,
                                                       const market::Manifest& manifest) {
  TRY(const auto host, read_record<market::Host>(node_, market::host_key(lease.host)));
  if (!host) return fail(ErrorCode::kNotFound, "the lease's Host is not on the chain");
  auto replica = std::make_shared<Replica>();
  replica->lease = lease.id;
  replica->term = lease.term;
  replica->host = lease.host;
  replica->manifest = manifest;
  if (!split_endpoint(host->endpoint, replica->address, replica->port)) {
    return fail(ErrorCode::kInvalidInput, "the Host's endpoint is no URL: " + host->endpoint);
  }
  replica->link_key = market::make_link_key(key_, host->operator_key, lease.id, lease.term);
  const std::string path =
      folder_ + "/" + to_hex(lease.id) + "." + std::to_string(lease.term) + ".vouchers";
  TRY(auto book, VoucherBook::open(path, chain_id_, lease.id, lease.term, key_));
  replica->book = std::move(book);
  return replica;
}

ErrorOr<void> Routes::refresh() {
  const std::lock_guard refreshing(refresh_mutex_);
  if (chain_id_.is_zero()) {
    TRY(const auto status, node_.status());
    chain_id_ = status.chain_id;
  }
  const StateKey prefix = market::all_services();
  TRY(const auto service_index, scan_prefix(node_, prefix, kRecordsMax));
  TRY(const auto services,
      read_all<market::Service>(node_, tails(service_index, prefix.size(), Table::kService)));
  std::map<std::string, Route> routes;
  std::map<Hash32, std::uint64_t> artifacts;
  ReplicaMap replicas;
  for (const market::Service& service : services) {
    artifacts[service.manifest.artifact] = service.manifest.artifact_bytes;
    Route& route = routes[service.name];
    TRY(const auto leases, leases_of(service.name, route.state));
    for (const market::Lease& lease : leases) {
      const auto id = std::make_pair(lease.id, lease.term);
      const auto known =
          replicas_.find(id);  // only refresh() writes replicas_, under refresh_mutex_
      std::shared_ptr<Replica> replica;
      if (known != replicas_.end()) {
        replica = known->second;
      } else {
        // One Host that cannot be used must not take the others from the End Users.
        auto opened = open_replica(lease, service.manifest);
        if (!opened) {
          spdlog::warn("lease {} is not served: {}", to_hex(lease.id), opened.error().context);
          continue;
        }
        replica = *std::move(opened);
      }
      route.replicas.push_back(replica);
      replicas.emplace(id, replica);
    }
  }
  const std::lock_guard lock(mutex_);
  // A replica whose lease ended stays until its last voucher has been given.
  for (const auto& [id, replica] : replicas_) {
    if (replicas.contains(id)) continue;
    const auto pending = replica->book->update(true);
    if (replica->in_flight > 0 || (pending && pending->has_value())) replicas.emplace(id, replica);
  }
  routes_ = std::move(routes);
  artifacts_ = std::move(artifacts);
  replicas_ = std::move(replicas);
  return {};
}

Route Routes::find(const std::string& service) const {
  const std::lock_guard lock(mutex_);
  const auto found = routes_.find(service);
  return found == routes_.end() ? Route{} : found->second;
}

std::optional<std::uint64_t> Routes::artifact_bytes(const Hash32& digest) const {
  const std::lock_guard lock(mutex_);
  const auto found = artifacts_.find(digest);
  if (found == artifacts_.end()) return std::nullopt;
  return found->second;
}

std::vector<std::shared_ptr<Replica>> Routes::all() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::shared_ptr<Replica>> out;
  for (const auto& [id, replica] : replicas_) out.push_back(replica);
  return out;
}

std::vector<std::string> Routes::services() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> out;
  for (const auto& [name, route] : routes_) out.push_back(name);
  return out;
}

}  // namespace fog::gateway
