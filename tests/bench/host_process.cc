#include "tests/bench/host_process.h"

#include <cstring>
#include <unistd.h>

#include "executor/front.h"
#include "executor/worker/worker.h"

namespace fog::bench {

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
