// ClientRates: how often each client may call what is dear to answer, so that one of them cannot
// keep a node busy with little. Safe from any thread.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>

namespace fog::rpc {

// Counts calls in windows of time, which are the same for all.
class ClientRates {
 public:
  static constexpr std::uint64_t kWindowMs = 10'000;
  // Counted apart in a window; those that come later share what one may.
  static constexpr std::size_t kClientsMax = 4'096;

  explicit ClientRates(std::uint32_t calls_max) : calls_max_(calls_max) {}
  // Whether the client may call once more now. `client`: its address as text. `now_ms`: of a clock
  // that never goes back.
  bool take(const std::string& client, std::uint64_t now_ms);

 private:
  const std::uint32_t calls_max_;  // in a window
  std::mutex mutex_;
  std::uint64_t window_ = 0;                    // guarded by mutex_, and so is what follows
  std::map<std::string, std::uint32_t> calls_;  // in this window
};

}  // namespace fog::rpc
