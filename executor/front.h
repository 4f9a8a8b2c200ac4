// Front: the process that talks HTTP with gateways. It holds no account key: the agent hands it
// link keys, lease by lease, and the workers' sockets. It accounts for what it serves in usage
// logs, from which it proves what the agent then claims.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "executor/outbound_client.h"

namespace fog::executor {

constexpr std::uint64_t kLeavesQuotaBytes = 1ULL << 30;

struct FrontOptions {
  int control = 3;   // socket to the agent
  int listener = 4;  // bound and listening
  // Holds usage/ (logs, one folder a replica) and spool/ (unnamed files of large bodies).
  std::string folder;
  OutboundPolicy outbound;  // for services' requests to other servers
  std::uint64_t leaves_quota_bytes = kLeavesQuotaBytes;
};

// What follows `foghost front` on its command line, and back: the folder, "--outbound-off",
// "--outbound-private=BLOCK" for each block of addresses, and "--leaves-mib=N". kInvalidInput says
// what is wrong.
ErrorOr<FrontOptions> front_options(std::span<char* const> words);
// What this Host's owner says of services' requests to other servers.
struct OutboundSettings {
  bool off = false;
  std::vector<std::string> private_blocks;
};
std::vector<std::string> front_words(const std::string& folder, const OutboundSettings& outbound,
                                     std::uint64_t leaves_quota_bytes = kLeavesQuotaBytes);

// Serves until the agent's socket closes. Returns the exit status: 0 then, 1 when it cannot start,
// 2 when the agent breaks the protocol.
int run_front(const FrontOptions& options);

}  // namespace fog::executor
