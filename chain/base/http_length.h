// Whether a request's fields say the length of its body in a way that every server reads alike (RFC
// 9112, 6.1 to 6.3). What one takes for a body another takes for the next request (request
// smuggling); Beast takes a transfer coding that it does not know for none.
#pragma once

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string_view>

#include "chain/base/ascii.h"

namespace fog {

struct LengthFields {
  bool http11 = true;       // the request's version
  std::size_t lengths = 0;  // how many Content-Length fields
  std::string_view length;  // the first one's value
  std::size_t codings = 0;  // how many Transfer-Encoding fields
  std::string_view coding;
};

// What is wrong, for the client; nothing where all is well. A request that is refused so must be
// the last of its connection.
inline std::optional<std::string_view> why_no_length(const LengthFields& fields) {
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  if (fields.codings > 0 && fields.lengths > 0)
    return "Content-Length and Transfer-Encoding exclude each other";
  if (fields.lengths > 1) return "more than one Content-Length";
  if (fields.lengths == 1 && (fields.length.empty() ||
                              !std::all_of(fields.length.begin(), fields.length.end(), is_digit))) {
    return "Content-Length is not a number";
  }
  if (fields.codings > 0 && !fields.http11) return "versions before 1.1 have no Transfer-Encoding";
  if (fields.codings > 1 || (fields.codings == 1 && lower_case(fields.coding) != "chunked"))
    return "the only Transfer-Encoding here is chunked";
  return std::nullopt;
}

}  // namespace fog
