// DemandDesk: brings services up when End Users ask, and down again. It watches how many requests
// each service has (Routes, ServiceLoad), lets a Scaler say how many replicas that takes, and asks
// the chain for them by Demands (market/types/messages.h) within the Bid's most and its limits.
//
// One thread watches; few others wait for transactions. Safe from any thread.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "chain/api/node_api.h"
#include "chain/types/transaction.h"
#include "rpc/gateway/routes.h"
#include "rpc/gateway/scaler.h"

namespace fog::gateway {

struct DemandSettings {
  ScalePolicy scale;
  std::uint64_t start_ms_max = 30'000;  // that a request waits for a replica
  std::size_t waiting_max = 1'000;      // of one service
  std::uint64_t demand_ms = 600'000;    // that a Demand stands; renewed before its end
  // How far Hosts were measured to be for a Bid (Distances::of); may be empty.
  std::function<market::RoundTrips(const market::BidId&)> round_trips;
};

// Signs and sends for the gateway's account. Returns when a final block has included it; kRejected
// says why it failed. Blocks; safe from any thread.
using SendMessage = std::function<ErrorOr<void>(const RawMessage&)>;

class DemandDesk {
 public:
  // All must outlive the desk.
  DemandDesk(DemandSettings settings, NodeApi& node, Routes& routes, SendMessage send);
  ~DemandDesk();

  const DemandSettings& settings() const { return settings_; }
  // A reservation of the service has been opened by a ticket: the chain will count it as asked for.
  void opened(const std::string& service);
  // A request waits: looks at once.
  void poke();
  // Why the chain has not been asked, or has refused, until it is asked again; empty where nothing
  // is wrong. In words.
  std::string refused(const std::string& service) const;

  struct Step {
    std::uint64_t time_ms = 0;  // wall clock
    std::uint32_t asked = 0;    // replicas beyond the Bid's fewest
    std::string why;            // the load, or why it failed
  };
  struct Explanation {
    ScaleDecision now;
    std::uint32_t wanted = 0;        // within the Bid's most
    std::uint32_t asked = 0;         // that the chain has been asked for, beyond the Bid's fewest
    std::uint64_t asked_for_ms = 0;  // from now on, unless renewed
    std::string refused;
    std::vector<Step> steps;  // the latest last
  };
  // Nothing for a service that has no Bid for this gateway.
  std::optional<Explanation> explain(const std::string& service) const;

 private:
  struct Impl;
  const DemandSettings settings_;
  std::unique_ptr<Impl> impl_;
};

}  // namespace fog::gateway
