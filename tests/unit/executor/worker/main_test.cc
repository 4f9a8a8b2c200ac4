// The tests of this folder start worker and front processes, and those are this same program under
// another command, as foghost is in use.
#include <cstring>
#include <unistd.h>

#include <gtest/gtest.h>

#include "executor/front.h"
#include "executor/worker/worker.h"

int main(int argc, char** argv) {
  if (argc == 3 && std::strcmp(argv[1], "worker") == 0) {
    fog::executor::WorkerOptions options;
    options.in_namespaces = std::strcmp(argv[2], "--in-namespaces") == 0;
    ::_exit(fog::executor::run_worker(options));
  }
  if (argc >= 3 && std::strcmp(argv[1], "front") == 0) {
    const auto options =
        fog::executor::front_options({argv + 2, static_cast<std::size_t>(argc - 2)});
    // What is under way when the agent goes is let go of with the process.
    ::_exit(options ? fog::executor::run_front(*options) : 1);
  }
  ::testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
