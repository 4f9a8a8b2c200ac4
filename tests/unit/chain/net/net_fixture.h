// What the network's tests share: a real node on loopback that writes down its events, and a client
// of raw sockets that speaks the protocol as well or as badly as it is told.
#pragma once

#include <chrono>
#include <condition_variable>
#include <set>
#include <thread>
#include <unistd.h>

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "chain/base/check.h"
#include "chain/net/noise.h"
#include "chain/net/tcp_network.h"
#include "chain/net/wire.h"
#include "tests/support/seeded_rng.h"

namespace fog::testing {

constexpr std::uint8_t kVoteKind = 0x10;
constexpr std::uint8_t kTxKind = 0x20;
constexpr std::uint8_t kBlockKind = 0x30;
constexpr std::uint8_t kRareKind = 0x31;

inline std::vector<KindRule> test_kinds() {
  return {{kVoteKind, Lane::kConsensus, 4'096, 10'000, 10'000},
          {kTxKind, Lane::kTransactions, 65'536, 10'000, 10'000},
          {kBlockKind, Lane::kBulk, 4'000'000, 1'000, 1'000},
          {kRareKind, Lane::kBulk, 100, 1, 1}};
}

inline SecretKey key_of(std::uint64_t i) {
  SeededRng rng(i * 7'919 + 17);
  return SecretKey::generate(rng);
}

// Generous: a condition that holds is seen at once, one that never does fails the test.
template <class Condition>
bool eventually(Condition condition) {
  const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > limit) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return true;
}

struct Heard {
  NodeId from;
  std::uint8_t kind = 0;
  Bytes body;
  int session = 0;  // how often a peer had come up
};

class TestPeer {
 public:
  explicit TestPeer(std::uint64_t number)
      : options(key_of(number)), self(key_of(number).public_key()) {
    options.chain_id = "test";
    options.listen_host = "127.0.0.1";
    options.discover = false;
    options.kinds = test_kinds();
    options.limits.redial_first_ms = 20;
    options.limits.redial_max_ms = 200;
  }
  ~TestPeer() { stop(); }

  void start() {
    options.events.on_up = [this](const NodeId& id) {
      const std::scoped_lock lock(mutex_);
      up_.insert(id);
      ++ups_;
    };
    options.events.on_down = [this](const NodeId& id) {
      const std::scoped_lock lock(mutex_);
      up_.erase(id);
      ++downs_;
    };
    options.events.on_message = [this](const NodeId& id, std::uint8_t kind, Bytes&& body) {
      const std::scoped_lock lock(mutex_);
      CHECK(up_.contains(id));  // up comes first
      heard_.push_back({id, kind, std::move(body), ups_});
    };
    auto opened = TcpNetwork::open(options);
    ASSERT_TRUE(opened) << opened.error().context;
    net = *std::move(opened);
    options.listen_port = net->listen_port();  // kept over a restart
    net->start();
  }
  void stop() {
    if (net) net->stop();
    net.reset();
  }
  PeerAddress address() const { return {self, "127.0.0.1", options.listen_port}; }
  void dials(const TestPeer& other) { net->add_peer(other.address()); }

  bool sees(const NodeId& id) {
    const std::scoped_lock lock(mutex_);
    return up_.contains(id);
  }
  std::size_t up_count() {
    const std::scoped_lock lock(mutex_);
    return up_.size();
  }
  int downs() {
    const std::scoped_lock lock(mutex_);
    return downs_;
  }
  std::vector<Heard> heard() {
    const std::scoped_lock lock(mutex_);
    return heard_;
  }
  std::vector<Bytes> heard(const NodeId& from, std::uint8_t kind) {
    std::vector<Bytes> out;
    for (const Heard& message : heard()) {
      if (message.from == from && message.kind == kind) out.push_back(message.body);
    }
    return out;
  }

  TcpNetworkOptions options;
  const NodeId self;
  std::unique_ptr<TcpNetwork> net;

 private:
  std::mutex mutex_;
  std::set<NodeId> up_;
  int ups_ = 0;
  int downs_ = 0;
  std::vector<Heard> heard_;
};

// One connection of a client that we drive by hand. Blocking, with a generous limit.
class RawConnection {
 public:
  // From an address of loopback's: all of 127.0.0.0/8 is.
  explicit RawConnection(std::uint16_t port, const char* from = "127.0.0.1")
      : fd_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in own{};
    own.sin_family = AF_INET;
    EXPECT_EQ(inet_pton(AF_INET, from, &own.sin_addr), 1);
    EXPECT_EQ(::bind(fd_, reinterpret_cast<const sockaddr*>(&own), sizeof own), 0);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const timeval limit{30, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    ::setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    EXPECT_EQ(::connect(fd_, reinterpret_cast<const sockaddr*>(&to), sizeof to), 0);
  }
  RawConnection(const RawConnection&) = delete;
  RawConnection& operator=(const RawConnection&) = delete;
  ~RawConnection() { ::close(fd_); }

  // Whether all of it was taken.
  bool send(ByteView bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes = bytes.subspan(static_cast<std::size_t>(sent));
    }
    return true;
  }
  std::optional<Bytes> receive(std::size_t size) {
    Bytes out(size);
    for (std::size_t at = 0; at < size;) {
      const ssize_t got = ::recv(fd_, out.data() + at, size - at, 0);
      if (got <= 0) return std::nullopt;
      at += static_cast<std::size_t>(got);
    }
    return out;
  }
  // Whether the other side ends the connection (and not merely says nothing).
  bool is_ended() {
    std::uint8_t sink[4096];
    for (;;) {
      const ssize_t got = ::recv(fd_, sink, sizeof sink, 0);
      if (got == 0) return true;
      if (got < 0) return errno == ECONNRESET || errno == EPIPE;
    }
  }

  // False when the node does not answer as one that accepts.
  bool shake_hands(const SecretKey& key, const NodeId& node, std::string_view prologue) {
    NoiseInitiator initiator(key, node, as_bytes(prologue), SecretKey::generate(system_rng()));
    send(*initiator.act_one());
    const auto act_two = receive(kNoiseActTwoSize);
    if (!act_two) return false;
    const auto act_three = initiator.read_act_two(*act_two);
    if (!act_three) return false;
    const NoiseKeys keys = initiator.keys();
    sealer.emplace(keys.chaining, keys.send);
    opener.emplace(keys.chaining, keys.receive);
    return send(*act_three);
  }
  bool send_frame(ByteView plain) {
    Bytes sealed;
    sealer->seal_frame(plain, sealed);
    return send(sealed);
  }
  bool send_message(std::uint8_t lane, std::uint8_t kind, Bytes body) {
    OutgoingMessage message(lane, kind, std::make_shared<const Bytes>(std::move(body)));
    while (!message.done()) {
      if (!send_frame(message.next_frame())) return false;
    }
    return true;
  }
  std::optional<Bytes> receive_frame() {
    const auto head = receive(kNoiseHeadSize);
    if (!head) return std::nullopt;
    const auto size = opener->open_head(*head);
    if (!size) return std::nullopt;
    const auto body = receive(*size + kNoiseTagSize);
    return body ? opener->open_body(*body) : std::nullopt;
  }
  // Says hello; the answer, if there is one.
  std::optional<Hello> greet(const Hello& hello) {
    if (!send_message(kControlLane, kHelloKind, bcs_encode(hello))) return std::nullopt;
    const auto frame = receive_frame();
    if (!frame || frame->size() < kFirstFrameHead) return std::nullopt;
    const auto answer = bcs_decode<Hello>(ByteView(*frame).subspan(kFirstFrameHead));
    return answer ? std::optional(*answer) : std::nullopt;
  }

  std::optional<NoiseCipher> sealer;
  std::optional<NoiseCipher> opener;

 private:
  int fd_;
};

// A client that a node takes for a peer: both connections, greeted.
class RawPeer {
 public:
  RawPeer(std::uint64_t number, const TestPeer& node, const char* from = "127.0.0.1")
      : id(key_of(number).public_key()),
        consensus(node.options.listen_port, from),
        bulk(node.options.listen_port, from) {
    const SecretKey key = key_of(number);
    if (!consensus.shake_hands(key, node.self, "fogcoin/1test")) return;
    const auto answer = consensus.greet({Channel::kConsensus, number, 0, 0, std::nullopt});
    if (!answer || !bulk.shake_hands(key, node.self, "fogcoin/1test")) return;
    accepted = bulk.greet({Channel::kBulk, number, answer->session, 0, std::nullopt}).has_value();
  }

  const NodeId id;
  RawConnection consensus;
  RawConnection bulk;
  bool accepted = false;
};

}  // namespace fog::testing
