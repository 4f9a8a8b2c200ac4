#include "tests/bench/market_trace/cluster.h"

#include <algorithm>
#include <map>
#include <tuple>

#include "chain/base/check.h"

namespace fog::bench {
namespace {

constexpr std::uint32_t kTaken = 1U << 31;

}  // namespace

Node::Node(const Machine& of)
    : machine(&of),
      cpu_milli(of.cpu_milli),
      memory_mib(of.memory_mib),
      devices(of.gpus, kDeviceMilli) {}

std::uint64_t Node::gpu_left() const {
  std::uint64_t left = 0;
  for (const std::uint32_t device : devices) left += device;
  return left;
}

std::uint32_t Node::gpu_offered() const {
  std::uint32_t idle = 0, most = 0;
  for (const std::uint32_t left : devices) {
    most = std::max(most, left);
    if (left == kDeviceMilli) idle += kDeviceMilli;
  }
  return idle > 0 ? idle : most;
}

bool Node::fits(const Task& task) const {
  if (task.cpu_milli > cpu_milli || task.memory_mib > memory_mib) return false;
  if (task.num_gpu == 0) return true;
  if (!task.models.empty() &&
      std::find(task.models.begin(), task.models.end(), machine->model) == task.models.end()) {
    return false;
  }
  const auto roomy = std::count_if(devices.begin(), devices.end(),
                                   [&](std::uint32_t left) { return left >= task.gpu_milli; });
  return static_cast<std::uint64_t>(roomy) >= task.num_gpu;
}

void Node::place(const Task& task) {
  CHECK(fits(task));
  cpu_milli -= task.cpu_milli;
  memory_mib -= task.memory_mib;
  for (std::uint32_t n = 0; n < task.num_gpu; ++n) {
    // A device that has this task's share already counts as without room for the next.
    std::uint32_t* fullest = nullptr;
    for (std::uint32_t& left : devices) {
      const bool taken = (left & kTaken) != 0;
      if (!taken && left >= task.gpu_milli && (fullest == nullptr || left < *fullest))
        fullest = &left;
    }
    *fullest = (*fullest - task.gpu_milli) | kTaken;
  }
  for (std::uint32_t& left : devices) left &= ~kTaken;
}

void Node::place_on(const Task& task, std::size_t device) {
  CHECK(task.num_gpu == 1 && fits(task) && devices[device] >= task.gpu_milli);
  cpu_milli -= task.cpu_milli;
  memory_mib -= task.memory_mib;
  devices[device] -= task.gpu_milli;
}

std::uint64_t cost_of(const Task& task, const Machine& machine) {
  return static_cast<std::uint64_t>((u128{task.hourly} * machine.cost + market::kScaleOne - 1) /
                                    market::kScaleOne);
}

Workload::Workload(const std::vector<Task>& of) : tasks(of.size()) {
  using Key = std::tuple<std::uint32_t, std::uint32_t, std::uint32_t, std::uint32_t,
                         std::vector<std::string>>;
  std::map<Key, std::size_t> known;
  for (const Task& task : of) {
    const Key key{task.cpu_milli, task.memory_mib, task.num_gpu, task.gpu_milli, task.models};
    const auto [place, is_new] = known.emplace(key, kinds.size());
    if (is_new) kinds.push_back({task, 0});
    ++kinds[place->second].count;
    kind_of.push_back(place->second);
  }
}

std::uint64_t fragmentation(const Node& node, const Workload& workload) {
  const std::uint64_t left = node.gpu_left();
  if (left == 0) return 0;
  std::uint64_t sum = 0;
  for (const Workload::Kind& kind : workload.kinds) {
    std::uint64_t unusable = left;
    if (kind.task.num_gpu > 0 && node.fits(kind.task)) {
      unusable = 0;
      for (const std::uint32_t device : node.devices) {
        if (device < kind.task.gpu_milli) unusable += device;
      }
    }
    sum += unusable * kind.count;
  }
  return sum;
}

Outcome outcome_of(const std::vector<Machine>& machines, const std::vector<Task>& tasks,
                   const std::vector<Node>& nodes, std::vector<int> machine_of) {
  CHECK(machine_of.size() == tasks.size() && nodes.size() == machines.size());
  Outcome out;
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    ++out.arrived;
    out.gpu_arrived += tasks[i].gpu_need();
    if (machine_of[i] < 0) continue;
    ++out.served;
    out.gpu_served += tasks[i].gpu_need();
    out.welfare += static_cast<std::int64_t>(tasks[i].value) -
                   static_cast<std::int64_t>(
                       cost_of(tasks[i], machines[static_cast<std::size_t>(machine_of[i])]));
  }
  const Workload workload(tasks);
  double all = 0, left = 0, fragments = 0;
  for (const Node& node : nodes) {
    all += static_cast<double>(node.devices.size()) * kDeviceMilli;
    left += static_cast<double>(node.gpu_left());
    fragments += static_cast<double>(fragmentation(node, workload));
  }
  if (all > 0 && workload.tasks > 0) {
    out.fragmentation = fragments / static_cast<double>(workload.tasks) / all;
    out.unallocated = left / all;
  }
  out.machine_of = std::move(machine_of);
  return out;
}

}  // namespace fog::bench
