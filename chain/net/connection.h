// Connection: one TCP connection to one node, through its life. Internal to chain/net; lives on the
// network's thread.
//
//     dial --> connecting --> act two ----+                      +--> open --> closed
//     accept --> act one --> act three ---+--> hello --> greeted +
//                                              (first message)   (the Hub says whether)
//
// Before the handshake is complete it holds 66 bytes for a stranger; afterwards one buffer, the
// messages that arrive in pieces within their kinds' bounds, and one batch to write.
#pragma once

#include <deque>
#include <memory>

#include <boost/asio/ip/tcp.hpp>

#include "chain/net/frame.h"
#include "chain/net/noise.h"
#include "chain/net/tcp_network.h"
#include "chain/net/wire.h"

namespace fog {

class Connection;

// Why a connection ended.
enum class Ending : std::uint8_t {
  kLost,       // closed by the other side, unreachable
  kTimeout,    // silent, or too slow
  kHandshake,  // did not prove who it is
  kBroken,     // sent what no honest node sends
};

// What a connection tells the Hub. The Hub may close() it within any call.
class ConnectionEvents {
 public:
  virtual ~ConnectionEvents() = default;
  // The first message, once. The Hub answers (when dialled) and calls open(), or closes.
  virtual void on_hello(const std::shared_ptr<Connection>& from, const Hello& hello) = 0;
  virtual void on_control(Connection& from, std::uint8_t kind, ByteView body) = 0;
  virtual void on_message(Connection& from, std::uint8_t kind, Bytes&& body) = 0;
  virtual void on_over_rate(Connection& from, std::uint8_t kind) = 0;
  // Messages that are not complete hold more than NetworkLimits allow, all connections together.
  virtual void on_crowded() = 0;
  // Once, unless the Hub closed it.
  virtual void on_closed(const std::shared_ptr<Connection>& from, Ending ending,
                         const std::string& why) = 0;
};

// What all connections share; the Hub's.
struct ConnectionContext {
  boost::asio::io_context& io;
  const TcpNetworkOptions& options;
  const Bytes prologue;
  const KindTable kinds;
  ConnectionEvents& events;

  // The clock's, for rates.
  std::uint64_t now_ms() const { return options.clock->monotonic_ns() / 1'000'000; }
  // Stands still while this thread does, so that a peer is not called dead for our own sleep.
  std::uint64_t awake_ms = 0;
  // Of messages that are not complete.
  std::size_t held_bytes = 0;
  std::atomic<std::uint64_t> bytes_in{0};
  std::atomic<std::uint64_t> bytes_out{0};
  std::atomic<std::uint64_t> messages_in{0};
  std::atomic<std::uint64_t> messages_out{0};
};

class Connection final : public std::enable_shared_from_this<Connection> {
 public:
  using Tcp = boost::asio::ip::tcp;

  // Of a socket that was accepted.
  static std::shared_ptr<Connection> accept(ConnectionContext& context, Tcp::socket socket);
  // Dials the endpoints in turn. The hello is sent with act three.
  static std::shared_ptr<Connection> dial(ConnectionContext& context,
                                          std::vector<Tcp::endpoint> endpoints,
                                          const NodeId& remote, const Hello& hello);
  Connection(ConnectionContext& context, Tcp::socket socket, bool inbound);

  bool inbound() const { return inbound_; }
  bool closed() const { return stage_ == Stage::kClosed; }
  // Proven once on_hello comes; before, whom we dial.
  const NodeId& remote() const { return remote_; }
  const Tcp::endpoint& endpoint() const { return endpoint_; }
  const IpAddress& ip() const { return ip_; }
  // What its hello said.
  Channel channel() const { return channel_; }

  // Sends one of the network's own messages, ahead of all lanes.
  void send_control(std::uint8_t kind, ByteView body);
  // From now on messages of the peer flow both ways.
  void open(std::shared_ptr<PeerHandle> handle);
  // Writes what waits in the handle, if it is not writing already.
  void pump();
  // Deadlines and pings; to be called now and then.
  void tick();
  // At once and silently.
  void close();
  // When its oldest message that is not complete began.
  std::optional<std::uint64_t> oldest_begun_ms() const {
    return frames_ ? frames_->oldest_begun_ms() : std::nullopt;
  }

 private:
  enum class Stage : std::uint8_t { kConnecting, kActs, kHello, kGreeted, kOpen, kClosed };

  void begin_acts();
  void read_act(std::size_t size, void (Connection::*next)(ByteView));
  void on_act_one(ByteView act);
  void on_act_two(ByteView act);
  void on_act_three(ByteView act);
  void enter_transport(const NoiseKeys& keys);

  void read_some();
  void parse();
  bool parse_frame();
  void on_frame(ByteView frame);
  void on_message(Message&& message);
  void count_held(std::size_t held);

  void fill_consensus();
  void fill_bulk();
  bool fill_from(std::uint8_t lane);
  void write();
  void fail(Ending ending, const std::string& why);

  ConnectionContext& context_;
  Tcp::socket socket_;
  const bool inbound_;
  Stage stage_ = Stage::kActs;
  NodeId remote_;
  Tcp::endpoint endpoint_;
  IpAddress ip_;
  Channel channel_ = Channel::kConsensus;
  Hello own_hello_;

  std::optional<NoiseInitiator> initiator_;
  std::optional<NoiseResponder> responder_;
  std::optional<NoiseCipher> sealer_;
  std::optional<NoiseCipher> opener_;
  std::optional<FrameReader> frames_;

  Bytes in_;  // bytes [in_begin_, in_end_) are read and not parsed
  std::size_t in_begin_ = 0;
  std::size_t in_end_ = 0;
  std::optional<std::size_t> body_size_;  // of the frame whose head is opened, with its tag
  bool reading_ = false;
  std::size_t held_bytes_ = 0;

  Bytes acts_;  // of the handshake, to be written before any frame
  std::deque<OutgoingMessage> control_;
  std::array<std::optional<OutgoingMessage>, kLanesPerPeer> begun_;
  std::shared_ptr<PeerHandle> handle_;
  Bytes out_;
  bool writing_ = false;

  std::uint64_t began_ms_ = 0;
  std::uint64_t heard_ms_ = 0;  // the last whole frame
  std::uint64_t pinged_ms_ = 0;
  std::uint64_t writing_since_ms_ = 0;
};

}  // namespace fog
