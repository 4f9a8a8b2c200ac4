// One End User's connection, from accept to close. Included by .cc files only.
#pragma once

#include <functional>

#include "rpc/gateway/forward.h"

namespace fog::gateway {

// What a connection needs of its server. One a shard; used on the shard's thread only.
struct Shard {
  Shard(const GatewayConfig& config_, Routes& routes_, ArtifactFolder& artifacts_,
        GatewayCounters& counters_)
      : config(config_), routes(routes_), artifacts(artifacts_), counters(counters_) {}
  const GatewayConfig& config;
  Routes& routes;
  ArtifactFolder& artifacts;
  GatewayCounters& counters;
  net::io_context context{1};
  UpstreamPool pool{context};
};

net::awaitable<void> serve_connection(Shard& shard, tcp::socket socket);

// The gateway's own paths (/.fog/...). False when the connection must be closed.
net::awaitable<bool> serve_own_path(Shard& shard, Exchange& exchange);

// Sends a short answer. False when the connection must be closed.
net::awaitable<bool> send_plain(Exchange& exchange, http::status status, std::string_view reason,
                                const std::string& sentence, bool keep_alive);

}  // namespace fog::gateway
