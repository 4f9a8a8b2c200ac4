// TcpNetwork: the network over TCP. Every pair of nodes that are peers has two connections, one for
// consensus and one for the rest, encrypted and proven by the nodes' keys (noise.h). One thread of
// its own does all the work; calls from other threads leave messages in bounded queues.
//
//     send, broadcast --> PeerHandle --> Connection --> socket     (outbox.h, connection.h)
//     events          <-- Hub        <-- Connection <-- socket     (hub.h: who may be a peer)
#pragma once

#include <memory>

#include "chain/base/clock.h"
#include "chain/base/env.h"
#include "chain/net/outbox.h"
#include "chain/net/peer_address.h"
#include "chain/net/peer_score.h"

namespace fog {

struct NetworkLimits {
  // Peers that dialled us, and that we found ourselves; configured ones come on top of both.
  std::size_t inbound_max = 64;
  std::size_t outbound_max = 16;
  // Of those that dialled us, from one address and one network group; loopback is exempt.
  std::size_t inbound_per_ip = 4;
  std::size_t inbound_per_group = 16;
  // Connections whose handshake is not complete: beyond, the oldest of the largest network group
  // goes. And how often one address may begin one.
  std::size_t handshakes_max = 64;
  std::size_t handshakes_per_ip = 8;
  std::uint32_t accepts_per_second = 2;
  std::uint32_t accepts_burst = 20;

  std::uint64_t handshake_ms = 5'000;  // until a peer is up, from its first byte
  std::uint64_t ping_ms = 4'000;       // of silence, then we ask
  std::uint64_t dead_ms = 15'000;      // of silence, then it is gone
  std::uint64_t message_ms = 60'000;   // from a message's first piece to its last
  // Of messages whose last piece has not come, all peers together: beyond, the peer whose message
  // began first goes, a configured one last.
  std::size_t pieces_bytes_max = 256 * 1024 * 1024;
  std::uint64_t redial_first_ms = 200;  // doubled with each failure, half of it by chance
  std::uint64_t redial_max_ms = 5'000;  // a network that heals is whole again soon
  std::uint64_t exchange_ms = 600'000;  // between two requests for peers to the same peer
  std::uint64_t book_save_ms = 600'000;

  LaneLimits lanes = {LaneLimit{16 * 1024 * 1024, 8'192}, LaneLimit{16 * 1024 * 1024, 32'768},
                      LaneLimit{64 * 1024 * 1024, 4'096}};
  ScoreLimits scores;
};

enum class NetworkLog : std::uint8_t { kDebug, kInfo, kWarning };

struct TcpNetworkOptions {
  explicit TcpNetworkOptions(const SecretKey& node_key) : key(node_key) {}

  SecretKey key;         // the node's own: its public key is its id
  std::string chain_id;  // nodes of another chain cannot connect

  std::string listen_host = "0.0.0.0";  // an IP address; empty: do not listen
  std::uint16_t listen_port = 0;        // 0: the system chooses, listen_port() tells
  // Where others shall dial us, if it is not where we listen: an IP address, or empty for the one
  // that our peers see us at; a port, or 0 for the one that we listen on.
  std::string advertise_host;
  std::uint16_t advertise_port = 0;

  std::vector<PeerAddress> peers;  // kept connected, whatever the slots say
  bool discover = true;            // find further peers by exchange
  std::string address_book_path;   // empty: in memory only

  std::vector<KindRule> kinds;
  NetworkEvents events;
  // From the network's thread; must return soon.
  std::function<void(NetworkLog, const std::string&)> log = [](NetworkLog, const std::string&) {};
  NetworkLimits limits;
  // Whether loopback addresses are exempt from limits and bans by address, as when many nodes share
  // a machine.
  bool trust_loopback = true;

  // Must outlive the network.
  Env* env = &system_env();
  Clock* clock = &system_clock();
  Rng* rng = &system_rng();
};

// Counted since open(), but for the last two.
struct NetworkMetrics {
  std::uint64_t bytes_in = 0;
  std::uint64_t bytes_out = 0;
  std::uint64_t messages_in = 0;
  std::uint64_t messages_out = 0;
  std::uint64_t dropped_out = 0;  // not sent: lane full or over the kind's rate
  std::uint64_t dropped_in = 0;   // passed over: over the kind's rate
  std::uint64_t accepted = 0;
  std::uint64_t refused = 0;  // inbound, for a limit or a ban
  std::uint64_t handshakes_failed = 0;
  std::uint64_t dials = 0;
  std::uint64_t dials_failed = 0;
  std::uint64_t bans = 0;
  std::uint64_t inbound = 0;
  std::uint64_t outbound = 0;
};

// Safe from any thread, except that stop() and the destructor must not be called from an event.
class TcpNetwork final : public Network {
 public:
  // Listens when it returns, and accepts from start() on. kInvalidInput for options that cannot be,
  // kIo when it cannot listen. A damaged address book is replaced by an empty one.
  static ErrorOr<std::unique_ptr<TcpNetwork>> open(TcpNetworkOptions options);
  ~TcpNetwork() override;
  TcpNetwork(const TcpNetwork&) = delete;
  TcpNetwork& operator=(const TcpNetwork&) = delete;

  // Once.
  void start();
  // All peers go down; afterwards no event comes any more. Cannot be started again.
  void stop();

  // The port; 0 when it does not listen.
  std::uint16_t listen_port() const;
  // As if configured from the start. Its own id is ignored; a known id gets the new address.
  void add_peer(const PeerAddress& peer);
  // No longer kept connected; it stays connected as any other if it is.
  void remove_peer(const NodeId& id);
  NetworkMetrics metrics() const;

  const NodeId& id() const override;
  // A kind that was not declared stops the program; a message above its bound is dropped and
  // logged.
  bool send(const NodeId& to, std::uint8_t kind, ByteView message) override;
  void broadcast(std::uint8_t kind, ByteView message) override;
  void report(const NodeId& peer, Offence offence, const std::string& why) override;
  std::vector<PeerInfo> peers() const override;

 private:
  struct Impl;
  explicit TcpNetwork(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace fog
