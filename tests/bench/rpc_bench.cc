// rpc: how many reads a second a node answers beside nginx, and what they cost the making of
// blocks.
//
// One `fogcoind` and one nginx with one worker, on loopback. 64 connections of this process ask,
// each again when it has its answer: nginx for a static file that is as long as the node's answer;
// the node for the same account, one call a request and many; alone, and while transfers are
// submitted as fast as it makes them final. The parts take turns; ratios are of neighbours.
#include <algorithm>
#include <array>
#include <atomic>
#include <fstream>
#include <string_view>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "rpc/client/http_node.h"
#include "tests/bench/bench_support.h"
#include "tests/bench/load_support.h"
#include "tests/bench/network_support.h"

namespace fog::bench {
namespace {

struct Options {
  std::size_t connections = 64;
  std::size_t batch = 100;
  double seconds = 5;  // of each part
  unsigned rounds = 3;
  std::uint64_t transfers = 150'000;  // a part under load
  std::string nginx = "/usr/sbin/nginx";
};

struct Rate {
  double per_second = 0;
  double p99_ms = 0;
};

// Many connections to one server, on the calling thread: each sends its request again when it has
// the answer.
class ReadLoad {
 public:
  ReadLoad(std::uint16_t port, std::string request, std::size_t connections)
      : request_(std::move(request)), epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
    for (std::size_t i = 0; i < connections; ++i) {
      One& one = all_.emplace_back();
      one.fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
      sockaddr_in to{};
      to.sin_family = AF_INET;
      to.sin_port = htons(port);
      to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
      CHECK(::connect(one.fd, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0);
      const int yes = 1;
      ::setsockopt(one.fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
      epoll_event event{};
      event.events = EPOLLIN;
      event.data.u64 = i;
      CHECK(::epoll_ctl(epoll_, EPOLL_CTL_ADD, one.fd, &event) == 0);
    }
  }
  ~ReadLoad() {
    for (const One& one : all_) ::close(one.fd);
    ::close(epoll_);
  }
  ReadLoad(const ReadLoad&) = delete;
  ReadLoad& operator=(const ReadLoad&) = delete;

  Rate run(double seconds) {
    std::vector<double> latency_ms;
    const double start = seconds_now();
    for (One& one : all_) send(one);
    std::size_t open = all_.size();
    std::array<epoll_event, 64> events{};
    while (open > 0) {
      const int ready = ::epoll_wait(epoll_, events.data(), events.size(), 1'000);
      for (int i = 0; i < ready; ++i) {
        One& one = all_[events[static_cast<std::size_t>(i)].data.u64];
        if (!receive(one)) continue;
        const double now = seconds_now();
        latency_ms.push_back((now - one.sent) * 1'000);
        if (now - start < seconds) {
          send(one);
        } else {
          --open;
        }
      }
    }
    return {static_cast<double>(latency_ms.size()) / (seconds_now() - start),
            percentile(latency_ms, 0.99)};
  }

 private:
  struct One {
    int fd = -1;
    double sent = 0;
    std::string received;
    std::size_t whole = 0;  // bytes of the answer; 0: not known yet
  };
  void send(One& one) {
    one.sent = seconds_now();
    one.received.clear();
    one.whole = 0;
    std::string_view left = request_;
    while (!left.empty()) {
      const ssize_t sent = ::send(one.fd, left.data(), left.size(), MSG_NOSIGNAL);
      CHECK(sent > 0);
      left.remove_prefix(static_cast<std::size_t>(sent));
    }
  }
  // Whether the answer is whole.
  bool receive(One& one) {
    const ssize_t got = ::recv(one.fd, chunk_.data(), chunk_.size(), 0);
    CHECK(got > 0);
    one.received.append(chunk_.data(), static_cast<std::size_t>(got));
    if (one.whole == 0) {
      const std::size_t head = one.received.find("\r\n\r\n");
      if (head == std::string::npos) return false;
      CHECK(one.received.starts_with("HTTP/1.1 200"));
      constexpr std::string_view kLength = "Content-Length: ";
      const std::size_t field = one.received.find(kLength);
      CHECK(field < head);
      one.whole = head + 4 + std::stoull(one.received.substr(field + kLength.size(), 20));
    }
    return one.received.size() >= one.whole;
  }

  const std::string request_;
  const int epoll_;
  std::vector<One> all_;
  std::array<char, 256 * 1024> chunk_{};
};

std::string post(const std::string& body) {
  return "POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: "
         "application/json\r\nContent-Length: " +
         std::to_string(body.size()) + "\r\n\r\n" + body;
}

// nginx with one worker, whose files are in memory.
std::unique_ptr<Child> start_nginx(const std::string& program, const std::string& folder,
                                   std::uint16_t port, const std::string& answer) {
  std::ofstream(folder + "/answer.json") << answer;
  std::ofstream(folder + "/nginx.conf") << fmt::format(
      "daemon off; user root; worker_processes 1; pid {0}/nginx.pid; error_log {0}/nginx.log;\n"
      "events {{ worker_connections 1024; }}\n"
      "http {{ access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000000;\n"
      "  open_file_cache max=10; default_type application/json;\n"
      "  client_body_temp_path {0}/t1; proxy_temp_path {0}/t2; fastcgi_temp_path {0}/t3;\n"
      "  uwsgi_temp_path {0}/t4; scgi_temp_path {0}/t5;\n"
      "  server {{ listen 127.0.0.1:{1}; root {0}; }} }}\n",
      folder, port);
  auto child = std::make_unique<Child>(
      std::vector<std::string>{program, "-p", folder, "-c", folder + "/nginx.conf"},
      folder + "/nginx.out");
  const double start = seconds_now();
  while (seconds_now() - start < 10) {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const bool there = ::connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0;
    ::close(fd);
    if (there) return child;
    if (!child->running()) break;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  progress(
      "error: nginx did not start. It is what reads are compared with: install Debian's package "
      "nginx-light, or say where the program is with --nginx");
  std::exit(1);
}

struct Progress {
  double transfers_per_second = 0;
  double blocks_per_second = 0;
};

// Transfers as fast as the node makes them final, on two connections, while `beside` runs until
// they are.
template <class Beside>
Progress load_chain(Signing& signing, const Options& options, std::uint16_t port, NodeApi& node,
                    const Beside& beside) {
  std::vector<Batch> batches = sign_batches(signing, options.transfers, signing.keys.size(), 1'000);
  std::atomic<std::size_t> next{0};
  std::atomic<bool> done{false};
  std::thread reads([&] { beside(done); });
  const std::uint64_t height = must(node.status()).height;
  const double start = seconds_now();
  std::vector<std::thread> threads;
  for (int c = 0; c < 2; ++c) {
    threads.emplace_back([&] {
      Connection connection(port);
      for (std::size_t b = next++; b < batches.size(); b = next++) {
        const std::string answer = connection.exchange(batches[b].request);
        CHECK(answer.find("\"error\"") == std::string::npos);
        CHECK(answer.find("\"refused\":\"") == std::string::npos);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const Batch& batch : batches) {
    const auto last = node.wait_transaction(batch.last, 60'000);
    CHECK(last.has_value() && last->place == TxPlace::kFinal);
  }
  const double end = seconds_now();
  done = true;
  reads.join();
  const std::uint64_t blocks = must(node.status()).height - height;
  return {static_cast<double>(options.transfers) / (end - start),
          static_cast<double>(blocks) / (end - start)};
}

int run(const Options& options) {
  ScratchFolder folder;
  std::vector<Key> keys = make_keys(2'000);
  const OneNode one(folder.path(), keys);
  const std::uint16_t port = one.port();
  rpc::HttpNode node(one.url());
  Signing signing{one.chain(), keys, {}};

  const std::string call = R"({"jsonrpc":"2.0","id":1,"method":"account_get","params":[")" +
                           to_text(keys.front().address) + "\"]}";
  std::string calls = "[" + call;
  for (std::size_t i = 1; i < options.batch; ++i) calls += "," + call;
  calls += "]";
  const std::string answer = Connection(port).exchange(post(call));
  CHECK(answer.find("\"balance\"") != std::string::npos);
  const std::uint16_t file_port = free_port();
  const auto nginx = start_nginx(options.nginx, folder.path(), file_port, answer);

  ReadLoad files(file_port, "GET /answer.json HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
                 options.connections);
  ReadLoad single(port, post(call), options.connections);
  ReadLoad batched(port, post(calls), options.connections);
  std::vector<double> nginx_rates, rates, ratios, p99, batched_rates, loaded_rates, loaded_p99,
      transfers, transfers_kept, blocks, blocks_kept;
  const auto many = static_cast<double>(options.batch);
  for (unsigned round = 0; round < options.rounds; ++round) {
    nginx_rates.push_back(files.run(options.seconds).per_second);
    const Rate rate = single.run(options.seconds);
    rates.push_back(rate.per_second);
    p99.push_back(rate.p99_ms);
    ratios.push_back(rate.per_second / nginx_rates.back());
    batched_rates.push_back(batched.run(options.seconds).per_second * many);
    const Progress alone = load_chain(signing, options, port, node, [](const auto&) {});
    std::vector<double> some, some_p99;
    const Progress beside =
        load_chain(signing, options, port, node, [&](const std::atomic<bool>& done) {
          while (!done) {
            const Rate reads = single.run(0.5);
            some.push_back(reads.per_second);
            some_p99.push_back(reads.p99_ms);
          }
        });
    transfers.push_back(alone.transfers_per_second);
    transfers_kept.push_back(beside.transfers_per_second / alone.transfers_per_second);
    blocks.push_back(alone.blocks_per_second);
    blocks_kept.push_back(beside.blocks_per_second / alone.blocks_per_second);
    loaded_rates.push_back(median(some));
    loaded_p99.push_back(percentile(some_p99, 1));
    progress(
        fmt::format("files {:.0f}/s; reads {:.0f}/s, {:.0f}/s in batches; transfers {:.0f}/s in "
                    "{:.0f} blocks/s; "
                    "with reads {:.0f}/s in {:.0f} blocks/s beside {:.0f} reads/s",
                    nginx_rates.back(), rates.back(), batched_rates.back(),
                    alone.transfers_per_second, alone.blocks_per_second,
                    beside.transfers_per_second, beside.blocks_per_second, loaded_rates.back()));
  }
  print_figures("rpc",
                fmt::format("\"per_second\": {:.0f}, \"ratio\": {:.3f}, \"p99_ms\": {:.2f}, "
                            "\"block_rate_kept\": {:.3f}, \"transfers_kept\": {:.3f}, "
                            "\"nginx_per_second\": {:.0f}, \"batched_per_second\": {:.0f}, "
                            "\"loaded_per_second\": {:.0f}, \"loaded_p99_ms\": {:.2f}, "
                            "\"transfers_per_second\": {:.0f}, \"blocks_per_second\": {:.1f}, "
                            "\"answer_bytes\": {}, \"connections\": {}, \"rounds\": {}",
                            median(rates), median(ratios), median(p99), median(blocks_kept),
                            median(transfers_kept), median(nginx_rates), median(batched_rates),
                            median(loaded_rates), median(loaded_p99), median(transfers),
                            median(blocks), answer.size(), options.connections, options.rounds));
  return 0;
}

}  // namespace
}  // namespace fog::bench

int main(int argc, char** argv) {
  fog::bench::Options options;
  CLI::App app(
      "Reads of one account from a node, beside nginx with a file as long, and under load");
  app.add_option("--connections", options.connections, "that read at once")->capture_default_str();
  app.add_option("--batch", options.batch, "calls in a batch")->capture_default_str();
  app.add_option("--seconds", options.seconds, "of each part without load")->capture_default_str();
  app.add_option("--rounds", options.rounds, "of all parts")->capture_default_str();
  app.add_option("--transfers", options.transfers, "of each part under load")
      ->capture_default_str();
  app.add_option("--nginx", options.nginx, "the program")->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  return fog::bench::run(options);
}
