// Letters of ASCII, whatever the locale is: for names of headers and hosts.
#pragma once

#include <string>
#include <string_view>

namespace fog {

constexpr char to_lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

inline std::string lower_case(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = to_lower(c);
  return out;
}

}  // namespace fog
