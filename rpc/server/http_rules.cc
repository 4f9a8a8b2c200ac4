#include "rpc/server/http_rules.h"

#include <algorithm>
#include <array>

#include <arpa/inet.h>

#include "chain/base/ascii.h"

namespace fog::rpc {
namespace {

bool same_text(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return to_lower(x) == to_lower(y); });
}

bool is_port(std::string_view text) {
  return !text.empty() && text.size() <= 5 &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// "host", "host:port", "[v6]" or "[v6]:port" without the port; empty when it is none of them.
std::string host_of(std::string_view header) {
  if (header.starts_with('[')) {
    const std::size_t end = header.find(']');
    if (end == std::string_view::npos) return "";
    const std::string_view rest = header.substr(end + 1);
    if (!rest.empty() && (rest[0] != ':' || !is_port(rest.substr(1)))) return "";
    return std::string(header.substr(1, end - 1));
  }
  const std::size_t colon = header.find(':');
  if (colon == std::string_view::npos) return std::string(header);
  if (!is_port(header.substr(colon + 1))) return "";
  return std::string(header.substr(0, colon));
}

bool is_ip_address(const std::string& text) {
  std::array<unsigned char, 16> out{};
  return inet_pton(AF_INET, text.c_str(), out.data()) == 1 ||
         inet_pton(AF_INET6, text.c_str(), out.data()) == 1;
}

}  // namespace

bool host_is_allowed(std::string_view host_header, const std::vector<std::string>& names) {
  const std::string host = host_of(host_header);
  if (host.empty()) return false;
  if (same_text(host, "localhost") || is_ip_address(host)) return true;
  return std::any_of(names.begin(), names.end(),
                     [&](const std::string& name) { return same_text(host, name); });
}

bool origin_is_allowed(std::string_view origin_header, std::string_view host_header) {
  const std::size_t scheme = origin_header.find("://");
  return scheme != std::string_view::npos &&
         same_text(origin_header.substr(scheme + 3), host_header);
}

bool is_origin_rule(std::string_view rule) {
  if (rule == "*") return true;
  const std::size_t scheme = rule.find("://");
  if (scheme == std::string_view::npos || scheme == 0) return false;
  const std::string_view place = rule.substr(scheme + 3);
  return place.find_first_of("/?# ,*") == std::string_view::npos && !host_of(place).empty();
}

bool origin_is_listed(std::string_view origin_header, const std::vector<std::string>& rules) {
  return std::any_of(rules.begin(), rules.end(), [&](const std::string& rule) {
    return rule == "*" || same_text(rule, origin_header);
  });
}

bool bearer_fits(std::string_view authorization, std::string_view token) {
  constexpr std::string_view kScheme = "Bearer ";
  if (token.empty() || authorization.size() != kScheme.size() + token.size()) return false;
  if (!same_text(authorization.substr(0, kScheme.size()), kScheme)) return false;
  authorization.remove_prefix(kScheme.size());
  unsigned difference = 0;
  for (std::size_t i = 0; i < token.size(); ++i) {
    difference |= static_cast<unsigned>(static_cast<unsigned char>(authorization[i]) ^
                                        static_cast<unsigned char>(token[i]));
  }
  return difference == 0;
}

}  // namespace fog::rpc
