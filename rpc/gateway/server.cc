#include "rpc/gateway/server.h"

#include <chrono>
#include <set>
#include <thread>

#include <spdlog/spdlog.h>

#include "chain/base/clock.h"
#include "rpc/gateway/certificates.h"
#include "rpc/gateway/session.h"
#include "rpc/gateway/vouching.h"

namespace fog::gateway {
namespace {

using std::chrono::milliseconds;

constexpr std::uint64_t kVoucherTickMs = 20;
// At its end a gateway vouches so often, a tick each: a voucher that is on its way does not cover
// what has just ended.
constexpr int kLastVouchers = 15;
constexpr std::uint64_t kFollowWaitMs = 2'000;

}  // namespace

// One shard a thread, each with its own event loop and connections to Hosts, so nothing is shared
// but routes and counters. A further loop vouches, a further thread follows the chain.
struct GatewayServer::Impl {
  Impl(GatewayConfig config_, NodeApi* node_, Routes& routes_, ArtifactFolder& artifacts_,
       SecretFolder* secrets_, DemandDesk* demand_)
      : config(std::move(config_)),
        node(node_),
        routes(routes_),
        artifacts(artifacts_),
        demand(demand_) {
    if (node == nullptr || secrets_ == nullptr) return;
    secrets.emplace(*node, *secrets_);
    tunnels.emplace(config.tunnels);
  }

  ErrorOr<void> listen(std::optional<tcp::acceptor>& acceptor, const std::string& at,
                       std::uint16_t port);
  net::awaitable<void> accept_all(tcp::acceptor& acceptor, bool encrypted);
  net::awaitable<void> watch_certificates();
  net::awaitable<void> vouch_all();
  void vouch_each(bool force);
  net::awaitable<void> vouch_one(std::shared_ptr<Replica> replica, bool force);
  void follow_chain();
  void stop();

