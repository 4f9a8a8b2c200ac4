// What `bench market-trace` stands on: the reader of CSV files by strangers, machines that fill up
// device by device, placement rules, the market's own run, and a solver whose answer is not
// trusted.
#include <algorithm>

#include <gtest/gtest.h>

#include "tests/bench/bench_support.h"
#include "tests/bench/market_trace/chain.h"
#include "tests/bench/market_trace/optimum.h"
#include "tests/bench/market_trace/policies.h"

namespace fog::bench {
namespace {

std::string tasks_error(std::string_view csv) {
  const auto tasks = parse_tasks(csv);
  return tasks ? "" : tasks.error();
}
std::string machines_error(std::string_view csv) {
  const auto machines = parse_machines(csv);
  return machines ? "" : machines.error();
}
constexpr std::string_view kTaskColumns = "name,cpu_milli,memory_mib,num_gpu,gpu_milli\n";

TEST(TraceCsv, ReadsWhatTheTraceLooksLike) {
  const auto machines = parse_machines(
      "sn,cpu_milli,memory_mib,gpu,model\nnode-0,32000,262144,0,\nnode-1,96000,393216,8,G2\n");
  ASSERT_TRUE(machines);
  ASSERT_EQ(machines->size(), 2U);
  EXPECT_EQ((*machines)[0].gpus, 0U);
  EXPECT_EQ((*machines)[1].name, "node-1");
  EXPECT_EQ((*machines)[1].gpus, 8U);
  EXPECT_EQ((*machines)[1].model, "G2");
  const auto tasks = parse_tasks(
      "name,cpu_milli,memory_mib,num_gpu,gpu_milli,gpu_spec,qos\n"
      "pod-0,12000,16384,1,460,,LS\npod-1,8000,1024,8,1000,V100M16|V100M32,BE\npod-2,100,64,0,0,,"
      "BE\n");
  ASSERT_TRUE(tasks);
  ASSERT_EQ(tasks->size(), 3U);
  EXPECT_EQ((*tasks)[0].gpu_milli, 460U);
  EXPECT_TRUE((*tasks)[0].models.empty());
  EXPECT_EQ((*tasks)[1].gpu_need(), 8'000U);
  EXPECT_EQ((*tasks)[1].models, (std::vector<std::string>{"V100M16", "V100M32"}));
  EXPECT_EQ((*tasks)[2].gpu_need(), 0U);
}

TEST(TraceCsv, TakesAnyOrderOfColumnsQuotesLineEndsAndEmptyFields) {
  const auto tasks = parse_tasks(
      "\xEF\xBB\xBFgpu_milli,\"gpu_spec\",num_gpu,memory_mib,extra,cpu_milli,name\r\n"
      "\"500\",\"T4 | \"\"x\"\"\",1,1024.0,\"a,\nb\",2000,one\r\n"
      "\r\n"
      ",nan,2,64,,1000,two\r\n"
      ",,,64,,1000,three");
  ASSERT_TRUE(tasks) << tasks.error();
  ASSERT_EQ(tasks->size(), 3U);
  EXPECT_EQ((*tasks)[0].gpu_milli, 500U);
  EXPECT_EQ((*tasks)[0].memory_mib, 1'024U);
  EXPECT_EQ((*tasks)[0].models, (std::vector<std::string>{"T4", "\"x\""}));
  EXPECT_EQ((*tasks)[1].gpu_need(), 2'000U) << "no gpu_milli is whole devices";
  EXPECT_TRUE((*tasks)[1].models.empty()) << "nan is nothing";
  EXPECT_EQ((*tasks)[2].num_gpu, 0U);
}

TEST(TraceCsv, SaysTheLineAndWhatIsWrong) {
  EXPECT_EQ(tasks_error(""), "1: the file is empty; its first line must name the columns");
  EXPECT_EQ(tasks_error("name,cpu_milli,memory_mib,num_gpu\n"),
            "1: no column 'gpu_milli'; needed are cpu_milli, memory_mib, num_gpu, gpu_milli");
  EXPECT_EQ(tasks_error("a,a,cpu_milli\n"), "1: the column 'a' stands twice");
  EXPECT_EQ(tasks_error(kTaskColumns), "1: no task follows the line of column names");
  const auto after = [](const std::string& rows) {
    return tasks_error(std::string(kTaskColumns) + rows);
  };
  EXPECT_EQ(after("a,1000,64,0,0\nb,1000,64,0\n"), "3: 4 fields, but 5 columns are named");
  EXPECT_EQ(after("a,1000,64,0,0\n\n\nb,-1,64,0,0\n"),
            "5: cpu_milli is '-1'; a whole number from 0 to 1048576 is expected");
  EXPECT_EQ(after("a,,64,0,0\n"),
            "2: cpu_milli is ''; a whole number from 0 to 1048576 is expected");
  EXPECT_EQ(after("a,1e3,64,0,0\n"),
            "2: cpu_milli is '1e3'; a whole number from 0 to 1048576 is expected");
  EXPECT_EQ(after("a,1000,64.5,0,0\n"),
            "2: memory_mib is '64.5'; a whole number from 0 to 16777216 is expected");
  EXPECT_EQ(
      after("a,1000,99999999999999999999,0,0\n"),
      "2: memory_mib is '99999999999999999999'; a whole number from 0 to 16777216 is expected");
  EXPECT_EQ(after("a,1000,64,65,1000\n"),
            "2: num_gpu is '65'; a whole number from 0 to 64 is expected");
  EXPECT_EQ(after("a,1000,64,1,1001\n"),
            "2: gpu_milli is '1001'; a whole number from 0 to 1000 is expected");
  EXPECT_EQ(after("a,1000,64,1,0\n"), "2: gpu_milli is 0 although num_gpu is not");
  EXPECT_EQ(after("\"a\"b,1000,64,0,0\n"), "2: text after a closing quote");
  EXPECT_EQ(after("a\"b,1000,64,0,0\n"), "2: a quote inside a field that does not begin with one");
  EXPECT_EQ(after("x,1000,64,0,0\n\"a\n\n,1000"), "3: a quoted field that never ends");
  EXPECT_EQ(
      tasks_error("cpu_milli,memory_mib,num_gpu,gpu_milli,gpu_spec\n1,1,1,1,a|b|c|d|e|f|g|h|i\n"),
      "2: gpu_spec may name up to 8 models of up to 64 printable characters");
  EXPECT_EQ(machines_error("cpu_milli,memory_mib,gpu,model\n1,64,0," + std::string(65, 'x') + "\n"),
            "2: model may have up to 64 printable characters");
  EXPECT_EQ(machines_error("cpu_milli,memory_mib,gpu\n0,64,0\n"),
            "2: cpu_milli is '0'; a whole number from 1 to 1048576 is expected");
}

Machine machine(std::uint32_t cpu, std::uint32_t gpus, market::Scale cost = 10'000) {
  return {"m", cpu, 100'000, gpus, "G2", cost};
}
Task task(std::uint32_t cpu, std::uint32_t num_gpu, std::uint32_t milli,
          std::uint64_t value = 1'000'000) {
  Task t{"t", cpu, 1, num_gpu, milli, {}, 0, value};
  t.hourly = 1'000'000;
  return t;
}

TEST(TraceNode, AShareLiesOnOneDeviceAndSeveralGpusOnSeveral) {
  const Machine two = machine(10'000, 2);
  Node node(two);
  node.place(task(1'000, 1, 600));
  node.place(task(1'000, 1, 300));
  EXPECT_EQ(node.devices, (std::vector<std::uint32_t>{100, 1'000}))
      << "on the fullest that has room";
  EXPECT_FALSE(node.fits(task(1'000, 2, 1'000)));
  EXPECT_TRUE(node.fits(task(1'000, 1, 1'000)));
  EXPECT_EQ(node.gpu_offered(), 1'000U) << "the idle one: a share fits there too";
  node.place(task(1'000, 1, 600));
  EXPECT_EQ(node.gpu_left(), 500U);
  EXPECT_FALSE(node.fits(task(1'000, 1, 500))) << "100 and 400 are free, 500 on no device";
  EXPECT_EQ(node.gpu_offered(), 400U);
  EXPECT_FALSE(node.fits(task(8'000, 0, 0))) << "7 000 of 10 000 are left";
  Task other = task(1'000, 1, 100);
  other.models = {"T4", "A10"};
  EXPECT_FALSE(node.fits(other));
  other.models.push_back("G2");
  EXPECT_TRUE(node.fits(other));
}

// The paper's definition by hand: two kinds of tasks, half of all each.
TEST(TraceNode, FragmentationIsWhatARandomTaskCouldNotUse) {
  const Machine two = machine(10'000, 2);
  Node node(two);
  node.place(task(1'000, 1, 600));  // 400 and 1 000 free
  const Workload half_gpu({task(1'000, 1, 500), task(1'000, 0, 0)});
  EXPECT_EQ(fragmentation(node, half_gpu), 400U + 1'400U) << "a task without GPU can use none";
  const Workload too_big({task(1'000, 2, 1'000)});
  EXPECT_EQ(fragmentation(node, too_big), 1'400U);
  const Workload no_cores({task(9'001, 1, 100)});
  EXPECT_EQ(fragmentation(node, no_cores), 1'400U);
  const Workload fits({task(1'000, 1, 300), task(1'000, 1, 300)});
  EXPECT_EQ(fragmentation(node, fits), 0U);
}

TEST(TracePolicy, EachPlacesByItsOwnRule) {
  const std::vector<Machine> machines{machine(64'000, 8, 9'000), machine(8'000, 1, 8'000),
                                      machine(8'000, 1, 8'500)};
  const std::vector<Task> one{task(1'000, 1, 500)};
  const auto where = [&](Policy policy) {
    return run_policy(policy, machines, one, 1).machine_of[0];
  };
  EXPECT_EQ(where(Policy::kFirstFit), 0);
  EXPECT_EQ(where(Policy::kCheapest), 1);
  EXPECT_EQ(where(Policy::kBestFit), 1) << "leaves the least";
  EXPECT_EQ(where(Policy::kPacking), 1) << "of idle machines the smallest";
  // Two halves beside each other break no second device.
  const std::vector<Task> halves{task(1'000, 1, 500), task(1'000, 1, 500)};
  for (const Policy policy : {Policy::kPacking, Policy::kClustering, Policy::kFgd}) {
    const Outcome out = run_policy(policy, machines, halves, 1);
    EXPECT_EQ(out.machine_of[0], out.machine_of[1]) << policy_name(policy);
    EXPECT_EQ(out.gpu_served, 1'000U);
  }
  // Nobody serves at a loss.
  const std::vector<Task> poor{task(1'000, 1, 500, 820'000)};
  EXPECT_EQ(run_policy(Policy::kFirstFit, machines, poor, 1).machine_of[0], 1)
      << "800 000 <= 820 000";
  EXPECT_EQ(run_policy(Policy::kFirstFit, machines, poor, 1).welfare, 20'000);
}

struct Market {
  std::vector<Machine> machines;
  std::vector<Task> tasks;
};
Market random_market(std::uint64_t seed, std::size_t machines, std::uint32_t load) {
  SeededRng rng(seed);
  Market m;
  for (std::size_t i = 0; i < machines; ++i) {
    m.machines.push_back(machine(static_cast<std::uint32_t>(8'000 + 8'000 * rng.below(8)),
                                 static_cast<std::uint32_t>(1 + rng.below(4))));
    if (rng.below(2) == 0) m.machines.back().model = "T4";
  }
  std::vector<Task> kinds;
  for (int i = 0; i < 30; ++i) {
    const std::uint64_t kind = rng.below(4);
    kinds.push_back(task(static_cast<std::uint32_t>(1'000 + 1'000 * rng.below(8)),
                         kind == 0   ? 0
                         : kind == 1 ? 2
                                     : 1,
                         kind == 0   ? 0
                         : kind == 2 ? static_cast<std::uint32_t>(100 + rng.below(700))
                                     : 1'000));
    if (kind != 0 && rng.below(3) == 0) kinds.back().models = {"T4"};
    if (kind != 0 && rng.below(6) == 0) kinds.back().models = {"G2", "T4"};
  }
  draw_costs(m.machines, rng, kSpread);
  m.tasks = draw_arrivals(m.machines, kinds, load, rng, kSpread);
  return m;
}

TEST(TraceArrivals, StopAtTheLoadAndBeginAgainWhenTheListIsShort) {
  const Market m = random_market(3, 40, 90);
  std::uint64_t gpus = 0, asked = 0;
  for (const Machine& one : m.machines) gpus += one.gpus * 1'000;
  for (const Task& one : m.tasks) {
    asked += one.gpu_need();
    EXPECT_GE(one.value, one.hourly);
    EXPECT_LE(one.value, 5 * one.hourly);
  }
  EXPECT_LE(asked, gpus * 9 / 10);
  EXPECT_GT(asked + 2'000, gpus * 9 / 10);
  EXPECT_GT(m.tasks.size(), 30U);
}

// Every run of the market is possible on the devices, and nobody loses by it.
TEST(TraceChain, ServesWhatFitsAndNobodyAtALoss) {
  for (std::uint64_t seed = 1; seed <= 6; ++seed) {
    const Market m = random_market(seed, 12, 100);
    const ChainOutcome got = run_chain(m.machines, m.tasks, seed);
    std::vector<Node> nodes(m.machines.begin(), m.machines.end());
    for (std::size_t t = 0; t < m.tasks.size(); ++t) {
      const int at = got.outcome.machine_of[t];
      if (at < 0) continue;
      const auto where = static_cast<std::size_t>(at);
      EXPECT_TRUE(is_worth(m.tasks[t], m.machines[where]));
      ASSERT_TRUE(nodes[where].fits(m.tasks[t])) << "seed " << seed << " task " << t;
      nodes[where].place(m.tasks[t]);
    }
    EXPECT_GT(got.outcome.served, m.tasks.size() / 2);
    EXPECT_GT(got.outcome.welfare, 0);
    EXPECT_GE(got.paid, 0);
    EXPECT_EQ(run_chain(m.machines, m.tasks, seed).outcome.machine_of, got.outcome.machine_of)
        << "a seed is a run";
  }
}

// Two idle devices count as 2 000, which has room for three times 600 as a sum: one Host has to
// decline.
TEST(TraceChain, AHostDeclinesWhatNoDeviceHasRoomFor) {
  const std::vector<Machine> machines{machine(10'000, 2)};
  const std::vector<Task> tasks(3, task(1'000, 1, 600, 5'000'000'000));
  const ChainOutcome got = run_chain(machines, tasks, 1);
  EXPECT_EQ(got.outcome.served, 2U);
  EXPECT_EQ(got.outcome.declined, 1U);
}

// By trying everything.
std::int64_t best_by_force(const Market& m, std::vector<Node>& nodes, std::size_t next) {
  if (next == m.tasks.size()) return 0;
  std::int64_t best = best_by_force(m, nodes, next + 1);
  for (std::size_t n = 0; n < nodes.size(); ++n) {
    const Task& one = m.tasks[next];
    if (!nodes[n].fits(one) || !is_worth(one, m.machines[n])) continue;
    const std::int64_t gain = static_cast<std::int64_t>(one.value - cost_of(one, m.machines[n]));
    const Node before = nodes[n];
    // Which device a share lies on can matter later.
    for (std::size_t d = 0; d < (one.num_gpu == 1 ? before.devices.size() : 1); ++d) {
      if (one.num_gpu == 1 && before.devices[d] < one.gpu_milli) continue;
      nodes[n] = before;
      if (one.num_gpu == 1) {
        nodes[n].place_on(one, d);
      } else {
        nodes[n].place(one);
      }
      best = std::max(best, gain + best_by_force(m, nodes, next + 1));
    }
    nodes[n] = before;
  }
  return best;
}

class TraceOptimum : public ::testing::TestWithParam<const char*> {};

TEST_P(TraceOptimum, IsTheBestThatTryingEverythingFinds) {
  const auto solver = find_solver(GetParam());
  ASSERT_TRUE(solver) << GetParam() << " is not installed: contrib/setup installs it";
  const ScratchFolder folder;
  for (std::uint64_t seed = 1; seed <= 12; ++seed) {
    Market m = random_market(seed, 2, 150);
    if (m.tasks.size() > 7) m.tasks.resize(7);
    std::vector<Node> nodes(m.machines.begin(), m.machines.end());
    const std::int64_t best = best_by_force(m, nodes, 0);
    const Optimum exact = solve_optimum(*solver, m.machines, m.tasks, false, 60, folder.path());
    EXPECT_EQ(exact.problem, "");
    EXPECT_TRUE(exact.is_proved);
    EXPECT_EQ(exact.welfare, best) << "seed " << seed;
    EXPECT_EQ(exact.bound, best);
    const Optimum pooled = solve_optimum(*solver, m.machines, m.tasks, true, 60, folder.path());
    EXPECT_GE(pooled.welfare, best) << "counting GPUs together allows more";
    if (pooled.fits_devices) {
      EXPECT_EQ(pooled.welfare, best);
    }
    EXPECT_LE(run_chain(m.machines, m.tasks, seed).outcome.welfare, best);
    for (const Policy policy : kPolicies) {
      EXPECT_LE(run_policy(policy, m.machines, m.tasks, seed).welfare, best) << policy_name(policy);
    }
  }
}
INSTANTIATE_TEST_SUITE_P(Solvers, TraceOptimum, ::testing::Values("cbc", "glpsol"));

}  // namespace
}  // namespace fog::bench
