// Services: the library of names, each with a manifest and its versions.
#include "market/rules/keep.h"
#include "market/rules/rules.h"
#include "market/types/container_terms.h"
#include "market/types/outbound.h"
#include "market/types/secret.h"

namespace fog::market {
namespace {

constexpr std::uint64_t kFuelPerRequestMax = 1'000'000'000'000;
constexpr std::uint64_t kBodyBytesMax = 1ULL << 30;
constexpr std::uint64_t kOutboundBytesMax = 1ULL << 27;

bool within(std::uint64_t value, std::uint64_t least, std::uint64_t most) {
  return value >= least && value <= most;
}

bool is_environment_name(std::string_view name) {
  return !name.empty() && name.find('=') == std::string_view::npos &&
         name.find('\0') == std::string_view::npos;
}

// A file of the Publisher's, or an image in a registry.
bool is_program(const Manifest& m) {
  if (m.image.empty()) return within(m.artifact_bytes, 1, artifact_bytes_max(m.runtime));
  return m.runtime == RuntimeKind::kContainer && m.artifact_bytes == 0 && is_image_name(m.image);
}

bool are_volumes(const Manifest& m) {
  if (!m.volumes.empty() && m.runtime != RuntimeKind::kContainer) return false;
  std::vector<std::string> paths;
  for (const Volume& volume : m.volumes) {
    if (!within(volume.mib, 1, kVolumeMibMax)) return false;
    paths.push_back(volume.path);
  }
  return are_volume_paths(paths);
}

bool are_secrets(const Manifest& m) {
  for (std::size_t i = 0; i < m.secrets.size(); ++i) {
    if (!is_secret_name(m.secrets[i]) || m.env.contains(m.secrets[i])) return false;
    if (i > 0 && !(m.secrets[i - 1] < m.secrets[i])) return false;
  }
  return true;
}

bool is_manifest(const Manifest& m) {
  if (m.artifact.is_zero() || !is_program(m) || !are_volumes(m) || !are_secrets(m)) return false;
  if (!within(m.memory_mib, 1, 4'096) || !within(m.wall_ms, 1, 600'000)) return false;
  if (!within(m.fuel_per_request, 1, kFuelPerRequestMax)) return false;
  if ((m.runtime == RuntimeKind::kContainer) != (m.port != 0)) return false;
  if (m.request_bytes_max > kBodyBytesMax || m.response_bytes_max > kBodyBytesMax) return false;
  if (m.outbound_bytes_max > kOutboundBytesMax) return false;
  if (!m.outbound.empty() && m.runtime != RuntimeKind::kWasmHttp) return false;
  if (m.keyvalue_mib > kKeyvalueMibMax) return false;
  if (m.keyvalue_mib > 0 && m.runtime != RuntimeKind::kWasmHttp) return false;
  if (!std::all_of(m.outbound.begin(), m.outbound.end(), is_outbound_pattern)) return false;
  return std::all_of(m.env.begin(), m.env.end(), [](const auto& entry) {
    return is_environment_name(entry.first) && entry.second.find('\0') == std::string::npos;
  });
}

Result<Service, Fault> service_of(const ReadView& state, const TxContext& tx,
                                  std::string_view name) {
  std::optional<Service> service = load<Service>(state, service_key(name));
  if (!service) return Fail{Fault::kServiceNotFound};
  if (service->owner != tx.sender) return Fail{Fault::kNotServiceOwner};
  return *std::move(service);
}

}  // namespace

Fault apply(Overlay& state, const BlockContext&, const TxContext& tx,
            const PublishService& message) {
  if (!is_service_name(message.name)) return Fault::kBadServiceName;
  if (load<Service>(state, service_key(message.name))) return Fault::kServiceNameTaken;
  if (!is_manifest(message.manifest)) return Fault::kBadManifest;
  const Amount fee = market_params(state).service_fee_burn;
  if (const Fault fault = debit(state, tx.sender, fee); fault != Fault::kNone) return fault;

  burn(state, fee);
  Service service;
  service.name = message.name;
  service.owner = tx.sender;
  service.manifest = message.manifest;
  keep(state, service);
  add_index(state, services_by_owner(tx.sender), as_bytes(message.name));
  add_index(state, all_services(), as_bytes(message.name));
  return Fault::kNone;
}

Fault apply(Overlay& state, const BlockContext&, const TxContext& tx,
            const UpdateService& message) {
  auto service = service_of(state, tx, message.name);
  if (!service) return service.error();
  if (!is_manifest(message.manifest)) return Fault::kBadManifest;

  // Leases that run keep the version they were made with.
  store(state, service_history_key(service->name, service->version), service->manifest);
  ++service->version;
  service->manifest = message.manifest;
  keep(state, *service);
  return Fault::kNone;
}

Fault apply(Overlay& state, const BlockContext&, const TxContext& tx,
            const RetireService& message) {
  const auto service = service_of(state, tx, message.name);
  if (!service) return service.error();
  if (service->bids_open > 0) return Fault::kServiceInUse;

  state.erase(service_key(message.name));
  drop_index(state, services_by_owner(tx.sender), as_bytes(message.name));
  drop_index(state, all_services(), as_bytes(message.name));
  return Fault::kNone;
}

}  // namespace fog::market
