// state: what it costs to make one touched key final, at 10^4 to 10^7 accounts, and the memory of
// the state.
//
// A block here touches ten random accounts and takes the road of every block, through the node's
// own classes, with the data on disk in a scratch folder:
//
//   live state -> overlay -> tree version, root -> [block log, synced] -> flush queue -> live state
//                                                                             |          tree
//                                                          background thread: LevelDB
//
// The cost of a key is the time of all those steps but the log's, which is shown beside it; the
// flush to LevelDB runs behind, and what it holds up counts. The sizes take turns.
//
// rss_mib_1e6 is the whole node's: a `fogcoind` that was started again on a million accounts.
// state_rss_mib_1e6, rss_mib_1e7 and load_seconds_... are those of a fresh process that holds one
// state and nothing else, after some blocks.
#include <filesystem>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <sys/resource.h>

#include "consensus/engine/node.h"
#include "tests/bench/bench_support.h"
#include "tests/bench/state_support.h"

namespace fog::bench {
namespace {

struct Options {
  std::uint64_t max_accounts = 10'000'000;
  std::uint64_t keys = 10;
  std::uint64_t blocks = 1'000;  // a round and size
  unsigned rounds = 5;
  unsigned loads = 3;
  std::string load_folder;  // of the child that measures a restart
};

// ---- a restart, in a process of its own ----

struct Restart {
  double load_seconds = 0;
  double rss_mib = 0;
};

std::string folder_of(const std::string& scratch, std::uint64_t accounts) {
  return scratch + "/" + std::to_string(accounts);
}

// The child's part: load, make some blocks, say what that took.
int measure_restart(const Options& options) {
  NodeState state(options.load_folder, options.max_accounts);
  Times times;
  for (std::uint64_t i = 0; i < options.blocks; ++i) state.run_block(options.keys, times);
  state.drain();
  std::printf("%f %f\n", state.load_seconds(), rss_mib(::getpid()));
  return 0;
}

Restart run_restart(const Options& options, const std::string& folder, std::uint64_t accounts) {
  const std::string self = std::filesystem::read_symlink("/proc/self/exe").string();
  const std::string command =
      fmt::format("'{}' --load-folder '{}' --max-accounts {} --keys {} --blocks {}", self, folder,
                  accounts, options.keys, options.blocks);
  Restart out;
  FILE* child = ::popen(command.c_str(), "r");
  CHECK(child != nullptr);
  CHECK(std::fscanf(child, "%lf %lf", &out.load_seconds, &out.rss_mib) == 2);
  CHECK(::pclose(child) == 0);
  return out;
}

// ---- the whole node ----

struct NodeStart {
  double seconds = 0;  // until it answers
  double rss_mib = 0;
};

void make_node(const std::string& folder, std::uint64_t accounts) {
  progress(fmt::format("making a node of {} accounts", accounts));
  Genesis genesis;
  genesis.chain_name = std::string("bench");
  genesis.time_ms = system_clock().wall_ms();
  genesis.market.classes.push_back({std::string("standard"), {1, 1, 1, 1, 1, 1, 1}});
  for (std::uint64_t i = 0; i < accounts; ++i)
    genesis.accounts.push_back({account_address(i), Amount{1'000 * kDropletsPerFog}});
  std::sort(genesis.accounts.begin(), genesis.accounts.end(),
            [](const auto& a, const auto& b) { return a.address < b.address; });
  const ValidatorKey validator = ValidatorKey::generate(system_rng());
  genesis.validators.push_back(
      validator.genesis_entry(genesis.accounts.front().address, Amount{1'000 * kDropletsPerFog}));
  NodeOptions options;
  options.directory = folder;
  must(init_node(options, genesis, validator));
}

NodeStart start_node(const std::string& folder) {
  const std::string port_file = folder + ".port";
  std::filesystem::remove(port_file);
  const double start = seconds_now();
  const Child node({program_folder() + "/fogcoind", "run", "--dir", folder, "--rpc", "127.0.0.1:0",
                    "--port-file", port_file},
                   folder + ".log");
  while (!std::filesystem::exists(port_file)) {
    CHECK(node.running() && seconds_now() - start < 120);
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  NodeStart out;
  out.seconds = seconds_now() - start;
  // What the start needed for a moment is given back.
  std::this_thread::sleep_for(std::chrono::seconds(2));
  out.rss_mib = rss_mib(node.pid());
  return out;
}

// ---- the whole run ----

double cpu_seconds(int who) {
  rusage usage{};
  ::getrusage(who, &usage);
  return static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
         static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}
// Of every thread but this one.
double background_seconds() {
  return cpu_seconds(RUSAGE_SELF) - cpu_seconds(RUSAGE_THREAD);
}

struct Size {
  std::uint64_t accounts;
  std::string name;
  std::unique_ptr<NodeState> state;
  // Of each round, per touched key.
  std::vector<double> us, read_us, tree_us, live_us, push_us, background_us;
  std::vector<double> log_us_per_block;
  std::vector<double> load_seconds, state_rss;
};

void run_round(const Options& options, Size& size) {
  Times times;
  const double background = background_seconds();
  for (std::uint64_t i = 0; i < options.blocks; ++i) size.state->run_block(options.keys, times);
  size.state->drain();
  const auto blocks = static_cast<double>(options.blocks);
  const double keys = blocks * static_cast<double>(options.keys);
  const auto per_key = [&](std::uint64_t ns) { return static_cast<double>(ns) / 1e3 / keys; };
  size.us.push_back(per_key(times.counted()));
  size.read_us.push_back(per_key(times.read));
  size.tree_us.push_back(per_key(times.tree));
  size.live_us.push_back(per_key(times.live));
  size.push_us.push_back(per_key(times.push));
  size.background_us.push_back((background_seconds() - background) * 1e6 / keys);
  size.log_us_per_block.push_back(static_cast<double>(times.log) / 1e3 / blocks);
  progress(fmt::format("  {}: {:.2f} us a key (read {:.2f}, tree {:.2f}, live {:.2f}, push {:.2f})",
                       size.name, size.us.back(), size.read_us.back(), size.tree_us.back(),
                       size.live_us.back(), size.push_us.back()));
}

std::vector<Size> make_sizes(const Options& options) {
  std::vector<Size> sizes;
  std::uint64_t accounts = 10'000;
  for (int power = 4; power <= 7 && accounts <= options.max_accounts; ++power, accounts *= 10) {
    sizes.push_back(
        Size{accounts, "1e" + std::to_string(power), {}, {}, {}, {}, {}, {}, {}, {}, {}, {}});
  }
  return sizes;
}

void print(const std::vector<Size>& sizes, const std::optional<NodeStart>& node,
           const Options& options) {
  std::string figures;
  const auto add = [&](const std::string& name, double value) {
    figures += fmt::format("{}\"{}\": {:.3f}", figures.empty() ? "" : ", ", name, value);
  };
  const Size& last = sizes.back();
  if (sizes.size() > 1) {
    // The ratio of each round's pair, then the median.
    std::vector<double> growth;
    for (std::size_t i = 0; i < last.us.size(); ++i)
      growth.push_back(last.us[i] / sizes.front().us[i]);
    add("growth_1e4_to_" + last.name, median(growth));
  }
  if (node) add("rss_mib_1e6", node->rss_mib);
  for (const Size& size : sizes) {
    // No genesis holds more than a million accounts, so beyond it there is no whole node to weigh.
    const char* prefix = size.accounts > 1'000'000 ? "rss_mib_" : "state_rss_mib_";
    if (!size.state_rss.empty()) add(prefix + size.name, median(size.state_rss));
  }
  for (const Size& size : sizes) add("us_per_key_" + size.name, median(size.us));
  for (const Size& size : sizes) {
    if (!size.load_seconds.empty()) add("load_seconds_" + size.name, median(size.load_seconds));
  }
  if (node) add("node_start_seconds_1e6", node->seconds);
  for (const Size& size : sizes) {
    add("read_us_" + size.name, median(size.read_us));
    add("tree_us_" + size.name, median(size.tree_us));
    add("live_us_" + size.name, median(size.live_us));
    add("push_us_" + size.name, median(size.push_us));
    add("background_us_" + size.name, median(size.background_us));
    add("log_us_per_block_" + size.name, median(size.log_us_per_block));
  }
  print_figures("state", figures + ", \"rounds\": " + std::to_string(options.rounds));
}

int run(const Options& options) {
  ScratchFolder scratch;
  std::vector<Size> sizes = make_sizes(options);
  CHECK(!sizes.empty());
  for (const Size& size : sizes)
    make_database(folder_of(scratch.path(), size.accounts), size.accounts);
  for (Size& size : sizes) {
    if (size.accounts < 1'000'000) continue;
    const unsigned loads = size.accounts > 1'000'000 ? 1 : options.loads;
    for (unsigned i = 0; i < loads; ++i) {
      const Restart restart =
          run_restart(options, folder_of(scratch.path(), size.accounts), size.accounts);
      progress(fmt::format("restart with {} accounts: {:.2f} s, {:.0f} MiB", size.name,
                           restart.load_seconds, restart.rss_mib));
      size.load_seconds.push_back(restart.load_seconds);
      size.state_rss.push_back(restart.rss_mib);
    }
  }
  std::optional<NodeStart> node;
  if (sizes.back().accounts >= 1'000'000) {
    const std::string folder = scratch.path() + "/node";
    make_node(folder, 1'000'000);
    start_node(folder);
    node = start_node(folder);
    progress(fmt::format("fogcoind with 1e6 accounts: up in {:.2f} s, {:.0f} MiB", node->seconds,
                         node->rss_mib));
  }
  for (Size& size : sizes) {
    progress("loading " + size.name);
    size.state =
        std::make_unique<NodeState>(folder_of(scratch.path(), size.accounts), size.accounts);
  }
  for (unsigned round = 0; round < options.rounds; ++round) {
    progress(fmt::format("round {} of {}", round + 1, options.rounds));
    for (Size& size : sizes) run_round(options, size);
  }
  print(sizes, node, options);
  return 0;
}

}  // namespace
}  // namespace fog::bench

int main(int argc, char** argv) {
  fog::bench::Options options;
  CLI::App app("Commit cost per touched key at 10^4 to 10^7 accounts, memory, and restart");
  app.add_option("--max-accounts", options.max_accounts, "the largest state, at least 10000")
      ->capture_default_str()
      ->check(CLI::Range(10'000, 10'000'000));
  app.add_option("--keys", options.keys, "random accounts a block")->capture_default_str();
  app.add_option("--blocks", options.blocks, "blocks a round and size")->capture_default_str();
  app.add_option("--rounds", options.rounds, "rounds over all sizes")->capture_default_str();
  app.add_option("--loads", options.loads, "restarts measured at 10^6")->capture_default_str();
  app.add_option("--load-folder", options.load_folder)->group("");
  CLI11_PARSE(app, argc, argv);
  return options.load_folder.empty() ? fog::bench::run(options)
                                     : fog::bench::measure_restart(options);
}
