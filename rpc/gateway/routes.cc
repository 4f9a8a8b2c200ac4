#include "rpc/gateway/routes.h"

#include <algorithm>

#include <spdlog/spdlog.h>

#include "chain/base/clock.h"
#include "chain/base/url.h"
#include "market/types/concurrency.h"
#include "market/types/event.h"
#include "market/types/ticket.h"
#include "market/types/tunnel.h"
#include "rpc/gateway/service_load.h"

namespace fog::gateway {
namespace {

// Enough for the networks this gateway reads whole; beyond it the refresh says so instead of
// forgetting.
constexpr std::size_t kRecordsMax = 100'000;

// Everything is read again so often, whatever events have told.
constexpr std::uint64_t kAllEveryNs = 60'000'000'000;
// And when somebody asks for what is not known at most so often, a tenth of the time at most.
constexpr std::uint64_t kAllPauseNs = 500'000'000;
constexpr std::uint64_t kAllShare = 10;
constexpr std::uint32_t kEventsAPage = 1'000;

bool is_wanted(const market::Bid& bid) {
  return bid.terms.replicas_min + bid.replicas_demanded > 0;
}

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
  const std::uint64_t now_ns = system_clock().monotonic_ns();
  // Events are forgotten after a while, and a node that takes another's place may lag behind it.
  const bool follows = all_read_ns_ != 0 && now_ns - all_read_ns_ < kAllEveryNs &&
                       status.height >= height_ && status.height > 0;
  return follows ? refresh_changed(status) : refresh_all(status);
}

bool Routes::look_again() {
  if (node_ == nullptr) return false;
  const std::unique_lock refreshing(refresh_mutex_, std::try_to_lock);
  if (!refreshing) return false;
  const std::uint64_t pause_ns = std::max(kAllPauseNs, all_took_ns_ * kAllShare);
  if (system_clock().monotonic_ns() - all_read_ns_ < pause_ns) return false;
  const auto status = node_->status();
  return status && refresh_all(*status);
}

ErrorOr<void> Routes::refresh_all(const ChainStatus& status) {
  const std::uint64_t since_ns = system_clock().monotonic_ns();
  TRY(const auto services, read_index<market::Service>(*node_, market::all_services(),
                                                       state_key(Table::kService), kRecordsMax));
  if (services.size() == kRecordsMax) {
    spdlog::warn("only the first {} services of the network are served", kRecordsMax);
  }
  RouteMap routes;
  std::map<Hash32, std::uint64_t> artifacts;
  for (const market::Service& service : services) {
    // An image in a registry is not for gateways to keep.
    if (service.manifest.image.empty())
      artifacts[service.manifest.artifact] = service.manifest.artifact_bytes;
    TRY(routes[service.name], read_route(service));
  }
  replace(std::move(routes), status);
  height_ = status.height;
  all_read_ns_ = system_clock().monotonic_ns();
  all_took_ns_ = all_read_ns_ - since_ns;
  const std::lock_guard lock(mutex_);
  artifacts_ = std::move(artifacts);
  return {};
}

// The services of which this gateway has been told something since height_.
ErrorOr<std::set<std::string>> Routes::changed_services(std::uint64_t& seen_height) {
  StateKey from = market::events_of(address_);
  const StateKey end = prefix_end(from);
  append_be64(from, height_ + 1);
  std::set<std::string> names;
  bool first = true;
  for (std::optional<StateKey> next = from; next;) {
    TRY(const auto page, node_->state_scan(*next, end, kEventsAPage));
    for (const StateRecord& record : page.records) {
      const auto event = bcs_decode<market::MarketEvent>(record.value);
      if (!event) return fail(ErrorCode::kProtocol, "a state record cannot be decoded");
      if (!event->service.empty()) names.insert(event->service);
    }
    // Pages after the first may be of a later state; the next look begins where this one began.
    if (std::exchange(first, false)) seen_height = page.height;
    next = page.next;
  }
  return names;
}

ErrorOr<void> Routes::refresh_changed(const ChainStatus& status) {
  std::uint64_t seen_height = height_;
  TRY(auto names, changed_services(seen_height));
  RouteMap routes;
  {
    const std::lock_guard lock(mutex_);
    block_ms_ = status.time_ms;
    // Why nobody is found for a Bid stands in its record alone.
    names.insert(unserved_.begin(), unserved_.end());
    const bool any_ended = replicas_.size() > serving_;
    if (!names.empty() || any_ended) routes = routes_;
    if (names.empty() && !any_ended) {
      height_ = seen_height;
      return {};
    }
  }
  const std::vector<std::string> listed(names.begin(), names.end());
  std::vector<StateKey> keys;
  for (const std::string& name : listed) keys.push_back(market::service_key(name));
  TRY(const auto services, read_records<market::Service>(*node_, keys));
  for (const std::string& name : listed) routes.erase(name);
  for (const market::Service& service : services) {
    TRY(routes[service.name], read_route(service));
  }
  replace(std::move(routes), status);
  height_ = seen_height;
  return {};
}

ErrorOr<Route> Routes::read_route(const market::Service& service) {
  Route route;
  TRY(const auto leases, leases_of(service.name, route));
  route.load = load_of(service.name);
  if (route.bid) route.slots = market::slots_of(route.bid->terms.resources, service.manifest);
  for (const market::Lease& lease : leases) {
    // Only a refresh writes replicas_.
    const auto known = replicas_.find({lease.id, lease.term});
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
  }
  return route;
}

// What has been read takes the place of what was known.
void Routes::replace(RouteMap routes, const ChainStatus& status) {
  ReplicaMap replicas;
  std::set<std::string> unserved;
  std::vector<std::shared_ptr<ServiceLoad>> answerable;
  for (const auto& [name, route] : routes) {
    if (route.bid != nullptr && route.replicas.empty() && is_wanted(*route.bid))
      unserved.insert(name);
    for (const auto* list : {&route.replicas, &route.reserved}) {
      for (const auto& replica : *list)
        replicas.emplace(std::make_pair(replica->lease, replica->term), replica);
    }
    if (!route.replicas.empty() || !start_trouble(route).reason.empty())
      answerable.push_back(route.load);
  }
  std::unique_lock lock(mutex_);
  block_ms_ = status.time_ms;
  std::erase_if(opened_, [&](const auto& each) { return !replicas.contains(each.first); });
  serving_ = replicas.size();
  unserved_ = std::move(unserved);
  // A replica whose lease ended stays until its last voucher has been given.
  keep_unvouched(replicas);
  routes_ = std::move(routes);
  replicas_ = std::move(replicas);
  lock.unlock();
  for (const auto& load : answerable) load->gate.open();
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
  if (!is_wanted(bid)) return {};
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
