#include "rpc/gateway/routes.h"

#include <algorithm>

#include <spdlog/spdlog.h>

#include "chain/base/clock.h"
#include "chain/base/url.h"
#include "market/types/concurrency.h"
#include "market/types/ticket.h"
#include "market/types/tunnel.h"
#include "rpc/gateway/service_load.h"

namespace fog::gateway {
namespace {

// Enough for the networks this gateway reads whole; beyond it the refresh says so instead of
// forgetting.
constexpr std::size_t kRecordsMax = 100'000;

bool serves(const market::Lease& lease) {
  return lease.state == market::LeaseState::kActive ||
         lease.state == market::LeaseState::kClosing ||
         lease.state == market::LeaseState::kReserved;
}

// How long a ticket counts: its Host tells the chain at once.
constexpr std::uint64_t kTicketMs = 60'000;

}  // namespace

std::string Replica::ticket() const {
  const std::lock_guard lock(ticket_mutex_);
  return ticket_;
}

void Replica::set_ticket(std::string ticket) {
  const std::lock_guard lock(ticket_mutex_);
  ticket_ = std::move(ticket);
}

Routes::Routes(NodeApi& node, SecretKey gateway_key, std::string folder)
    : node_(&node),
      key_(std::move(gateway_key)),
      address_(address_of(key_.public_key())),
      folder_(std::move(folder)) {}

Routes::Routes(SecretKey gateway_key)
    : node_(nullptr), key_(std::move(gateway_key)), address_(address_of(key_.public_key())) {}

ErrorOr<std::vector<market::Lease>> Routes::leases_of(const std::string& service, Route& route) {
  TRY(const auto bids, read_index<market::Bid>(*node_, market::bids_by_service(service),
                                               state_key(Table::kBid), kRecordsMax));
  std::vector<market::Lease> out;
  route.state = ServiceState::kNoBid;
  for (const market::Bid& bid : bids) {
    const auto& allowed = bid.terms.gateways;
    if (std::find(allowed.begin(), allowed.end(), address_) == allowed.end()) continue;
    if (bid.closed == market::CloseReason::kOpen && route.bid == nullptr) {
      route.state = ServiceState::kNoReplica;
      route.bid = std::make_shared<const market::Bid>(bid);
    }
    TRY(auto found, read_index<market::Lease>(*node_, market::leases_by_bid(bid.id),
                                              state_key(Table::kLease), kRecordsMax));
    route.starting += static_cast<std::uint32_t>(
        std::count_if(found.begin(), found.end(), [](const market::Lease& lease) {
          return lease.state == market::LeaseState::kProposed && !lease.reserved;
        }));
    std::erase_if(found, [](const market::Lease& lease) { return !serves(lease); });
    std::move(found.begin(), found.end(), std::back_inserter(out));
  }
  const bool any_serves = std::any_of(out.begin(), out.end(), [](const market::Lease& lease) {
    return lease.state != market::LeaseState::kReserved;
  });
  if (any_serves) route.state = ServiceState::kServed;
  return out;
}

ErrorOr<std::shared_ptr<Replica>> Routes::open_replica(const market::Lease& lease,
                                                       const market::Manifest& manifest) {
  TRY(const auto host, read_record<market::Host>(*node_, market::host_key(lease.host)));
  if (!host) return fail(ErrorCode::kNotFound, "the lease's Host is not on the chain");
  auto replica = std::make_shared<Replica>();
  replica->lease = lease.id;
  replica->term = lease.term;
  replica->host = lease.host;
  replica->manifest = manifest;
  const auto endpoint = parse_url(std::string_view(host->endpoint));
  if (!endpoint)
    return fail(ErrorCode::kInvalidInput, "the Host's endpoint is no URL: " + host->endpoint);
  replica->address = endpoint->at.host;
  replica->port = std::to_string(endpoint->at.port);
  if (const auto place = market::tunnel_place(endpoint->path)) {
    replica->place = endpoint->path;
    replica->tunnel = place->operator_key;
  }
  replica->link_key = market::make_link_key(key_, host->operator_key, lease.id, lease.term);
  const std::string path =
      folder_ + "/" + to_hex(lease.id) + "." + std::to_string(lease.term) + ".vouchers";
  TRY(auto book, VoucherBook::open(path, chain_id_, lease.id, lease.term, key_));
  replica->book = std::move(book);
  return replica;
}

void Routes::keep_unvouched(ReplicaMap& replicas) const {
  for (const auto& [id, replica] : replicas_) {
    if (replicas.contains(id)) continue;
    const auto pending = replica->book->update(true);
    if (replica->standing.open() > 0 || (pending && pending->has_value()))
      replicas.emplace(id, replica);
  }
}

void Routes::serve_only(const std::string& service, const std::shared_ptr<Replica>& replica) {
  Route route;
  route.load = load_of(service);
  route.state = replica == nullptr ? ServiceState::kNoReplica : ServiceState::kServed;
  ReplicaMap replicas;
  if (replica != nullptr) {
    route.replicas.push_back(replica);
    replicas.emplace(std::make_pair(replica->lease, replica->term), replica);
  }
  const std::lock_guard lock(mutex_);
  keep_unvouched(replicas);
  routes_.clear();
  routes_[service] = std::move(route);
  replicas_ = std::move(replicas);
}

ErrorOr<void> Routes::refresh() {
  if (node_ == nullptr) return {};
  const std::lock_guard refreshing(refresh_mutex_);
  TRY(const auto status, node_->status());
  chain_id_ = status.chain_id;
  TRY(const auto services, read_index<market::Service>(*node_, market::all_services(),
                                                       state_key(Table::kService), kRecordsMax));
  if (services.size() == kRecordsMax) {
    spdlog::warn("only the first {} services of the network are served", kRecordsMax);
  }
  std::map<std::string, Route> routes;
  std::map<Hash32, std::uint64_t> artifacts;
  ReplicaMap replicas;
  std::vector<std::shared_ptr<ServiceLoad>> changed;
  for (const market::Service& service : services) {
    // An image in a registry is not for gateways to keep.
    if (service.manifest.image.empty())
      artifacts[service.manifest.artifact] = service.manifest.artifact_bytes;
    Route& route = routes[service.name];
    TRY(const auto leases, leases_of(service.name, route));
    route.load = load_of(service.name);
    if (route.bid) route.slots = market::slots_of(route.bid->terms.resources, service.manifest);
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
      add(route, lease, replica);
      replicas.emplace(id, replica);
    }
  }
  for (const auto& [name, route] : routes) {
    if (!route.replicas.empty() || !start_trouble(route).reason.empty())
      changed.push_back(route.load);
  }
  std::unique_lock lock(mutex_);
  block_ms_ = status.time_ms;
  std::erase_if(opened_, [&](const auto& each) { return !replicas.contains(each.first); });
  // A replica whose lease ended stays until its last voucher has been given.
  keep_unvouched(replicas);
  routes_ = std::move(routes);
  artifacts_ = std::move(artifacts);
  replicas_ = std::move(replicas);
  lock.unlock();
  for (const auto& load : changed) load->gate.open();
  return {};
}

