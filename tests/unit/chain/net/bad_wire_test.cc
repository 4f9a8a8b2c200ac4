// A bad wire between two honest nodes: connections are cut and bytes changed at random. While a
// peer is up nothing is lost, repeated or reordered within a lane; afterwards the nodes find each
// other again; nobody is banned for what the wire did.
#include <poll.h>

#include "tests/unit/chain/net/net_fixture.h"

namespace fog {
namespace {

using namespace fog::testing;  // NOLINT(google-build-using-namespace)

// Forwards connections to a port; after a random number of bytes each of them is cut, or one byte
// is changed.
class BadWire {
 public:
  BadWire(std::uint16_t to, std::uint64_t seed) : to_(to), rng_(seed) {
    listener_ = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in own = loopback(0);
    socklen_t size = sizeof own;
    CHECK(::bind(listener_, reinterpret_cast<const sockaddr*>(&own), size) == 0);
    CHECK(::listen(listener_, 16) == 0);
    CHECK(::getsockname(listener_, reinterpret_cast<sockaddr*>(&own), &size) == 0);
    port_ = ntohs(own.sin_port);
    thread_ = std::thread([this] { run(); });
  }
  ~BadWire() {
    stop_ = true;
    thread_.join();
    for (Pipe& pipe : pipes_) end(pipe);
    ::close(listener_);
  }
  std::uint16_t port() const { return port_; }
  int faults() const { return faults_; }
  // From now on it only forwards.
  void heal() { healed_ = true; }

 private:
  struct Pipe {
    int near = -1;
    int far = -1;
    std::size_t left = 0;  // bytes until the fault
  };

  static sockaddr_in loopback(std::uint16_t port) {
    sockaddr_in out{};
    out.sin_family = AF_INET;
    out.sin_port = htons(port);
    out.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return out;
  }
  static void end(Pipe& pipe) {
    if (pipe.near >= 0) ::close(pipe.near);
    if (pipe.far >= 0) ::close(pipe.far);
    pipe.near = pipe.far = -1;
  }

  void run() {
    while (!stop_) {
      std::vector<pollfd> waits = {{listener_, POLLIN, 0}};
      for (const Pipe& pipe : pipes_) {
        waits.push_back({pipe.near, POLLIN, 0});
        waits.push_back({pipe.far, POLLIN, 0});
      }
      if (::poll(waits.data(), waits.size(), 20) <= 0) continue;
      for (std::size_t i = 0; i < pipes_.size(); ++i) {
        if (waits[1 + 2 * i].revents != 0) forward(pipes_[i], pipes_[i].near, pipes_[i].far);
        if (pipes_[i].near >= 0 && waits[2 + 2 * i].revents != 0)
          forward(pipes_[i], pipes_[i].far, pipes_[i].near);
      }
      std::erase_if(pipes_, [](const Pipe& pipe) { return pipe.near < 0; });
      if (waits[0].revents != 0) open();
    }
  }
  void open() {
    Pipe pipe;
    pipe.near = ::accept(listener_, nullptr, nullptr);
    pipe.far = ::socket(AF_INET, SOCK_STREAM, 0);
    const sockaddr_in to = loopback(to_);
    pipe.left = static_cast<std::size_t>(rng_.below(60'000));
    if (::connect(pipe.far, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0) {
      pipes_.push_back(pipe);
    } else {
      end(pipe);
    }
  }
  void forward(Pipe& pipe, int from, int to) {
    std::uint8_t chunk[4096];
    const ssize_t got = ::recv(from, chunk, sizeof chunk, MSG_DONTWAIT);
    if (got <= 0) return end(pipe);
    auto size = static_cast<std::size_t>(got);
    const bool fault = !healed_ && size > pipe.left;
    const bool cut = fault && rng_.below(2) == 0;
    if (fault) ++faults_;
    if (fault && !cut) chunk[pipe.left] ^= static_cast<std::uint8_t>(1U << rng_.below(8));
    if (cut) size = pipe.left;
    pipe.left = fault ? SIZE_MAX : pipe.left - std::min(pipe.left, size);
    for (std::size_t at = 0; at < size;) {
      const ssize_t sent = ::send(to, chunk + at, size - at, MSG_NOSIGNAL);
      if (sent <= 0) return end(pipe);
      at += static_cast<std::size_t>(sent);
    }
    if (cut) end(pipe);
  }

  const std::uint16_t to_;
  SeededRng rng_;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::vector<Pipe> pipes_;
  std::atomic<bool> stop_ = false;
  std::atomic<bool> healed_ = false;
  std::atomic<int> faults_ = 0;
  std::thread thread_;
};

// The numbers that came on a lane follow each other within each session.
void expect_whole(const std::vector<Heard>& heard, std::uint8_t kind) {
  std::optional<Heard> last;
  for (const Heard& message : heard) {
    if (message.kind != kind) continue;
    const std::uint64_t number = read_be64(ByteView(message.body).first(8));
    if (last) {
      const std::uint64_t before = read_be64(ByteView(last->body).first(8));
      ASSERT_GT(number, before);
      if (message.session == last->session) {
        ASSERT_EQ(number, before + 1);
      }
    }
    last = message;
  }
}

TEST(BadWire, WhileAPeerIsUpEachLaneIsWholeAndNobodyIsBlamed) {
  TestPeer alice(1);
  TestPeer bob(2);
  alice.start();
  bob.start();
  BadWire wire(bob.options.listen_port, 77);
  alice.net->add_peer({bob.self, "127.0.0.1", wire.port()});

  std::map<std::uint8_t, std::uint64_t> numbers;
  const auto say = [&](std::uint8_t kind, std::size_t size) {
    Bytes body;
    append_be64(body, numbers[kind]);
    body.resize(8 + size);
    if (alice.net->send(bob.self, kind, body)) ++numbers[kind];
  };
  ASSERT_TRUE(eventually([&] {
    say(kVoteKind, 100);
    say(kTxKind, 300);
    if (numbers[kTxKind] % 7 == 0) say(kBlockKind, 2 * kPieceMax);
    return wire.faults() >= 30;
  }));
  wire.heal();
  // In the end they are together and stay so.
  const auto before = bob.heard().size();
  EXPECT_TRUE(eventually([&] {
    say(kVoteKind, 10);
    return bob.heard().size() > before + 100 && bob.sees(alice.self) && alice.sees(bob.self);
  }));
  const std::vector<Heard> heard = bob.heard();
  for (const std::uint8_t kind : {kVoteKind, kTxKind, kBlockKind}) expect_whole(heard, kind);
  EXPECT_GT(heard.back().session, 3) << "it came and went";
  EXPECT_EQ(alice.net->metrics().bans, 0U);
  EXPECT_EQ(bob.net->metrics().bans, 0U);
}

}  // namespace
}  // namespace fog
