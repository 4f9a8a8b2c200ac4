#include "chain/net/peer_address.h"

#include <charconv>

#include <arpa/inet.h>

namespace fog {
namespace {

constexpr std::size_t kHostSizeMax = 253;  // a DNS name

std::uint8_t v4(const IpAddress& ip, std::size_t i) {
  return ip[12 + i];
}

std::optional<std::uint16_t> parse_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc{} || end != text.data() + text.size() || port == 0) return std::nullopt;
  return port;
}

bool is_host(std::string_view host) {
  if (host.empty() || host.size() > kHostSizeMax) return false;
  return std::all_of(host.begin(), host.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '-' || c == '_' || c == ':';
  });
}

}  // namespace

std::optional<IpAddress> parse_ip(std::string_view text) {
  const std::string terminated(text);
  IpAddress ip;
  in_addr four{};
  if (inet_pton(AF_INET, terminated.c_str(), &four) == 1) {
    ip.data[10] = ip.data[11] = 0xFF;
    std::copy_n(reinterpret_cast<const std::uint8_t*>(&four), 4, ip.data.begin() + 12);
    return ip;
  }
  in6_addr six{};
  if (inet_pton(AF_INET6, terminated.c_str(), &six) != 1) return std::nullopt;
  std::copy_n(reinterpret_cast<const std::uint8_t*>(&six), 16, ip.data.begin());
  return ip;
}

std::string ip_text(const IpAddress& ip) {
  char text[INET6_ADDRSTRLEN] = {};
  if (is_ipv4(ip)) {
    inet_ntop(AF_INET, ip.data.data() + 12, text, sizeof text);
  } else {
    inet_ntop(AF_INET6, ip.data.data(), text, sizeof text);
  }
  return text;
}

bool is_ipv4(const IpAddress& ip) {
  static constexpr std::array<std::uint8_t, 12> kMapped = {0, 0, 0, 0, 0,    0,
                                                           0, 0, 0, 0, 0xFF, 0xFF};
  return std::equal(kMapped.begin(), kMapped.end(), ip.data.begin());
}

bool is_loopback(const IpAddress& ip) {
  if (is_ipv4(ip)) return v4(ip, 0) == 127;
  return std::all_of(ip.data.begin(), ip.data.end() - 1, [](auto b) { return b == 0; }) &&
         ip[15] == 1;
}

bool is_local(const IpAddress& ip) {
  if (is_loopback(ip)) return true;
  if (is_ipv4(ip)) {  // RFC 1918, 6598 and 3927
    return v4(ip, 0) == 10 || (v4(ip, 0) == 172 && (v4(ip, 1) & 0xF0) == 16) ||
           (v4(ip, 0) == 192 && v4(ip, 1) == 168) ||
           (v4(ip, 0) == 100 && (v4(ip, 1) & 0xC0) == 64) || (v4(ip, 0) == 169 && v4(ip, 1) == 254);
  }
  return (ip[0] & 0xFE) == 0xFC || (ip[0] == 0xFE && (ip[1] & 0xC0) == 0x80);  // RFC 4193, 4291
}

bool is_dialable(const IpAddress& ip) {
  if (is_ipv4(ip)) return v4(ip, 0) != 0 && v4(ip, 0) < 224;
  return !ip.is_zero() && ip[0] != 0xFF;
}

NetGroup net_group(const IpAddress& ip) {
  NetGroup group;
  if (is_ipv4(ip)) {
    group.data = {4, v4(ip, 0), v4(ip, 1), 0, 0};
  } else {
    group.data = {6, ip[0], ip[1], ip[2], ip[3]};
  }
  return group;
}

ErrorOr<PeerAddress> parse_peer_address(std::string_view text) {
  const auto refused = [&](std::string_view why) {
    return fail(ErrorCode::kInvalidInput, "peer \"" + std::string(text) + "\": " +
                                              std::string(why) + "; it reads id@host:port");
  };
  const auto at = text.find('@');
  if (at == std::string_view::npos) return refused("no @");
  const auto id = fixed_from_hex<NodeId::kSize>(text.substr(0, at));
  if (!id || !is_valid(*id)) return refused("the id is no public key of 66 hex digits");
  const std::string_view where = text.substr(at + 1);
  const auto colon = where.rfind(':');
  if (colon == std::string_view::npos) return refused("no port");
  const auto port = parse_port(where.substr(colon + 1));
  if (!port) return refused("the port is no number from 1 to 65535");
  std::string_view host = where.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) {
    host = host.substr(1, host.size() - 2);
    if (!parse_ip(host)) return refused("no IPv6 address in the brackets");
  } else if (host.find(':') != std::string_view::npos) {
    return refused("an IPv6 address stands in brackets");
  }
  if (!is_host(host)) return refused("no host");
  return PeerAddress{*id, std::string(host), *port};
}

std::string host_port_text(std::string_view host, std::uint16_t port) {
  const bool brackets = host.find(':') != std::string_view::npos;
  return (brackets ? "[" : "") + std::string(host) + (brackets ? "]:" : ":") + std::to_string(port);
}

std::string peer_address_text(const PeerAddress& address) {
  return to_hex(address.id) + "@" + host_port_text(address.host, address.port);
}

}  // namespace fog
