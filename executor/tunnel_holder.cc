#include "executor/tunnel_holder.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <poll.h>
#include <unistd.h>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include "executor/http_upgrade.h"
#include "executor/say.h"

namespace fog::executor {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kPauseMin{500};
constexpr milliseconds kPauseMax{30'000};
constexpr std::uint64_t kHelloTimeoutMs = 10'000;
constexpr std::size_t kGatewaysMax = 10'000;
// So that a connection outlives what routers forget, and its loss is noticed.
constexpr int kKeepIdleSeconds = 25;
constexpr int kKeepEverySeconds = 10;
constexpr int kKeepTries = 3;

void keep_alive(int socket) {
  const int on = 1;
  (void)::setsockopt(socket, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
  const std::pair<int, int> options[] = {{TCP_KEEPIDLE, kKeepIdleSeconds},
                                         {TCP_KEEPINTVL, kKeepEverySeconds},
                                         {TCP_KEEPCNT, kKeepTries}};
  for (const auto& [name, value] : options)
    (void)::setsockopt(socket, IPPROTO_TCP, name, &value, sizeof value);
}

}  // namespace

TunnelHolder::TunnelHolder(Options options, NodeApi& node, const SecretKey& operator_key,
                           Clock& clock, std::function<void(const UniqueFd&)> give)
    : options_(std::move(options)),
      node_(node),
      operator_key_(operator_key),
      clock_(clock),
      give_(std::move(give)),
      wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  state_.gateway = options_.gateway;
  opener_ = std::thread([this] { open_all(); });
  watcher_ = std::thread([this] { watch(); });
}

TunnelHolder::~TunnelHolder() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  wake_watcher();
  opener_.join();
  watcher_.join();
}

void TunnelHolder::wake_watcher() const {
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t put = ::write(wake_.get(), &one, sizeof one);
}

TunnelState TunnelHolder::state() const {
  const std::lock_guard lock(mutex_);
  TunnelState out = state_;
  out.spare = spares_.size();
  return out;
}

// Who it is that the hellos are for.
ErrorOr<void> TunnelHolder::find_gateway() {
  if (chain_) return {};
  TRY(const auto status, node_.status());
  TRY(const auto gateways, read_index<market::Gateway>(node_, market::all_gateways(),
                                                       state_key(Table::kGateway), kGatewaysMax));
  for (const market::Gateway& each : gateways) {
    if (each.endpoint != options_.gateway) continue;
    gateway_ = each.owner;
    chain_ = status.chain_id;
    return {};
  }
  return fail(ErrorCode::kNotFound, "no gateway with the endpoint " + options_.gateway +
                                        " is registered; list: fogcoin gateway list");
}

ErrorOr<UniqueFd> TunnelHolder::open_one() {
  TRY_VOID(find_gateway());
  market::TunnelHello hello;
  hello.chain = *chain_;
  hello.host = options_.host;
  hello.gateway = gateway_;
  // Each later than the one before.
  hello.time_ms = hello_ms_ = std::max(clock_.wall_ms(), hello_ms_ + 1);
  UpgradePlan plan;
  plan.url = options_.gateway;
  plan.target = market::kTunnelPath;
  plan.protocol = market::kTunnelProtocol;
  plan.body = bcs_encode(market::sign_hello(hello, operator_key_));
  plan.timeout_ms = kHelloTimeoutMs;
  auto socket = upgrade(plan);
  // It may be another gateway's URL by now.
  if (!socket) chain_.reset();
  if (socket) keep_alive(socket->get());
  return socket;
}

void TunnelHolder::open_all() {
  milliseconds pause = kPauseMin;
  bool works = false;
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    if (spares_.size() >= kTunnelSpares) {
      changed_.wait(lock);
      continue;
    }
    const std::uint64_t lost = lost_;
    lock.unlock();
    auto socket = open_one();
    const std::string why = socket ? "" : socket.error().context;
    if (!socket) {
      if (why != state().why) say("the tunnel cannot be opened: " + why + "; it is tried again");
      works = false;
    } else if (!std::exchange(works, true)) {
      say("the tunnel to " + options_.gateway + " stands");
    }
    lock.lock();
    state_.why = why;
    // What breaks at once is waited for as what does not open.
    const bool good = socket && lost == lost_;
    if (socket) {
      spares_.push_back(*std::move(socket));
      wake_watcher();
    }
    if (good) {
      pause = kPauseMin;
      continue;
    }
    changed_.wait_for(lock, pause, [&] { return stopping_; });
    pause = std::min(pause * 2, kPauseMax);
  }
}

// Gives away what a request has come on, and lets go of what the gateway has closed.
void TunnelHolder::watch() {
  for (;;) {
    std::vector<pollfd> waits{{wake_.get(), POLLIN, 0}};
    {
      const std::lock_guard lock(mutex_);
      if (stopping_) return;
      for (const UniqueFd& spare : spares_) waits.push_back({spare.get(), POLLIN, 0});
    }
    if (::poll(waits.data(), waits.size(), -1) < 0) continue;
    std::uint64_t ignored = 0;
    [[maybe_unused]] const ssize_t got = ::read(wake_.get(), &ignored, sizeof ignored);
    std::vector<UniqueFd> ready;
    {
      const std::lock_guard lock(mutex_);
      for (const pollfd& each : waits) {
        if (each.fd == wake_.get() || each.revents == 0) continue;
        const auto it = std::find_if(spares_.begin(), spares_.end(),
                                     [&](const UniqueFd& spare) { return spare.get() == each.fd; });
        ready.push_back(std::move(*it));
        spares_.erase(it);
      }
    }
    for (UniqueFd& socket : ready) {
      char byte = 0;
      const bool asked = ::recv(socket.get(), &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 1;
      if (asked) give_(socket);
      const std::lock_guard lock(mutex_);
      ++(asked ? state_.taken : lost_);
    }
    changed_.notify_all();
  }
}

}  // namespace fog::executor
