// /.fog/secrets/...: owners hand secrets in, Hosts that hold a lease get them.
#include <algorithm>
#include <chrono>
#include <thread>

#include <nlohmann/json.hpp>

#include "chain/base/clock.h"
#include "rpc/gateway/desk.h"

namespace fog::gateway {
namespace {

using std::chrono::milliseconds;

http::status status_of(ErrorCode code) {
  if (code == ErrorCode::kPermission) return http::status::forbidden;
  if (code == ErrorCode::kRejected) return http::status::bad_request;
  return http::status::insufficient_storage;
}

// ---- on the desk's threads ----

ErrorOr<std::optional<market::Service>> find_service(NodeApi& node, const std::string& name) {
  // Its owner comes as soon as the publication is final; the node may hear of that a moment later.
  for (int tries = 0;; ++tries) {
    TRY(auto service, read_record<market::Service>(node, market::service_key(name)));
    if (service || tries == 20) return service;
    std::this_thread::sleep_for(milliseconds(100));
  }
}

DeskAnswer take_secret(SecretDesk& desk, const std::string& name, const Bytes& body) {
  const auto update = bcs_decode<market::SignedSecretUpdate>(body);
  if (!update || update->update.service != name || !market::verify_secret(*update)) {
    return refusal(http::status::bad_request, "bad-secret",
                   "The body is not a signed secret of the service that the path names.");
  }
  const auto status = desk.node.status();
  if (!status) return unreachable(status.error());
  const auto service = find_service(desk.node, name);
  if (!service) return unreachable(service.error());
  if (!*service) {
    return refusal(http::status::not_found, "no-such-service",
                   "No service is published under the name '" + name +
                       "'. Publish it first, then set its secrets.");
  }
  const auto taken = desk.folder.take(*update, status->chain_id, (*service)->owner);
  if (!taken)
    return refusal(status_of(taken.error().code), "not-taken", taken.error().context + ".");
  return {};
}

// Whether a term of a lease is one that its Host may start or serve now.
bool is_held(const market::Lease& lease, std::uint32_t term) {
  return lease.term == term && lease.state != market::LeaseState::kClosed;
}

DeskAnswer give_secrets(SecretDesk& desk, const Address& self, const Bytes& body) {
  const DeskAnswer no = refusal(http::status::forbidden, "not-the-host",
                                "Secrets are given to the Host that holds the lease, by a gateway "
                                "that its bid authorizes.");
  const auto signed_wanted = bcs_decode<market::SignedSecretsWanted>(body);
  if (!signed_wanted) {
    return refusal(http::status::bad_request, "bad-question",
                   "The body is not a Host's signed question.");
  }
  const market::SecretsWanted& wanted = signed_wanted->wanted;
  const std::uint64_t now_ms = system_clock().wall_ms();
  const std::uint64_t apart_ms =
      now_ms > wanted.time_ms ? now_ms - wanted.time_ms : wanted.time_ms - now_ms;
  if (apart_ms > market::kSecretsWantedAgeMs) {
    return refusal(http::status::bad_request, "bad-clock",
                   "The question's time is more than two minutes from the gateway's clock.");
  }
  const auto status = desk.node.status();
  if (!status) return unreachable(status.error());
  if (wanted.chain_id != status->chain_id || wanted.gateway != self) return no;
  const auto lease = read_record<market::Lease>(desk.node, market::lease_key(wanted.lease));
  if (!lease) return unreachable(lease.error());
  if (!*lease || !is_held(**lease, wanted.term)) return no;
  const auto host = read_record<market::Host>(desk.node, market::host_key((*lease)->host));
  if (!host) return unreachable(host.error());
  if (!*host || !market::verify_wanted(*signed_wanted, (*host)->operator_key)) return no;
  const auto bid = read_record<market::Bid>(desk.node, market::bid_key((*lease)->bid));
  if (!bid) return unreachable(bid.error());
  if (!*bid) return no;
  const auto& allowed = (*bid)->terms.gateways;
  if (std::find(allowed.begin(), allowed.end(), self) == allowed.end()) return no;
  // The bid is the service's owner's: only he can make one.
  const auto values = desk.folder.values((*lease)->service, (*bid)->owner);
  const auto box = market::seal_values(wanted, (*host)->operator_key, values, system_rng());
  if (!box) return no;
  return {http::status::ok, "", "", *box};
}

// ---- on the shard's thread ----

DeskAnswer list_names(const SecretFolder& folder, const std::string& service) {
  nlohmann::json out = nlohmann::json::object();
  for (const auto& [name, time_ms] : folder.names(service)) out[name] = std::to_string(time_ms);
  return {http::status::ok, "", "", to_bytes(as_bytes(out.dump() + "\n"))};
}

}  // namespace

net::awaitable<bool> serve_secrets_path(Shard& shard, Exchange& exchange) {
  SecretDesk& desk = *shard.secrets;
  const std::string name = exchange.target.substr(kSecretsPath.size());
  const http::verb method = exchange.parser.get().method();
  if (method == http::verb::get && market::is_service_name(name))
    co_return co_await send_desk_answer(exchange, list_names(desk.folder, name));
  const bool wanted = method == http::verb::post && name == "wanted";
  const bool given = method == http::verb::put && market::is_service_name(name);
  if (!wanted && !given) {
    co_return co_await send_plain(exchange, http::status::not_found, "no-such-path",
                                  "Secrets are PUT to /.fog/secrets/SERVICE by the service's owner "
                                  "and given to Hosts by POST /.fog/secrets/wanted.",
                                  false);
  }
  auto body = co_await read_desk_body(exchange, shard.config.body_idle_ms_max);
  if (!body) {
    co_return co_await send_plain(exchange, http::status::payload_too_large, "bad-body",
                                  "The body broke off or is larger than 32 KiB.", false);
  }
  std::function<DeskAnswer()> work;
  if (wanted) {
    work = [&desk, self = shard.routes.gateway(), body = *std::move(body)] {
      return give_secrets(desk, self, body);
    };
  } else {
    work = [&desk, name, body = *std::move(body)] { return take_secret(desk, name, body); };
  }
  co_return co_await send_desk_answer(exchange, co_await ask_desk(shard, std::move(work)));
}

}  // namespace fog::gateway
