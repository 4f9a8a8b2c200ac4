#include "chain/base/url.h"

#include <algorithm>

namespace fog {
namespace {

std::optional<std::uint16_t> parse_port(std::string_view text) {
  if (text.empty() || text.size() > 5) return std::nullopt;
  std::uint32_t port = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    port = port * 10 + static_cast<std::uint32_t>(c - '0');
  }
  if (port > 65'535) return std::nullopt;
  return static_cast<std::uint16_t>(port);
}

std::optional<HostPort> parse(std::string_view text, std::optional<std::uint16_t> port) {
  std::string_view host = text;
  std::string_view rest;  // ":PORT" or nothing
  if (text.starts_with('[')) {
    const std::size_t end = text.find(']');
    if (end == std::string_view::npos) return std::nullopt;
    host = text.substr(1, end - 1);
    rest = text.substr(end + 1);
  } else {
    const std::size_t colon = std::min(text.find(':'), text.size());
    host = text.substr(0, colon);
    rest = text.substr(colon);
  }
  if (!rest.empty()) port = rest.front() == ':' ? parse_port(rest.substr(1)) : std::nullopt;
  if (host.empty() || !port) return std::nullopt;
  return HostPort{std::string(host), *port};
}

}  // namespace

std::optional<HostPort> parse_host_port(std::string_view text) {
  return parse(text, std::nullopt);
}

std::optional<HostPort> parse_host_port(std::string_view text, std::uint16_t default_port) {
  return parse(text, default_port);
}

std::string to_text(const HostPort& place) {
  const bool is_ipv6 = place.host.find(':') != std::string::npos;
  return (is_ipv6 ? "[" + place.host + "]" : place.host) + ":" + std::to_string(place.port);
}

std::optional<Url> parse_url(std::string_view text) {
  Url out;
  out.tls = text.starts_with("https://");
  if (!out.tls && !text.starts_with("http://")) return std::nullopt;
  text.remove_prefix(out.tls ? 8 : 7);
  const std::size_t end = std::min(text.find_first_of("/?"), text.size());
  auto at = parse_host_port(text.substr(0, end), out.tls ? 443 : 80);
  if (!at || at->port == 0) return std::nullopt;
  out.at = *std::move(at);
  const std::string_view path = text.substr(end);
  out.path = path.starts_with('/') ? std::string(path) : "/" + std::string(path);
  return out;
}

}  // namespace fog
