#include "chain/net/hub.h"

namespace fog {
namespace {

// Points against an address for who never says who he is.
constexpr std::uint32_t kBadHandshakePoints = 20;
constexpr std::uint32_t kSlowHandshakePoints = 10;
// A peer that stays shorter than this counts as one that could not be reached.
constexpr std::uint64_t kStaysMs = 10'000;

}  // namespace

Hello Hub::own_hello(Channel channel, std::uint64_t session) const {
  const std::uint16_t port = options_.advertise_port != 0 ? options_.advertise_port : listen_port_;
  return {channel, instance_, session, port, advertise_ip_};
}

void Hub::on_hello(const std::shared_ptr<Connection>& from, const Hello& hello) {
  strangers_.remove(from);
  const bool consensus = from->channel() == Channel::kConsensus;
  const bool taken = from->inbound()
                         ? (consensus ? greet_inbound(from, hello) : join_inbound(from, hello))
                         : (consensus ? greet_outbound(from, hello) : join_outbound(from));
  if (taken) return;
  ++counters.refused;
  from->close();
}

// A slot for who dialled us. When all are taken, the network group that holds most of them gives
// one to a group that holds fewer; its youngest peer goes. So nobody fills the slots from few
// networks.
bool Hub::make_slot(const NodeId& id, const IpAddress& ip) {
  if (configured_.contains(id)) return true;
  struct Share {
    std::size_t peers = 0;
    NodeId youngest;
    std::uint64_t since_ms = 0;
  };
  std::map<NetGroup, Share> shares;
  std::size_t all = 0;
  std::size_t same_ip = 0;
  for (const auto& [other, peer] : peers_) {
    if (!peer.inbound || configured_.contains(other)) continue;
    ++all;
    same_ip += peer.consensus->ip() == ip ? 1U : 0U;
    Share& share = shares[net_group(peer.consensus->ip())];
    if (share.peers++ == 0 || peer.since_ms >= share.since_ms) {
      share.youngest = other;
      share.since_ms = peer.since_ms;
    }
  }
  const NetworkLimits& limits = options_.limits;
  if (exempt(ip)) return all < limits.inbound_max;
  const std::size_t same_group = shares[net_group(ip)].peers;
  if (same_ip >= limits.inbound_per_ip || same_group >= limits.inbound_per_group) return false;
  if (all < limits.inbound_max) return true;
  const auto largest = std::max_element(
      shares.begin(), shares.end(),
      [](const auto& a, const auto& b) { return a.second.peers < b.second.peers; });
  if (largest->second.peers <= same_group + 1) return false;
  drop(NodeId(largest->second.youngest), "its slot went to another network");
  return true;
}

// Somebody dialled us. Refused without an answer: then nothing has begun on either side.
bool Hub::greet_inbound(const std::shared_ptr<Connection>& from, const Hello& hello) {
  const NodeId id = from->remote();
  if (id == id_ || banned(id) || stopping_) return false;
  if (const auto existing = peers_.find(id); existing != peers_.end()) {
    // We have dialled it, and it has answered: it will see that too.
    if (existing->second.instance == hello.instance && !existing->second.inbound) return false;
    // It restarted, or has lost what it dialled before.
    drop(id, "it dialled again");
  }
  if (!make_slot(id, from->ip())) return false;
  Peer peer;
  peer.consensus = from;
  peer.instance = hello.instance;
  peer.session = draw();
  peer.inbound = true;
  peer.since_ms = now_ms();
  from->send_control(kHelloKind, bcs_encode(own_hello(Channel::kConsensus, peer.session)));
  peers_[id] = std::move(peer);
  learn(id, *from, hello);
  return true;
}

bool Hub::join_inbound(const std::shared_ptr<Connection>& from, const Hello& hello) {
  const auto found = peers_.find(from->remote());
  if (found == peers_.end()) return false;
  Peer& peer = found->second;
  if (!peer.inbound || peer.bulk || peer.session != hello.session) return false;
  peer.bulk = from;
  from->send_control(kHelloKind, bcs_encode(own_hello(Channel::kBulk, peer.session)));
  bring_up(found->first, peer);
  return true;
}

// We dialled it while it dialled us, and both have answered: both sides decide alike.
bool Hub::ours_wins(const Peer& existing, const NodeId& id, const Hello& hello) const {
  return existing.instance != hello.instance || !existing.inbound || id_ < id;
}

bool Hub::greet_outbound(const std::shared_ptr<Connection>& from, const Hello& hello) {
  const NodeId id = from->remote();
  dials_.erase(id);
  if (banned(id) || stopping_) return false;
  if (const auto existing = peers_.find(id); existing != peers_.end()) {
    if (!ours_wins(existing->second, id, hello)) return false;
    drop(id, "both dialled");
  }
  Peer& peer = peers_[id];
  peer.consensus = from;
  peer.instance = hello.instance;
  peer.session = hello.session;
  peer.bulk =
      Connection::dial(context_, {from->endpoint()}, id, own_hello(Channel::kBulk, hello.session));
  return true;
}

bool Hub::join_outbound(const std::shared_ptr<Connection>& from) {
  const auto found = peers_.find(from->remote());
  if (found == peers_.end() || found->second.bulk != from) return false;
  bring_up(found->first, found->second);
  return true;
}

void Hub::bring_up(const NodeId& id, Peer& peer) {
  const auto& endpoint = peer.consensus->endpoint();
  const std::string where = host_port_text(ip_text(peer.consensus->ip()), endpoint.port());
  peer.handle = std::make_shared<PeerHandle>(id, where, peer.inbound, options_.clock->wall_ms(),
                                             context_.kinds, options_.limits.lanes, now_ms());
  peer.up_ms = now_ms();
  peer.ask_next_ms = now_ms();
  if (!peer.inbound) book_.answered({id, peer.consensus->ip(), endpoint.port()}, wall_s());
  log(NetworkLog::kInfo, "peer " + to_hex(id) + " up at " + where);
  directory_.add(peer.handle);
  options_.events.on_up(id);
  peer.consensus->open(peer.handle);
  peer.bulk->open(peer.handle);
}

void Hub::drop(const NodeId& id, const std::string& why) {
  auto node = peers_.extract(id);
  if (node.empty()) return;
  const Peer& peer = node.mapped();
  peer.consensus->close();
  if (peer.bulk) peer.bulk->close();
  if (const auto target = configured_.find(id); target != configured_.end()) {
    if (peer.handle && now_ms() >= peer.up_ms + kStaysMs) target->second.failures = 0;
    put_off(target->second);
  }
  if (!peer.handle) return;
  directory_.remove(id);
  log(NetworkLog::kInfo, "peer " + to_hex(id) + " down: " + why);
  options_.events.on_down(id);
}

void Hub::on_closed(const std::shared_ptr<Connection>& from, Ending ending,
                    const std::string& why) {
  strangers_.remove(from);
  const NodeId id = from->remote();
  bool was_up = false;
  const auto dialled = dials_.find(id);
  const auto found = peers_.find(id);
  if (dialled != dials_.end() && dialled->second.connection == from) {
    dial_failed(id, why);
  } else if (found != peers_.end() &&
             (found->second.consensus == from || found->second.bulk == from)) {
    was_up = found->second.handle != nullptr;
    drop(id, why);
  }
  blame(*from, was_up, ending, why);
}

void Hub::blame(const Connection& from, bool was_up, Ending ending, const std::string& why) {
  switch (ending) {
    case Ending::kLost:
      return;
    case Ending::kTimeout:
      if (was_up) return charge(from.remote(), scores_.points_of(Offence::kSlow), why);
      ++counters.handshakes_failed;
      if (from.inbound()) charge_ip(from.ip(), kSlowHandshakePoints);
      return;
    case Ending::kHandshake:
      ++counters.handshakes_failed;
      log(NetworkLog::kDebug, ip_text(from.ip()) + ": " + why);
      if (from.inbound()) charge_ip(from.ip(), kBadHandshakePoints);
      return;
    case Ending::kBroken: {
      // Who got this far has proven its id.
      const std::uint32_t points = scores_.points_of(Offence::kBroken);
      charge_ip(from.ip(), points / 3 + 1);
      return charge(from.remote(), points, why);
    }
  }
}

void Hub::on_message(Connection& from, std::uint8_t kind, Bytes&& body) {
  options_.events.on_message(from.remote(), kind, std::move(body));
}

void Hub::on_control(Connection& from, std::uint8_t kind, ByteView body) {
  const NodeId id = from.remote();
  const auto found = peers_.find(id);
  if (found == peers_.end()) return;
  if (kind == kGetPeersKind) return tell_peers(id, found->second);
  hear_peers(id, found->second, body);
}

void Hub::on_over_rate(Connection& from, std::uint8_t kind) {
  ++counters.dropped_in;
  charge(from.remote(), options_.limits.scores.points_over_rate,
         "messages of kind " + std::to_string(kind) + " beyond their rate");
}

// Who began first has had the most time.
void Hub::on_crowded() {
  struct Choice {
    bool configured;
    std::uint64_t begun_ms;
    NodeId id;
    auto operator<=>(const Choice&) const = default;
  };
  std::optional<Choice> first;
  for (const auto& [id, peer] : peers_) {
    for (const auto& connection : {peer.consensus, peer.bulk}) {
      const auto begun = connection ? connection->oldest_begun_ms() : std::nullopt;
      if (!begun) continue;
      const Choice choice{configured_.contains(id), *begun, id};
      first = first ? std::min(*first, choice) : choice;
    }
  }
  if (first) charge(first->id, scores_.points_of(Offence::kSlow), "its pieces are in the way");
  if (first) drop(first->id, "its pieces are in the way");
}

}  // namespace fog
