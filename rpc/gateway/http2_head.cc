#include "rpc/gateway/http2_head.h"

#include <algorithm>

#include "chain/base/ascii.h"

namespace fog::gateway {
namespace {

bool is_token(std::string_view text) {
  constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           kMarks.find(c) != std::string_view::npos;
  });
}
bool is_visible(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 0x7f; });
}
// A field's value that means the same on a line of text: no control but the tab, no space around.
bool is_value(std::string_view text) {
  if (!text.empty() &&
      (text.front() == ' ' || text.front() == '\t' || text.back() == ' ' || text.back() == '\t')) {
    return false;
  }
  return std::none_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte < ' ' && c != '\t') || byte == 0x7f;
  });
}
// The request's pseudo-header fields, and the rest as HTTP/1.1 has it.
struct Parts {
  std::string method, path, authority, host, cookie, length, lines;
  bool scheme = false;
};

bool take_pseudo(Parts& parts, const std::string& name, const std::string& value) {
  std::string* const into = name == ":method"      ? &parts.method
                            : name == ":path"      ? &parts.path
                            : name == ":authority" ? &parts.authority
                                                   : nullptr;
  if (name == ":scheme" && !parts.scheme) return parts.scheme = true;
  if (into == nullptr || !into->empty() || value.empty()) return false;
  *into = value;
  return true;
}

bool take_field(Parts& parts, const std::string& name, const std::string& value) {
  if (!is_token(name) || !is_value(value) || is_of_connection(name)) return false;
  if (name != lower_case(name)) return false;
  if (name == "te") return value == "trailers";
  if (name == "host" || name == "content-length") {
    std::string& into = name == "host" ? parts.host : parts.length;
    if (!into.empty() || value.empty()) return false;
    into = value;
    return true;
  }
  if (name == "cookie") {  // may come in pieces (RFC 9113, 8.2.3)
    if (!parts.cookie.empty()) parts.cookie += "; ";
    parts.cookie += value;
    return true;
  }
  parts.lines += name + ": " + value + "\r\n";
  return true;
}

}  // namespace

bool is_of_connection(std::string_view name) {
  return name == "connection" || name == "keep-alive" || name == "proxy-connection" ||
         name == "transfer-encoding" || name == "upgrade";
}

std::optional<std::string> http1_head(const Http2Head& head, bool body, bool& chunked) {
  Parts parts;
  for (const auto& [name, value] : head.fields) {
    const bool taken =
        name.starts_with(':') ? take_pseudo(parts, name, value) : take_field(parts, name, value);
    if (!taken) return std::nullopt;
  }
  if (!is_token(parts.method) || !is_visible(parts.path) || !parts.scheme) return std::nullopt;
  if (!parts.authority.empty() && !parts.host.empty() && parts.authority != parts.host)
    return std::nullopt;
  const std::string& host = parts.authority.empty() ? parts.host : parts.authority;
  if (!is_visible(host)) return std::nullopt;
  std::string out = parts.method + " " + parts.path + " HTTP/1.1\r\nhost: " + host + "\r\n";
  out += parts.lines;
  if (!parts.cookie.empty()) out += "cookie: " + parts.cookie + "\r\n";
  chunked = body && parts.length.empty();
  if (!parts.length.empty()) out += "content-length: " + parts.length + "\r\n";
  if (chunked) out += "transfer-encoding: chunked\r\n";
  return out + "\r\n";
}

}  // namespace fog::gateway
