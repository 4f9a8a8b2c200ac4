#include "tests/bench/market_trace/policies.h"

#include <algorithm>
#include <limits>
#include <set>

#include "chain/base/check.h"

namespace fog::bench {
namespace {

constexpr double kNever = std::numeric_limits<double>::infinity();

double share(double part, double whole) {
  return whole > 0 ? part / whole : 0;
}

// What asks for GPUs alike: none, a share of one, or how many.
std::uint32_t gpu_group(const Task& task) {
  return task.num_gpu == 1 && task.gpu_milli < kDeviceMilli ? kDevicesMax + 1 : task.num_gpu;
}

// Of the machines that could take the task, the rule wants the one with the lowest rank.
class Placement {
 public:
  Placement(Policy policy, const std::vector<Machine>& machines, const std::vector<Task>& tasks,
            std::uint64_t seed)
      : policy_(policy), machines_(machines), tasks_(tasks), workload_(tasks), draw_(seed) {
    for (const Machine& machine : machines) {
      nodes_.emplace_back(machine);
      most_cpu_ = std::max(most_cpu_, machine.cpu_milli);
      most_gpus_ = std::max(most_gpus_, machine.gpus);
    }
    groups_.resize(machines.size());
    growths_.resize(machines.size());
  }

  Outcome run() {
    std::vector<int> machine_of;
    for (std::size_t i = 0; i < tasks_.size(); ++i) {
      const int best = choose(i);
      machine_of.push_back(best);
      if (best >= 0) take(static_cast<std::size_t>(best), i);
    }
    return outcome_of(machines_, tasks_, nodes_, std::move(machine_of));
  }

 private:
  // Which device a share goes on matters to FGD alone; the others use the fullest.
  struct Growth {
    double by = kNever;
    std::size_t device = 0;
    bool is_known = false;
  };

  int choose(std::size_t i) {
    int best = -1;
    double lowest = kNever;
    for (std::size_t m = 0; m < nodes_.size(); ++m) {
      if (!nodes_[m].fits(tasks_[i]) || !is_worth(tasks_[i], machines_[m])) continue;
      const double rank = rank_of(i, m);
      if (best < 0 || rank < lowest) {
        best = static_cast<int>(m);
        lowest = rank;
      }
      if (policy_ == Policy::kFirstFit) break;
    }
    return best;
  }

  double rank_of(std::size_t i, std::size_t m) {
    const Task& task = tasks_[i];
    const Node& node = nodes_[m];
    const double gpus = static_cast<double>(most_gpus_) * kDeviceMilli;
    switch (policy_) {
      case Policy::kCheapest:
        return machines_[m].cost;
      case Policy::kFirstFit:
        return 0;
      case Policy::kBestFit:
        return share(node.cpu_milli - task.cpu_milli, most_cpu_) +
               share(static_cast<double>(node.gpu_left() - task.gpu_need()), gpus);
      case Policy::kDotProduct: {
        const double all = static_cast<double>(machines_[m].gpus) * kDeviceMilli;
        return share(node.cpu_milli, machines_[m].cpu_milli) *
                   share(task.cpu_milli, machines_[m].cpu_milli) +
               share(static_cast<double>(node.gpu_left()), all) *
                   share(static_cast<double>(task.gpu_need()), all);
      }
      case Policy::kPacking:
        return packing_rank(task, node);
      case Policy::kClustering:
        return clustering_rank(task, node, groups_[m]);
      case Policy::kRandom:
        return static_cast<double>(draw_.next() >> 11);
      case Policy::kFgd:
        return growth(i, m).by;
    }
    return 0;
  }

  static double packing_rank(const Task& task, const Node& node) {
    if (task.num_gpu == 0) return 0;
    const double all = static_cast<double>(node.devices.size()) * kDeviceMilli;
    const auto idle = [](std::uint32_t left) { return left == kDeviceMilli; };
    const auto idle_before = std::count_if(node.devices.begin(), node.devices.end(), idle);
    if (idle_before == static_cast<std::ptrdiff_t>(node.devices.size())) return 2'000'000 + all;
    Node after = node;
    after.place(task);
    const auto idle_after = std::count_if(after.devices.begin(), after.devices.end(), idle);
    if (idle_after < idle_before) {
      return 1'000'000 + static_cast<double>(idle_before - idle_after);
    }
    return static_cast<double>(node.gpu_left());
  }

  static double clustering_rank(const Task& task, const Node& node,
                                const std::set<std::uint32_t>& groups) {
    if (task.num_gpu == 0) return 0;
    const auto left = static_cast<double>(node.gpu_left());
    if (groups.empty()) return 2'000'000 + left;
    if (!groups.contains(gpu_group(task))) return 3'000'000 + left;
    return groups.size() == 1 ? left : 1'000'000 + left;
  }

  // Kept until the machine changes: tasks of one kind come again and again.
  const Growth& growth(std::size_t i, std::size_t m) {
    std::vector<Growth>& known = growths_[m];
    known.resize(workload_.kinds.size());
    Growth& out = known[workload_.kind_of[i]];
    if (out.is_known) return out;
    out.is_known = true;
    const auto before = static_cast<double>(fragmentation(nodes_[m], workload_));
    const auto consider = [&](const Node& after, std::size_t device) {
      const double by = static_cast<double>(fragmentation(after, workload_)) - before;
      if (by < out.by) out = {by, device, true};
    };
    if (tasks_[i].num_gpu == 1) {
      for (std::size_t d = 0; d < nodes_[m].devices.size(); ++d) {
        if (nodes_[m].devices[d] < tasks_[i].gpu_milli) continue;
        Node after = nodes_[m];
        after.place_on(tasks_[i], d);
        consider(after, d);
      }
    } else {
      Node after = nodes_[m];
      after.place(tasks_[i]);
      consider(after, 0);
    }
    return out;
  }

  void take(std::size_t m, std::size_t i) {
    const Task& task = tasks_[i];
    if (policy_ == Policy::kFgd && task.num_gpu == 1) {
      nodes_[m].place_on(task, growth(i, m).device);
    } else {
      nodes_[m].place(task);
    }
    growths_[m].clear();
    if (task.num_gpu > 0) groups_[m].insert(gpu_group(task));
  }

  const Policy policy_;
  const std::vector<Machine>& machines_;
  const std::vector<Task>& tasks_;
  const Workload workload_;
  SeededRng draw_;
  std::vector<Node> nodes_;
  std::vector<std::set<std::uint32_t>> groups_;  // what kinds of GPU tasks each runs
  std::vector<std::vector<Growth>> growths_;     // by machine, kind of task
  std::uint32_t most_cpu_ = 0;
  std::uint32_t most_gpus_ = 0;
};

}  // namespace

const char* policy_name(Policy policy) {
  switch (policy) {
    case Policy::kCheapest:
      return "cheapest";
    case Policy::kFirstFit:
      return "first fit";
    case Policy::kBestFit:
      return "best fit";
    case Policy::kDotProduct:
      return "dot product";
    case Policy::kPacking:
      return "GPU packing";
    case Policy::kClustering:
      return "clustering";
    case Policy::kRandom:
      return "random";
    case Policy::kFgd:
      return "FGD";
  }
  return "";
}

Outcome run_policy(Policy policy, const std::vector<Machine>& machines,
                   const std::vector<Task>& tasks, std::uint64_t seed) {
  return Placement(policy, machines, tasks, seed).run();
}

}  // namespace fog::bench
