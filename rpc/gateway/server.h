// GatewayServer: the End Users' door. HTTP/1.1 or HTTP/2 in, plain or by TLS, the leased Host's
// answer out.
//
// A request names its service by host name (NAME.DOMAIN) or by the first part of its path
// (/NAME/...). The gateway chooses the less loaded of two random replicas, forwards with streaming
// bodies in both directions, settles the request in the lease's voucher book and sends vouchers to
// Hosts. Its own paths start with
// /.fog/: health, status, metrics, artifacts/<sha256> (GET, and PUT of what a service on the chain
// names), secrets/SERVICE and secrets/wanted (market/types/secret.h).
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "rpc/gateway/artifacts.h"
#include "rpc/gateway/certificate_source.h"
#include "rpc/gateway/demand_desk.h"
#include "rpc/gateway/routes.h"
#include "rpc/gateway/secrets.h"
#include "rpc/gateway/tunnels.h"

namespace fog::gateway {

// How one request of an End User's ended, for whoever watches.
struct ServedRequest {
  std::uint64_t time_ms = 0;  // wall clock, at its head
  std::string service;
  std::string from;  // the End User's address
  bool http2 = false;
  bool encrypted = false;
  std::string trace;      // id (rpc/gateway/trace.h)
  std::string lease;      // of the Host that answered, in hex; empty where none did
  std::size_t tries = 0;  // Hosts that were asked
  std::string method;
  std::string target;  // as the service saw it
  unsigned status = 0;
  // The workload's end ("ok", "trap", ...), or the gateway's own reason where no Host answered.
  std::string outcome;
  market::Counters counters;  // what it is billed for; nothing where no Host answered
  std::uint64_t memory_peak_bytes = 0;
  std::uint64_t wall_us = 0;  // from its head to the end of the answer
};

struct GatewayConfig {
  std::string listen_address = "127.0.0.1";
  std::uint16_t listen_port = 0;         // 0: the system chooses
  std::string domain = "fog.localhost";  // NAME.domain
  unsigned threads = 2;
  std::size_t connections_max = 4'096;  // more wait in the listen queue
  std::uint64_t header_bytes_max = 32 * 1024;
  std::uint64_t idle_ms_max = 60'000;  // keep-alive without a request
  std::uint64_t header_ms_max =
      10'000;  // from the first byte of a request to the end of its header
  std::uint64_t body_idle_ms_max = 30'000;  // between two parts of a body
  std::uint64_t connect_ms_max = 2'000;     // to a Host
  TunnelRules tunnels;
  // For TLS beside the plain port, where there are certificates.
  std::string tls_address = "127.0.0.1";
  std::uint16_t tls_port = 0;  // 0: the system chooses
  CertificateSource certificates;
  // Not empty: answers to certificate authorities are in FOLDER/.well-known/acme-challenge/.
  std::string acme_folder;
  // Who comes for a service without TLS is sent to it there; 0: he is served.
  std::uint16_t redirect_to_tls_port = 0;
  // By service: End Users come back to their replica, for so long (rpc/gateway/affinity.h).
  std::map<std::string, std::uint64_t> sticky_s;
  // By service: a GET without the beginning of an answer after so long goes to a second replica too
  // (rpc/gateway/hedge.h).
  std::map<std::string, std::uint64_t> hedge_ms;
  std::uint64_t drain_ms_max = 20'000;  // that stop() lets requests end
  std::string only_service;  // not empty: all requests are for this one, whatever they name
  std::function<void(const ServedRequest&)> served;  // may be empty; from the shards' threads
};

struct GatewayCounters {
  std::atomic<std::uint64_t> requests{0};  // by End Users, own paths excluded
  std::atomic<std::uint64_t> failures{
      0};                               // answered 5xx by the gateway itself or a failed workload
  std::atomic<std::uint64_t> voids{0};  // forwarded without a settled end
  std::atomic<std::uint64_t> vouchers{0};           // taken by Hosts
  std::atomic<std::uint64_t> connections{0};        // open now
  std::atomic<std::uint64_t> handshakes_failed{0};  // of TLS
};

class GatewayServer {
 public:
  // All that is given must outlive the server. `demand` may be null: then what does not run is not
  // brought up.
  GatewayServer(GatewayConfig config, NodeApi& node, Routes& routes, ArtifactFolder& artifacts,
                SecretFolder& secrets, DemandDesk* demand);
  // Follows no chain and keeps no secrets: the routes are what their owner makes them.
  GatewayServer(GatewayConfig config, Routes& routes, ArtifactFolder& artifacts);
  ~GatewayServer();

  // Loads certificates, binds, then serves, follows the chain and vouches on own threads. The port
  // for plain HTTP.
  ErrorOr<std::uint16_t> start();
  // The port for TLS, after start(); 0: there is none.
  std::uint16_t tls_port() const;
  // Accepts no more, lets what is under way end, at most drain_ms_max, and its connections with it;
  // gives last vouchers, closes what is left, joins the threads.
  void stop();
  const GatewayCounters& counters() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace fog::gateway
