#include "rpc/programs/cli/host_view_client.h"

#include <poll.h>
#include <span>

#include <sys/socket.h>

#include "chain/base/clock.h"
#include "executor/host_view.h"
#include "executor/http_upgrade.h"

namespace fog::cli {
namespace {

using namespace executor;

constexpr int kAnswerMs = 15'000;

ErrorOr<ReplicaPlace> place_of(NodeApi& node, const ChainId& chain, const market::Lease& lease) {
  TRY(const auto host,
      read_one<market::Host>(node, market::host_key(lease.host), "host " + to_hex0x(lease.host)));
  return ReplicaPlace{
      chain,         {lease.id, lease.term},         lease.service, lease.host, host.operator_key,
      host.endpoint, market::is_running(lease.state)};
}

// The lease that is named, if it is one.
ErrorOr<std::optional<market::Lease>> lease_named(NodeApi& node, const std::string& what) {
  const std::string text = what.starts_with("0x") ? what.substr(2) : what;
  if (const auto replica = replica_from_text(text)) {
    TRY(auto lease, read_term(node, *replica));
    if (!lease) return fail(ErrorCode::kNotFound, "the chain has no lease " + what + " (any more)");
    return lease;
  }
  const auto id = fixed_from_hex<32>(text);
  if (!id) return std::optional<market::Lease>();
  TRY(auto lease, read_one<market::Lease>(node, market::lease_key(*id), "lease " + what));
  return std::optional(std::move(lease));
}

// So many bytes, and none of what follows.
ErrorOr<void> read_exactly(int socket, std::span<std::uint8_t> out) {
  while (!out.empty()) {
    pollfd ready = {socket, POLLIN, 0};
    if (::poll(&ready, 1, kAnswerMs) != 1)
      return fail(ErrorCode::kTimeout, "the Host does not answer in time");
    const ssize_t got = ::recv(socket, out.data(), out.size(), 0);
    if (got <= 0) return fail(ErrorCode::kNetwork, "the Host has closed the connection");
    out = out.subspan(static_cast<std::size_t>(got));
  }
  return {};
}

}  // namespace

ErrorOr<std::vector<ReplicaPlace>> find_replicas(NodeApi& node, const std::string& what) {
  TRY(const auto status, node.status());
  std::vector<ReplicaPlace> out;
  TRY(const auto named, lease_named(node, what));
  if (named) {
    TRY(auto place, place_of(node, status.chain_id, *named));
    out.push_back(std::move(place));
    return out;
  }
  TRY_VOID(read_one<market::Service>(node, market::service_key(market::ServiceName(what)),
                                     "lease or service " + what));
  TRY(const auto bids, read_index<market::Bid>(node, market::bids_by_service(what),
                                               state_key(Table::kBid), kListMax));
  for (const auto& bid : bids) {
    TRY(const auto leases, read_index<market::Lease>(node, market::leases_by_bid(bid.id),
                                                     state_key(Table::kLease), kListMax));
    for (const auto& lease : leases) {
      if (!market::is_running(lease.state)) continue;
      TRY(auto place, place_of(node, status.chain_id, lease));
      out.push_back(std::move(place));
    }
  }
  return out;
}

ErrorOr<ViewChannel> open_view(const ReplicaPlace& place, wallet::Signer& signer) {
  const SecretKey key = SecretKey::generate(system_rng());
  ViewQuery query;
  query.chain = place.chain;
  query.replica = place.replica;
  query.key = key.public_key();
  query.time_ms = system_clock().wall_ms();
  TRY(const auto asked, sign_query(query, signer));
  UpgradePlan plan;
  plan.url = place.endpoint;
  plan.target = kViewPath;
  plan.protocol = kViewProtocol;
  plan.body = bcs_encode(asked);
  auto socket = upgrade(plan);
  if (!socket) return Fail{socket.error().within("the Host at")};
  Hash32 drawn;
  TRY_VOID(read_exactly(socket->get(), drawn.data));
  auto stream = view_stream(query, drawn, key, place.operator_key, StreamSide::kAsker);
  if (!stream) return fail(ErrorCode::kProtocol, "the chain names no key of that Host's");
  return ViewChannel(*std::move(socket), *std::move(stream));
}

}  // namespace fog::cli
