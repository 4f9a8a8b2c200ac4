// Kills a node under load, again and again, at any moment of its life, and holds what it comes back
// with against an independent execution of its block log.
//
//   crash_writer [--kills N] [--seed S] [--dir D]       N defaults to FOG_CRASH_KILLS, else 60
//
// The child opens the node and submits transfers without pause; on a pipe it says what it was told
// is final. The parent kills it with SIGKILL after a random time, opens the directory itself and
// checks: whatever was reported final is still there, block by block; the state's root is the one
// that a plain executor gets from the genesis and the log; money is conserved. Exits 0 or 1.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <signal.h>
#include <string>
#include <thread>
#include <unistd.h>

#include <sys/wait.h>

#include "consensus/engine/node.h"
#include "tests/support/naive_state.h"
#include "tests/support/test_node.h"

namespace fog::testing {
namespace {

constexpr std::size_t kAccounts = 24;
constexpr std::uint64_t kLifeMsMax = 250;

NodeOptions options_in(const std::string& dir) {
  NodeOptions options;
  options.directory = dir;
  options.verify_threads = 2;
  options.segment_bytes = 60'000;  // many files, so that sealing is interrupted too
  return options;
}

// What the child says on its pipe: everything up to `height` was reported final, with this state.
struct Report {
  std::uint64_t height = 0;
  Hash32 app_hash;
};

// ---- child: never returns ----

[[noreturn]] void run_child(const std::string& dir, std::uint64_t seed, int pipe) {
  auto opened = Node::open(options_in(dir));
  if (!opened) {
    std::fprintf(stderr, "child: %s\n", opened.error().context.c_str());
    std::_Exit(3);
  }
  Node& node = **opened;
  SeededRng rng(seed);
  std::vector<TestKey> keys;
  for (std::uint64_t i = 0; i < kAccounts; ++i) keys.emplace_back(i);
  std::vector<std::uint64_t> next(kAccounts);
  for (std::size_t i = 0; i < kAccounts; ++i) {
    const auto account = read_record<Account>(node, account_key(keys[i].address));
    next[i] = (*account)->next_sequence(0);
  }
  const ChainId chain = node.status()->chain_id;
  while (true) {
    std::vector<Bytes> batch;
    const std::uint64_t count = 1 + rng.below(24);
    for (std::uint64_t i = 0; i < count; ++i) {
      const std::size_t from = rng.below(kAccounts);
      // Some create accounts, some fail for lack of funds.
      const Address to =
          rng.below(3) == 0 ? random_address(rng) : keys[rng.below(kAccounts)].address;
      const std::uint64_t amount =
          rng.below(10) == 0 ? ~std::uint64_t{0} : 20'000 + rng.below(1'000);
      batch.push_back(bcs_encode(signed_transfer(chain, keys[from], next[from]++, to, amount)));
    }
    const auto replies = node.submit(batch);
    if (!replies) std::_Exit(4);
    for (const SubmitReply& reply : *replies) {
      if (reply.fault != Fault::kNone || !reply.refused.empty()) {
        std::fprintf(stderr, "child: refused %s %s\n", std::string(fault_name(reply.fault)).c_str(),
                     reply.refused.c_str());
        std::_Exit(5);
      }
    }
    const auto status = node.wait_transaction(replies->back().id, 30'000);
    if (!status || status->place != TxPlace::kFinal) std::_Exit(6);
    const auto chain_status = node.status();
    const Report report{chain_status->height, chain_status->app_hash};
    if (write(pipe, &report, sizeof report) != sizeof report) std::_Exit(7);
  }
}

// ---- parent ----

class CrashTest {
 public:
  CrashTest(std::string dir, std::uint64_t seed)
      : dir_(std::move(dir)),
        rng_(seed),
        genesis_(test_genesis(test_validator_key(), kAccounts)),
        naive_(genesis_) {}

