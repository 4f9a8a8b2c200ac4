#include "tests/bench/market_trace/optimum.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <unistd.h>

#include <fmt/format.h>

#include "chain/base/check.h"
#include "tests/bench/bench_support.h"

namespace fog::bench {
namespace {

// The objective is written in units of a million droplets, exact to the droplet.
constexpr double kUnit = 1e6;
constexpr unsigned kGraceSeconds = 30;  // beyond the solver's own limit

struct Variable {
  std::size_t task = 0;
  std::size_t machine = 0;
  bool is_assignment = false;  // else where its share lies, or that a device is taken whole
};

std::string column(std::size_t number) {
  return "v" + std::to_string(number);
}

// The programme as text in CPLEX's LP format, which both solvers read.
class Programme {
 public:
  Programme(const std::vector<Machine>& machines, const std::vector<Task>& tasks, bool pooled)
      : machines_(machines), tasks_(tasks) {
    assign_.assign(tasks.size(), std::vector<int>(machines.size(), -1));
    for (std::size_t t = 0; t < tasks.size(); ++t) {
      for (std::size_t m = 0; m < machines.size(); ++m) {
        if (!is_worth(tasks[t], machines[m]) || !Node(machines[m]).fits(tasks[t])) continue;
        assign_[t][m] =
            add({t, m, true}, static_cast<double>(tasks[t].value - cost_of(tasks[t], machines[m])));
      }
    }
    for (std::size_t t = 0; t < tasks.size(); ++t) write_once(t);
    for (std::size_t m = 0; m < machines.size(); ++m) {
      write_room(
          m, [](const Task& task) { return std::uint64_t{task.cpu_milli}; }, machines[m].cpu_milli);
      write_room(
          m, [](const Task& task) { return std::uint64_t{task.memory_mib}; },
          machines[m].memory_mib);
      write_room(
          m, [](const Task& task) { return task.gpu_need(); },
          std::uint64_t{machines[m].gpus} * kDeviceMilli);
      if (!pooled) write_devices(m);
    }
  }

  std::string text() const {
    std::string out = "Maximize\n obj:" + objective_ + "\nSubject To\n" + rows_ + "Binary\n";
    for (std::size_t v = 0; v < variables_.size(); ++v) out += " " + column(v) + "\n";
    return out + "End\n";
  }
  const std::vector<Variable>& variables() const { return variables_; }

 private:
  int add(const Variable& variable, double gain) {
    objective_ += fmt::format("\n + {:.6f} {}", gain / kUnit, column(variables_.size()));
    variables_.push_back(variable);
    return static_cast<int>(variables_.size() - 1);
  }
  static std::string term(std::uint64_t factor, int variable) {
    return fmt::format("\n + {} {}", factor, column(static_cast<std::size_t>(variable)));
  }
  void row(const std::string& sum, const char* relation, std::uint64_t limit) {
    if (!sum.empty()) rows_ += fmt::format(" c{}:{} {} {}\n", count_++, sum, relation, limit);
  }
  void write_once(std::size_t t) {
    std::string sum;
    for (const int v : assign_[t]) {
      if (v >= 0) sum += term(1, v);
    }
    row(sum, "<=", 1);
  }
  template <class Need>
  void write_room(std::size_t m, const Need& need, std::uint64_t room) {
    std::string sum;
    for (std::size_t t = 0; t < tasks_.size(); ++t) {
      if (assign_[t][m] >= 0 && need(tasks_[t]) > 0) sum += term(need(tasks_[t]), assign_[t][m]);
    }
    row(sum, "<=", room);
  }
  // Each share lies on as many devices as the task asks for; whole devices are counted.
  void write_devices(std::size_t m) {
    const std::uint32_t devices = machines_[m].gpus;
    std::vector<std::string> room(devices);
    std::string taken;
    for (std::uint32_t d = 0; d < devices; ++d) {
      const int whole = add({0, m, false}, 0);
      room[d] = term(kDeviceMilli, whole);
      taken += fmt::format("\n - 1 {}", column(static_cast<std::size_t>(whole)));
    }
    std::string asked;
    for (std::size_t t = 0; t < tasks_.size(); ++t) {
      const Task& task = tasks_[t];
      if (assign_[t][m] < 0 || task.num_gpu == 0) continue;
      if (task.gpu_milli == kDeviceMilli) {
        asked += term(task.num_gpu, assign_[t][m]);
        continue;
      }
      std::string shares;
      for (std::uint32_t d = 0; d < devices; ++d) {
        const int share = add({t, m, false}, 0);
        shares += term(1, share);
        room[d] += term(task.gpu_milli, share);
      }
      row(shares + fmt::format("\n - {} {}", task.num_gpu,
                               column(static_cast<std::size_t>(assign_[t][m]))),
          "=", 0);
    }
    if (!asked.empty()) row(asked + taken, "<=", 0);
    for (const std::string& sum : room) row(sum, "<=", kDeviceMilli);
  }