  GatewayConfig config;
  NodeApi* const node;  // null: no chain is followed
  Routes& routes;
  ArtifactFolder& artifacts;
  DemandDesk* const demand;
  std::optional<SecretDesk> secrets;
  std::optional<Tunnels> tunnels;
  GatewayCounters counters;
  Drain drain;
  std::vector<std::unique_ptr<Shard>> shards;
  std::unique_ptr<Shard> voucher_shard;
  std::optional<tcp::acceptor> acceptor;
  std::optional<tcp::acceptor> tls_acceptor;
  std::unique_ptr<Certificates> certificates;  // null: no TLS
  std::set<const Replica*> vouching;           // on the voucher thread only
  std::atomic<bool> stopping{false};           // nobody is let in any more
  std::atomic<bool> ended{false};              // and nothing is under way
  std::vector<std::thread> threads;
};

ErrorOr<void> GatewayServer::Impl::listen(std::optional<tcp::acceptor>& door, const std::string& at,
                                          std::uint16_t port) {
  beast::error_code error;
  const auto address = net::ip::make_address(at, error);
  if (error) return fail(ErrorCode::kInvalidInput, "not an IP address to listen on: " + at);
  tcp::endpoint endpoint(address, port);
  door.emplace(shards.front()->context);
  door->open(endpoint.protocol(), error);
  if (!error) door->set_option(net::socket_base::reuse_address(true), error);
  if (!error) door->bind(endpoint, error);
  if (!error) door->listen(net::socket_base::max_listen_connections, error);
  if (error) {
    return fail(ErrorCode::kIo,
                "cannot listen on " + at + ":" + std::to_string(port) + ": " + error.message());
  }
  return {};
}

net::awaitable<void> GatewayServer::Impl::accept_all(tcp::acceptor& door, bool encrypted) {
  std::size_t next = 0;
  while (!stopping) {
    beast::error_code error;
    if (counters.connections >= config.connections_max) {
      net::steady_timer timer(shards.front()->context, milliseconds(5));
      co_await timer.async_wait(net::redirect_error(net::use_awaitable, error));
      continue;
    }
    Shard& shard = *shards[next++ % shards.size()];
    tcp::socket socket =
        co_await door.async_accept(shard.context, net::redirect_error(net::use_awaitable, error));
    if (error == net::error::operation_aborted) co_return;
    if (error) continue;
    net::co_spawn(
        shard.context,
        serve_connection(shard, std::move(socket), encrypted ? certificates->context() : nullptr),
        net::detached);
  }
}

// A certificate that a client of ACME has renewed is taken within a second; one that cannot be used
// is said once.
net::awaitable<void> GatewayServer::Impl::watch_certificates() {
  std::string said;
  while (!ended) {
    net::steady_timer timer(voucher_shard->context, milliseconds(1'000));
    beast::error_code error;
    co_await timer.async_wait(net::redirect_error(net::use_awaitable, error));
    const auto changed = certificates->reload_if_changed();
    if (changed && *changed) spdlog::info("certificates read again: they have changed");
    const std::string trouble = changed ? "" : changed.error().context;
    if (!trouble.empty() && trouble != said)
      spdlog::warn("the certificates from before stay in use: {}", trouble);
    said = trouble;
  }
}

net::awaitable<void> GatewayServer::Impl::vouch_one(std::shared_ptr<Replica> replica, bool force) {
  const auto given = co_await give_voucher(*replica, voucher_shard->pool, config, counters, force);
  if (!given) {
    spdlog::warn("lease {} term {}: {}", to_hex(replica->lease), replica->term,
                 given.error().context);
    // Who does not take what he is paid by will not answer either: others are asked first.
    if (given.error().code == ErrorCode::kNetwork)
      replica->standing.failed(system_clock().monotonic_ns());
    // A Host that refuses or cannot be reached is asked again, but not every tick.
    net::steady_timer timer(voucher_shard->context, milliseconds(2'000));
    beast::error_code error;
    co_await timer.async_wait(net::redirect_error(net::use_awaitable, error));
  }
  vouching.erase(replica.get());
}

net::awaitable<void> GatewayServer::Impl::vouch_all() {
  std::uint64_t tick = 0;
  while (!ended) {
    net::steady_timer timer(voucher_shard->context, milliseconds(kVoucherTickMs));
    beast::error_code error;
    co_await timer.async_wait(net::redirect_error(net::use_awaitable, error));
    const bool force = ++tick % (market::kVoucherEveryMs / kVoucherTickMs) == 0;
    vouch_each(force);
  }
}

// For each replica that is not just being vouched to.
void GatewayServer::Impl::vouch_each(bool force) {
  for (auto& replica : routes.all()) {
    if (!vouching.insert(replica.get()).second) continue;
    net::co_spawn(voucher_shard->context, vouch_one(std::move(replica), force), net::detached);
  }
}

void GatewayServer::Impl::follow_chain() {
  std::uint64_t height = 0;
  bool reachable = true;
  while (!ended) {
    // Routes are read after each new block; a failed read is repeated after a moment.
    ErrorOr<void> refreshed = routes.refresh();
    ErrorOr<ChainStatus> status = fail(ErrorCode::kUnavailable, "");
    if (refreshed) status = node->wait_height(height + 1, kFollowWaitMs);
    if (refreshed && status) {
      height = status->height;
      if (!reachable) spdlog::info("the node answers again");
      reachable = true;
      continue;
    }
    if (reachable && !ended) {
      spdlog::warn("cannot follow the chain, serving what was known: {}",
                   refreshed ? status.error().context : refreshed.error().context);
    }
    reachable = false;
    for (int i = 0; i < 10 && !ended; ++i) std::this_thread::sleep_for(milliseconds(100));
  }
}

void GatewayServer::Impl::stop() {
  if (stopping.exchange(true)) return;
  drain.begun = true;
  if (acceptor) {
    // On the thread that accepts: a socket is not safe from two.
    net::post(shards.front()->context, [this] {
      beast::error_code error;
      acceptor->close(error);
      if (tls_acceptor) tls_acceptor->close(error);
    });
  }
  const auto end = std::chrono::steady_clock::now() + milliseconds(config.drain_ms_max);
  while (drain.under_way > 0 && std::chrono::steady_clock::now() < end)
    std::this_thread::sleep_for(milliseconds(5));
  if (drain.under_way > 0)
    spdlog::warn("{} requests are broken off: they have not ended in time", drain.under_way.load());
  ended = true;
  for (auto& shard : shards) shard->context.stop();
  if (voucher_shard) {
    for (int i = 0; i < kLastVouchers; ++i) {
      net::post(voucher_shard->context, [this] { vouch_each(true); });
      std::this_thread::sleep_for(milliseconds(kVoucherTickMs));
    }
    voucher_shard->context.stop();
  }
  for (std::thread& thread : threads) thread.join();
  threads.clear();
  if (secrets) secrets->pool.join();
}

GatewayServer::GatewayServer(GatewayConfig config, NodeApi& node, Routes& routes,
                             ArtifactFolder& artifacts, SecretFolder& secrets, DemandDesk* demand)
    : impl_(std::make_unique<Impl>(std::move(config), &node, routes, artifacts, &secrets, demand)) {
}

GatewayServer::GatewayServer(GatewayConfig config, Routes& routes, ArtifactFolder& artifacts)
    : impl_(std::make_unique<Impl>(std::move(config), nullptr, routes, artifacts, nullptr,
                                   nullptr)) {}

GatewayServer::~GatewayServer() {
  stop();
}

ErrorOr<std::uint16_t> GatewayServer::start() {
  Impl& impl = *impl_;
  const auto make_shard = [&] {
    return std::make_unique<Shard>(
        impl.config, impl.routes, impl.artifacts, impl.secrets ? &*impl.secrets : nullptr,
        impl.demand, impl.tunnels ? &*impl.tunnels : nullptr, impl.counters, impl.drain);
  };
  for (unsigned i = 0; i < std::max(1U, impl.config.threads); ++i)
    impl.shards.push_back(make_shard());
  impl.voucher_shard = make_shard();
  const GatewayConfig& config = impl.config;
  const bool encrypted = !config.certificates.files.empty() || !config.certificates.folder.empty();
  if (encrypted) {
    TRY(impl.certificates, Certificates::load(config.certificates));
    TRY_VOID(impl.listen(impl.tls_acceptor, config.tls_address, config.tls_port));
  }
  TRY_VOID(impl.listen(impl.acceptor, config.listen_address, config.listen_port));
  net::io_context& front = impl.shards.front()->context;
  net::co_spawn(front, impl.accept_all(*impl.acceptor, false), net::detached);
  if (encrypted) {
    net::co_spawn(front, impl.accept_all(*impl.tls_acceptor, true), net::detached);
    net::co_spawn(impl.voucher_shard->context, impl.watch_certificates(), net::detached);
  }
  net::co_spawn(impl.voucher_shard->context, impl.vouch_all(), net::detached);
  const auto run = [&impl](Shard& shard) {
    impl.threads.emplace_back([&shard] {
      const auto guard = net::make_work_guard(shard.context);
      shard.context.run();
    });
  };
  for (auto& shard : impl.shards) run(*shard);
  run(*impl.voucher_shard);
  if (impl.node != nullptr) impl.threads.emplace_back([&impl] { impl.follow_chain(); });
  return impl.acceptor->local_endpoint().port();
}

std::uint16_t GatewayServer::tls_port() const {
  return impl_->tls_acceptor ? impl_->tls_acceptor->local_endpoint().port() : std::uint16_t{0};
}

void GatewayServer::stop() {
  impl_->stop();
}

const GatewayCounters& GatewayServer::counters() const {
  return impl_->counters;
}

}  // namespace fog::gateway
