// explore: visits every state of the consensus core at four validators, one of which lies, and says
// how many there are. Exit status 1 with the steps when something that must never be is found.
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "tests/sim/explorer.h"

namespace {

int usage() {
  std::fprintf(
      stderr,
      "usage: explore [--views N] [--leaders A,B,C] [--votes] [--restarts N] [--max-states N]\n"
      "  --views N        honest validators stop after this view (3)\n"
      "  --leaders LIST   of the first views; 3 is the liar (3,0,3)\n"
      "  --votes          deliver each vote by itself too, not only whole certificates\n"
      "  --restarts N     this many crashes, each at any moment (0)\n"
      "  --max-states N   stop there, and say so (100000000)\n");
  return 2;
}

std::vector<std::size_t> read_list(const char* text) {
  std::vector<std::size_t> out;
  for (; *text != 0; ++text) {
    if (*text >= '0' && *text <= '3') out.push_back(static_cast<std::size_t>(*text - '0'));
  }
  return out;
}

}  // namespace

int main(int argc, char** argv) {
  fog::sim::ExplorerOptions options;
  for (int i = 1; i < argc; ++i) {
    const auto is = [&](const char* name) { return std::strcmp(argv[i], name) == 0; };
    if (is("--votes")) {
      options.single_votes = options.full = true;
      continue;
    }
    if (is("--full")) {
      options.full = true;
      continue;
    }
    if (i + 1 >= argc) return usage();
    if (is("--views")) {
      options.views = std::strtoull(argv[++i], nullptr, 10);
    } else if (is("--leaders")) {
      options.leaders = read_list(argv[++i]);
    } else if (is("--restarts")) {
      options.restarts = std::strtoull(argv[++i], nullptr, 10);
    } else if (is("--max-states")) {
      options.states_max = std::strtoull(argv[++i], nullptr, 10);
    } else {
      return usage();
    }
  }
  if (options.views == 0 || options.views > 10) return usage();
  const fog::sim::ExplorerReport report = fog::sim::Explorer(options).run();
  std::printf("%llu states, %llu steps, %llu local states%s\n",
              static_cast<unsigned long long>(report.states),
              static_cast<unsigned long long>(report.steps),
              static_cast<unsigned long long>(report.local_states),
              report.complete ? "; complete" : "; stopped before all were seen");
  for (const std::string& line : report.violation) std::printf("%s\n", line.c_str());
  return report.violation.empty() ? 0 : 1;
}
