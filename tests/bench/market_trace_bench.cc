// market-trace: how good the market's matching is on a GPU cluster's trace.
//
// Machines are Hosts that ask what they cost, tasks are Bids whose caps lie below what they are
// worth, both drawn from a seed; tasks arrive in an order drawn from it, none departs, until they
// ask for a share of the GPUs. The same arrivals go through the chain's rules, block by block, and
// through the placement rules that the trace's paper compares. On small parts of the trace a solver
// finds the best that hindsight allows.
#include <algorithm>
#include <cctype>
#include <fstream>
#include <iterator>
#include <map>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "tests/bench/bench_support.h"
#include "tests/bench/market_trace/chain.h"
#include "tests/bench/market_trace/optimum.h"
#include "tests/bench/market_trace/policies.h"

namespace fog::bench {
namespace {

struct Options {
  std::string hosts = "tests/data/traces/openb_node_list_all_node.csv";
  std::string bids = "tests/data/traces/openb_pod_list_default.csv";
  std::uint64_t seed = 1;
  std::uint32_t load = 90;
  unsigned seeds = 3;
  unsigned parts = 20;
  unsigned varied_parts = 6;
  unsigned orders = 5;
  std::uint32_t part_hosts = 6;
  unsigned solver_seconds = 30;
  std::string solver;
};

constexpr std::array kLoads{50U, 70U, 90U, 100U, 120U};
// Demand that is worth little more than what it costs, and Hosts that differ much.
constexpr Spread kThin{"thin", 8'000, 12'000, 10'000, 20'000};
constexpr Spread kRough{"rough", 5'000, 15'000, 10'000, 30'000};

struct Input {
  std::vector<Machine> machines;
  std::vector<Task> tasks;
};

std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    std::fprintf(stderr, "market-trace: cannot read %s\n", path.c_str());
    std::exit(1);
  }
  return {std::istreambuf_iterator<char>(file), {}};
}
template <class T>
T parsed_or_exit(const std::string& path, Result<T, CsvError> parsed) {
  if (!parsed) {
    std::fprintf(stderr, "market-trace: %s:%s\n", path.c_str(), parsed.error().c_str());
    std::exit(1);
  }
  return *std::move(parsed);
}

