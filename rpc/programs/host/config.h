// HostConfig: the one file that says what a Host is and where, <dir>/host.yaml, and the files
// beside it. `foghost init` writes it with a comment on every line; a person may change all of it.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "chain/base/error.h"
#include "chain/base/url.h"
#include "chain/crypto/keys.h"
#include "executor/front.h"
#include "executor/image_store.h"
#include "market/types/objects.h"

namespace fog::host {

struct HostConfig {
  std::string node = "http://127.0.0.1:7780";  // RPC of a node
  std::string listen = "0.0.0.0:7795";         // where gateways' connections are taken
  std::string endpoint;                        // where gateways find it: "http://name:port"
  std::string tunnel;                          // a gateway's endpoint; empty: none
  market::Location location;
  market::Resources capacity;
  std::string price_class;                  // name or number; empty: the first
  market::Scale scale = market::kScaleOne;  // what `foghost offer` asks
  std::vector<std::pair<std::string, std::string>> attributes;
  std::uint64_t artifact_cache_mib = 4'096;
  std::uint64_t code_cache_mib = 2'048;
  std::uint64_t leaves_mib = 1'024;
  bool namespaces = true;
  bool containers = true;  // where this computer can
  bool exec = true;        // services' owners may run programs in their containers
  // From which images are pulled, by name; one on this computer, e.g. localhost:5000, by plain
  // http.
  std::vector<std::string> registries = {"docker.io",
                                         "ghcr.io",
                                         "quay.io",
                                         "gcr.io",
                                         "mcr.microsoft.com",
                                         "public.ecr.aws",
                                         "registry.gitlab.com",
                                         "registry.k8s.io"};
  executor::OutboundSettings outbound;
  std::uint64_t fuel_per_core_second = 0;  // measured by init; for orientation
};

// kNotFound says to run `foghost init`; kInvalidInput names file, line and key.
ErrorOr<HostConfig> load_config(const std::string& dir);
std::string config_text(const HostConfig& config);

std::string config_path(const std::string& dir);
// The operator's key, hex, mode 0600: signs acknowledgements and receipts unattended, pays their
// fees, and owns nothing else. kNotFound says to run init; kPermission when others can read it.
ErrorOr<SecretKey> load_operator_key(const std::string& dir);
// Never overwrites a key.
ErrorOr<SecretKey> create_operator_key(const std::string& dir);

// What containers need; kUnavailable says what this computer lacks.
ErrorOr<executor::ContainerTools> find_container_tools();

// The Host's id once it is registered, <dir>/host.id. kNotFound says to register.
ErrorOr<market::HostId> load_host_id(const std::string& dir);
ErrorOr<void> save_host_id(const std::string& dir, const market::HostId& id);

// "1", "0.85": in units of 1/10 000. kInvalidInput says what may stand there.
ErrorOr<market::Scale> parse_scale(const std::string& text);
std::string scale_text(market::Scale scale);

// "0.0.0.0:7795" as host and port.
ErrorOr<HostPort> parse_listen(const std::string& text);

}  // namespace fog::host
