// HTTP/2 in front of the gateway (RFC 9113), by nghttp2. Included by .cc files only.
#pragma once

#include "rpc/gateway/session.h"

namespace fog::gateway {

// What a client that speaks HTTP/2 sends first (RFC 9113, 3.4).
constexpr std::string_view kHttp2Preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
constexpr std::uint32_t kHttp2StreamsMax = 128;  // at once, of one connection

// Serves an End User's whole connection: each of its streams as a request of its own
// (serve_request). `first` is what has been read of it.
net::awaitable<void> serve_http2(Shard& shard, ClientStream client, beast::flat_buffer first,
                                 std::string peer);

}  // namespace fog::gateway
