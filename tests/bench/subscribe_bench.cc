// subscribe: how long until the last of many WebSocket subscribers has a new block.
//
// One `fogcoind` makes a block of each transfer that it is given, several a second; all subscribers
// follow its blocks from this process, on one thread. A block's time runs from the submission of
// its transfer, so making the block and having it on disk are in it, to the last subscriber's
// notification.
#include <algorithm>
#include <array>
#include <atomic>
#include <map>
#include <mutex>
#include <string_view>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "rpc/client/http_node.h"
#include "tests/bench/bench_support.h"
#include "tests/bench/load_support.h"

namespace fog::bench {
namespace {

struct Options {
  std::size_t subscribers = 2'000;
  std::uint64_t blocks = 300;
  double per_second = 10;
};

// A WebSocket that has subscribed to blocks; only what the server sends is read (RFC 6455).
class Subscriber {
 public:
  explicit Subscriber(std::uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    CHECK(::connect(fd_, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0);
    send_all(
        "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n");
    while (received_.find("\r\n\r\n") == std::string::npos) CHECK(read_some());
    CHECK(received_.starts_with("HTTP/1.1 101"));
    received_.erase(0, received_.find("\r\n\r\n") + 4);
    const std::string call = R"({"jsonrpc":"2.0","id":1,"method":"subscribe_blocks","params":[]})";
    CHECK(call.size() < 126);
    std::string frame{static_cast<char>(0x81), static_cast<char>(0x80 | call.size()), 0, 0, 0, 0};
    send_all(frame + call);  // masked by zeros
    while (next_message().empty()) CHECK(read_some());
  }
  ~Subscriber() { ::close(fd_); }
  Subscriber(const Subscriber&) = delete;
  Subscriber& operator=(const Subscriber&) = delete;

  int fd() const { return fd_; }
  bool read_some() {
    std::array<char, 16 * 1024> chunk{};
    const ssize_t got = ::recv(fd_, chunk.data(), chunk.size(), 0);
    if (got > 0) received_.append(chunk.data(), static_cast<std::size_t>(got));
    return got > 0;
  }
  // The next whole text message; empty when there is none yet. Pings are answered.
  std::string next_message() {
    while (received_.size() >= 2) {
      const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(received_[at]); };
      std::size_t length = byte(1) & 0x7F, head = 2;
      CHECK(length != 127);  // no notification is so long
      if (length == 126) {
        if (received_.size() < 4) return {};
        length = static_cast<std::size_t>(byte(2)) << 8 | byte(3);
        head = 4;
      }
      if (received_.size() < head + length) return {};
      const unsigned opcode = byte(0) & 0x0F;
      std::string payload = received_.substr(head, length);
      received_.erase(0, head + length);
      if (opcode == 1) return payload;
      CHECK(opcode == 9);
      std::string pong{static_cast<char>(0x8A), static_cast<char>(0x80 | length), 0, 0, 0, 0};
      send_all(pong + payload);
    }
    return {};
  }

 private:
  void send_all(std::string_view bytes) const {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      CHECK(sent > 0);
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
  }
  const int fd_;
  std::string received_;
};

// Reads all subscribers; knows for each block when the first and the last of them had it.
class Crowd {
 public:
  struct Arrival {
    std::size_t count = 0;
    double first = 0, last = 0;
  };
  Crowd(std::uint16_t port, std::size_t count) : epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
    for (std::size_t i = 0; i < count; ++i) {
      all_.push_back(std::make_unique<Subscriber>(port));
      epoll_event event{};
      event.events = EPOLLIN;
      event.data.ptr = all_.back().get();
      CHECK(::epoll_ctl(epoll_, EPOLL_CTL_ADD, all_.back()->fd(), &event) == 0);
    }
    thread_ = std::thread([this] { run(); });
  }
  ~Crowd() {
    stop_ = true;
    thread_.join();
    ::close(epoll_);
  }
  Crowd(const Crowd&) = delete;
  Crowd& operator=(const Crowd&) = delete;

  std::size_t size() const { return all_.size(); }
  Arrival at(std::uint64_t height) {
    const std::lock_guard lock(mutex_);
    const auto found = arrivals_.find(height);
    return found == arrivals_.end() ? Arrival{} : found->second;
  }

