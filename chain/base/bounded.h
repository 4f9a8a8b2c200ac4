// Containers that carry their bound: what a decoder may be made to allocate. `Max` counts elements
// (bytes for text and byte strings). Writing more than Max is our own bug and stops the program:
// check input where it enters.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "chain/base/bytes.h"

namespace fog {

template <class T, std::size_t Max>
struct BoundedList : std::vector<T> {
  using std::vector<T>::vector;
  static constexpr std::size_t kMax = Max;
};
template <std::size_t Max>
struct BoundedBytes : Bytes {
  using Bytes::vector;
  BoundedBytes() = default;
  // Bytes are bytes; the bound is checked when written.
  // NOLINTNEXTLINE(google-explicit-constructor)
  BoundedBytes(Bytes bytes) : Bytes(std::move(bytes)) {}
  static constexpr std::size_t kMax = Max;
};
template <std::size_t Max>
struct BoundedText : std::string {
  using std::string::basic_string;
  BoundedText() = default;
  // NOLINTNEXTLINE(google-explicit-constructor): text is text; the bound is checked when written.
  BoundedText(std::string text) : std::string(std::move(text)) {}
  static constexpr std::size_t kMax = Max;
};
template <class K, class V, std::size_t Max>
struct BoundedMap : std::map<K, V> {
  using std::map<K, V>::map;
  static constexpr std::size_t kMax = Max;
};

}  // namespace fog
