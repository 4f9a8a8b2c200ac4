#include "executor/http_upgrade.h"

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <netdb.h>
#include <poll.h>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "chain/base/clock.h"
#include "chain/base/url.h"

namespace fog::executor {
namespace {

constexpr std::size_t kHeadBytesMax = 16 * 1024;
constexpr std::size_t kSentenceMax = 512;

// When a step must be over.
class Deadline {
 public:
  explicit Deadline(std::uint64_t ms) : until_ns_(system_clock().monotonic_ns() + ms * 1'000'000) {}
  int left_ms() const {
    const std::uint64_t now_ns = system_clock().monotonic_ns();
    return now_ns < until_ns_ ? static_cast<int>((until_ns_ - now_ns) / 1'000'000 + 1) : 0;
  }

 private:
  std::uint64_t until_ns_;
};

// 0, or the system's number of why not.
int connect_one(int socket, const addrinfo& place, const Deadline& deadline) {
  if (::connect(socket, place.ai_addr, place.ai_addrlen) == 0) return 0;
  if (errno != EINPROGRESS) return errno;
  pollfd ready = {socket, POLLOUT, 0};
  if (::poll(&ready, 1, deadline.left_ms()) != 1) return ETIMEDOUT;
  int failed = 0;
  socklen_t size = sizeof failed;
  return ::getsockopt(socket, SOL_SOCKET, SO_ERROR, &failed, &size) == 0 ? failed : errno;
}

ErrorOr<UniqueFd> dial(const HostPort& place, const Deadline& deadline) {
  addrinfo hints = {};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const std::string port = std::to_string(place.port);
  const std::string name = to_text(place);
  if (const int failed = ::getaddrinfo(place.host.c_str(), port.c_str(), &hints, &found);
      failed != 0)
    return fail(ErrorCode::kNetwork, "cannot find " + name + ": " + ::gai_strerror(failed));
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owned(found, &::freeaddrinfo);
  std::string why = "it has no address";
  for (const addrinfo* each = found; each != nullptr; each = each->ai_next) {
    UniqueFd socket(
        ::socket(each->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, each->ai_protocol));
    if (!socket) continue;
    if (const int failed = connect_one(socket.get(), *each, deadline); failed != 0) {
      why = std::strerror(failed);
      continue;
    }
    TRY_VOID(set_nonblocking(socket.get(), false));
    const int on = 1;
    (void)::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return socket;
  }
  return fail(ErrorCode::kNetwork, "cannot reach " + name + ": " + why);
}

// One byte, so that none of what follows the head is taken.
ErrorOr<char> read_byte(int socket, const Deadline& deadline) {
  pollfd ready = {socket, POLLIN, 0};
  if (::poll(&ready, 1, deadline.left_ms()) != 1)
    return fail(ErrorCode::kTimeout, "no answer in time");
  char byte = 0;
  if (::recv(socket, &byte, 1, 0) != 1)
    return fail(ErrorCode::kNetwork, "the other side has closed the connection");
  return byte;
}

ErrorOr<std::string> read_head(int socket, const Deadline& deadline) {
  std::string head;
  while (!head.ends_with("\r\n\r\n")) {
    if (head.size() >= kHeadBytesMax) return fail(ErrorCode::kProtocol, "the answer is not HTTP");
    TRY(const char byte, read_byte(socket, deadline));
    head += byte;
  }
  return head;
}

ErrorOr<UniqueFd> ask(const Url& url, const UpgradePlan& plan) {
  const Deadline deadline(plan.timeout_ms);
  TRY(auto socket, dial(url.at, deadline));
  std::string request = "POST " + (url.path == "/" ? "" : url.path) + plan.target +
                        " HTTP/1.1\r\nHost: " + to_text(url.at) +
                        "\r\nConnection: Upgrade\r\nUpgrade: " + plan.protocol +
                        "\r\nContent-Type: application/octet-stream\r\nContent-Length: " +
                        std::to_string(plan.body.size()) + "\r\n\r\n";
  request += as_text(plan.body);
  TRY_VOID(send_all(socket.get(), as_bytes(request), {}));
  TRY(const std::string head, read_head(socket.get(), deadline));
  const std::size_t space = head.find(' ');
  const int status = std::atoi(head.c_str() + (space == std::string::npos ? 0 : space));
  if (status == 101) return socket;
  std::string sentence;
  while (sentence.size() < kSentenceMax) {
    const auto byte = read_byte(socket.get(), deadline);
    if (!byte || *byte == '\n') break;
    if (static_cast<unsigned char>(*byte) >= ' ') sentence += *byte;
  }
  return fail(status == 404 ? ErrorCode::kNotFound : ErrorCode::kRejected,
              "refused (" + std::to_string(status) + "): " + sentence);
}

}  // namespace

ErrorOr<UniqueFd> upgrade(const UpgradePlan& plan) {
  const auto url = parse_url(plan.url);
  if (!url) return fail(ErrorCode::kInvalidInput, plan.url + " is not http://HOST:PORT");
  if (url->tls)
    return fail(ErrorCode::kInvalidInput,
                "https is not spoken here; put a TLS tunnel before " + plan.url);
  auto socket = ask(*url, plan);
  if (socket) return socket;
  return Fail{socket.error().within(to_text(url->at))};
}

}  // namespace fog::executor
