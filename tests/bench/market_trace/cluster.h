// The machines of a trace as they really fill up: a task's share of a GPU lies on one device, and
// a task of several GPUs needs as many devices. The market's resource vector counts a machine's
// GPUs together (DESIGN 9), so what this says is what a Host can truly run.
#pragma once

#include "tests/bench/market_trace/data.h"

namespace fog::bench {

struct Node {
  const Machine* machine = nullptr;
  std::uint32_t cpu_milli = 0;         // free
  std::uint32_t memory_mib = 0;        // free
  std::vector<std::uint32_t> devices;  // free thousandths of each

  explicit Node(const Machine& of);
  std::uint64_t gpu_left() const;
  // A task of whole devices fits exactly when it asks for no more than this, and so does a share:
  // the idle devices, without any the most that is free on one.
  std::uint32_t gpu_offered() const;
  // Whether the machine is of a model that the task accepts, and has the room.
  bool fits(const Task& task) const;
  // Requires fits(). On the fullest devices that have the room.
  void place(const Task& task);
  // The same with its share on this device. Requires one GPU, and that it has the room.
  void place_on(const Task& task, std::size_t device);
};

// What a lease of the task on the machine costs an hour, in droplets: rounded up.
std::uint64_t cost_of(const Task& task, const Machine& machine);
inline bool is_worth(const Task& task, const Machine& machine) {
  return cost_of(task, machine) <= task.value;
}

// The tasks' kinds and how common each is: M of the paper (section 4.2), all of them instead of the
// most common.
struct Workload {
  struct Kind {
    Task task;
    std::uint64_t count = 0;
  };
  std::vector<Kind> kinds;
  std::vector<std::size_t> kind_of;  // by place in the tasks
  std::uint64_t tasks = 0;

  explicit Workload(const std::vector<Task>& of);
};

// Expected thousandths of GPU on the machine that a task drawn from the workload cannot use, times
// the workload's number of tasks (F_n(M) of the paper): all that is free where the task does not
// fit or needs no GPU, else the devices with less than it needs.
std::uint64_t fragmentation(const Node& node, const Workload& workload);

// How a run went.
struct Outcome {
  std::uint64_t arrived = 0, served = 0;          // tasks
  std::uint64_t gpu_arrived = 0, gpu_served = 0;  // thousandths
  std::int64_t welfare = 0;                       // droplets an hour: sum of (value - cost)
  double fragmentation = 0;     // of all GPUs: share that a random task could not use
  double unallocated = 0;       // of all GPUs
  std::uint64_t declined = 0;   // leases that the Host could not place on its devices
  std::vector<int> machine_of;  // by task; -1: not served
};
Outcome outcome_of(const std::vector<Machine>& machines, const std::vector<Task>& tasks,
                   const std::vector<Node>& nodes, std::vector<int> machine_of);

}  // namespace fog::bench
