// OutboundClient: sends the requests of services to other servers, under the Host's policy, and
// brings back what they answer. HTTP/1.1, a connection each; TLS with the system's roots. Redirects
// are not followed: the service may, by a request of its own, which is judged like any other.
//
// Everything that comes back is a stranger's: head and body are bounded, every step has its time.
// Lives on one io_context thread.
#pragma once

#include <memory>

#include <boost/asio/ssl/context.hpp>

#include "executor/address_policy.h"
#include "executor/name_lookup.h"
#include "executor/outbound.h"
#include "market/types/outbound.h"

namespace fog::executor {

struct OutboundPolicy {
  bool off = false;           // nobody is let out
  AddressPolicy addresses{};  // where names may lead
};

// The part of one replica: what it may ask, and how much of it is on its way.
struct OutboundShare {
  std::vector<market::OutboundPattern> patterns;
  std::size_t under_way = 0;
};

class OutboundClient {
 public:
  OutboundClient(boost::asio::io_context& io, OutboundPolicy policy);

  std::shared_ptr<OutboundCall> ask(const std::shared_ptr<OutboundShare>& share,
                                    OutboundRequest request, OutboundDone done);

 private:
  friend class HttpCall;
  boost::asio::io_context& io_;
  const OutboundPolicy policy_;
  NameLookup names_;
  boost::asio::ssl::context tls_;
  const std::shared_ptr<std::size_t> under_way_ = std::make_shared<std::size_t>(0);
};

}  // namespace fog::executor
