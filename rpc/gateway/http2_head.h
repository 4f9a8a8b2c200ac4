// Http2Head: a request's head as HTTP/2 has it (RFC 9113, 8.3), and the same in HTTP/1.1. What one
// version takes for a value another may take for a line of its own, so all that could be read in
// two ways is refused here.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fog::gateway {

// The request's fields as they came, pseudo-header fields among them.
struct Http2Head {
  std::vector<std::pair<std::string, std::string>> fields;
  std::size_t bytes = 0;
  bool too_large = false;
};
// The same request's head in HTTP/1.1, whole with its empty line. `body`: DATA follows; one without
// content-length is then to be sent chunked, which `chunked` says. Nothing where it cannot be said
// in HTTP/1.1, or not with one meaning (RFC 9113 8.1.1, 8.2, 8.3).
std::optional<std::string> http1_head(const Http2Head& head, bool body, bool& chunked);

// Whether the field speaks of one connection only; lower-case name (RFC 9113, 8.2.2).
bool is_of_connection(std::string_view name);

}  // namespace fog::gateway
