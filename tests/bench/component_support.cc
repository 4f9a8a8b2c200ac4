#include "tests/bench/component_support.h"

#include <cstdlib>
#include <fstream>

#include <fmt/format.h>

#include "chain/base/file.h"
#include "market/types/objects.h"
#include "tests/bench/bench_support.h"

namespace fog::bench {
namespace {

constexpr const char* kGuests = FOG_SOURCE_FOLDER "/executor/wasm/tests/guests/http";
// One function of the ballast, as clang leaves it.
constexpr std::uint64_t kFunctionBytes = 1'000;
constexpr std::uint64_t kHelloBytes = 16'000;
// Of the loop in hello.c, metered, on the machines of contrib/doc/benchmarks.md.
constexpr std::uint64_t kRoundsPerUs = 400;

// Functions that differ, so that none is folded into another, behind one that picks by number.
std::string ballast_source(std::uint64_t functions) {
  std::string out = "#include <stdint.h>\ntypedef uint64_t (*step)(uint64_t);\n";
  for (std::uint64_t i = 0; i < functions; ++i) {
    out += fmt::format("static uint64_t f{}(uint64_t x) {{\n", i);
    for (std::uint64_t k = 0; k < 50; ++k) {
      const std::uint64_t odd = (i * 977 + k * 131) * 2 + 1;
      out += fmt::format("  x = (x ^ (x >> {})) * {}u + {}u;\n", 7 + k % 20, odd, i + k);
    }
    out += "  return x;\n}\n";
  }
  out += "static const step steps[] = {\n";
  for (std::uint64_t i = 0; i < functions; ++i) out += fmt::format("f{},\n", i);
  out += "};\nuint64_t fog_ballast(uint64_t number) {\n";
  out += fmt::format("  return steps[number % {}](number);\n}}\n", functions);
  return out;
}

// Of hello.c with these words for the compiler.
Bytes make_component(const std::string& words) {
  const ScratchFolder folder;
  const std::string core = folder.path() + "/core.wasm";
  const std::string out = folder.path() + "/component.wasm";
  run_or_exit(
      fmt::format("clang-14 --target=wasm32-wasi -O2 -nostartfiles -Wl,--no-entry,--strip-debug "
                  "-I{} {}/tests/bench/component/hello.c {} -o {}",
                  kGuests, FOG_SOURCE_FOLDER, words, core));
  run_or_exit(fmt::format("{} {} {}/proxy.wit {}", FOG_COMPONENT_TOOL, core, kGuests, out));
  return must(read_file(out, market::kArtifactBytesMax));
}

}  // namespace

void run_or_exit(const std::string& command) {
  if (std::system(command.c_str()) == 0) return;
  progress("error: failed: " + command);
  std::exit(1);
}

Bytes hello_component(std::uint64_t bytes) {
  const ScratchFolder folder;
  const std::uint64_t functions = bytes > kHelloBytes ? (bytes - kHelloBytes) / kFunctionBytes : 0;
  if (functions == 0) return make_component("");
  std::ofstream(folder.path() + "/ballast.c") << ballast_source(functions);
  return make_component("-DFOG_BALLAST " + folder.path() + "/ballast.c");
}

Bytes working_component(std::uint64_t work_us) {
  return make_component(fmt::format("-DFOG_WORK={}u", work_us * kRoundsPerUs));
}

Bytes component_of(const std::string& path, std::uint64_t bytes) {
  return path.empty() ? hello_component(bytes) : must(read_file(path, market::kArtifactBytesMax));
}

}  // namespace fog::bench
