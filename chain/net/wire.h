// The network's own messages, in BCS. Kinds: chain/net/kind_table.h.
#pragma once

#include <optional>
#include <tuple>

#include "chain/base/bcs.h"
#include "chain/net/kind_table.h"
#include "chain/net/peer_address.h"

namespace fog {

// The first message on a connection, from both sides; the dialler's comes first, the answer
// accepts.
struct Hello {
  Channel channel = Channel::kConsensus;
  // Drawn when the program starts: tells a peer that came back from one that dials twice.
  std::uint64_t instance = 0;
  // Zero from who dials for consensus; the answer names a session, and the bulk connection its.
  std::uint64_t session = 0;
  // Where the sender listens: no port when it does not, no address when it is the one it dials
  // from.
  std::uint16_t port = 0;
  std::optional<IpAddress> ip;

  static constexpr auto kFields =
      std::make_tuple(&Hello::channel, &Hello::instance, &Hello::session, &Hello::port, &Hello::ip);
};

// Answered by a pong with the same number.
struct Ping {
  std::uint64_t nonce = 0;
  static constexpr auto kFields = std::make_tuple(&Ping::nonce);
};

// The answer to a request for peers, which itself is empty.
constexpr std::size_t kPeersPerAnswer = 64;
struct Peers {
  BoundedList<BookAddress, kPeersPerAnswer> peers;
  static constexpr auto kFields = std::make_tuple(&Peers::peers);
};

}  // namespace fog
