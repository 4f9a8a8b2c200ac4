// Where peers are found: IP addresses, the groups that one operator is likely to own, and what an
// operator writes down, "id@host:port".
#pragma once

#include <string>
#include <string_view>
#include <tuple>

#include "chain/base/bytes.h"
#include "chain/base/error.h"
#include "chain/net/network.h"

namespace fog {

// An IPv6 address; IPv4 as ::ffff:a.b.c.d.
using IpAddress = FixedBytes<16>;

// Numbers only, no names: "10.1.2.3", "2001:db8::1". Nothing otherwise.
std::optional<IpAddress> parse_ip(std::string_view text);
std::string ip_text(const IpAddress& ip);
bool is_ipv4(const IpAddress& ip);
bool is_loopback(const IpAddress& ip);
// Loopback, private, link-local: meaningful only near where it was heard.
bool is_local(const IpAddress& ip);
// Neither unspecified nor multicast nor broadcast.
bool is_dialable(const IpAddress& ip);

// Addresses that are cheap to own together: IPv4 by /16, IPv6 by /32.
using NetGroup = FixedBytes<5>;
NetGroup net_group(const IpAddress& ip);

// What an operator configures. The host may be a name.
struct PeerAddress {
  NodeId id;
  std::string host;
  std::uint16_t port = 0;

  bool operator==(const PeerAddress&) const = default;
};
// "02ab..@example.org:9735", "02ab..@[2001:db8::1]:9735"; kInvalidInput says what is wrong.
ErrorOr<PeerAddress> parse_peer_address(std::string_view text);
std::string peer_address_text(const PeerAddress& address);
// "host:port", with brackets around an IPv6 address.
std::string host_port_text(std::string_view host, std::uint16_t port);

// What nodes tell each other and keep: a node at an address.
struct BookAddress {
  NodeId id;
  IpAddress ip;
  std::uint16_t port = 0;

  static constexpr auto kFields =
      std::make_tuple(&BookAddress::id, &BookAddress::ip, &BookAddress::port);
  auto operator<=>(const BookAddress&) const = default;
};

}  // namespace fog
