// Connections to Hosts, kept between requests. Included by .cc files only.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "rpc/gateway/http.h"
#include "rpc/gateway/routes.h"

namespace fog::gateway {

// Idle keep-alive connections to Hosts. One a shard; not thread safe.
class UpstreamPool {
 public:
  explicit UpstreamPool(net::io_context& context) : context_(context) {}
  struct Connection {
    explicit Connection(net::io_context& context) : stream(context) {}
    Stream stream;
    beast::flat_buffer buffer;
    bool reused = false;
  };
  // A connection to the replica's Host: an idle one, or a new one.
  net::awaitable<ErrorOr<std::unique_ptr<Connection>>> take(const Replica& replica,
                                                            std::uint64_t connect_ms_max,
                                                            bool fresh);
  void give_back(const Replica& replica, std::unique_ptr<Connection> connection);

 private:
  net::io_context& context_;
  std::map<std::string, std::vector<std::unique_ptr<Connection>>> idle_;
};

}  // namespace fog::gateway