 private:
  void run() {
    std::array<epoll_event, 256> events{};
    while (!stop_) {
      const int ready = ::epoll_wait(epoll_, events.data(), events.size(), 50);
      for (int i = 0; i < ready; ++i) {
        auto& one = *static_cast<Subscriber*>(events[static_cast<std::size_t>(i)].data.ptr);
        CHECK(one.read_some());
        for (std::string text = one.next_message(); !text.empty(); text = one.next_message()) {
          note(text);
        }
      }
    }
  }
  void note(const std::string& text) {
    constexpr std::string_view kCursor = "\"cursor\":\"";
    const std::size_t at = text.find(kCursor);
    CHECK(at != std::string::npos);
    const std::uint64_t height = std::stoull(text.substr(at + kCursor.size())) - 1;
    const double now = seconds_now();
    const std::lock_guard lock(mutex_);
    Arrival& arrival = arrivals_[height];
    if (arrival.count++ == 0) arrival.first = now;
    arrival.last = now;
  }

  const int epoll_;
  std::vector<std::unique_ptr<Subscriber>> all_;
  std::mutex mutex_;
  std::map<std::uint64_t, Arrival> arrivals_;
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

void allow_files(std::size_t wanted) {
  rlimit limit{};
  CHECK(::getrlimit(RLIMIT_NOFILE, &limit) == 0);
  if (limit.rlim_cur >= wanted) return;
  limit.rlim_cur = std::min<rlim_t>(wanted, limit.rlim_max);
  if (::setrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur >= wanted) return;
  progress("error: this many subscribers need " + std::to_string(wanted) +
           " open files; raise the limit (ulimit -Hn)");
  std::exit(1);
}

int run(const Options& options) {
  allow_files(options.subscribers + 200);
  ScratchFolder folder;
  std::vector<Key> keys = make_keys(2);
  const OneNode node(folder.path(), keys,
                     {"--rpc-connections", std::to_string(options.subscribers + 100)});
  rpc::HttpNode api(node.url());
  Crowd crowd(node.port(), options.subscribers);
  progress(std::to_string(crowd.size()) + " subscribers; the node holds " +
           std::to_string(static_cast<int>(rss_mib(node.pid()))) + " MiB");

  const Signing signing{node.chain(), keys, {}};
  std::vector<double> last_ms, first_ms;
  const double cpu = cpu_seconds(node.pid());
  const double start = seconds_now();
  for (std::uint64_t block = 0; block < options.blocks; ++block) {
    const double due = start + static_cast<double>(block) / options.per_second;
    while (seconds_now() < due) std::this_thread::sleep_for(std::chrono::microseconds(200));
    TxId id;
    const Bytes tx = sign_one(signing, 0, block, 1, id);
    const double sent = seconds_now();
    const auto replies = must(api.submit({tx}));
    CHECK(replies[0].fault == Fault::kNone && replies[0].refused.empty());
    const TxStatus final = must(api.wait_transaction(id, 60'000));
    CHECK(final.place == TxPlace::kFinal);
    Crowd::Arrival arrival;
    while ((arrival = crowd.at(final.height)).count < crowd.size()) {
      CHECK(seconds_now() - sent < 60);
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    last_ms.push_back((arrival.last - sent) * 1'000);
    first_ms.push_back((arrival.first - sent) * 1'000);
  }
  const double node_cpu = (cpu_seconds(node.pid()) - cpu) * 1e6 /
                          static_cast<double>(options.blocks * options.subscribers);
  print_figures("subscribe",
                fmt::format("\"p50_ms\": {:.1f}, \"p99_ms\": {:.1f}, \"first_p50_ms\": {:.1f}, "
                            "\"first_p99_ms\": {:.1f}, \"subscribers\": {}, \"blocks\": {}, "
                            "\"node_cpu_us\": {:.1f}, \"rss_mib\": {:.0f}",
                            percentile(last_ms, 0.5), percentile(last_ms, 0.99),
                            percentile(first_ms, 0.5), percentile(first_ms, 0.99),
                            options.subscribers, options.blocks, node_cpu, rss_mib(node.pid())));
  return 0;
}

}  // namespace
}  // namespace fog::bench

int main(int argc, char** argv) {
  fog::bench::Options options;
  CLI::App app(
      "Blocks of one validator to many WebSocket subscribers: from a transfer's submission to the "
      "last subscriber's notification of its block");
  app.add_option("--subscribers", options.subscribers, "WebSockets")->capture_default_str();
  app.add_option("--blocks", options.blocks, "blocks, of one transfer each")->capture_default_str();
  app.add_option("--per-second", options.per_second, "blocks a second")->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  return fog::bench::run(options);
}
