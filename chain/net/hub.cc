#include "chain/net/hub.h"

namespace fog {
namespace asio = boost::asio;
using boost::system::error_code;

namespace {

constexpr auto kTick = std::chrono::milliseconds(100);
// A tick that comes later than this was not late for its peers' sake.
constexpr std::uint64_t kTickMax = 500;
constexpr std::size_t kAcceptsTrackedMax = 4'096;
// Blame by address falls on whoever shares it: less than a node's own, and short bans.
constexpr std::uint64_t kIpBanMax = 3'600'000;

Bytes prologue_of(const std::string& chain_id) {
  Bytes prologue = to_bytes(as_bytes("fogcoin/1"));
  append(prologue, as_bytes(chain_id));
  return prologue;
}

ScoreLimits for_addresses(ScoreLimits limits) {
  limits.ban_max_ms = std::min(limits.ban_max_ms, kIpBanMax);
  return limits;
}

}  // namespace

Hub::Hub(asio::io_context& io, TcpNetworkOptions options, const KindTable& kinds, AddressBook book)
    : io_(io),
      options_(std::move(options)),
      id_(options_.key.public_key()),
      context_{io_, options_, prologue_of(options_.chain_id), kinds, *this},
      book_(std::move(book)),
      advertise_ip_(parse_ip(options_.advertise_host)),
      acceptor_(io),
      resolver_(io),
      timer_(io),
      scores_(options_.limits.scores),
      ip_scores_(for_addresses(options_.limits.scores)) {
  instance_ = draw();
  for (const PeerAddress& peer : options_.peers) {
    if (peer.id != id_) configured_[peer.id] = {peer};
  }
}

std::uint64_t Hub::draw() {
  std::array<std::uint8_t, 8> bytes{};
  options_.rng->fill(bytes);
  return read_be64(bytes);
}

ErrorOr<void> Hub::listen() {
  if (options_.listen_host.empty()) return {};
  const auto ip = parse_ip(options_.listen_host);
  if (!ip)
    return fail(ErrorCode::kInvalidInput,
                "cannot listen on \"" + options_.listen_host + "\": it is no IP address");
  const Tcp::endpoint endpoint = endpoint_of(*ip, options_.listen_port);
  const std::string name = host_port_text(options_.listen_host, options_.listen_port);
  error_code failed;
  acceptor_.open(endpoint.protocol(), failed);
  if (!failed) acceptor_.set_option(Tcp::acceptor::reuse_address(true), failed);
  if (!failed) acceptor_.bind(endpoint, failed);
  if (!failed) acceptor_.listen(asio::socket_base::max_listen_connections, failed);
  if (failed) return fail(ErrorCode::kIo, "cannot listen on " + name + ": " + failed.message());
  listen_port_ = acceptor_.local_endpoint(failed).port();
  return {};
}

void Hub::start() {
  ticked_ms_ = now_ms();
  save_next_ms_ = ticked_ms_ + options_.limits.book_save_ms;
  tick();
}

void Hub::stop() {
  stopping_ = true;
  error_code ignored;
  acceptor_.close(ignored);
  resolver_.cancel();
  timer_.cancel();
  for (const auto& stranger : strangers_) stranger->close();
  for (const auto& [id, dial] : dials_) {
    if (dial.connection) dial.connection->close();
  }
  while (!peers_.empty()) drop(peers_.begin()->first, "stopping");
  end_saving();
  save_book();
  end_saving();
}

void Hub::accept_next() {
  if (accepting_ || stopping_ || !acceptor_.is_open()) return;
  accepting_ = true;
  acceptor_.async_accept([this](error_code failed, Tcp::socket socket) {
    accepting_ = false;
    if (stopping_) return;
    const bool failing = std::exchange(accept_failing_, static_cast<bool>(failed));
    if (failed) {  // out of descriptors, most likely: the next tick tries again
      if (!failing) log(NetworkLog::kWarning, "cannot accept: " + failed.message());
      return;
    }
    on_accepted(std::move(socket));
    accept_next();
  });
}

void Hub::on_accepted(Tcp::socket socket) {
  error_code failed;
  const Tcp::endpoint remote = socket.remote_endpoint(failed);
  if (failed) return;
  if (!admits(ip_of(remote.address()))) {
    ++counters.refused;
    return;
  }
  ++counters.accepted;
  if (strangers_.size() >= options_.limits.handshakes_max) end_handshake();
  strangers_.push_back(Connection::accept(context_, std::move(socket)));
}

bool Hub::admits(const IpAddress& ip) {
  const NetworkLimits& limits = options_.limits;
  if (exempt(ip)) return true;
  if (ip_scores_.banned(to_bytes(ip), now_ms())) return false;
  const auto same = std::count_if(strangers_.begin(), strangers_.end(),
                                  [&](const auto& stranger) { return stranger->ip() == ip; });
  if (static_cast<std::size_t>(same) >= limits.handshakes_per_ip) return false;
  auto bucket = accepts_.find(ip);
  if (bucket == accepts_.end()) {
    if (accepts_.size() >= kAcceptsTrackedMax)
      std::erase_if(accepts_, [&](auto& entry) { return entry.second.full(now_ms()); });
    if (accepts_.size() >= kAcceptsTrackedMax) return false;
    bucket =
        accepts_.try_emplace(ip, limits.accepts_per_second, limits.accepts_burst, now_ms()).first;
  }
  return bucket->second.take(now_ms());
}

// All places are taken: whoever has had his longest, of the network group that holds most of them,
// gives it up. A shaking of hands takes a round trip, so honest nodes are through long before, and
// nobody keeps them out with connections that say nothing.
void Hub::end_handshake() {
  std::map<NetGroup, std::size_t> shares;
  for (const auto& stranger : strangers_) ++shares[net_group(stranger->ip())];
  const auto victim =
      std::max_element(strangers_.begin(), strangers_.end(), [&](const auto& a, const auto& b) {
        return shares[net_group(a->ip())] < shares[net_group(b->ip())];
      });
  if (victim == strangers_.end()) return;
  ++counters.refused;
  (*victim)->close();
  strangers_.erase(victim);
}

void Hub::tick() {
  if (stopping_) return;
  const std::uint64_t now = now_ms();
  context_.awake_ms += std::min(now - ticked_ms_, kTickMax);
  ticked_ms_ = now;
  tick_connections();
  accept_next();
  dial_due();
  exchange_due();
  save_due();
  timer_.expires_after(kTick);
  timer_.async_wait([this](error_code failed) {
    if (!failed) tick();
  });
}

// A tick may end connections, so it goes over a copy.
void Hub::tick_connections() {
  std::vector<std::shared_ptr<Connection>> all(strangers_.begin(), strangers_.end());
  for (const auto& [id, dial] : dials_) {
    if (dial.connection) all.push_back(dial.connection);
  }
  for (const auto& [id, peer] : peers_) {
    all.push_back(peer.consensus);
    if (peer.bulk) all.push_back(peer.bulk);
    if (peer.handle) peer.handle->score = scores_.score(to_bytes(id), now_ms());
  }
  for (const auto& connection : all) connection->tick();
}

bool Hub::exempt(const IpAddress& ip) const {
  return options_.trust_loopback && is_loopback(ip);
}

bool Hub::banned(const NodeId& id) const {
  return scores_.banned(to_bytes(id), now_ms());
}

void Hub::charge(const NodeId& id, std::uint32_t points, const std::string& why) {
  const Bytes offender = to_bytes(id);
  const bool was = banned(id);
  const bool is = scores_.charge(offender, points, now_ms());
  if (const auto found = peers_.find(id); found != peers_.end() && found->second.handle)
    found->second.handle->score = scores_.score(offender, now_ms());
  if (!is) return;
  if (!was) {
    ++counters.bans;
    log(NetworkLog::kWarning, "peer " + to_hex(id) + " banned: " + why);
  }
  drop(id, "banned");
}

void Hub::charge_ip(const IpAddress& ip, std::uint32_t points) {
  if (exempt(ip)) return;
  const bool was = ip_scores_.banned(to_bytes(ip), now_ms());
  if (!ip_scores_.charge(to_bytes(ip), points, now_ms()) || was) return;
  ++counters.bans;
  log(NetworkLog::kWarning, "address " + ip_text(ip) + " banned");
}

void Hub::report(const NodeId& id, Offence offence, const std::string& why) {
  log(NetworkLog::kDebug, "peer " + to_hex(id) + ": " + why);
  const auto found = peers_.find(id);
  if (found != peers_.end() && offence == Offence::kBroken)
    charge_ip(found->second.consensus->ip(), scores_.points_of(offence) / 3 + 1);
  charge(id, scores_.points_of(offence), why);
}

void Hub::wake(const std::shared_ptr<PeerHandle>& handle, Channel channel) {
  const auto found = peers_.find(handle->id());
  if (found == peers_.end() || found->second.handle != handle) return;
  (channel == Channel::kConsensus ? found->second.consensus : found->second.bulk)->pump();
}

NetworkMetrics Hub::metrics() const {
  NetworkMetrics out;
  out.bytes_in = context_.bytes_in;
  out.bytes_out = context_.bytes_out;
  out.messages_in = context_.messages_in;
  out.messages_out = context_.messages_out;
  out.dropped_out = counters.dropped_out;
  out.dropped_in = counters.dropped_in;
  out.accepted = counters.accepted;
  out.refused = counters.refused;
  out.handshakes_failed = counters.handshakes_failed;
  out.dials = counters.dials;
  out.dials_failed = counters.dials_failed;
  out.bans = counters.bans;
  for (const auto& handle : directory_.all())
    ++(handle->info().inbound ? out.inbound : out.outbound);
  return out;
}

}  // namespace fog
