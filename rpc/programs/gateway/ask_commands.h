// `foggate demand` and `foggate ticket`: what a gateway asks of a Bid, and tickets that it gives
// out, by hand.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "chain/base/error.h"
#include "chain/crypto/keys.h"

namespace fog {

struct AskOptions {
  std::string id;  // a Bid's, or a lease's
  std::uint16_t replicas = 1;
  std::uint64_t minutes = 10;
  std::vector<std::string> round_trips;  // HOST=MILLISECONDS
};

// Raises a Demand by the node at this URL, and says so.
ErrorOr<void> ask_for_replicas(const std::string& node_url, const SecretKey& key,
                               const AskOptions& options);
// Prints a ticket for the reservation.
ErrorOr<void> give_ticket(const std::string& node_url, const SecretKey& key,
                          const AskOptions& options);

}  // namespace fog
