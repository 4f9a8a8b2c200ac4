#include "rpc/gateway/choice.h"

#include <algorithm>
#include <random>

#include "chain/base/clock.h"
#include "rpc/gateway/affinity.h"

namespace fog::gateway {

std::shared_ptr<Replica> choose(const std::vector<std::shared_ptr<Replica>>& all,
                                const std::vector<const Replica*>& tried) {
  static thread_local std::minstd_rand random(std::random_device{}());
  const std::uint64_t now = system_clock().monotonic_ns();
  std::vector<std::shared_ptr<Replica>> good;
  std::vector<std::shared_ptr<Replica>> poor;
  for (const auto& replica : all) {
    if (std::find(tried.begin(), tried.end(), replica.get()) != tried.end()) continue;
    (replica->standing.is_avoided(now) ? poor : good).push_back(replica);
  }
  const auto& from = good.empty() ? poor : good;
  if (from.empty()) return nullptr;
  const std::size_t first = random() % from.size();
  const std::size_t step = from.size() == 1 ? 0 : 1 + random() % (from.size() - 1);
  const auto& a = from[first];
  const auto& b = from[(first + step) % from.size()];
  return b->standing.cost() < a->standing.cost() ? b : a;
}

std::shared_ptr<Replica> pick(const Route& route, const std::string& cookie,
                              const std::vector<const Replica*>& tried) {
  auto named = named_replica(cookie, route.replicas);
  const bool asked = std::find(tried.begin(), tried.end(), named.get()) != tried.end();
  if (named != nullptr && !asked && !named->standing.is_avoided(system_clock().monotonic_ns()))
    return named;
  return choose(route.replicas, tried);
}

}  // namespace fog::gateway
