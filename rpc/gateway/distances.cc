#include "rpc/gateway/distances.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <map>
#include <thread>

#include <spdlog/spdlog.h>

#include "chain/base/clock.h"
#include "chain/base/url.h"
#include "market/types/preview.h"
#include "market/types/tunnel.h"
#include "rpc/gateway/http.h"

namespace fog::gateway {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kTick{200};
constexpr int kTries = 3;
// Names may be looked up as long as this, all together.
constexpr std::uint64_t kNamesMsMax = 5'000;
constexpr std::size_t kHostsMax = market::RoundTrips::kMax;

std::uint64_t now_ms() {
  return system_clock().monotonic_ns() / 1'000'000;
}

struct Place {
  market::HostId host;
  HostPort at;
};

// Microseconds that the quickest of several connections took, into `least_us`, which says at first
// how long one may take.
net::awaitable<void> measure(net::io_context& context, HostPort at, std::uint32_t& least_us) {
  beast::error_code error;
  tcp::resolver resolver(context);
  const auto places = co_await resolver.async_resolve(
      at.host, std::to_string(at.port), net::redirect_error(net::use_awaitable, error));
  const auto longest = std::chrono::microseconds(least_us);
  for (int i = 0; i < kTries && !error; ++i) {
    Stream stream(context);
    stream.expires_after(longest);
    const std::uint64_t since_ns = system_clock().monotonic_ns();
    co_await stream.async_connect(places, net::redirect_error(net::use_awaitable, error));
    const std::uint64_t took_us = (system_clock().monotonic_ns() - since_ns) / 1'000;
    if (!error)
      least_us = static_cast<std::uint32_t>(std::clamp<std::uint64_t>(took_us, 1, least_us));
  }
}

}  // namespace

struct Distances::Impl {
  Impl(DistanceSettings settings_, NodeApi& node_, Routes& routes_)
      : settings(settings_), node(node_), routes(routes_) {}

  struct Measured {
    std::uint64_t tried_ms = 0;
    std::uint64_t measured_ms = 0;
    market::RoundTrips trips;
  };

  void watch();
  void look();
  bool is_stopping() const {
    const std::lock_guard lock(mutex);
    return stopping;
  }
  ErrorOr<market::RoundTrips> measure_for(const market::Bid& bid);
  ErrorOr<std::vector<Place>> places_for(const market::Bid& bid);

  const DistanceSettings settings;
  NodeApi& node;
  Routes& routes;
  mutable std::mutex mutex;
  std::condition_variable stopped;
  bool stopping = false;
  std::map<market::BidId, Measured> bids;
  std::thread thread;
};

Distances::Distances(DistanceSettings settings, NodeApi& node, Routes& routes)
    : impl_(std::make_unique<Impl>(settings, node, routes)) {
  impl_->thread = std::thread([this] { impl_->watch(); });
}

Distances::~Distances() {
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->stopping = true;
  }
  impl_->stopped.notify_all();
  impl_->thread.join();
}

void Distances::Impl::watch() {
  for (;;) {
    {
      std::unique_lock lock(mutex);
      if (stopped.wait_for(lock, kTick, [this] { return stopping; })) return;
    }
    look();
  }
}

// One Bid a tick, so that many do not come to the node at once.
void Distances::Impl::look() {
  std::map<market::BidId, std::shared_ptr<const market::Bid>> weighing;
  for (const std::string& name : routes.services()) {
    const Route route = routes.find(name);
    if (route.bid != nullptr && route.bid->terms.latency_weight > 0)
      weighing.emplace(route.bid->id, route.bid);
  }
  std::shared_ptr<const market::Bid> due;
  const std::uint64_t now = now_ms();
  {
    const std::lock_guard lock(mutex);
    std::erase_if(bids, [&](const auto& each) { return !weighing.contains(each.first); });
    for (const auto& [id, bid] : weighing) {
      const auto known = bids.find(id);
      if (known != bids.end() && now < known->second.tried_ms + settings.every_ms) continue;
      due = bid;
      bids[id].tried_ms = now;
      break;
    }
  }
  if (due == nullptr) return;
  auto measured = measure_for(*due);
  if (!measured) {
    spdlog::warn("bid {}: distances of Hosts are not measured: {}", to_hex(due->id),
                 measured.error().context);
    return;
  }
  const std::lock_guard lock(mutex);
  bids[due->id] = {now, now_ms(), *std::move(measured)};
}

// The Hosts that the Bid's auction would take now from here, the best first.
ErrorOr<std::vector<Place>> Distances::Impl::places_for(const market::Bid& bid) {
  TRY(const auto self, read_record<market::Gateway>(node, market::gateway_key(routes.gateway())));
  TRY(const auto service,
      read_record<market::Service>(node, market::service_key(bid.terms.service)));
  if (!self || !service) return std::vector<Place>();
  market::PreviewRequest request{bid.terms, service->manifest.runtime, kHostsMax};
  request.terms.near = self->location;
  TRY(const auto bytes, node.market_preview(bcs_encode(request)));
  const auto report = bcs_decode<market::PreviewReport>(bytes);
  if (!report) return fail(ErrorCode::kProtocol, "the node's preview cannot be decoded");
  std::vector<StateKey> keys;
  for (const market::PreviewMatch& match : report->matches) {
    if (keys.size() < kHostsMax) keys.push_back(market::host_key(match.host));
  }
  TRY(const auto hosts, read_records<market::Host>(node, keys));
  std::vector<Place> out;
  for (const market::Host& host : hosts) {
    const auto endpoint = parse_url(std::string_view(host.endpoint));
    if (endpoint && !market::tunnel_place(endpoint->path)) out.push_back({host.id, endpoint->at});
  }
  return out;
}

// A Host that takes no connection cannot serve this gateway, and counts as if one had taken as long
// as it may: else whoever is far would not answer.
ErrorOr<market::RoundTrips> Distances::Impl::measure_for(const market::Bid& bid) {
  TRY(const auto places, places_for(bid));
  std::map<market::HostId, std::uint32_t> found;
  net::io_context context(1);
  for (const Place& place : places) {
    const auto longest_us = static_cast<std::uint32_t>(settings.answer_ms_max * 1'000);
    std::uint32_t& least_us = found.emplace(place.host, longest_us).first->second;
    net::co_spawn(context, measure(context, place.at, least_us), net::detached);
  }
  const std::uint64_t end_ms = now_ms() + kTries * settings.answer_ms_max + kNamesMsMax;
  while (!context.stopped() && now_ms() < end_ms && !is_stopping()) context.run_for(kTick);
  market::RoundTrips out;
  for (const auto& [host, micros] : found) out.push_back({host, micros});
  return out;
}

market::RoundTrips Distances::of(const market::BidId& bid) const {
  const std::lock_guard lock(impl_->mutex);
  const auto known = impl_->bids.find(bid);
  if (known == impl_->bids.end()) return {};
  const auto& measured = known->second;
  const bool counts = now_ms() < measured.measured_ms + impl_->settings.kept_ms;
  return counts ? measured.trips : market::RoundTrips();
}

}  // namespace fog::gateway
