#include "market/types/outbound.h"

#include <algorithm>
#include <charconv>
#include <optional>

namespace fog::market {
namespace {

constexpr std::size_t kLabelBytesMax = 63;

struct Pattern {
  std::string_view host;  // without brackets
  bool below = false;     // "*." stood before it
  std::optional<std::uint16_t> port;
};

bool is_label(std::string_view label) {
  const auto good = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  };
  return !label.empty() && label.size() <= kLabelBytesMax && label.front() != '-' &&
         label.back() != '-' && std::all_of(label.begin(), label.end(), good);
}

bool is_name(std::string_view name) {
  for (;;) {
    const std::size_t dot = name.find('.');
    if (!is_label(name.substr(0, dot))) return false;
    if (dot == std::string_view::npos) return true;
    name.remove_prefix(dot + 1);
  }
}

bool is_ipv6(std::string_view text) {
  const auto good = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || c == ':' || c == '.';
  };
  return text.size() >= 2 && text.size() <= 45 && text.find(':') != std::string_view::npos &&
         std::all_of(text.begin(), text.end(), good);
}

std::optional<std::uint16_t> port_of(std::string_view text) {
  std::uint16_t port = 0;
  const auto end = std::from_chars(text.data(), text.data() + text.size(), port);
  if (end.ec != std::errc() || end.ptr != text.data() + text.size() || port == 0) {
    return std::nullopt;
  }
  return port;
}

std::optional<Pattern> parse(std::string_view text) {
  Pattern out;
  const bool bracketed = text.starts_with('[');
  const std::size_t close = bracketed ? text.find(']') : 0;
  if (close == std::string_view::npos) return std::nullopt;
  const std::size_t colon = text.find(':', close);
  if (colon != std::string_view::npos) {
    out.port = port_of(text.substr(colon + 1));
    if (!out.port) return std::nullopt;
    text = text.substr(0, colon);
  }
  if (bracketed) {
    if (close + 1 != text.size()) return std::nullopt;
    out.host = text.substr(1, close - 1);
    return is_ipv6(out.host) ? std::optional(out) : std::nullopt;
  }
  out.below = text.starts_with("*.");
  out.host = out.below ? text.substr(2) : text;
  return is_name(out.host) ? std::optional(out) : std::nullopt;
}

bool fits(const Pattern& pattern, std::string_view host) {
  if (!pattern.below) return host == pattern.host;
  return host.size() > pattern.host.size() + 1 && host.ends_with(pattern.host) &&
         host[host.size() - pattern.host.size() - 1] == '.';
}

}  // namespace

bool is_outbound_pattern(std::string_view text) {
  return parse(text).has_value();
}

bool may_ask(std::span<const OutboundPattern> patterns, std::string_view host, std::uint16_t port,
             bool tls) {
  return std::any_of(patterns.begin(), patterns.end(), [&](const OutboundPattern& text) {
    const auto pattern = parse(text);
    return pattern && port == pattern->port.value_or(tls ? 443 : 80) && fits(*pattern, host);
  });
}

}  // namespace fog::market
