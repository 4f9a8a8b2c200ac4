#include "executor/cgi.h"

#include <map>

namespace fog::executor {
namespace {

// HTTP_ACCEPT_LANGUAGE of accept-language.
std::string variable_of(std::string_view field) {
  std::string name = "HTTP_";
  for (const char c : field) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    const bool digit = c >= '0' && c <= '9';
    name += letter && c >= 'a' ? static_cast<char>(c - 'a' + 'A') : letter || digit ? c : '_';
  }
  return name;
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// RFC 3875 4.1.5: PATH_INFO is decoded. A sequence that would decode to NUL (which no environment
// can hold), or that is no sequence, stays as it is.
std::string decode_path(std::string_view path) {
  std::string out;
  for (std::size_t i = 0; i < path.size(); ++i) {
    const int high = path[i] == '%' && i + 2 < path.size() ? hex_digit(path[i + 1]) : -1;
    const int low = high >= 0 ? hex_digit(path[i + 2]) : -1;
    if (low >= 0 && high * 16 + low != 0) {
      out += static_cast<char>(high * 16 + low);
      i += 2;
    } else {
      out += path[i];
    }
  }
  return out;
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

bool has_nul(std::string_view text) {
  return text.find('\0') != std::string_view::npos;
}
// What no environment can hold is left out.
bool is_variable(std::string_view name) {
  return !name.empty() && name.find('=') == std::string_view::npos && !has_nul(name);
}

// "example.org:8080" is a name and a port; "[::1]:80" too.
std::pair<std::string, std::string> split_host(std::string_view host) {
  const std::size_t colon = host.rfind(':');
  const bool port = colon != std::string_view::npos &&
                    (host.front() != '[' || host.find(']') < colon) && colon + 1 < host.size();
  if (!port) return {std::string(host), "80"};
  return {std::string(host.substr(0, colon)), std::string(host.substr(colon + 1))};
}

void take_fields(const market::RequestHead& head, std::map<std::string, std::string>& vars) {
  for (const market::HttpField& field : head.fields) {
    if (field.name == "proxy") continue;
    if (field.name == "content-type" || field.name == "content-length") {
      vars[field.name == "content-type" ? "CONTENT_TYPE" : "CONTENT_LENGTH"] = field.value;
      continue;
    }
    std::string& value = vars[variable_of(field.name)];
    if (!value.empty()) value += field.name == "cookie" ? "; " : ", ";
    value += field.value;
    if (field.name == "host" && !field.value.empty()) {
      std::tie(vars["SERVER_NAME"], vars["SERVER_PORT"]) = split_host(field.value);
    }
  }
}

// ---- the response ----

struct Line {
  std::string_view text;
  std::size_t next = 0;  // offset after the line's end
};

// The line at `at`, without its LF or CRLF; nothing if no line ends within the bound.
std::optional<Line> line_at(std::string_view written, std::size_t at) {
  const std::size_t end = written.find('\n', at);
  if (end == std::string_view::npos || end >= kCgiHeadBytesMax) return std::nullopt;
  std::size_t length = end - at;
  if (length > 0 && written[end - 1] == '\r') --length;
  return Line{written.substr(at, length), end + 1};
}

Result<market::HttpField, CgiFault> parse_field(std::string_view line) {
  if (line.front() == ' ' || line.front() == '\t') return Fail{CgiFault("a folded header line")};
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos || colon == 0) {
    return Fail{CgiFault("a header line without a name and a colon")};
  }
  return response_field(line.substr(0, colon), trim(line.substr(colon + 1)));
}

std::optional<std::uint16_t> parse_status(std::string_view value) {
  if (value.size() < 3 || (value.size() > 3 && value[3] != ' ')) return std::nullopt;
  unsigned status = 0;
  for (const char c : value.substr(0, 3)) {
    if (c < '0' || c > '9') return std::nullopt;
    status = status * 10 + static_cast<unsigned>(c - '0');
  }
  if (status < 200 || status > 599) return std::nullopt;
  return static_cast<std::uint16_t>(status);
}

bool is_location(std::string_view value) {
  if (value.empty()) return false;
  if (value.front() == '/') return true;
  const std::size_t colon = value.find(':');
  if (colon == std::string_view::npos || colon == 0) return false;
  for (const char c : value.substr(0, colon)) {
    if (!is_token_char(c)) return false;
  }
  return value.find(' ') == std::string_view::npos;
}

// What the head has said so far.
struct HeadParse {
  market::ResponseHead head;
  std::optional<std::uint16_t> status;
  bool type = false;
  bool location = false;

