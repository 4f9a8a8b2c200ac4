// Hub: who may be a peer, who is, and whom to dial. Internal to chain/net; lives on the network's
// thread but for what says otherwise.
//
// A peer is two connections of one session. The side that dials opens the consensus connection; the
// answer names a session; the bulk connection joins it; then the peer is up on both sides. When
// both dial at once, both learn of both, and the dial of the smaller id stays.
//
//     hub.cc           listening, the clock tick, blame and bans
//     hub_sessions.cc  from a hello to a peer, and its end
//     hub_dial.cc      whom to dial and when
//     hub_exchange.cc  peers tell each other of peers; the address book on disk
#pragma once

#include <future>
#include <list>
#include <map>
#include <set>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include "chain/net/address_book.h"
#include "chain/net/connection.h"
#include "chain/net/directory.h"
#include "chain/net/endpoint.h"

namespace fog {

struct HubCounters {
  std::atomic<std::uint64_t> dropped_out{0};
  std::atomic<std::uint64_t> dropped_in{0};
  std::atomic<std::uint64_t> accepted{0};
  std::atomic<std::uint64_t> refused{0};
  std::atomic<std::uint64_t> handshakes_failed{0};
  std::atomic<std::uint64_t> dials{0};
  std::atomic<std::uint64_t> dials_failed{0};
  std::atomic<std::uint64_t> bans{0};
};

class Hub final : public ConnectionEvents {
 public:
  using Tcp = boost::asio::ip::tcp;

  Hub(boost::asio::io_context& io, TcpNetworkOptions options, const KindTable& kinds,
      AddressBook book);

  // Before the thread runs.
  ErrorOr<void> listen();
  std::uint16_t listen_port() const { return listen_port_; }

  void start();
  void stop();
  void report(const NodeId& id, Offence offence, const std::string& why);
  void add_peer(const PeerAddress& peer);
  void remove_peer(const NodeId& id);
  // Something waits in the handle's lanes.
  void wake(const std::shared_ptr<PeerHandle>& handle, Channel channel);

  // From any thread.
  const NodeId& id() const { return id_; }
  const TcpNetworkOptions& options() const { return options_; }
  const KindTable& kinds() const { return context_.kinds; }
  PeerDirectory& directory() { return directory_; }
  const PeerDirectory& directory() const { return directory_; }
  NetworkMetrics metrics() const;
  HubCounters counters;

 private:
  struct Peer {
    std::shared_ptr<Connection> consensus;
    std::shared_ptr<Connection> bulk;
    std::shared_ptr<PeerHandle> handle;  // once it is up
    std::uint64_t instance = 0;
    std::uint64_t session = 0;
    bool inbound = false;
    std::uint64_t since_ms = 0;  // inbound: the hello
    std::uint64_t up_ms = 0;
    // Peer exchange.
    bool asked = false;
    std::uint64_t ask_next_ms = 0;
    std::optional<std::uint64_t> told_ms;
  };
  // Kept connected.
  struct Configured {
    PeerAddress address;
    std::uint32_t failures = 0;
    std::uint64_t next_ms = 0;
  };
  // Until the hello comes back.
  struct Dial {
    std::shared_ptr<Connection> connection;  // null while the name is looked up
    std::optional<BookAddress> book;         // where we found it
  };

  // hub.cc
  void accept_next();
  void on_accepted(Tcp::socket socket);
  bool admits(const IpAddress& ip);
  void end_handshake();
  void tick();
  void tick_connections();
  bool exempt(const IpAddress& ip) const;
  bool banned(const NodeId& id) const;
  void charge(const NodeId& id, std::uint32_t points, const std::string& why);
  void charge_ip(const IpAddress& ip, std::uint32_t points);
  void log(NetworkLog level, const std::string& text) const { options_.log(level, text); }
  std::uint64_t now_ms() const { return context_.now_ms(); }
  std::uint64_t draw();

  // hub_sessions.cc
  void on_hello(const std::shared_ptr<Connection>& from, const Hello& hello) override;
  void on_control(Connection& from, std::uint8_t kind, ByteView body) override;
  void on_message(Connection& from, std::uint8_t kind, Bytes&& body) override;
  void on_over_rate(Connection& from, std::uint8_t kind) override;
  void on_crowded() override;
  void on_closed(const std::shared_ptr<Connection>& from, Ending ending,
                 const std::string& why) override;
  Hello own_hello(Channel channel, std::uint64_t session) const;
  bool make_slot(const NodeId& id, const IpAddress& ip);
  bool greet_inbound(const std::shared_ptr<Connection>& from, const Hello& hello);
  bool join_inbound(const std::shared_ptr<Connection>& from, const Hello& hello);
  bool greet_outbound(const std::shared_ptr<Connection>& from, const Hello& hello);
  bool join_outbound(const std::shared_ptr<Connection>& from);
  bool ours_wins(const Peer& existing, const NodeId& id, const Hello& hello) const;
  void bring_up(const NodeId& id, Peer& peer);
  void drop(const NodeId& id, const std::string& why);
  void blame(const Connection& from, bool was_up, Ending ending, const std::string& why);

  // hub_dial.cc
  void dial_due();
  void dial_configured(const NodeId& id, Configured& target);
  void dial_found();
  void dial(const NodeId& id, std::vector<Tcp::endpoint> endpoints,
            const std::optional<BookAddress>& book);
  void dial_failed(const NodeId& id, const std::string& why);
  void put_off(Configured& target);
  bool wanted(const BookAddress& address) const;
  std::size_t count_outbound() const;

  // hub_exchange.cc
  void learn(const NodeId& id, const Connection& from, const Hello& hello);
  void exchange_due();
  void tell_peers(const NodeId& id, Peer& peer);
  void hear_peers(const NodeId& id, Peer& peer, ByteView body);
  void save_due();
  void save_book();
  void end_saving();
  std::uint64_t wall_s() const { return options_.clock->wall_ms() / 1000; }

  boost::asio::io_context& io_;
  const TcpNetworkOptions options_;
  const NodeId id_;
  ConnectionContext context_;
  AddressBook book_;
  std::uint64_t instance_ = 0;
  std::uint16_t listen_port_ = 0;
  std::optional<IpAddress> advertise_ip_;

  Tcp::acceptor acceptor_;
  Tcp::resolver resolver_;
  boost::asio::steady_timer timer_;
  std::uint64_t ticked_ms_ = 0;
  bool accepting_ = false;
  bool accept_failing_ = false;
  bool stopping_ = false;

  PeerDirectory directory_;
  std::map<NodeId, Peer> peers_;
  std::map<NodeId, Configured> configured_;
  std::map<NodeId, Dial> dials_;
  std::list<std::shared_ptr<Connection>> strangers_;  // accepted, no hello yet; oldest first
  std::map<IpAddress, TokenBucket> accepts_;
  PeerScores scores_;
  PeerScores ip_scores_;
  std::uint64_t found_next_ms_ = 0;
  std::uint64_t save_next_ms_ = 0;
  std::future<ErrorOr<void>> saving_;
};

}  // namespace fog