  const std::vector<Machine>& machines_;
  const std::vector<Task>& tasks_;
  std::vector<Variable> variables_;
  std::vector<std::vector<int>> assign_;
  std::string objective_;
  std::string rows_;
  std::size_t count_ = 0;
};

// Which of the variables are one, and what the solver says of them.
struct Answer {
  bool is_there = false;
  bool is_proved = false;
  double objective = 0;
  std::vector<bool> ones;
};

// "Optimal - objective value 6.0", then a line for each variable that is not zero: number, name,
// value. Values of a maximization are written as they are, the objective may have its sign turned.
Answer read_cbc(std::istream& file, std::size_t variables) {
  Answer answer;
  answer.ones.assign(variables, false);
  std::string line;
  if (!std::getline(file, line)) return answer;
  const std::size_t value = line.rfind("value ");
  if (value == line.npos || line.find("nfeasible") != line.npos) return answer;
  answer.is_there = true;
  answer.is_proved = line.starts_with("Optimal");
  answer.objective = std::fabs(std::strtod(line.c_str() + value + 6, nullptr));
  while (std::getline(file, line)) {
    std::istringstream fields(line);
    std::string number, name;
    double one = 0;
    fields >> number;
    if (number == "**") fields >> number;  // beyond a tolerance; it is checked anyway
    if (!(fields >> name >> one) || name.size() < 2 || name[0] != 'v') continue;
    const auto at = static_cast<std::size_t>(std::strtoull(name.c_str() + 1, nullptr, 10));
    if (at < variables && one > 0.5) answer.ones[at] = true;
  }
  return answer;
}

// "s mip ROWS COLUMNS STATUS OBJECTIVE" (o: proved, f: found), then "j COLUMN VALUE" from 1.
Answer read_glpsol(std::istream& file, std::size_t variables) {
  Answer answer;
  answer.ones.assign(variables, false);
  std::string line;
  while (std::getline(file, line)) {
    std::istringstream fields(line);
    std::string what, mip, status;
    std::size_t rows = 0, columns = 0;
    fields >> what;
    if (what == "s" && fields >> mip >> rows >> columns >> status >> answer.objective) {
      answer.is_proved = status == "o";
      answer.is_there = answer.is_proved || status == "f";
    } else if (what == "j") {
      std::size_t at = 0;
      double one = 0;
      if (fields >> at >> one && at >= 1 && at <= variables && one > 0.5)
        answer.ones[at - 1] = true;
    }
  }
  return answer;
}

// The last bound in a solver's log: "Upper bound: 77366.013" (cbc), "<=   7.75e+04   2.8%"
// (glpsol).
std::optional<double> read_bound(std::istream& log, Solver::Kind kind) {
  const std::string mark = kind == Solver::Kind::kCbc ? "Upper bound:" : "<=";
  std::optional<double> bound;
  for (std::string line; std::getline(log, line);) {
    const std::size_t at = line.rfind(mark);
    if (at == line.npos) continue;
    const char* from = line.c_str() + at + mark.size();
    char* end = nullptr;
    const double value = std::strtod(from, &end);
    if (end != from && std::isfinite(value)) bound = value;
  }
  return bound;
}

void run_solver(const Solver& solver, const std::string& problem, const std::string& answer,
                const std::string& log, unsigned seconds) {
  const std::string limit = std::to_string(seconds);
  const std::vector<std::string> command =
      solver.kind == Solver::Kind::kCbc
          ? std::vector<std::string>{solver.path, problem, "-timeMode", "elapsed", "-sec", limit,
                                     "-ratioGap", "0",     "-solve",    "-solu",   answer}
          : std::vector<std::string>{solver.path, "--lp",   problem, "--tmlim",
                                     limit,       "--cuts", "-w",    answer};
  const Child child(command, log);
  const double until = seconds_now() + seconds + kGraceSeconds;
  while (child.running() && seconds_now() < until) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
}

// Lays shares on what devices are left, the largest first; gives up after so many steps.
bool lay(std::vector<std::uint32_t>& devices, const std::vector<std::uint32_t>& shares,
         std::size_t next, std::uint64_t& steps) {
  struct Choice {
    std::size_t device = 0;
    bool is_laid = false;
  };
  std::vector<Choice> path(shares.size() + 1);
  while (next < shares.size()) {
    if (steps-- == 0) return false;
    Choice& choice = path[next];
    if (choice.is_laid) {
      devices[choice.device++] += shares[next];
      choice.is_laid = false;
    }
    while (choice.device < devices.size() && devices[choice.device] < shares[next]) ++choice.device;
    if (choice.device < devices.size()) {
      devices[choice.device] -= shares[next];
      choice.is_laid = true;
      path[++next] = {};
    } else {
      if (next == 0) return false;
      --next;
    }
  }
  return true;
}

bool fits_devices(const Machine& machine, const std::vector<const Task*>& tasks) {
  std::uint64_t whole = 0;
  std::vector<std::uint32_t> shares;
  for (const Task* task : tasks) {
    if (task->gpu_milli == kDeviceMilli) {
      whole += task->num_gpu;
    } else if (task->num_gpu == 1) {
      shares.push_back(task->gpu_milli);
    } else if (task->num_gpu > 1) {
      return false;  // shares of several devices: not looked into
    }
  }
  if (whole > machine.gpus) return false;
  std::vector<std::uint32_t> devices(machine.gpus - whole, kDeviceMilli);
  std::sort(shares.rbegin(), shares.rend());
  std::uint64_t steps = 1'000'000;
  return lay(devices, shares, 0, steps);
}

// What stands on one machine.
struct Load {
  std::uint64_t cpu_milli = 0, memory_mib = 0, gpu_milli = 0;

