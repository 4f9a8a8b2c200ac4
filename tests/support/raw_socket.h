// RawSocket: a WebSocket on loopback by hand (RFC 6455), frame by frame, for tests that must send
// what no client would.
#pragma once

#include "tests/support/raw_http.h"

namespace fog::testing {

class RawSocket {
 public:
  struct Frame {
    int opcode = -1;  // -1: the connection ended
    std::string payload;
    // Of a close frame; 1005 where it carries none.
    int close_code() const {
      if (payload.size() < 2) return 1005;
      return static_cast<unsigned char>(payload[0]) << 8 | static_cast<unsigned char>(payload[1]);
    }
  };
  static constexpr int kText = 1, kBinary = 2, kClose = 8, kPing = 9, kPong = 10;

  // Shakes hands; the key and its answer are those of RFC 6455, 1.3.
  explicit RawSocket(std::uint16_t port, std::string_view fields = "") : http_(port) {
    http_.send(
        "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n" +
        std::string(fields) + "\r\n");
    answer_ = http_.receive();
  }
  const RawResponse& answer() const { return answer_; }

  static std::string frame(int first_byte, std::string_view payload, bool masked = true) {
    std::string out(1, static_cast<char>(first_byte));
    const int mask_bit = masked ? 0x80 : 0;
    if (payload.size() < 126) {
      out += static_cast<char>(mask_bit | static_cast<int>(payload.size()));
    } else {
      const bool wide = payload.size() > 0xFFFF;
      out += static_cast<char>(mask_bit | (wide ? 127 : 126));
      for (int shift = wide ? 56 : 8; shift >= 0; shift -= 8) {
        out += static_cast<char>(payload.size() >> shift & 0xFF);
      }
    }
    if (!masked) return out + std::string(payload);
    const std::string key = "\x37\xfa\x21\x3d";
    out += key;
    for (std::size_t i = 0; i < payload.size(); ++i) {
      out += static_cast<char>(payload[i] ^ key[i % 4]);
    }
    return out;
  }
  bool send_bytes(std::string_view bytes) { return http_.send(bytes); }
  bool send(std::string_view text) { return send_bytes(frame(0x80 | kText, text)); }

  Frame receive() {
    Frame out;
    const std::string head = http_.take(2);
    if (head.size() < 2) return out;
    std::uint64_t length = static_cast<unsigned char>(head[1]) & 0x7F;
    if (length >= 126) {
      const std::string wide = http_.take(length == 126 ? 2 : 8);
      length = 0;
      for (const char byte : wide) length = length << 8 | static_cast<unsigned char>(byte);
    }
    out.payload = http_.take(length);
    if (out.payload.size() == length) out.opcode = static_cast<unsigned char>(head[0]) & 0x0F;
    return out;
  }
  // Frames up to the close frame, its code; 0 when the connection ends without one.
  int close_code() {
    for (Frame next = receive(); next.opcode != -1; next = receive()) {
      if (next.opcode == kClose) return next.close_code();
    }
    return 0;
  }

 private:
  RawHttp http_;
  RawResponse answer_;
};

}  // namespace fog::testing