  std::optional<CgiFault> take(market::HttpField field) {
    if (field.name == "status") {
      if (status) return CgiFault("two Status lines");
      status = parse_status(field.value);
      return status ? std::nullopt : std::optional(CgiFault("a Status that is not 200 to 599"));
    }
    if (field.name == "content-type") {
      if (std::exchange(type, true)) return CgiFault("two Content-Type lines");
      if (field.value.empty()) return CgiFault("an empty Content-Type");
    }
    if (field.name == "location") {
      if (std::exchange(location, true)) return CgiFault("two Location lines");
      if (!is_location(field.value)) {
        return CgiFault("a Location that is neither a path nor an absolute URI");
      }
    }
    return add_response_field(head, std::move(field));
  }
};

}  // namespace

Environment plain_environment(const ManifestEnvironment& manifest_env) {
  Environment out;
  for (const auto& [name, value] : manifest_env) {
    if (is_variable(name) && !has_nul(value)) out.emplace_back(name, value);
  }
  return out;
}

Environment cgi_environment(const market::RequestHead& head,
                            const ManifestEnvironment& manifest_env) {
  std::map<std::string, std::string> vars;
  vars["SERVER_NAME"] = "localhost";
  vars["SERVER_PORT"] = "80";
  take_fields(head, vars);
  vars["GATEWAY_INTERFACE"] = "CGI/1.1";
  vars["SERVER_PROTOCOL"] = "HTTP/1.1";
  vars["SERVER_SOFTWARE"] = "fogcoin";
  vars["SCRIPT_NAME"] = "";
  // Whom the gateway names; the RFC wants the variable in any case.
  const std::string& seen_by = vars["HTTP_X_FORWARDED_FOR"];
  const std::size_t comma = seen_by.rfind(',');
  const std::string_view from =
      trim(std::string_view(seen_by).substr(comma == std::string::npos ? 0 : comma + 1));
  vars["REMOTE_ADDR"] = from.empty() ? "0.0.0.0" : std::string(from);
  if (seen_by.empty()) vars.erase("HTTP_X_FORWARDED_FOR");
  for (auto& [name, value] : plain_environment(manifest_env)) vars[name] = std::move(value);
  const std::string_view target = head.target;
  const std::size_t question = target.find('?');
  vars["REQUEST_METHOD"] = head.method;
  vars["REQUEST_URI"] = head.target;
  vars["PATH_INFO"] = decode_path(target.substr(0, question));
  vars["QUERY_STRING"] =
      question == std::string_view::npos ? "" : std::string(target.substr(question + 1));
  for (const char* name : {"CONTENT_TYPE", "CONTENT_LENGTH"}) {
    // Set by the request alone.
    if (manifest_env.contains(BoundedText<64>(name))) vars.erase(name);
  }
  for (const market::HttpField& field : head.fields) {
    if (field.name == "content-type") vars["CONTENT_TYPE"] = field.value;
    if (field.name == "content-length") vars["CONTENT_LENGTH"] = field.value;
  }
  return {vars.begin(), vars.end()};
}

Result<CgiHead, CgiFault> parse_cgi_head(ByteView bytes) {
  const std::string_view written = as_text(bytes);
  if (written.empty()) return Fail{CgiFault("nothing was written")};
  HeadParse parse;
  std::size_t at = 0;
  for (;;) {
    const std::optional<Line> line = line_at(written, at);
    if (!line) {
      return Fail{CgiFault(written.size() >= kCgiHeadBytesMax
                               ? "a head that does not end within 64 KiB"
                               : "no empty line ends the head")};
    }
    at = line->next;
    if (line->text.empty()) break;
    TRY(auto field, parse_field(line->text));
    if (auto fault = parse.take(std::move(field))) return Fail{*std::move(fault)};
  }
  if (!parse.status && !parse.type && !parse.location) {
    return Fail{CgiFault("none of Content-Type, Location and Status")};
  }
  const bool body = at < written.size();
  if (body && !parse.type) return Fail{CgiFault("a body without a Content-Type")};
  CgiHead out;
  out.head = std::move(parse.head);
  const std::uint16_t implied = parse.location ? 302 : 200;
  out.head.status = parse.status.value_or(implied);
  out.body_from = at;
  market::make_canonical(out.head);
  return out;
}

}  // namespace fog::executor
