// CertificateSource: where a gateway's certificates for TLS are.
#pragma once

#include <string>
#include <vector>

namespace fog::gateway {

// PEM: the certificate with what leads to its root, and its key.
struct CertificateFiles {
  std::string chain;
  std::string key;
};

struct CertificateSource {
  // Given one by one; the first is shown to who asks for no name, or one that is not known.
  std::vector<CertificateFiles> files;
  // Each folder in here that has fullchain.pem and privkey.pem counts too, as certbot, lego and
  // acme.sh lay them; empty: none.
  std::string folder;
};

}  // namespace fog::gateway
