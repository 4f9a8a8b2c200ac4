#include "rpc/gateway/demand_desk.h"

#include <algorithm>
#include <condition_variable>
#include <map>
#include <thread>

#include <spdlog/spdlog.h>

#include "chain/base/clock.h"
#include "market/types/messages.h"
#include "rpc/gateway/service_load.h"

namespace fog::gateway {
namespace {

constexpr std::chrono::milliseconds kTick{100};
constexpr std::size_t kStepsKept = 20;
constexpr int kSenders = 4;
constexpr std::uint64_t kRetryMsMin = 1'000;
constexpr std::uint64_t kRetryMsMax = 60'000;
// Another Host is sought in the place of one that has not been reached for so long: sooner than the
// chain takes its lease away.
constexpr std::uint64_t kLostMs = 300;
// A ticket opens a reservation for so long (the market's rule), and is on the chain after that.
constexpr std::uint64_t kTicketServesMs = 600'000;
constexpr std::uint64_t kTicketSettlesMs = 3'000;
// Asking for less costs a transaction each time.
constexpr std::uint64_t kLowerEveryMs = 5'000;

std::uint64_t now_ms() {
  return system_clock().monotonic_ns() / 1'000'000;
}

std::uint32_t lost_replicas(const Route& route, std::uint64_t now) {
  return static_cast<std::uint32_t>(
      std::count_if(route.replicas.begin(), route.replicas.end(), [now](const auto& replica) {
        const std::uint64_t since_ms = replica->standing.lost_since_ns() / 1'000'000;
        return since_ms != 0 && now >= since_ms + kLostMs;
      }));
}

}  // namespace

struct DemandDesk::Impl {
  struct Watched {
    explicit Watched(const ScalePolicy& policy) : scaler(policy) {}
    market::BidId bid{};
    Scaler scaler;
    ScaleDecision decision;
    std::uint32_t lost = 0;  // replicas whose Host is not reached
    std::uint32_t wanted = 0;
    bool known = false;  // what the chain has of this gateway's Demand
    std::uint32_t asked = 0;
    std::uint64_t asked_until_ms = 0;
    std::uint64_t changed_ms = 0;
    bool sending = false;
    std::string refused;
    std::uint64_t retry_ms = 0;
    std::uint64_t retry_pause_ms = kRetryMsMin;
    std::uint64_t check_ms = 0;  // when the chain is to be asked what it has; 0: not at all
    std::vector<Step> steps;

    void add_step(Step step) {
      steps.push_back(std::move(step));
      if (steps.size() > kStepsKept) steps.erase(steps.begin());
    }
  };

  Impl(const DemandSettings& settings_, NodeApi& node_, Routes& routes_, SendMessage send_)
      : settings(settings_), node(node_), routes(routes_), send(std::move(send_)) {}

  void watch();
  void look();
  void look_at(const std::string& name, const Route& route);
  void ask(const std::string& name, market::RaiseDemand message, const std::string& why);
  void sent(const std::string& name, const market::RaiseDemand& message, const std::string& why,
            const ErrorOr<void>& result);
  ErrorOr<market::Location> location();

  const DemandSettings& settings;
  NodeApi& node;
  Routes& routes;
  const SendMessage send;
  mutable std::mutex mutex;
  std::condition_variable poked;
  bool poke = false;
  bool stopping = false;
  std::map<std::string, Watched> services;
  net::thread_pool senders{kSenders};
  std::thread thread;
};

DemandDesk::DemandDesk(DemandSettings settings, NodeApi& node, Routes& routes, SendMessage send)
    : settings_(settings), impl_(std::make_unique<Impl>(settings_, node, routes, std::move(send))) {
  impl_->thread = std::thread([this] { impl_->watch(); });
}

DemandDesk::~DemandDesk() {
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->stopping = true;
  }
  impl_->poked.notify_all();
  impl_->thread.join();
  impl_->senders.join();
}

void DemandDesk::opened(const std::string& service) {
  const std::uint64_t now = now_ms();
  const std::lock_guard lock(impl_->mutex);
  const auto it = impl_->services.find(service);
  if (it == impl_->services.end()) return;
  auto& watched = it->second;
  watched.asked = (now < watched.asked_until_ms ? watched.asked : 0) + 1;
  watched.asked_until_ms = std::max(watched.asked_until_ms, now + kTicketServesMs);
  watched.changed_ms = now;
  // What the chain says then counts.
  watched.check_ms = now + kTicketSettlesMs;
  watched.add_step({system_clock().wall_ms(), watched.asked, "a warm reservation is opened"});
}

void DemandDesk::poke() {
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->poke = true;
  }
  impl_->poked.notify_all();
}

void DemandDesk::Impl::watch() {
  for (;;) {
    {
      std::unique_lock lock(mutex);
      poked.wait_for(lock, kTick, [this] { return poke || stopping; });
      poke = false;
      if (stopping) return;
    }
    look();
  }
}

void DemandDesk::Impl::look() {
  const std::vector<std::string> names = routes.services();
  for (const std::string& name : names) {
    const Route route = routes.find(name);
    if (route.bid != nullptr) look_at(name, route);
  }
  const std::lock_guard lock(mutex);
  std::erase_if(services, [&](const auto& each) {
    return !each.second.sending && !std::binary_search(names.begin(), names.end(), each.first);
  });
}

