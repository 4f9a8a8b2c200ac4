// Routes: which Hosts serve which service, as the chain's leases say, for one gateway.
//
// refresh() reads of the chain what has changed: the events that this gateway is told of
// (market/types/event.h), which name every Bid that lets it serve and every lease of those. What
// no event tells, services that nobody has bid for yet and their artifacts, is read with everything
// else at the first refresh, once a minute, and at look_again(). All else answers from memory.
// Safe from any thread.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "chain/api/node_api.h"
#include "rpc/gateway/open_streams.h"
#include "rpc/gateway/standing.h"
#include "rpc/gateway/voucher_book.h"

namespace fog::gateway {

// One active lease and how to reach it.
struct Replica {
  market::LeaseId lease;
  std::uint32_t term = 1;
  market::HostId host;
  std::string address;  // host name or IP of the endpoint
  std::string port;
  std::string place;                // of a Host that is found at a gateway's door: its path there
  std::optional<PublicKey> tunnel;  // and the key that the place names
  market::LinkKey link_key;
  market::Manifest manifest;
  std::unique_ptr<VoucherBook> book;
  Standing standing;
  OpenStreams streams;
  // The last that has opened it, of a warm reservation. Routes' own.
  std::atomic<std::uint64_t> last_ticket{0};

  // What its requests carry, from when Routes::open() has opened it until the chain calls the lease
  // active; empty: nothing.
  std::string ticket() const;
  void set_ticket(std::string ticket);

 private:
  mutable std::mutex ticket_mutex_;
  std::string ticket_;
};

// What is known of a service, for answers when no replica can serve.
enum class ServiceState : std::uint8_t { kUnknown, kNoBid, kNoReplica, kServed };

struct ServiceLoad;

struct Route {
  ServiceState state = ServiceState::kUnknown;
  std::vector<std::shared_ptr<Replica>> replicas;
  // The open Bid that lets this gateway serve; null where there is none.
  std::shared_ptr<const market::Bid> bid;
  // Warm reservations that are not opened yet.
  std::vector<std::shared_ptr<Replica>> reserved;
  std::uint32_t starting = 0;         // leases whose Host has not acknowledged yet
  std::uint32_t slots = 1;            // requests that one replica serves at once
  std::shared_ptr<ServiceLoad> load;  // the same as long as the service is known
};

// Why the chain has found no replica for a Bid that wants one; empty where nothing is known to be
// wrong.
struct StartTrouble {
  std::string_view reason;  // for programs
  std::string_view sentence;
};
StartTrouble start_trouble(const Route& route);

class Routes {
 public:
  // `folder` keeps the voucher books. The node must outlive this.
  Routes(NodeApi& node, SecretKey gateway_key, std::string folder);
  // Without a chain: what serve_only() says. refresh() changes nothing.
  explicit Routes(SecretKey gateway_key);

  // One service and its one replica, instead of what was; null: nothing runs it yet. A replica from
  // before stays until all it served is vouched for.
  void serve_only(const std::string& service, const std::shared_ptr<Replica>& replica);
  // Reads what the chain has had since the last time. On failure the old routes stand.
  ErrorOr<void> refresh();
  // Somebody asks for what is not known: reads everything, unless that has just been done. True:
  // it has been read.
  bool look_again();
  Route find(const std::string& service) const;
  // Opens one of the service's reservations: it serves like the other replicas from now on. Null
  // where there is none.
  std::shared_ptr<Replica> open(const std::string& service);
  // Size in bytes of an artifact that a service on the chain names; nothing for any other.
  std::optional<std::uint64_t> artifact_bytes(const Hash32& digest) const;
  // Every replica, also those whose lease has ended but whose last voucher the Host has not taken.
  std::vector<std::shared_ptr<Replica>> all() const;
  std::vector<std::string> services() const;
  Address gateway() const { return address_; }

 private:
  using ReplicaMap = std::map<std::pair<market::LeaseId, std::uint32_t>, std::shared_ptr<Replica>>;
  using RouteMap = std::map<std::string, Route>;
  // With refresh_mutex_ held.
  ErrorOr<void> refresh_all(const ChainStatus& status);
  ErrorOr<void> refresh_changed(const ChainStatus& status);
  ErrorOr<std::set<std::string>> changed_services(std::uint64_t& seen_height);
  ErrorOr<Route> read_route(const market::Service& service);
  void replace(RouteMap routes, const ChainStatus& status);
  ErrorOr<std::vector<market::Lease>> leases_of(const std::string& service, Route& route);
  std::shared_ptr<ServiceLoad> load_of(const std::string& service) const;
  // With the mutex held.
  void keep_unvouched(ReplicaMap& replicas) const;
  bool is_opened(const market::Lease& lease);
  void add(Route& route, const market::Lease& lease, const std::shared_ptr<Replica>& replica);
  ErrorOr<std::shared_ptr<Replica>> open_replica(const market::Lease& lease,
                                                 const market::Manifest& manifest);

  NodeApi* const node_;  // null: there is no chain
  const SecretKey key_;
  const Address address_;
  const std::string folder_;
  mutable std::mutex refresh_mutex_;  // one refresh at a time; that is who writes what follows
  std::uint64_t height_ = 0;          // whose events have been read
  std::uint64_t all_read_ns_ = 0;     // when everything was read last; 0: never
  std::uint64_t all_took_ns_ = 0;     // and how long that took
  mutable std::mutex mutex_;
  ChainId chain_id_{};
  RouteMap routes_;
  std::map<Hash32, std::uint64_t> artifacts_;
  ReplicaMap replicas_;
  std::size_t serving_ = 0;  // of these: whose lease serves; the others are to be vouched for
  std::set<std::string> unserved_;  // services that want a replica and have none
  std::uint64_t block_ms_ = 0;      // time of the last block that was read
  struct Opened {
    std::uint64_t number = 0;    // of the ticket
    std::uint64_t until_ms = 0;  // its expiry
  };
  std::map<std::pair<market::LeaseId, std::uint32_t>, Opened> opened_;
};

}  // namespace fog::gateway
