#include "tests/bench/network_support.h"

#include <condition_variable>
#include <deque>
#include <fstream>
#include <thread>
#include <unistd.h>

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

namespace fog::bench {
namespace {

// Where the nodes' ports begin: by process, so that benches side by side rarely try the same.
constexpr std::uint32_t kFirstPort = 10'100;
constexpr std::uint32_t kPortSpread = 20'000;

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

std::uint16_t bound_port(int socket) {
  sockaddr_in address{};
  socklen_t size = sizeof address;
  CHECK(::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size) == 0);
  return ntohs(address.sin_port);
}

int listen_somewhere() {
  const int socket = ::socket(AF_INET, SOCK_STREAM, 0);
  const sockaddr_in address = loopback(0);
  CHECK(::bind(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  CHECK(::listen(socket, 16) == 0);
  return socket;
}

// The first port that the system gives to connections of its own accord.
std::uint32_t first_given_port() {
  std::uint32_t first = 0;
  std::ifstream("/proc/sys/net/ipv4/ip_local_port_range") >> first;
  return first;
}

void no_delay(int socket) {
  const int one = 1;
  ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
}

// One direction of one connection: what is read goes out `delay` later.
class DelayedPipe {
 public:
  DelayedPipe(int from, int to, std::uint64_t delay_ms)
      : from_(from), to_(to), delay_ms_(delay_ms) {
    reader_ = std::thread([this] { read(); });
    writer_ = std::thread([this] { write(); });
  }
  ~DelayedPipe() {
    ::shutdown(from_, SHUT_RDWR);
    ::shutdown(to_, SHUT_RDWR);
    reader_.join();
    writer_.join();
  }
  DelayedPipe(const DelayedPipe&) = delete;
  DelayedPipe& operator=(const DelayedPipe&) = delete;

 private:
  struct Piece {
    double due = 0;
    std::vector<char> bytes;
  };

  void read() {
    std::vector<char> buffer(1 << 16);
    while (true) {
      const ssize_t got = ::recv(from_, buffer.data(), buffer.size(), 0);
      const std::lock_guard lock(mutex_);
      if (got <= 0) break;
      pieces_.push_back({seconds_now() + static_cast<double>(delay_ms_) / 1'000,
                         {buffer.begin(), buffer.begin() + got}});
      wake_.notify_one();
    }
    ended_ = true;
    wake_.notify_one();
  }

  void write() {
    while (true) {
      Piece piece;
      {
        std::unique_lock lock(mutex_);
        wake_.wait(lock, [&] { return ended_ || !pieces_.empty(); });
        if (pieces_.empty()) break;
        piece = std::move(pieces_.front());
        pieces_.pop_front();
      }
      const double wait = piece.due - seconds_now();
      if (wait > 0) std::this_thread::sleep_for(std::chrono::duration<double>(wait));
      std::size_t at = 0;
      while (at < piece.bytes.size()) {
        const ssize_t put =
            ::send(to_, piece.bytes.data() + at, piece.bytes.size() - at, MSG_NOSIGNAL);
        if (put <= 0) break;
        at += static_cast<std::size_t>(put);
      }
    }
    ::shutdown(to_, SHUT_RDWR);
    ::shutdown(from_, SHUT_RDWR);
  }

  const int from_, to_;
  const std::uint64_t delay_ms_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Piece> pieces_;
  std::atomic<bool> ended_{false};
  std::thread reader_, writer_;
};

}  // namespace

std::uint16_t free_port() {
  static std::uint32_t port = kFirstPort + static_cast<std::uint32_t>(::getpid()) % kPortSpread;
  for (const std::uint32_t end = first_given_port(); ++port < end;) {
    const int socket = ::socket(AF_INET, SOCK_STREAM, 0);
    const sockaddr_in address = loopback(static_cast<std::uint16_t>(port));
    const bool free =
        ::bind(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
    ::close(socket);
    if (free) return static_cast<std::uint16_t>(port);
  }
  CHECK(false);  // no port is left below the system's own
}

class DelayLink {
 public:
  DelayLink(std::uint16_t to, std::uint64_t delay_ms)
      : socket_(listen_somewhere()), port_(bound_port(socket_)), to_(to), delay_ms_(delay_ms) {
    thread_ = std::thread([this] { accept(); });
  }
  ~DelayLink() {
    ::shutdown(socket_, SHUT_RDWR);
    thread_.join();
    pipes_.clear();
    for (const int socket : sockets_) ::close(socket);
    ::close(socket_);
  }
  DelayLink(const DelayLink&) = delete;
  DelayLink& operator=(const DelayLink&) = delete;

  std::uint16_t port() const { return port_; }

 private:
  void accept() {
    while (true) {
      const int in = ::accept(socket_, nullptr, nullptr);
      if (in < 0) return;
      const int out = ::socket(AF_INET, SOCK_STREAM, 0);
      const sockaddr_in address = loopback(to_);
      if (::connect(out, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
        ::close(in);
        ::close(out);
        continue;
      }
      no_delay(in);
      no_delay(out);
      sockets_.insert(sockets_.end(), {in, out});
      pipes_.push_back(std::make_unique<DelayedPipe>(in, out, delay_ms_));
      pipes_.push_back(std::make_unique<DelayedPipe>(out, in, delay_ms_));
    }
  }

  const int socket_;
  const std::uint16_t port_, to_;
  const std::uint64_t delay_ms_;
  std::vector<int> sockets_;
  std::vector<std::unique_ptr<DelayedPipe>> pipes_;
  std::thread thread_;
};

BenchNetwork::BenchNetwork(const NetworkPlan& plan) : plan_(plan), keys_(make_keys(plan.accounts)) {
  std::vector<ValidatorKey> validators;
  for (std::size_t i = 0; i < plan.validators; ++i)
    validators.push_back(ValidatorKey::generate(system_rng()));
  genesis_ = make_genesis(keys_, validators);
  genesis_.params.epoch_length = plan.epoch_length;
  signing_ = std::make_unique<Signing>(Signing{chain_id_of(genesis_), keys_, {}});
  for (const ValidatorKey& key : validators) add(key);
  for (std::size_t i = 0; i < plan.validators; ++i) start(i);
}

BenchNetwork::~BenchNetwork() {
  for (OneNode& node : nodes_) node.child.reset();
}

void BenchNetwork::add(const std::optional<ValidatorKey>& key) {
  OneNode node;
  node.directory = folder_.path() + "/node-" + std::to_string(nodes_.size());
  node.log = node.directory + ".log";
  node.listen_port = free_port();
  node.rpc_port = free_port();
  NodeOptions options;
  options.directory = node.directory;
  const auto id = init_node(options, genesis_, key);
  CHECK(id.has_value());
  node.id = *id;
  rpc::HttpNodeOptions patient;
  patient.read_tries = 100;
  node.api =
      std::make_unique<rpc::HttpNode>("http://127.0.0.1:" + std::to_string(node.rpc_port), patient);
  nodes_.push_back(std::move(node));
}

std::size_t BenchNetwork::add_follower() {
  add(std::nullopt);
  return nodes_.size() - 1;
}

void BenchNetwork::start(std::size_t number) {
  OneNode& node = nodes_[number];
  std::vector<std::string> command = {program_folder() + "/fogcoind",
                                      "run",
                                      "--dir",
                                      node.directory,
                                      "--rpc",
                                      "127.0.0.1:" + std::to_string(node.rpc_port),
                                      "--listen",
                                      "127.0.0.1:" + std::to_string(node.listen_port),
                                      "--no-discover",
                                      "--delay-ms",
                                      std::to_string(plan_.delay_ms)};
  node.links.clear();
  for (std::size_t other = 0; other < nodes_.size(); ++other) {
    if (other == number) continue;
    // Of two nodes one dials, so that each wire exists once.
    if (plan_.link_delay_ms > 0 && other > number) continue;
    std::uint16_t port = nodes_[other].listen_port;
    if (plan_.link_delay_ms > 0) {
      node.links.push_back(std::make_unique<DelayLink>(port, plan_.link_delay_ms));
      port = node.links.back()->port();
    }
    command.insert(command.end(),
                   {"--peer", to_hex(nodes_[other].id) + "@127.0.0.1:" + std::to_string(port)});
  }
  node.child = std::make_unique<Child>(command, node.log);
}

void BenchNetwork::kill(std::size_t node) {
  nodes_[node].child->kill();
}

void BenchNetwork::wait_connected() {
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    CHECK(nodes_[i].api->status().has_value());
    const double start = seconds_now();
    while (metric(i, "fog_peers") < nodes_.size() - 1) {
      CHECK(seconds_now() - start < 60);
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
  }
}

std::uint64_t BenchNetwork::metric(std::size_t node, const std::string& name) const {
  Connection connection(nodes_[node].rpc_port);
  const std::string text = connection.exchange("GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
  const std::string line = "\n" + name + " ";
  const auto at = text.find(line);
  CHECK(at != std::string::npos);
  return std::stoull(text.substr(at + line.size()));
}

}  // namespace fog::bench
