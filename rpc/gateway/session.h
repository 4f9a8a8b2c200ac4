// One End User's connection, from accept to close. Included by .cc files only.
#pragma once

#include <functional>

#include "rpc/gateway/demand_desk.h"
#include "rpc/gateway/forward.h"

namespace fog::gateway {

// Secrets, and what is asked for and not known, need the chain asked, which blocks: not on a
// shard's thread.
struct SecretDesk {
  SecretDesk(NodeApi& node_, SecretFolder& folder_) : node(node_), folder(folder_) {}
  NodeApi& node;
  SecretFolder& folder;
  std::atomic<int> waiting{0};       // for the pool, at most kSecretsWaitingMax
  std::atomic<bool> looking{false};  // the chain is read again for what is not known
  net::thread_pool pool{2};
};
constexpr int kSecretsWaitingMax = 64;

// The end of a gateway: connections go with the answer at hand.
struct Drain {
  std::atomic<bool> begun{false};
  std::atomic<std::uint64_t> under_way{0};  // requests, from their head to the end of the answer
};
// One of them; of HTTP/2 a connection that is not done with all of its own.
class UnderWay {
 public:
  explicit UnderWay(Drain& drain) : drain_(drain) { ++drain_.under_way; }
  ~UnderWay() { --drain_.under_way; }
  UnderWay(const UnderWay&) = delete;
  UnderWay& operator=(const UnderWay&) = delete;

 private:
  Drain& drain_;
};

// What a connection needs of its server. One a shard; used on the shard's thread only.
struct Shard {
  Shard(const GatewayConfig& config_, Routes& routes_, ArtifactFolder& artifacts_,
        SecretDesk* secrets_, DemandDesk* demand_, Tunnels* tunnels_, GatewayCounters& counters_,
        Drain& drain_)
      : config(config_),
        routes(routes_),
        artifacts(artifacts_),
        secrets(secrets_),
        demand(demand_),
        tunnels(tunnels_),
        counters(counters_),
        drain(drain_) {}
  const GatewayConfig& config;
  Routes& routes;
  ArtifactFolder& artifacts;
  SecretDesk* const secrets;  // null: this gateway keeps none
  DemandDesk* const demand;   // null: it asks for no replicas
  Tunnels* const tunnels;     // null: no chain says whose they are
  GatewayCounters& counters;
  Drain& drain;
  net::io_context context{1};
  UpstreamPool pool{context, tunnels};
};

// One End User's connection, until its end. `certificates`: it is one of TLS.
net::awaitable<void> serve_connection(Shard& shard, tcp::socket socket,
                                      std::shared_ptr<net::ssl::context> certificates);
// Ends a connection. What the End User still sends is read for a moment, so that a reset does not
// eat our last answer: many clients send a whole refused body before they read.
net::awaitable<void> say_goodbye(ClientStream& client);
// The next request of an HTTP/1.1 connection. False when the connection must be closed.
net::awaitable<bool> serve_request(Shard& shard, ClientStream& client, beast::flat_buffer& buffer,
                                   const std::string& peer);

// Somebody asks for what the routes do not know: the chain is read again, meanwhile.
void look_again(Shard& shard);

// The gateway's own paths (/.fog/...). False when the connection must be closed.
net::awaitable<bool> serve_own_path(Shard& shard, Exchange& exchange);
// Those of them that begin with this.
constexpr std::string_view kSecretsPath = "/.fog/secrets/";
net::awaitable<bool> serve_secrets_path(Shard& shard, Exchange& exchange);

// What a certificate authority asks for (RFC 8555, 8.3), from files that an ACME client lays down.
constexpr std::string_view kAcmePath = "/.well-known/acme-challenge/";
net::awaitable<bool> serve_acme_path(Shard& shard, Exchange& exchange);

// Of Hosts that hold connections to this gateway (tunnel_paths.cc).
net::awaitable<bool> serve_tunnel_hello(Shard& shard, Exchange& exchange);
net::awaitable<bool> serve_tunnelled(Shard& shard, Exchange& exchange);

// A short answer in words, for send(). The connection ends with it where `keep_alive` is false or a
// body is left that nobody will read: what follows could not be told from it.
TextResponse plain_answer_to(const Exchange& exchange, http::status status, std::string_view reason,
                             const std::string& sentence, bool keep_alive);
// Sends a short answer whose head is complete. False when the connection must be closed.
net::awaitable<bool> send(Exchange& exchange, TextResponse& answer);
// Sends a short answer in words. False when the connection must be closed.
net::awaitable<bool> send_plain(Exchange& exchange, http::status status, std::string_view reason,
                                const std::string& sentence, bool keep_alive);

}  // namespace fog::gateway
