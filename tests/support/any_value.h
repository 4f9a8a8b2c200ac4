// any_value: an arbitrary value of any type that lists its fields for BCS, for property tests.
#pragma once

#include <variant>

#include "chain/base/bcs.h"
#include "tests/support/seeded_rng.h"

namespace fog::testing {

template <class T>
void fill_any(SeededRng& rng, T& value);

namespace any_detail {

template <class T>
struct Filler {
  static void fill(SeededRng& rng, T& value) {
    if constexpr (std::same_as<T, bool>) {
      value = rng.below(2) == 1;
    } else if constexpr (std::unsigned_integral<T>) {
      // Small numbers, the edges, and everything between.
      const std::uint64_t kind = rng.below(4);
      value = kind == 0   ? static_cast<T>(rng.below(16))
              : kind == 1 ? std::numeric_limits<T>::max()
                          : static_cast<T>(rng.next());
    } else if constexpr (std::is_enum_v<T>) {
      value = static_cast<T>(rng.below(static_cast<std::uint64_t>(bcs_last(T{})) + 1));
    } else {
      std::apply([&](auto... member) { (fill_any(rng, value.*member), ...); }, T::kFields);
    }
  }
};
template <std::size_t N>
struct Filler<FixedBytes<N>> {
  static void fill(SeededRng& rng, FixedBytes<N>& value) { rng.fill(value.data); }
};
template <>
struct Filler<Bytes> {
  static void fill(SeededRng& rng, Bytes& value) { value = rng.bytes(rng.below(40)); }
};
template <std::size_t Max>
struct Filler<BoundedBytes<Max>> {
  static void fill(SeededRng& rng, BoundedBytes<Max>& value) {
    value = rng.bytes(rng.below(std::min<std::uint64_t>(Max, 40) + 1));
  }
};
template <std::size_t Max>
struct Filler<BoundedText<Max>> {
  static void fill(SeededRng& rng, BoundedText<Max>& value) {
    value.clear();
    for (std::uint64_t n = rng.below(std::min<std::uint64_t>(Max, 12) + 1); n > 0; --n) {
      value.push_back(static_cast<char>(' ' + rng.below(95)));
    }
  }
};
template <class T>
struct Filler<std::optional<T>> {
  static void fill(SeededRng& rng, std::optional<T>& value) {
    value.reset();
    if (rng.below(2) == 1) fill_any(rng, value.emplace());
  }
};
template <class T, std::size_t Max>
struct Filler<BoundedList<T, Max>> {
  static void fill(SeededRng& rng, BoundedList<T, Max>& value) {
    value.clear();
    for (std::uint64_t n = rng.below(4); n > 0; --n) fill_any(rng, value.emplace_back());
  }
};
template <class K, class V, std::size_t Max>
struct Filler<BoundedMap<K, V, Max>> {
  static void fill(SeededRng& rng, BoundedMap<K, V, Max>& value) {
    value.clear();
    for (std::uint64_t n = rng.below(4); n > 0; --n) {
      K key{};
      fill_any(rng, key);
      fill_any(rng, value[key]);
    }
  }
};
template <class... Ts>
struct Filler<std::variant<Ts...>> {
  static void fill(SeededRng& rng, std::variant<Ts...>& value) {
    std::size_t chosen = rng.below(sizeof...(Ts));
    ((chosen-- == 0 ? fill_any(rng, value.template emplace<Ts>()) : void()), ...);
  }
};

}  // namespace any_detail

template <class T>
void fill_any(SeededRng& rng, T& value) {
  any_detail::Filler<T>::fill(rng, value);
}
template <class T>
T any_value(SeededRng& rng) {
  T value{};
  fill_any(rng, value);
  return value;
}

}  // namespace fog::testing
