#include "tests/bench/component_support.h"

#include <cstdlib>
#include <cstring>
#include <fstream>
#include <unistd.h>

#include <fmt/format.h>

#include "chain/base/file.h"
#include "executor/front.h"
#include "executor/worker/worker.h"
#include "tests/bench/bench_support.h"

namespace fog::bench {
namespace {

constexpr const char* kGuests = FOG_SOURCE_FOLDER "/executor/wasm/tests/guests/http";
// One function of the ballast, as clang leaves it.
constexpr std::uint64_t kFunctionBytes = 1'000;
constexpr std::uint64_t kHelloBytes = 16'000;

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

}  // namespace

void run_or_exit(const std::string& command) {
  if (std::system(command.c_str()) == 0) return;
  progress("error: failed: " + command);
  std::exit(1);
}

Bytes hello_component(std::uint64_t bytes) {
  const ScratchFolder folder;
  const std::uint64_t functions = bytes > kHelloBytes ? (bytes - kHelloBytes) / kFunctionBytes : 0;
  std::string sources = FOG_SOURCE_FOLDER "/tests/bench/component/hello.c";
  if (functions > 0) {
    std::ofstream(folder.path() + "/ballast.c") << ballast_source(functions);
    sources += " -DFOG_BALLAST " + folder.path() + "/ballast.c";
  }
  const std::string core = folder.path() + "/core.wasm";
  const std::string out = folder.path() + "/component.wasm";
  run_or_exit(
      fmt::format("clang-14 --target=wasm32-wasi -O2 -nostartfiles -Wl,--no-entry,--strip-debug "
                  "-I{} {} -o {}",
                  kGuests, sources, core));
  run_or_exit(fmt::format("{} {} {}/proxy.wit {}", FOG_COMPONENT_TOOL, core, kGuests, out));
  return must(read_file(out, market::kArtifactBytesMax));
}

Bytes component_of(const std::string& path, std::uint64_t bytes) {
  return path.empty() ? hello_component(bytes) : must(read_file(path, market::kArtifactBytesMax));
}

executor::BindFrame component_limits(std::uint32_t slots) {
  executor::BindFrame bind;
  bind.runtime = market::RuntimeKind::kWasmHttp;
  bind.slots = slots;
  bind.fuel_max = 10'000'000'000;
  bind.memory_bytes_max = 128 << 20;
  bind.wall_ms_max = 60'000;
  bind.output_bytes_max = 1 << 20;
  bind.log_bytes_max = 4'096;
  bind.data_bytes_max = 1ULL << 30;
  bind.compile_data_bytes_max = 1ULL << 30;
  return bind;
}

void become_host_process(int argc, char** argv) {
  if (argc == 3 && std::strcmp(argv[1], "worker") == 0) {
    executor::WorkerOptions options;
    options.in_namespaces = std::strcmp(argv[2], "--in-namespaces") == 0;
    ::_exit(executor::run_worker(options));
  }
  if (argc >= 3 && std::strcmp(argv[1], "front") == 0) {
    const auto options = executor::front_options({argv + 2, static_cast<std::size_t>(argc - 2)});
    ::_exit(options ? executor::run_front(*options) : 1);
  }
}

}  // namespace fog::bench