void DemandDesk::Impl::look_at(const std::string& name, const Route& route) {
  const market::Bid& bid = *route.bid;
  const std::uint64_t now = now_ms();
  bool known = false;
  {
    const std::lock_guard lock(mutex);
    Watched& service = services.try_emplace(name, settings.scale).first->second;
    if (service.bid != bid.id) {
      service.bid = bid.id;
      service.known = service.sending;
    }
    if (service.check_ms != 0 && now >= service.check_ms && !service.sending) {
      service.check_ms = 0;
      service.known = false;
    }
    known = service.known;
  }
  // What this gateway has asked before it was started anew. Only this thread adds services.
  std::optional<market::Demand> before;
  std::uint64_t left_ms = 0;
  if (!known) {
    const auto read =
        read_record<market::Demand>(node, market::demand_key(bid.id, routes.gateway()));
    const auto status = node.status();
    if (!read || !status) return;
    before = *read;
    if (before && before->until_ms > status->time_ms) left_ms = before->until_ms - status->time_ms;
  }

  std::unique_lock lock(mutex);
  Watched& service = services.at(name);
  if (!service.known) {
    service.known = true;
    service.asked = left_ms > 0 ? before->replicas : 0;
    service.asked_until_ms = now + left_ms;
  }
  service.scaler.sample(now, route.load->requests);
  service.decision = service.scaler.decide(now, route.slots);
  service.lost = service.decision.replicas == 0 ? 0 : lost_replicas(route, now);
  const std::uint32_t fewest = bid.terms.replicas_min;
  // In the place of those that are lost, also where the Bid's fewest would do for the load.
  service.wanted = std::min<std::uint32_t>(
      std::max(service.decision.replicas, service.lost > 0 ? fewest : 0U) + service.lost,
      bid.terms.replicas_max);
  if (now >= service.asked_until_ms) service.asked = 0;
  if (service.sending || now < service.retry_ms) return;
  const std::uint32_t ask_for = service.wanted > fewest ? service.wanted - fewest : 0;
  const bool ends_soon = service.asked_until_ms < now + settings.demand_ms / 4;
  const bool raise = ask_for > service.asked || (ask_for > 0 && ends_soon);
  const bool lower = ask_for < service.asked && now >= service.changed_ms + kLowerEveryMs;
  if (!raise && !lower) return;
  market::RaiseDemand message;
  message.bid = bid.id;
  message.replicas = static_cast<std::uint16_t>(ask_for);
  message.for_ms = settings.demand_ms;
  service.sending = true;
  std::string why = service.decision.why;
  if (service.lost > 0) why += "; " + std::to_string(service.lost) + " whose Host is not reached";
  lock.unlock();
  net::post(senders, [this, name, message, why] { ask(name, message, why); });
}

ErrorOr<market::Location> DemandDesk::Impl::location() {
  TRY(const auto self, read_record<market::Gateway>(node, market::gateway_key(routes.gateway())));
  if (!self) {
    return fail(
        ErrorCode::kNotFound,
        "this gateway is not on the chain; its operator registers it with: foggate register");
  }
  return self->location;
}

void DemandDesk::Impl::ask(const std::string& name, market::RaiseDemand message,
                           const std::string& why) {
  auto at = location();
  if (!at) return sent(name, message, why, Fail{at.error()});
  message.location = *std::move(at);
  if (settings.round_trips) message.round_trips = settings.round_trips(message.bid);
  sent(name, message, why, send(make_message(message)));
}

void DemandDesk::Impl::sent(const std::string& name, const market::RaiseDemand& message,
                            const std::string& why, const ErrorOr<void>& result) {
  const std::uint64_t now = now_ms();
  {
    const std::lock_guard lock(mutex);
    Watched& service = services.at(name);
    service.sending = false;
    if (service.bid != message.bid) {
      service.known = false;
      return;
    }
    Step step{system_clock().wall_ms(), message.replicas, why};
    if (result) {
      service.asked = message.replicas;
      service.asked_until_ms = now + message.for_ms;
      service.changed_ms = now;
      service.refused.clear();
      service.retry_pause_ms = kRetryMsMin;
    } else {
      service.refused = result.error().context;
      service.retry_ms = now + service.retry_pause_ms;
      service.retry_pause_ms = std::min(service.retry_pause_ms * 2, kRetryMsMax);
      step.why = "refused: " + service.refused;
    }
    service.add_step(std::move(step));
  }
  if (result) {
    spdlog::info("{}: {} replicas asked for beyond the bid's fewest ({})", name, message.replicas,
                 why);
    return;
  }
  spdlog::warn("{}: cannot ask for {} replicas: {}", name, message.replicas,
               result.error().context);
  // Whoever waits is told.
  if (const Route route = routes.find(name); route.load) route.load->gate.open();
}

std::string DemandDesk::refused(const std::string& service) const {
  const std::lock_guard lock(impl_->mutex);
  const auto found = impl_->services.find(service);
  const bool waits = found != impl_->services.end() && now_ms() < found->second.retry_ms;
  return waits ? found->second.refused : std::string();
}

std::optional<DemandDesk::Explanation> DemandDesk::explain(const std::string& service) const {
  const std::lock_guard lock(impl_->mutex);
  const auto found = impl_->services.find(service);
  if (found == impl_->services.end()) return std::nullopt;
  const auto& watched = found->second;
  const std::uint64_t now = now_ms();
  return Explanation{
      watched.decision, watched.wanted,
      watched.asked,    watched.asked_until_ms > now ? watched.asked_until_ms - now : 0,
      watched.refused,  watched.steps};
}

}  // namespace fog::gateway
