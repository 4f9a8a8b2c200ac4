#include "market/types/container_terms.h"

#include <algorithm>
#include <array>

namespace fog::market {
namespace {

bool is_small(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

// "registry.example.org", "localhost:5000". A name with neither dot nor port would be taken for a
// part of the path by the tools that read such names, but for localhost.
bool is_registry(std::string_view text) {
  const std::size_t colon = text.find(':');
  const std::string_view host = text.substr(0, colon);
  if (colon != std::string_view::npos) {
    const std::string_view port = text.substr(colon + 1);
    if (port.empty() || port.size() > 5) return false;
    if (!std::all_of(port.begin(), port.end(), [](char c) { return c >= '0' && c <= '9'; }))
      return false;
  }
  const bool marked = colon != std::string_view::npos || host == "localhost" ||
                      host.find('.') != std::string_view::npos;
  if (!marked || host.empty() || !is_small(host.front()) || !is_small(host.back())) return false;
  const bool plain = std::all_of(host.begin(), host.end(),
                                 [](char c) { return is_small(c) || c == '.' || c == '-'; });
  return plain && host.find("..") == std::string_view::npos;
}

bool is_separator(std::string_view text) {
  return text == "." || text == "_" || text == "__" ||
         text.find_first_not_of('-') == std::string_view::npos;
}

// Words of a-z and 0-9 with one separator between two.
bool is_component(std::string_view text) {
  if (text.empty() || !is_small(text.front()) || !is_small(text.back())) return false;
  for (std::size_t at = 0; at < text.size();) {
    std::size_t end = at;
    while (end < text.size() && is_small(text[end]) == is_small(text[at])) ++end;
    if (!is_small(text[at]) && !is_separator(text.substr(at, end - at))) return false;
    at = end;
  }
  return true;
}

bool is_path(std::string_view path) {
  if (path.size() < 2 || path.front() != '/') return false;
  if (!std::all_of(path.begin(), path.end(), [](char c) {
        return c > 0x20 && c < 0x7F && c != ':' && c != ',' && c != '\\';
      }))
    return false;
  for (std::size_t at = 1; at <= path.size();) {
    const std::size_t end = std::min(path.find('/', at), path.size());
    const std::string_view part = path.substr(at, end - at);
    if (part.empty() || part == "." || part == "..") return false;
    at = end + 1;
  }
  return true;
}

bool is_within(std::string_view inner, std::string_view outer) {
  return inner.starts_with(outer) && (inner.size() == outer.size() || inner[outer.size()] == '/');
}
bool overlap(std::string_view a, std::string_view b) {
  return is_within(a, b) || is_within(b, a);
}

constexpr std::array<std::string_view, 7> kTaken = {"/proc", "/dev",     "/sys",      "/tmp",
                                                    "/run",  "/var/tmp", "/etc/hosts"};

}  // namespace

bool is_image_name(std::string_view text) {
  const std::size_t slash = text.find('/');
  if (text.size() > 255 || slash == std::string_view::npos) return false;
  if (!is_registry(text.substr(0, slash))) return false;
  for (std::size_t at = slash + 1; at <= text.size();) {
    const std::size_t end = std::min(text.find('/', at), text.size());
    if (!is_component(text.substr(at, end - at))) return false;
    at = end + 1;
  }
  return true;
}

bool are_volume_paths(const std::vector<std::string>& paths) {
  for (std::size_t i = 0; i < paths.size(); ++i) {
    if (!is_path(paths[i])) return false;
    for (const std::string_view taken : kTaken) {
      if (overlap(paths[i], taken)) return false;
    }
    for (std::size_t j = 0; j < i; ++j) {
      if (overlap(paths[i], paths[j])) return false;
    }
  }
  return true;
}

}  // namespace fog::market