  void add(const Task& task) {
    cpu_milli += task.cpu_milli;
    memory_mib += task.memory_mib;
    gpu_milli += task.gpu_need();
  }
  bool within(const Machine& machine) const {
    return cpu_milli <= machine.cpu_milli && memory_mib <= machine.memory_mib &&
           gpu_milli <= std::uint64_t{machine.gpus} * kDeviceMilli;
  }
};

// Reads the answer as an assignment and holds it against machines and tasks, trusting nothing.
Optimum check_answer(const Answer& answer, const Programme& programme,
                     const std::vector<Machine>& machines, const std::vector<Task>& tasks) {
  Optimum out;
  out.machine_of.assign(tasks.size(), -1);
  std::vector<Load> used(machines.size());
  std::vector<std::vector<const Task*>> on(machines.size());
  for (std::size_t v = 0; v < programme.variables().size(); ++v) {
    const Variable& variable = programme.variables()[v];
    if (!answer.ones[v] || !variable.is_assignment) continue;
    if (out.machine_of[variable.task] >= 0) {
      out.problem = "the solver put a task on two machines";
      return out;
    }
    const Task& task = tasks[variable.task];
    out.machine_of[variable.task] = static_cast<int>(variable.machine);
    out.welfare += static_cast<std::int64_t>(task.value) -
                   static_cast<std::int64_t>(cost_of(task, machines[variable.machine]));
    used[variable.machine].add(task);
    on[variable.machine].push_back(&task);
  }
  out.fits_devices = true;
  for (std::size_t m = 0; m < machines.size(); ++m) {
    if (!used[m].within(machines[m])) {
      out.problem = "the solver put more on a machine than it has";
      return out;
    }
    out.fits_devices = out.fits_devices && fits_devices(machines[m], on[m]);
  }
  const double claimed = answer.objective * kUnit;
  if (std::fabs(claimed - static_cast<double>(out.welfare)) > 1e-6 * std::max(claimed, kUnit)) {
    out.problem = fmt::format("the solver claims {:.0f} where its assignment is worth {}", claimed,
                              out.welfare);
    return out;
  }
  out.is_proved = answer.is_proved;
  if (out.is_proved) out.bound = out.welfare;
  return out;
}

}  // namespace

std::optional<Solver> find_solver(const std::string& name) {
  const char* path = std::getenv("PATH");
  std::istringstream folders(path == nullptr ? "" : path);
  std::vector<std::string> all;
  for (std::string folder; std::getline(folders, folder, ':');) all.push_back(folder);
  for (const auto& [kind, program] : {std::pair(Solver::Kind::kCbc, std::string("cbc")),
                                      std::pair(Solver::Kind::kGlpsol, std::string("glpsol"))}) {
    if (!name.empty() && name != program) continue;
    for (const std::string& folder : all) {
      const std::string file = folder + "/" + program;
      if (::access(file.c_str(), X_OK) == 0) return Solver{kind, file};
    }
  }
  return std::nullopt;
}

Optimum solve_optimum(const Solver& solver, const std::vector<Machine>& machines,
                      const std::vector<Task>& tasks, bool pooled, unsigned seconds,
                      const std::string& folder) {
  const Programme programme(machines, tasks, pooled);
  if (programme.variables().empty()) {
    Optimum nothing;
    nothing.is_proved = nothing.fits_devices = true;
    nothing.bound = 0;
    nothing.machine_of.assign(tasks.size(), -1);
    return nothing;
  }
  const std::string problem = folder + "/optimum.lp";
  const std::string answer_file = folder + "/optimum.out";
  const std::string log = folder + "/optimum.log";
  std::filesystem::remove(answer_file);
  std::filesystem::remove(log);
  std::ofstream(problem) << programme.text();
  run_solver(solver, problem, answer_file, log, seconds);
  std::ifstream file(answer_file);
  const Answer answer = solver.kind == Solver::Kind::kCbc
                            ? read_cbc(file, programme.variables().size())
                            : read_glpsol(file, programme.variables().size());
  Optimum out;
  if (answer.is_there) {
    out = check_answer(answer, programme, machines, tasks);
  } else {
    out.problem = "no solution within " + std::to_string(seconds) + " s";
  }
  const bool is_refuted = answer.is_there && !out.problem.empty();
  if (!out.bound && !is_refuted) {
    std::ifstream log_file(log);
    const std::optional<double> bound = read_bound(log_file, solver.kind);
    // Whole droplets; what was rounded in the log cannot make it lower.
    if (bound) out.bound = static_cast<std::int64_t>(std::ceil(*bound * kUnit * (1 + 1e-9)));
  }
  return out;
}

}  // namespace fog::bench
