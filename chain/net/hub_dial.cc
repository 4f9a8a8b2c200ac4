#include "chain/net/hub.h"

namespace fog {
namespace asio = boost::asio;
using boost::system::error_code;

namespace {

constexpr std::uint64_t kFoundEveryMs = 500;  // between two dials of nodes that we found
constexpr std::uint32_t kDoublingsMax = 20;

}  // namespace

void Hub::dial_due() {
  for (auto& [id, target] : configured_) {
    if (now_ms() < target.next_ms || peers_.contains(id) || dials_.contains(id) || banned(id))
      continue;
    dial_configured(id, target);
  }
  if (options_.discover && now_ms() >= found_next_ms_) dial_found();
}

void Hub::dial_configured(const NodeId& id, Configured& target) {
  const PeerAddress& where = target.address;
  if (const auto ip = parse_ip(where.host)) {
    dial(id, {endpoint_of(*ip, where.port)}, std::nullopt);
    return;
  }
  dials_[id] = {};
  resolver_.async_resolve(
      where.host, std::to_string(where.port), Tcp::resolver::numeric_service,
      [this, id, turn = target.failures](error_code failed,
                                         const Tcp::resolver::results_type& found) {
        const auto waiting = dials_.find(id);
        if (stopping_ || waiting == dials_.end() || waiting->second.connection) return;
        std::vector<Tcp::endpoint> endpoints(found.begin(), found.end());
        if (failed || endpoints.empty()) return dial_failed(id, failed.message());
        // Each attempt begins with another of a name's addresses.
        std::rotate(endpoints.begin(),
                    endpoints.begin() + static_cast<std::ptrdiff_t>(turn % endpoints.size()),
                    endpoints.end());
        dial(id, std::move(endpoints), std::nullopt);
      });
}

void Hub::dial(const NodeId& id, std::vector<Tcp::endpoint> endpoints,
               const std::optional<BookAddress>& book) {
  ++counters.dials;
  if (book) book_.dialled(*book, wall_s());
  dials_[id] = {
      Connection::dial(context_, std::move(endpoints), id, own_hello(Channel::kConsensus, 0)),
      book};
}

void Hub::dial_failed(const NodeId& id, const std::string& why) {
  dials_.erase(id);
  // It reached us meanwhile: nothing failed.
  if (peers_.contains(id)) return;
  ++counters.dials_failed;
  log(NetworkLog::kDebug, "cannot reach " + to_hex(id) + ": " + why);
  if (const auto target = configured_.find(id); target != configured_.end())
    put_off(target->second);
}

// Half of the wait is by chance, so that nodes that failed together do not return together.
void Hub::put_off(Configured& target) {
  const NetworkLimits& limits = options_.limits;
  const std::uint64_t wait = std::min(
      limits.redial_first_ms << std::min(target.failures, kDoublingsMax), limits.redial_max_ms);
  target.next_ms = now_ms() + wait / 2 + draw() % (wait / 2 + 1);
  if (target.failures < kDoublingsMax) ++target.failures;
}

std::size_t Hub::count_outbound() const {
  std::size_t count = 0;
  for (const auto& [id, peer] : peers_)
    count += !peer.inbound && !configured_.contains(id) ? 1U : 0U;
  for (const auto& [id, dial] : dials_) count += configured_.contains(id) ? 0U : 1U;
  return count;
}

// Not who is connected already, and of each network group one: whoever owns a group cannot surround
// us. Local networks are one group by nature and free of that rule.
bool Hub::wanted(const BookAddress& address) const {
  if (peers_.contains(address.id) || dials_.contains(address.id) ||
      configured_.contains(address.id) || banned(address.id)) {
    return false;
  }
  if (is_local(address.ip)) return true;
  return std::none_of(peers_.begin(), peers_.end(), [&](const auto& entry) {
    const Peer& peer = entry.second;
    return !peer.inbound && net_group(peer.consensus->ip()) == net_group(address.ip);
  });
}

void Hub::dial_found() {
  found_next_ms_ = now_ms() + kFoundEveryMs;
  if (count_outbound() >= options_.limits.outbound_max) return;
  const auto found = book_.pick(*options_.rng, wall_s(),
                                [&](const BookAddress& address) { return wanted(address); });
  if (found) dial(found->id, {endpoint_of(found->ip, found->port)}, found);
}

void Hub::add_peer(const PeerAddress& peer) {
  if (peer.id == id_ || stopping_) return;
  configured_[peer.id] = {peer};
  dial_due();
}

void Hub::remove_peer(const NodeId& id) {
  configured_.erase(id);
}

}  // namespace fog
