// RawHttp: bytes to a server on loopback and bytes back, for tests that must send what no client
// would.
#pragma once

#include <map>
#include <string>
#include <unistd.h>
#include <utility>

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

namespace fog::testing {

struct RawResponse {
  int status = 0;                             // 0: the connection ended before a whole answer
  std::map<std::string, std::string> fields;  // lower-case names
  std::string body;
};

class RawHttp {
 public:
  explicit RawHttp(std::uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const timeval patience{20, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    EXPECT_EQ(::connect(fd_, reinterpret_cast<const sockaddr*>(&to), sizeof to), 0);
  }
  ~RawHttp() { ::close(fd_); }
  RawHttp(const RawHttp&) = delete;
  RawHttp& operator=(const RawHttp&) = delete;

  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }

  RawResponse receive() {
    RawResponse out;
    std::size_t head = std::string::npos;
    while ((head = pending_.find("\r\n\r\n")) == std::string::npos) {
      if (!more()) return out;
    }
    const std::string text = pending_.substr(0, head + 2);
    pending_.erase(0, head + 4);
    std::size_t at = text.find("\r\n") + 2;
    while (at < text.size()) {
      const std::size_t end = text.find("\r\n", at);
      const std::size_t colon = text.find(':', at);
      std::string name = text.substr(at, colon - at);
      for (char& c : name) c = static_cast<char>(std::tolower(c));
      out.fields[name] = text.substr(colon + 2, end - colon - 2);
      at = end + 2;
    }
    const auto length = out.fields.find("content-length");
    const std::size_t want = length == out.fields.end() ? 0 : std::stoul(length->second);
    while (pending_.size() < want) {
      if (!more()) return out;
    }
    out.body = pending_.substr(0, want);
    pending_.erase(0, want);
    out.status = std::stoi(text.substr(9, 3));
    return out;
  }
  // Exactly so many bytes, fewer when the connection ends before.
  std::string take(std::size_t size) {
    while (pending_.size() < size && more()) {
    }
    std::string out = pending_.substr(0, size);
    pending_.erase(0, size);
    return out;
  }
  // All bytes until the server ends the connection.
  std::string rest() {
    while (more()) {
    }
    return std::exchange(pending_, {});
  }
  // Whether the server ended the connection, with nothing more to read.
  bool ended() { return pending_.empty() && !more(); }

  RawResponse post(std::string_view body, std::string_view more_fields = "") {
    send("POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: " + std::to_string(body.size()) +
         "\r\n" + std::string(more_fields) + "\r\n" + std::string(body));
    return receive();
  }
  RawResponse get(std::string_view target, std::string_view fields = "Host: 127.0.0.1\r\n") {
    send("GET " + std::string(target) + " HTTP/1.1\r\n" + std::string(fields) + "\r\n");
    return receive();
  }

 private:
  bool more() {
    char chunk[65536];
    const ssize_t got = ::recv(fd_, chunk, sizeof chunk, 0);
    if (got <= 0) return false;
    pending_.append(chunk, static_cast<std::size_t>(got));
    return true;
  }
  int fd_;
  std::string pending_;
};

}  // namespace fog::testing
