#include "chain/net/tcp_network.h"

#include <thread>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>

#include "chain/base/check.h"
#include "chain/net/hub.h"

namespace fog {
namespace asio = boost::asio;

namespace {

constexpr std::size_t kBookBytesMax = 16 * 1024 * 1024;

Hash32 fresh_secret(Rng& rng) {
  Hash32 secret;
  rng.fill(secret.data);
  return secret;
}

AddressBook load_book(const TcpNetworkOptions& options) {
  const NodeId self = options.key.public_key();
  AddressBook empty(fresh_secret(*options.rng), self);
  const std::string& path = options.address_book_path;
  if (path.empty()) return empty;
  const auto bytes = read_file(*options.env, path, kBookBytesMax);
  if (!bytes) {
    if (bytes.error().code != ErrorCode::kNotFound)
      options.log(NetworkLog::kWarning, "address book not read: " + bytes.error().context);
    return empty;
  }
  auto book = AddressBook::decode(*bytes, self);
  if (!book) options.log(NetworkLog::kWarning, "address book " + path + " is damaged: a new one");
  return book ? *std::move(book) : std::move(empty);
}

ErrorOr<void> check_options(const TcpNetworkOptions& options) {
  if (!options.advertise_host.empty() && !parse_ip(options.advertise_host))
    return fail(ErrorCode::kInvalidInput,
                "cannot advertise \"" + options.advertise_host + "\": it is no IP address");
  for (const KindRule& rule : options.kinds) {
    if (rule.bytes_max > options.limits.lanes[static_cast<std::size_t>(rule.lane)].bytes_max)
      return fail(ErrorCode::kInvalidInput,
                  "message kind " + std::to_string(rule.kind) + " does not fit into its lane");
  }
  return {};
}

}  // namespace

struct TcpNetwork::Impl {
  Impl(TcpNetworkOptions options, const KindTable& kinds, AddressBook book)
      : hub(io, std::move(options), kinds, std::move(book)) {}

  // Runs on the network's thread, in order.
  template <class Task>
  void post(Task task) {
    asio::post(io, std::move(task));
  }
  // The shared body, or null when the message is larger than it may be.
  std::shared_ptr<const Bytes> body_of(std::uint8_t kind, ByteView message) {
    const KindCost* cost = hub.kinds().find(kind);
    CHECK(cost != nullptr && kind >= kUserKindMin);
    if (message.size() <= cost->bytes_max) return std::make_shared<const Bytes>(to_bytes(message));
    ++hub.counters.dropped_out;
    post([this, kind, size = message.size()] {
      hub.options().log(NetworkLog::kWarning, "a message of kind " + std::to_string(kind) +
                                                  " not sent: " + std::to_string(size) + " bytes");
    });
    return nullptr;
  }
  PeerHandle::Push push(PeerHandle& handle, std::uint8_t kind,
                        const std::shared_ptr<const Bytes>& body) {
    const std::uint64_t now_ms = hub.options().clock->monotonic_ns() / 1'000'000;
    const auto pushed = handle.push(kind, body, now_ms);
    if (pushed == PeerHandle::Push::kDropped) ++hub.counters.dropped_out;
    return pushed;
  }
  Channel channel_of(std::uint8_t kind) const {
    return carries(Channel::kConsensus, hub.kinds().find(kind)->lane) ? Channel::kConsensus
                                                                      : Channel::kBulk;
  }

  asio::io_context io{1};
  asio::executor_work_guard<asio::io_context::executor_type> work{io.get_executor()};
  Hub hub;
  std::thread thread;
};

TcpNetwork::TcpNetwork(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

TcpNetwork::~TcpNetwork() {
  stop();
}

ErrorOr<std::unique_ptr<TcpNetwork>> TcpNetwork::open(TcpNetworkOptions options) {
  TRY(const KindTable kinds, KindTable::make(options.kinds));
  TRY_VOID(check_options(options));
  AddressBook book = load_book(options);
  auto impl = std::make_unique<Impl>(std::move(options), kinds, std::move(book));
  TRY_VOID(impl->hub.listen());
  return std::unique_ptr<TcpNetwork>(new TcpNetwork(std::move(impl)));
}

void TcpNetwork::start() {
  CHECK(!impl_->thread.joinable());
  impl_->post([hub = &impl_->hub] { hub->start(); });
  impl_->thread = std::thread([io = &impl_->io] { io->run(); });
}

void TcpNetwork::stop() {
  if (!impl_->thread.joinable()) return;
  CHECK(std::this_thread::get_id() != impl_->thread.get_id());
  impl_->post([impl = impl_.get()] {
    impl->hub.stop();
    impl->io.stop();
  });
  impl_->thread.join();
}

std::uint16_t TcpNetwork::listen_port() const {
  return impl_->hub.listen_port();
}

void TcpNetwork::add_peer(const PeerAddress& peer) {
  impl_->post([hub = &impl_->hub, peer] { hub->add_peer(peer); });
}

void TcpNetwork::remove_peer(const NodeId& id) {
  impl_->post([hub = &impl_->hub, id] { hub->remove_peer(id); });
}

NetworkMetrics TcpNetwork::metrics() const {
  return impl_->hub.metrics();
}

const NodeId& TcpNetwork::id() const {
  return impl_->hub.id();
}

bool TcpNetwork::send(const NodeId& to, std::uint8_t kind, ByteView message) {
  const auto body = impl_->body_of(kind, message);
  const auto handle = impl_->hub.directory().find(to);
  if (!body || !handle) return false;
  const auto pushed = impl_->push(*handle, kind, body);
  if (pushed == PeerHandle::Push::kWake) {
    impl_->post([hub = &impl_->hub, handle, channel = impl_->channel_of(kind)] {
      hub->wake(handle, channel);
    });
  }
  return pushed != PeerHandle::Push::kDropped;
}

void TcpNetwork::broadcast(std::uint8_t kind, ByteView message) {
  const auto body = impl_->body_of(kind, message);
  if (!body) return;
  std::vector<std::shared_ptr<PeerHandle>> asleep;
  for (auto& handle : impl_->hub.directory().all()) {
    if (impl_->push(*handle, kind, body) == PeerHandle::Push::kWake)
      asleep.push_back(std::move(handle));
  }
  if (asleep.empty()) return;
  impl_->post([hub = &impl_->hub, asleep = std::move(asleep), channel = impl_->channel_of(kind)] {
    for (const auto& handle : asleep) hub->wake(handle, channel);
  });
}

void TcpNetwork::report(const NodeId& peer, Offence offence, const std::string& why) {
  impl_->post([hub = &impl_->hub, peer, offence, why] { hub->report(peer, offence, why); });
}

std::vector<PeerInfo> TcpNetwork::peers() const {
  std::vector<PeerInfo> out;
  for (const auto& handle : impl_->hub.directory().all()) out.push_back(handle->info());
  return out;
}

}  // namespace fog
