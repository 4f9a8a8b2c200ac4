// What the benchmarks share: the machine's own limit (raw signature checks), percentiles, progress
// on stderr, and the one line of JSON at the end.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <numeric>
#include <string>
#include <thread>
#include <vector>

#include "chain/base/check.h"
#include "chain/base/clock.h"
#include "chain/base/error.h"
#include "chain/crypto/hash.h"
#include "chain/crypto/keys.h"

namespace fog::bench {

inline double seconds_now() {
  return static_cast<double>(system_clock().monotonic_ns()) / 1e9;
}

inline void progress(const std::string& line) {
  std::fprintf(stderr, "%s\n", line.c_str());
  std::fflush(stderr);
}

// Exits the program with the error: a benchmark has nobody to report to.
template <class T>
T must(ErrorOr<T> result) {
  if (!result) {
    progress("error: " + result.error().context);
    std::exit(1);
  }
  if constexpr (!std::is_void_v<T>) return *std::move(result);
}

// The value below which `share` (0..1) of the samples lie; 0 without samples.
inline double percentile(std::vector<double> samples, double share) {
  if (samples.empty()) return 0;
  const auto rank = static_cast<std::size_t>(share * static_cast<double>(samples.size() - 1));
  std::nth_element(samples.begin(), samples.begin() + static_cast<std::ptrdiff_t>(rank),
                   samples.end());
  return samples[rank];
}
inline double mean(const std::vector<double>& samples) {
  const double sum = std::accumulate(samples.begin(), samples.end(), 0.0);
  return samples.empty() ? 0 : sum / static_cast<double>(samples.size());
}
inline double median(std::vector<double> samples) {
  return percentile(std::move(samples), 0.5);
}

// Raw libsecp256k1 ECDSA verifications a second over all cores, each of another key and message,
// the keys parsed every time as a node has to.
inline double raw_verify_per_second(double seconds) {
  struct Case {
    PublicKey key;
    Hash32 digest;
    EcdsaSig signature;
  };
  std::vector<Case> cases;
  for (int i = 0; i < 512; ++i) {
    const SecretKey key = SecretKey::generate(system_rng());
    Case one;
    one.key = key.public_key();
    system_rng().fill(one.digest.data);
    one.signature = key.sign_ecdsa(one.digest);
    cases.push_back(one);
  }
  const unsigned cores = std::max(1U, std::thread::hardware_concurrency());
  std::vector<std::uint64_t> counts(cores, 0);
  std::vector<std::thread> threads;
  const double start = seconds_now();
  for (unsigned t = 0; t < cores; ++t) {
    threads.emplace_back([&, t] {
      std::uint64_t done = 0;
      while (seconds_now() - start < seconds) {
        for (int k = 0; k < 64; ++k, ++done) {
          const Case& one = cases[(done + t * 131) % cases.size()];
          CHECK(verify_ecdsa(one.key, one.digest, one.signature));
        }
      }
      counts[t] = done;
    });
  }
  for (std::thread& thread : threads) thread.join();
  std::uint64_t sum = 0;
  for (const std::uint64_t count : counts) sum += count;
  return static_cast<double>(sum) / (seconds_now() - start);
}

// {"model": ..., "cores": ...} of the machine that ran.
std::string machine_json();
// The last line of a benchmark: {"bench": name, "figures": {...}, "machine": {...}}; `figures` is
// what stands between its braces.
void print_figures(const std::string& name, const std::string& figures);

// Peak or current resident memory of a process in MiB, from /proc; 0 if it is gone.
double rss_mib(int pid);
// Seconds of processor time that a process has used, of all its threads, the kernel's part
// included.
double cpu_seconds(int pid);

// The processes that descend from that one.
std::vector<int> descendants(int pid);
// What all that descend from this process and still run have used.
double descendants_cpu_seconds();

// Of the calling thread: what else the machine does is not its cost.
double thread_cpu_seconds();

// A program started by the benchmark; killed when the benchmark ends, however it ends.
class Child {
 public:
  explicit Child(const std::vector<std::string>& command, const std::string& log_path);
  ~Child();
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  int pid() const { return pid_; }  // -1 once running() has said that it is not
  bool running() const;
  void kill();  // at once, as kill -9 does

 private:
  mutable int pid_ = -1;
};

// The folder of the running program, where its siblings are.
std::string program_folder();

// A new folder under TMPDIR or /tmp, removed when the object goes.
class ScratchFolder {
 public:
  ScratchFolder();
  ~ScratchFolder();
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace fog::bench