  bool run(std::uint64_t kills) {
    std::filesystem::remove_all(dir_);
    if (const auto made = init_node(options_in(dir_), genesis_, test_validator_key()); !made)
      return fail_with(made.error().context);
    for (std::uint64_t kill_number = 1; kill_number <= kills; ++kill_number) {
      if (!one_life() || !check()) {
        std::fprintf(stderr, "crash_writer: failed at kill %llu; the directory is %s\n",
                     static_cast<unsigned long long>(kill_number), dir_.c_str());
        return false;
      }
      if (kill_number % 20 == 0) {
        std::fprintf(stderr, "crash_writer: %llu kills, height %llu\n",
                     static_cast<unsigned long long>(kill_number),
                     static_cast<unsigned long long>(naive_.height()));
      }
    }
    std::printf("crash_writer: %llu kills, %llu blocks, %llu reports held\n",
                static_cast<unsigned long long>(kills),
                static_cast<unsigned long long>(naive_.height()),
                static_cast<unsigned long long>(reports_));
    return naive_.height() > 0 && reports_ > 0;
  }

 private:
  static bool fail_with(const std::string& why) {
    std::fprintf(stderr, "crash_writer: %s\n", why.c_str());
    return false;
  }

  bool one_life() {
    int ends[2];
    if (pipe(ends) != 0) return fail_with("no pipe");
    const std::uint64_t seed = rng_.next();
    const pid_t child = fork();
    if (child < 0) return fail_with("no child");
    if (child == 0) {
      close(ends[0]);
      run_child(dir_, seed, ends[1]);
    }
    close(ends[1]);
    std::this_thread::sleep_for(std::chrono::milliseconds(rng_.below(kLifeMsMax)));
    kill(child, SIGKILL);
    int status = 0;
    waitpid(child, &status, 0);
    Report report;
    while (read(ends[0], &report, sizeof report) == sizeof report) {
      last_ = report;
      ++reports_;
    }
    close(ends[0]);
    if (!WIFSIGNALED(status)) return fail_with("the child ended by itself");
    return true;
  }

  bool check() {
    auto opened = Node::open(options_in(dir_));
    if (!opened) return fail_with("cannot open: " + opened.error().context);
    Node& node = **opened;
    const ChainStatus status = *node.status();
    if (status.height < last_.height) return fail_with("a block that was reported final is gone");
    // Every block since the last time, and that those before have not changed.
    for (std::uint64_t height = naive_.height() + 1; height <= status.height; ++height) {
      const auto block = node.block(height);
      if (!block) return fail_with(block.error().context);
      const std::string wrong = naive_.execute(block->block);
      if (!wrong.empty()) return fail_with("block " + std::to_string(height) + ": " + wrong);
      ids_.push_back(block->id);
      roots_.push_back(naive_.root());
    }
    if (!ids_.empty()) {
      const std::uint64_t sample = rng_.below(ids_.size());
      if (node.block(sample + 1)->id != ids_[sample]) return fail_with("an old block has changed");
      if (ids_.back() != status.block) return fail_with("the last block is another");
    }
    if (naive_.root() != status.app_hash) return fail_with("the state's root is wrong");
    if (last_.height > 0 && roots_[last_.height - 1] != last_.app_hash)
      return fail_with("the child was told another state");
    if (!node.verify_supply()->conserved) return fail_with("money was made or lost");
    if (const auto closed = node.close(); !closed) return fail_with(closed.error().context);
    return true;
  }

  const std::string dir_;
  SeededRng rng_;
  const Genesis genesis_;
  NaiveChain naive_;
  std::vector<BlockId> ids_;
  std::vector<Hash32> roots_;
  Report last_;
  std::uint64_t reports_ = 0;
};

}  // namespace
}  // namespace fog::testing

int main(int argc, char** argv) {
  const char* from_environment = std::getenv("FOG_CRASH_KILLS");
  std::uint64_t kills =
      from_environment != nullptr ? std::strtoull(from_environment, nullptr, 10) : 60;
  std::uint64_t seed = static_cast<std::uint64_t>(getpid());
  std::string dir =
      (std::filesystem::temp_directory_path() / ("fog-crash-" + std::to_string(getpid()))).string();
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string name = argv[i];
    if (name == "--kills") kills = std::strtoull(argv[i + 1], nullptr, 10);
    if (name == "--seed") seed = std::strtoull(argv[i + 1], nullptr, 10);
    if (name == "--dir") dir = argv[i + 1];
  }
  std::fprintf(stderr, "crash_writer: seed %llu\n", static_cast<unsigned long long>(seed));
  if (!fog::testing::CrashTest(dir, seed).run(kills)) return 1;
  std::filesystem::remove_all(dir);
  return 0;
}
