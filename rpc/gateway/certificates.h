// Certificates: what the gateway shows to End Users who come by TLS, from files that a standard
// ACME client keeps (contrib/doc/gateway.md). Which one is shown, the name decides that the client
// asks for (SNI, RFC 6066); the names stand in the certificates themselves.
//
// Safe from any thread. Included by .cc files only.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>

#include <boost/asio/ssl.hpp>

#include "chain/base/error.h"
#include "rpc/gateway/certificate_source.h"

namespace fog::gateway {

class Certificates {
 public:
  using Context = boost::asio::ssl::context;
  // kInvalidInput says which file is at fault: missing, not PEM, key and certificate do not fit.
  static ErrorOr<std::unique_ptr<Certificates>> load(CertificateSource source);

  // For new connections: TLS 1.2 and 1.3, ALPN h2 and http/1.1.
  std::shared_ptr<Context> context() const;
  // Loads again if a file has changed. True: there are new ones. On failure the old ones stand.
  ErrorOr<bool> reload_if_changed();

  struct Set;  // all of one reading

 private:
  explicit Certificates(CertificateSource source) : source_(std::move(source)) {}
  static ErrorOr<std::shared_ptr<Set>> read(const CertificateSource& source);

  const CertificateSource source_;
  mutable std::mutex mutex_;
  std::shared_ptr<Set> set_;
};

}  // namespace fog::gateway
