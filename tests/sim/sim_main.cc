// sim: runs seeds of the simulation, several at a time. A seed that fails prints what was wrong and
// the command that repeats it; exit status 1 then.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <signal.h>
#include <unistd.h>

#include <sys/mman.h>
#include <sys/wait.h>

#include "tests/sim/quick_crypto.h"
#include "tests/sim/world.h"

namespace {

using fog::sim::RunOptions;
using fog::sim::RunResult;

struct Options {
  std::uint64_t seeds = 1;
  std::uint64_t from = 1;
  std::uint64_t jobs = 1;
  std::optional<std::size_t> validators;
  bool verbose = false;
  bool twice = false;
  bool list = false;
  bool real_signatures = false;
};

// What the jobs share.
struct Totals {
  std::atomic<std::uint64_t> next, failed, height, txs, epochs, messages, crashes, wipes, joins,
      proofs, timely, sim_ms, done;
  std::atomic<std::uint64_t> running[64];
};

unsigned long long ull(std::uint64_t value) {
  return value;
}

int usage() {
  std::fprintf(stderr,
               "usage: sim [--seeds N] [--from S] [--nodes N] [--jobs J] [--verbose] [--list]\n"
               "           [--twice] [--real-signatures]\n"
               "  --seeds N          how many seeds (1)\n"
               "  --from S           the first (1)\n"
               "  --nodes N          so many validators, instead of what each seed says\n"
               "  --jobs J           processes at a time (1)\n"
               "  --verbose          says what happens, on stderr; for a single seed\n"
               "  --list             a line for each seed, with a hash of all that happened\n"
               "  --twice            runs each seed twice: both must be the same, event by event\n"
               "  --real-signatures  with the curve's, fifty times slower\n");
  return 2;
}

bool read_options(int argc, char** argv, Options& options) {
  for (int i = 1; i < argc; ++i) {
    const auto is = [&](const char* name) { return std::strcmp(argv[i], name) == 0; };
    if (is("--verbose")) {
      options.verbose = true;
    } else if (is("--list")) {
      options.list = true;
    } else if (is("--twice")) {
      options.twice = true;
    } else if (is("--real-signatures")) {
      options.real_signatures = true;
    } else {
      if (i + 1 >= argc) return false;
      char* end = nullptr;
      const std::uint64_t value = std::strtoull(argv[i + 1], &end, 10);
      if (*argv[i + 1] == 0 || *end != 0) return false;
      if (is("--seeds")) {
        options.seeds = value;
      } else if (is("--from")) {
        options.from = value;
      } else if (is("--jobs") && value >= 1 && value <= 64) {
        options.jobs = value;
      } else if (is("--nodes") && value >= 1 && value <= 16) {
        options.validators = value;
      } else {
        return false;
      }
      ++i;
    }
  }
  return true;
}

std::string command(const Options& options, std::uint64_t seed) {
  std::string out = "contrib/sim --seeds 1 --from " + std::to_string(seed);
  if (options.validators) out += " --nodes " + std::to_string(*options.validators);
  if (options.real_signatures) out += " --real-signatures";
  return out + " --verbose";
}

void report(const Options& options, std::uint64_t seed, const std::vector<std::string>& lines) {
  std::string out = "seed " + std::to_string(seed) + " FAILED\n";
  for (const std::string& line : lines) out += "  " + line + "\n";
  out += "  repeat: " + command(options, seed) + "\n";
  std::fputs(out.c_str(), stdout);
  std::fflush(stdout);
}

void run_seed(const Options& options, std::uint64_t seed, Totals& totals) {
  RunOptions run;
  run.seed = seed;
  run.validators = options.validators;
  run.verbose = options.verbose;
  RunResult result = fog::sim::World(run).run();
  if (options.twice && fog::sim::World(run).run().trace != result.trace)
    result.findings.push_back("a second run of the seed went another way");
  totals.height += result.height;
  totals.txs += result.txs;
  totals.epochs += result.epochs;
  totals.messages += result.messages;
  totals.crashes += result.crashes;
  totals.wipes += result.wipes;
  totals.joins += result.joins;
  totals.proofs += result.proofs;
  totals.timely += result.timely_blocks;
  totals.sim_ms += result.sim_ms;
  ++totals.done;
  if (options.verbose || options.list)
    std::printf("seed %llu: height %llu, trace %016llx\n", ull(seed), ull(result.height),
                ull(result.trace));
  if (!result.findings.empty()) {
    ++totals.failed;
    report(options, seed, result.findings);
  }
}

// One job: takes the next seed until none is left.
void work(const Options& options, std::uint64_t job, Totals& totals) {
  if (options.real_signatures) fog::sim::use_real_signatures();
  while (true) {
    const std::uint64_t index = totals.next++;
    if (index >= options.seeds) return;
    totals.running[job] = options.from + index;
    run_seed(options, options.from + index, totals);
    totals.running[job] = 0;
  }
}

// Jobs are processes, so that a seed that breaks a CHECK ends nothing but its own.
void run_jobs(const Options& options, Totals& totals) {
  std::map<pid_t, std::uint64_t> jobs;
  const auto start = [&](std::uint64_t job) {
    std::fflush(stdout);
    const pid_t pid = fork();
    if (pid == 0) {
      for (const int sig : {SIGINT, SIGTERM}) signal(sig, SIG_DFL);
      work(options, job, totals);
      std::fflush(stdout);
      _exit(0);
    }
    if (pid > 0) jobs[pid] = job;
  };
  for (std::uint64_t job = 0; job < options.jobs; ++job) start(job);
  while (!jobs.empty()) {
    int status = 0;
    const pid_t pid = wait(&status);
    if (pid < 0) {  // interrupted: what is done is told
      for (const auto& [child, number] : jobs) kill(child, SIGKILL);
      return;
    }
    const auto job = jobs.extract(pid);
    if (job.empty() || (WIFEXITED(status) && WEXITSTATUS(status) == 0)) continue;
    ++totals.failed;
    report(options, totals.running[job.mapped()], {"the program stopped (see above on stderr)"});
    start(job.mapped());
  }
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  if (!read_options(argc, argv, options)) return usage();
  void* memory =
      mmap(nullptr, sizeof(Totals), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) {
    std::perror("mmap");
    return 2;
  }
  auto& totals = *new (memory) Totals();
  struct sigaction interrupt {};
  interrupt.sa_handler = [](int) {};
  for (const int sig : {SIGINT, SIGTERM}) sigaction(sig, &interrupt, nullptr);
  const std::time_t start = std::time(nullptr);
  run_jobs(options, totals);
  const auto took = static_cast<std::uint64_t>(std::time(nullptr) - start);
  std::printf(
      "%llu seeds from %llu: %llu failed; %llu blocks, %llu epochs, %llu transactions, %llu "
      "messages, %llu crashes, %llu wiped logs, %llu snapshots taken over, %llu proofs against "
      "liars, %llu blocks held to 6 D; %llu s simulated in %llu s\n",
      ull(totals.done), ull(options.from), ull(totals.failed), ull(totals.height),
      ull(totals.epochs), ull(totals.txs), ull(totals.messages), ull(totals.crashes),
      ull(totals.wipes), ull(totals.joins), ull(totals.proofs), ull(totals.timely),
      ull(totals.sim_ms / 1'000), ull(took));
  return totals.failed == 0 ? 0 : 1;
}
