// HostPort and Url: where something listens or is reached, as people and records write it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace fog {

struct HostPort {
  std::string host;  // a name or a numeric address, without the brackets of IPv6
  std::uint16_t port = 0;
  bool operator==(const HostPort&) const = default;
};

// "HOST:PORT" or "[IPV6]:PORT". Nothing for anything else: no host, no port, a port above 65535, an
// IPv6 address without brackets.
std::optional<HostPort> parse_host_port(std::string_view text);
// The same, where ":PORT" may be missing.
std::optional<HostPort> parse_host_port(std::string_view text, std::uint16_t default_port);

// As parse_host_port reads it, with brackets around an IPv6 address.
std::string to_text(const HostPort& place);

// Whether somebody listens there is not asked; the host's characters are not checked.
struct Url {
  bool tls = false;
  HostPort at;
  std::string path = "/";  // with query, as written
  bool operator==(const Url&) const = default;
};

// "http://HOST[:PORT][/PATH]" or https. Nothing for anything else, and for port 0.
std::optional<Url> parse_url(std::string_view text);

}  // namespace fog
