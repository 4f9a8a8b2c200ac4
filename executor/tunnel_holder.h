// TunnelHolder: the Host's end of a tunnel (market/types/tunnel.h): keeps some connections to its
// gateway open, each greeted by the operator's key; when a request comes on one, the connection is
// given away, and another is opened. Safe from any thread.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

#include "chain/api/node_api.h"
#include "chain/base/clock.h"
#include "executor/fd.h"
#include "market/types/tunnel.h"

namespace fog::executor {

constexpr std::size_t kTunnelSpares = 8;

struct TunnelState {
  std::string gateway;      // its URL
  std::size_t spare = 0;    // connections that wait
  std::uint64_t taken = 0;  // by requests, since the start
  std::string why;          // the last try failed; empty: it did not
};

class TunnelHolder {
 public:
  struct Options {
    std::string gateway;  // "http://HOST:PORT", a registered gateway's endpoint
    market::HostId host;
  };
  // `give` gets each connection on which a request waits; from one thread. All outlive this.
  TunnelHolder(Options options, NodeApi& node, const SecretKey& operator_key, Clock& clock,
               std::function<void(const UniqueFd&)> give);
  ~TunnelHolder();
  TunnelHolder(const TunnelHolder&) = delete;
  TunnelHolder& operator=(const TunnelHolder&) = delete;

  TunnelState state() const;

 private:
  void open_all();
  void watch();
  ErrorOr<UniqueFd> open_one();
  ErrorOr<void> find_gateway();
  void wake_watcher() const;

  const Options options_;
  NodeApi& node_;
  const SecretKey& operator_key_;
  Clock& clock_;
  const std::function<void(const UniqueFd&)> give_;
  const UniqueFd wake_;
  // The opener's:
  std::optional<ChainId> chain_;
  Address gateway_;
  std::uint64_t hello_ms_ = 0;  // of the last one

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  bool stopping_ = false;
  std::vector<UniqueFd> spares_;
  std::uint64_t lost_ = 0;
  TunnelState state_;
  std::thread opener_, watcher_;
};

}  // namespace fog::executor
