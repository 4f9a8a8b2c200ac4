// WorkerPool: every piece is done once, whoever does it, and none is left when the caller goes on.
#include "consensus/engine/worker_pool.h"

#include <gtest/gtest.h>

namespace fog {
namespace {

// Counts how often each piece was done.
struct Tally {
  explicit Tally(std::size_t count) : done(count) {}
  void operator()(std::size_t i) { ++done[i]; }
  bool each_once() const {
    return std::all_of(done.begin(), done.end(), [](const auto& n) { return n == 1; });
  }
  std::vector<std::atomic<int>> done;
};

class WorkerPoolTest : public ::testing::TestWithParam<unsigned> {};

TEST_P(WorkerPoolTest, RunDoesEveryPieceOnce) {
  WorkerPool pool(GetParam());
  for (const std::size_t count : {0U, 1U, 8U, 9U, 1'000U}) {
    Tally tally(count);
    pool.run(count, std::ref(tally));
    EXPECT_TRUE(tally.each_once()) << count;
  }
}

TEST_P(WorkerPoolTest, BatchesThatWereStartedAreDoneWhenTheyAreFinished) {
  WorkerPool pool(GetParam());
  std::vector<std::unique_ptr<Tally>> tallies;
  std::vector<std::shared_ptr<WorkerPool::Batch>> batches;
  for (const std::size_t count : {0U, 5U, 300U, 2'000U}) {
    tallies.push_back(std::make_unique<Tally>(count));
    batches.push_back(pool.start(count, std::ref(*tallies.back())));
  }
  // In another order than they were started, and with other work between them.
  for (const std::size_t at : {2U, 0U, 3U, 1U}) {
    Tally other(100);
    pool.run(100, std::ref(other));
    EXPECT_TRUE(other.each_once());
    pool.finish(batches[at]);
    EXPECT_TRUE(tallies[at]->each_once()) << at;
  }
}

INSTANTIATE_TEST_SUITE_P(Threads, WorkerPoolTest, ::testing::Values(0U, 1U, 4U));

}  // namespace
}  // namespace fog
