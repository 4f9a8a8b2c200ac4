// HttpLoad: people in front of a browser, for benchmarks: each keeps a connection to a port on
// loopback, asks, waits for the whole answer, thinks, and asks again. One thread for all of them.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "chain/base/fd.h"

namespace fog::bench {

struct LoadPlan {
  std::uint16_t port = 0;
  std::size_t users = 1;
  std::string request;  // as it goes over the wire, to be answered with 200
  double think_s =
      0;  // between answer and request, evenly spread from half of it to one and a half
  double patience_s = 60;  // until an answer is given up
};

// How one request ended.
struct Asked {
  double at_s = 0;  // seconds_now() at its end
  double ms = 0;
  unsigned status = 0;  // 0: no whole answer came
  bool failed() const { return status != 200; }
};

class HttpLoad {
 public:
  // Everyone asks at once. Ends the program if nothing listens there.
  explicit HttpLoad(LoadPlan plan);
  ~HttpLoad();
  HttpLoad(const HttpLoad&) = delete;
  HttpLoad& operator=(const HttpLoad&) = delete;

  // Nobody asks any more; returns when what is under way has ended. All that was asked.
  std::vector<Asked> stop();
  // What has ended so far, oldest first.
  std::vector<Asked> so_far() const;
  // What the first of them was answered that was not 200, head and body; empty: there was none.
  std::string first_failure() const;

 private:
  struct User {
    UniqueFd socket;
    std::string in;
    double since_s = 0;  // of the request under way; 0: thinks
  };

  void run();
  void ask(std::size_t user);
  void read(std::size_t user);
  void end(std::size_t user, unsigned status);
  void open(User& user, std::size_t number);
  void give_up_late();
  double thinking();

  const LoadPlan plan_;
  const UniqueFd poll_;
  std::vector<User> users_;
  std::multimap<double, std::size_t> due_;  // who asks when
  std::size_t under_way_ = 0;
  std::uint64_t random_ = 1;
  mutable std::mutex mutex_;
  std::vector<Asked> asked_;
  std::string first_failure_;
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

// Of those that ended from one time to another.
struct LoadFigures {
  std::size_t count = 0;
  std::size_t failed = 0;
  double per_second = 0, p50_ms = 0, p99_ms = 0;
};
LoadFigures figures_of(const std::vector<Asked>& asked, double from_s, double until_s);
// Seconds from `from_s` to the end of the last quarter of a second in which nobody was answered or
// the median answer took more than twice as long as usual, and 20 ms longer at least; 0 where there
// is none before `until_s`.
double unsteady_s(const std::vector<Asked>& asked, double from_s, double until_s, double usual_ms);

}  // namespace fog::bench
