// Bytes from anybody on a connection of the real server: they are answered in HTTP or the
// connection ends, and the server lives on.
#include <unistd.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "chain/base/check.h"
#include "rpc/server/server.h"
#include "tests/support/fake_node.h"

namespace {

std::unique_ptr<fog::rpc::RpcServer> start() {
  static fog::testing::FakeNode node;
  fog::rpc::ServerOptions options;
  options.body_bytes_max = 1'000;
  options.header_bytes_max = 2'000;
  options.calls.waits_max = 0;
  auto server = fog::rpc::RpcServer::start(node, options);
  CHECK(server.has_value());
  return *std::move(server);
}

std::string exchange(std::uint16_t port, const std::uint8_t* data, std::size_t size) {
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(port);
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  CHECK(::connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0);
  // The server may end the connection before it has read everything.
  (void)!::send(fd, data, size, MSG_NOSIGNAL);
  ::shutdown(fd, SHUT_WR);
  std::string out;
  char chunk[4096];
  for (ssize_t got = 0; (got = ::recv(fd, chunk, sizeof chunk, 0)) > 0;) {
    out.append(chunk, static_cast<std::size_t>(got));
  }
  ::close(fd);
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const std::unique_ptr<fog::rpc::RpcServer> server = start();
  const std::string answer = exchange(server->port(), data, size);
  CHECK(answer.empty() || answer.starts_with("HTTP/1."));
  return 0;
}
