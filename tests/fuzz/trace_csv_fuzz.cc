// A cluster's trace as CSV: what is accepted can be registered and bid for, what is refused names a
// line of the file.
#include <algorithm>
#include <cstdlib>

#include "tests/bench/market_trace/data.h"

namespace {

void check_error(std::string_view text, const std::string& error) {
  const auto lines = static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n')) +
                     static_cast<std::size_t>(std::count(text.begin(), text.end(), '\r')) + 1;
  char* end = nullptr;
  const unsigned long long line = std::strtoull(error.c_str(), &end, 10);
  CHECK(line >= 1 && line <= lines && *end == ':');
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace fog::bench;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto machines = parse_machines(text);
  if (machines) {
    for (const Machine& machine : *machines) {
      CHECK(machine.cpu_milli > 0 && machine.memory_mib > 0 && machine.gpus <= kDevicesMax);
      CHECK(machine.model.size() <= 64);
    }
  } else {
    check_error(text, machines.error());
  }
  const auto tasks = parse_tasks(text);
  if (!tasks) {
    check_error(text, tasks.error());
    return 0;
  }
  for (const Task& task : *tasks) {
    CHECK(task.cpu_milli > 0 && task.memory_mib > 0 && task.num_gpu <= kDevicesMax);
    CHECK(task.gpu_milli <= kDeviceMilli && (task.num_gpu == 0) == (task.gpu_milli == 0));
    CHECK(task.models.size() <= 8);
  }
  return 0;
}
