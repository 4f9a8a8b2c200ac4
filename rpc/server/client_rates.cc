#include "rpc/server/client_rates.h"

namespace fog::rpc {
namespace {

const std::string kOthers;

}  // namespace

bool ClientRates::take(const std::string& client, std::uint64_t now_ms) {
  const std::lock_guard lock(mutex_);
  if (now_ms / kWindowMs != window_) {
    window_ = now_ms / kWindowMs;
    calls_.clear();
  }
  const bool apart = calls_.size() < kClientsMax || calls_.contains(client);
  std::uint32_t& calls = calls_[apart ? client : kOthers];
  if (calls == calls_max_) return false;
  ++calls;
  return true;
}

}  // namespace fog::rpc