// Whether this gateway has opened the reservation, and the chain may still hear of it.
bool Routes::is_opened(const market::Lease& lease) {
  const std::lock_guard lock(mutex_);
  const auto it = opened_.find({lease.id, lease.term});
  return it != opened_.end() && it->second.number > lease.ticket &&
         block_ms_ <= it->second.until_ms;
}

void Routes::add(Route& route, const market::Lease& lease,
                 const std::shared_ptr<Replica>& replica) {
  const bool reserved = lease.state == market::LeaseState::kReserved;
  if (!reserved) replica->set_ticket({});
  replica->last_ticket = lease.ticket;
  (reserved && !is_opened(lease) ? route.reserved : route.replicas).push_back(replica);
}

std::shared_ptr<Replica> Routes::open(const std::string& service) {
  const std::lock_guard lock(mutex_);
  const auto found = routes_.find(service);
  if (found == routes_.end() || found->second.reserved.empty()) return nullptr;
  Route& route = found->second;
  const std::shared_ptr<Replica> replica = route.reserved.front();
  route.reserved.erase(route.reserved.begin());
  const std::uint64_t until_ms = std::max(block_ms_, system_clock().wall_ms()) + kTicketMs;
  const market::Ticket ticket{chain_id_, replica->lease,           replica->term,
                              address_,  replica->last_ticket + 1, until_ms};
  replica->set_ticket(to_hex(bcs_encode(market::sign_ticket(ticket, key_))));
  opened_[{replica->lease, replica->term}] = {ticket.number, until_ms};
  route.replicas.push_back(replica);
  return replica;
}

std::shared_ptr<ServiceLoad> Routes::load_of(const std::string& service) const {
  const std::lock_guard lock(mutex_);
  const auto known = routes_.find(service);
  return known != routes_.end() && known->second.load ? known->second.load
                                                      : std::make_shared<ServiceLoad>();
}

StartTrouble start_trouble(const Route& route) {
  if (route.bid == nullptr || !route.replicas.empty() || route.starting > 0) return {};
  const market::Bid& bid = *route.bid;
  if (bid.terms.replicas_min + bid.replicas_demanded == 0) return {};
  if (bid.sleep_until_ms != 0)
    return {"no-host",
            "no Host on the chain offers what its bid asks for, at a price within its cap"};
  if (bid.low_since_ms != 0)
    return {"no-money", "what is left in its bid's escrow pays for no replica"};
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