// Costs, then arrivals: two draws of one seed, so that loads differ in length only.
Input draw_input(const Input& trace, std::uint64_t seed, std::uint32_t load, const Spread& spread) {
  Input input{trace.machines, {}};
  SeededRng costs(seed);
  draw_costs(input.machines, costs, spread);
  SeededRng arrivals(seed + 1'000'000'007);
  input.tasks = draw_arrivals(input.machines, trace.tasks, load, arrivals, spread);
  return input;
}

double share(std::uint64_t part, std::uint64_t whole) {
  return whole == 0 ? 1 : static_cast<double>(part) / static_cast<double>(whole);
}
double ratio(std::int64_t ours, std::int64_t theirs) {
  return theirs == 0 ? 1 : static_cast<double>(ours) / static_cast<double>(theirs);
}
std::string row(const std::string& name, const Outcome& o) {
  return fmt::format("  {:12} {:11.2f} {:9.2f} {:11.1f} {:10.2f} {:10.2f} {:9}", name,
                     100 * share(o.served, o.arrived), 100 * share(o.gpu_served, o.gpu_arrived),
                     static_cast<double>(o.welfare) / kDropletsPerFog, 100 * o.fragmentation,
                     100 * o.unallocated, o.declined);
}

// ---- the whole trace ----

struct Whole {
  ChainOutcome market;
  std::map<Policy, Outcome> policies;
  double against(Policy policy) const {
    return ratio(market.outcome.welfare, policies.at(policy).welfare);
  }
};
// The market beside placement rules.
Whole run_whole(const Input& trace, std::uint64_t seed, std::uint32_t load, const Spread& spread,
                const std::vector<Policy>& policies) {
  const Input input = draw_input(trace, seed, load, spread);
  progress(fmt::format("seed {}, load {} %, {} spread: {} Bids, {} Hosts", seed, load, spread.name,
                       input.tasks.size(), input.machines.size()));
  progress("                served %     GPU %   welfare/h  fragment % unalloc. %  declined");
  Whole out;
  out.market = run_chain(input.machines, input.tasks, seed);
  progress(row("market", out.market.outcome));
  for (const Policy policy : policies) {
    out.policies[policy] = run_policy(policy, input.machines, input.tasks, seed);
    progress(row(policy_name(policy), out.policies[policy]));
  }
  return out;
}

// ---- parts that a solver can finish ----

// Some machines of the trace; the tasks are drawn for them later.
Input draw_part(const Input& trace, std::uint32_t count, std::uint64_t seed) {
  const auto has_gpu = [](const Machine& machine) { return machine.gpus > 0; };
  SeededRng draw(seed * 1'000'003 + 17);
  Input part{trace.machines, trace.tasks};
  do {
    part.machines = trace.machines;
    shuffle(part.machines, draw);
    part.machines.resize(std::min<std::size_t>(part.machines.size(), count));
  } while (std::any_of(trace.machines.begin(), trace.machines.end(), has_gpu) &&
           std::none_of(part.machines.begin(), part.machines.end(), has_gpu));
  return part;
}

// The best that hindsight allows: first with a machine's GPUs counted together, which is fast and
// as good where the answer can be laid on devices; else device by device, and where that takes too
// long the first answer stands, which is not below the optimum.
Optimum best_of(const Solver& solver, const Input& part, unsigned seconds,
                const std::string& folder) {
  Optimum pooled = solve_optimum(solver, part.machines, part.tasks, true, seconds, folder);
  if (!pooled.is_proved || pooled.fits_devices) return pooled;
  Optimum exact = solve_optimum(solver, part.machines, part.tasks, false, seconds, folder);
  return exact.is_proved ? exact : pooled;
}

struct Parts {
  // Sums over parts and orders of arrival; the optimum counts as often.
  std::int64_t market = 0, cheapest = 0, first_fit = 0, best_fit = 0, optimum = 0;
  std::int64_t market_best_first = 0, cheapest_best_first = 0, optimum_once = 0;
  // The same over all parts, those too where the solver gave a bound and did not finish.
  std::int64_t market_all = 0, bound_all = 0;
  unsigned proved = 0, unproved = 0, on_devices = 0;
  double worst = 1, best = 0;  // of one part in one order
  double optimum_ratio() const { return ratio(market, optimum); }
  // At least this, over all parts.
  double bound_ratio() const { return ratio(market_all, bound_all); }
  // Had the Bids come in order of what they are worth: what is lost otherwise is not knowing who
  // comes later, the rest packing and steps of caps.
  double best_first_ratio() const { return ratio(market_best_first, optimum_once); }
};

// The same tasks come in several orders; the optimum is the same for all.
void run_orders(const Input& part, std::uint64_t seed, unsigned orders, const Optimum& best,
                Parts& out) {
  Input input = part;
  SeededRng draw(seed + 77);
  double least = 1, most = 0;
  for (unsigned order = 0; order < orders; ++order) {
    if (order > 0) shuffle(input.tasks, draw);
    const auto welfare = [&](Policy policy) {
      return run_policy(policy, input.machines, input.tasks, seed).welfare;
    };
    const std::int64_t market = run_chain(input.machines, input.tasks, seed).outcome.welfare;
    out.market_all += market;
    out.bound_all += *best.bound;
    least = std::min(least, ratio(market, *best.bound));
    most = std::max(most, ratio(market, *best.bound));
    if (!best.is_proved) continue;
    out.market += market;
    out.cheapest += welfare(Policy::kCheapest);
    out.first_fit += welfare(Policy::kFirstFit);
    out.best_fit += welfare(Policy::kBestFit);
    out.optimum += best.welfare;
  }
  progress(fmt::format("    {} Bids: market {:.4f} to {:.4f} of the {}", input.tasks.size(), least,
                       most, best.is_proved ? "optimum" : "solver's bound, not reached"));
  if (!best.is_proved) return;
  std::stable_sort(input.tasks.begin(), input.tasks.end(), [](const Task& a, const Task& b) {
    return u128{a.value} * b.hourly > u128{b.value} * a.hourly;
  });
  out.market_best_first += run_chain(input.machines, input.tasks, seed).outcome.welfare;
  out.cheapest_best_first +=
      run_policy(Policy::kCheapest, input.machines, input.tasks, seed).welfare;
  out.optimum_once += best.welfare;
  out.worst = std::min(out.worst, least);
  out.best = std::max(out.best, most);
}

Parts run_parts(const Input& trace, const Options& options, const Solver& solver,
                std::uint32_t load, const Spread& spread, unsigned parts) {
  const ScratchFolder folder;
  Parts out;
  progress(fmt::format("{} parts of {} Hosts, load {} %, {} spread", parts, options.part_hosts,
                       load, spread.name));
  for (unsigned n = 0; n < parts; ++n) {
    const std::uint64_t seed = options.seed * 1'000 + n;
    const Input part = draw_input(draw_part(trace, options.part_hosts, seed), seed, load, spread);
    const Optimum best = best_of(solver, part, options.solver_seconds, folder.path());
    ++(best.is_proved ? out.proved : out.unproved);
    if (!best.bound) {
      progress(fmt::format("    {} Bids: {}", part.tasks.size(),
                           best.problem.empty() ? "the solver did not finish" : best.problem));
      continue;
    }
    out.on_devices += best.is_proved && best.fits_devices ? 1 : 0;
    run_orders(part, seed, options.orders, best, out);
  }
  progress(
      fmt::format("  market {:.4f} of the optimum ({:.4f} to {:.4f}), cheapest {:.4f}, first fit "
                  "{:.4f}, best fit {:.4f}",
                  out.optimum_ratio(), out.worst, out.best, ratio(out.cheapest, out.optimum),
                  ratio(out.first_fit, out.optimum), ratio(out.best_fit, out.optimum)));
  progress(
      fmt::format("  dearest Bids first: market {:.4f}, cheapest {:.4f}; {} optima proved, {} of "
                  "them exact by device, {} not finished; over all at least {:.4f}",
                  out.best_first_ratio(), ratio(out.cheapest_best_first, out.optimum_once),
                  out.proved, out.on_devices, out.unproved, out.bound_ratio()));
  return out;
}

// ---- the whole run ----

class Figures {
 public:
  // null where there is nothing to tell.
  void add(const std::string& name, double value, bool is_known = true) {
    text_ += fmt::format("{}\"{}\": {}", text_.empty() ? "" : ", ", name,
                         is_known ? fmt::format("{:.4f}", value) : "null");
  }
  void add_list(const std::string& name, const std::vector<std::string>& items) {
    std::string list;
    for (const std::string& item : items) list += (list.empty() ? "" : ", ") + item;
    text_ += fmt::format("{}\"{}\": [{}]", text_.empty() ? "" : ", ", name, list);
  }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

std::string figure_name(Policy policy) {
  std::string name = std::string("welfare_vs_") + policy_name(policy);
  std::erase(name, ' ');
  std::transform(name.begin(), name.end(), name.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return name;
}

// The first figures are of the wanted load, means over the seeds.
void add_whole(Figures& figures, const std::vector<Whole>& runs) {
  const auto mean = [&](const auto& of) {
    double sum = 0;
    for (const Whole& run : runs) sum += of(run);
    return sum / static_cast<double>(runs.size());
  };
  figures.add("served", mean([](const Whole& run) {
                return share(run.market.outcome.served, run.market.outcome.arrived);
              }));
  figures.add("served_gpu", mean([](const Whole& run) {
                return share(run.market.outcome.gpu_served, run.market.outcome.gpu_arrived);
              }));
  for (const Policy policy : kPolicies) {
    figures.add(figure_name(policy), mean([&](const Whole& run) { return run.against(policy); }));
  }
  figures.add("welfare_fog_per_hour", mean([](const Whole& run) {
                return static_cast<double>(run.market.outcome.welfare) / kDropletsPerFog;
              }));
  figures.add("fragmentation",
              mean([](const Whole& run) { return run.market.outcome.fragmentation; }));
  figures.add("unallocated", mean([](const Whole& run) { return run.market.outcome.unallocated; }));
  figures.add("declined_per_bid", mean([](const Whole& run) {
                return share(run.market.outcome.declined, run.market.outcome.arrived);
              }));
  figures.add("paid_over_cost",
              mean([](const Whole& run) { return ratio(run.market.paid, run.market.cost); }));
}

int run(const Options& options) {
  const Input trace{parsed_or_exit(options.hosts, parse_machines(read_file(options.hosts))),
                    parsed_or_exit(options.bids, parse_tasks(read_file(options.bids)))};
  const std::optional<Solver> solver = find_solver(options.solver);
  if (!solver) {
    std::fprintf(stderr,
                 "market-trace: no solver found. On Debian: apt-get install coinor-cbc (or "
                 "glpk-utils); contrib/setup does it.\n");
    return 1;
  }
  const std::vector<Policy> all(kPolicies.begin(), kPolicies.end());
  std::vector<Whole> runs;
  for (unsigned n = 0; n < options.seeds; ++n)
    runs.push_back(run_whole(trace, options.seed + n, options.load, kSpread, all));
  Figures figures;
  add_whole(figures, runs);
  const Parts main_parts = run_parts(trace, options, *solver, options.load, kSpread, options.parts);
  figures.add("optimum_ratio", main_parts.optimum_ratio(), main_parts.proved > 0);
  figures.add("optimum_ratio_worst", main_parts.worst, main_parts.proved > 0);
  figures.add("optimum_ratio_at_least", main_parts.bound_ratio(), main_parts.bound_all > 0);
  figures.add("optimum_parts", main_parts.proved);
  figures.add("optimum_parts_unfinished", main_parts.unproved);

  std::vector<std::string> others;
  const auto vary = [&](std::uint32_t load, const Spread& spread) {
    const Whole whole = run_whole(trace, options.seed, load, spread,
                                  {Policy::kCheapest, Policy::kFirstFit, Policy::kBestFit});
    const Parts parts = run_parts(trace, options, *solver, load, spread, options.varied_parts);
    others.push_back(fmt::format(
        "{{\"load\": {}, \"spread\": \"{}\", \"served\": {:.4f}, \"optimum_ratio\": {}, "
        "\"welfare_vs_firstfit\": {:.4f}, \"welfare_vs_bestfit\": {:.4f}, "
        "\"fragmentation\": {:.4f}, \"optimum_parts\": {}}}",
        load, spread.name, share(whole.market.outcome.served, whole.market.outcome.arrived),
        parts.proved > 0 ? fmt::format("{:.4f}", parts.optimum_ratio()) : "null",
        whole.against(Policy::kFirstFit), whole.against(Policy::kBestFit),
        whole.market.outcome.fragmentation, parts.proved));
  };
  if (options.varied_parts > 0) {
    for (const std::uint32_t load : kLoads) {
      if (load != options.load) vary(load, kSpread);
    }
    vary(options.load, kThin);
    vary(options.load, kRough);
  }
  figures.add_list("varied", others);
  print_figures("market-trace", figures.text());
  return 0;
}

}  // namespace
}  // namespace fog::bench

int main(int argc, char** argv) {
  fog::bench::Options options;
  CLI::App app(
      "The market on a GPU cluster's trace: welfare, fragmentation, and the offline optimum");
  app.add_option("--hosts", options.hosts,
                 "CSV: cpu_milli, memory_mib, gpu, and if wanted sn, model")
      ->capture_default_str();
  app.add_option("--bids", options.bids,
                 "CSV: cpu_milli, memory_mib, num_gpu, gpu_milli, and if wanted name, gpu_spec")
      ->capture_default_str();
  app.add_option("--seed", options.seed, "of costs, values, arrivals and parts")
      ->capture_default_str();
  app.add_option("--load", options.load,
                 "GPUs that the Bids ask for, in hundredths of those there are")
      ->capture_default_str()
      ->check(CLI::Range(1, 1'000));
  app.add_option("--seeds", options.seeds, "runs of the whole trace, with this and the next seeds")
      ->capture_default_str()
      ->check(CLI::Range(1, 1'000));
  app.add_option("--parts", options.parts, "parts of the trace that are held against their optimum")
      ->capture_default_str()
      ->check(CLI::Range(1, 1'000));
  app.add_option("--part-hosts", options.part_hosts, "Hosts of a part")
      ->capture_default_str()
      ->check(CLI::Range(1, 1'000));
  app.add_option("--orders", options.orders, "orders of arrival for each part")
      ->capture_default_str()
      ->check(CLI::Range(1, 1'000));
  app.add_option("--varied-parts", options.varied_parts,
                 "parts for each other load and spread of prices; 0: only the load asked for")
      ->capture_default_str()
      ->check(CLI::Range(0, 1'000));
  app.add_option("--solver-seconds", options.solver_seconds, "time limit for one optimum")
      ->capture_default_str()
      ->check(CLI::Range(1, 86'400));
  app.add_option("--solver", options.solver, "cbc or glpsol; whichever is there without it")
      ->check(CLI::IsMember({"cbc", "glpsol"}));
  CLI11_PARSE(app, argc, argv);
  return fog::bench::run(options);
}
