// BCS, Binary Canonical Serialization: one value, one encoding. All consensus data uses it.
//
// Integers are little-endian; lengths and variant indexes are minimal ULEB128 (u32); a struct is
// its fields in order; option and bool are one byte 0 or 1; a map is sorted by the encoded key.
// Decoding refuses trailing bytes, non-minimal lengths, unsorted maps, and any length beyond the
// bound that the type states, before it allocates. Source: the BCS specification (Diem/Aptos/Sui).
//
// A struct takes part by listing its fields:
//   struct Output {
//     Address to;
//     Amount amount;
//     static constexpr auto kFields = std::make_tuple(&Output::to, &Output::amount);
//   };
// and is then written by bcs_encode(value) and read by bcs_decode<Output>(bytes).
#pragma once

#include <algorithm>
#include <array>
#include <concepts>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "chain/base/bcs_writer.h"
#include "chain/base/bounded.h"
#include "chain/base/bytes.h"
#include "chain/base/check.h"
#include "chain/base/result.h"

namespace fog {

// Why bytes are not the encoding of a value.
enum class BcsError : std::uint8_t {
  kTruncated,   // the input ends inside the value
  kTrailing,    // bytes follow the value
  kNonMinimal,  // a ULEB128 number is not in its shortest form, or exceeds 32 bits
  kTooLong,     // a length exceeds the type's bound
  kUnsorted,    // map keys are not strictly ascending
  kBadTag,      // a bool, option, enum or variant tag out of range
  kBadText,     // a string is not UTF-8
  kBadValue,    // the type itself refused (its check_value)
};
std::string_view bcs_error_text(BcsError error);

bool is_utf8(std::string_view text);

// Reads values in order. After the first failure every read fails and error() says why.
class BcsReader {
 public:
  explicit BcsReader(ByteView in) : in_(in) {}

  template <std::unsigned_integral U>
  bool integer(U& value) {
    if (error_ || in_.size() - at_ < sizeof(U)) return fail_with(BcsError::kTruncated);
    value = 0;
    for (std::size_t i = 0; i < sizeof(U); ++i) {
      value = static_cast<U>(value | static_cast<U>(static_cast<U>(in_[at_ + i]) << (8 * i)));
    }
    at_ += sizeof(U);
    return true;
  }
  bool uleb(std::uint32_t& value);
  // A length, at most `max`.
  bool length(std::uint32_t& value, std::size_t max) {
    if (!uleb(value)) return false;
    return value <= max || fail_with(BcsError::kTooLong);
  }
  // Borrows the next `count` bytes of the input.
  bool raw(ByteView& out, std::size_t count) {
    if (error_ || in_.size() - at_ < count) return fail_with(BcsError::kTruncated);
    out = in_.subspan(at_, count);
    at_ += count;
    return true;
  }
  bool fail_with(BcsError error) {
    if (!error_) error_ = error;
    return false;
  }
  std::size_t position() const { return at_; }
  std::size_t remaining() const { return in_.size() - at_; }
  const std::optional<BcsError>& error() const { return error_; }

 private:
  ByteView in_;
  std::size_t at_ = 0;
  std::optional<BcsError> error_;
};

namespace bcs_detail {

template <class T>
struct Codec;

template <class T>
concept HasFields = requires {
  T::kFields;
};
template <class T>
concept HasCheck = requires(const T& value) {
  { value.check_value() } -> std::same_as<bool>;
};

// Out is a BcsWriter or a BcsCounter.
template <class Out, class T>
void write(Out& out, const T& value) {
  Codec<T>::write(out, value);
}
template <class T>
bool read(BcsReader& in, T& value) {
  return Codec<T>::read(in, value);
}

template <std::unsigned_integral U>
requires(!std::same_as<U, bool>) struct Codec<U> {
  template <class Out>
  static void write(Out& out, U value) {
    out.integer(value);
  }
  static bool read(BcsReader& in, U& value) { return in.integer(value); }
};

template <>
struct Codec<bool> {
  template <class Out>
  static void write(Out& out, bool value) {
    out.u8(value ? 1 : 0);
  }
  static bool read(BcsReader& in, bool& value) {
    std::uint8_t byte = 0;
    if (!in.integer(byte)) return false;
    if (byte > 1) return in.fail_with(BcsError::kBadTag);
    value = byte == 1;
    return true;
  }
};

// A plain enum is a BCS enum without data: it declares `constexpr E bcs_last(E)`, its last
// enumerator, beside itself; enumerators count from 0 without gaps.
template <class E>
requires std::is_enum_v<E>
struct Codec<E> {
  template <class Out>
  static void write(Out& out, E value) {
    out.uleb(static_cast<std::uint32_t>(value));
  }
  static bool read(BcsReader& in, E& value) {
    std::uint32_t index = 0;
    if (!in.uleb(index)) return false;
    if (index > static_cast<std::uint32_t>(bcs_last(E{}))) return in.fail_with(BcsError::kBadTag);
    value = static_cast<E>(index);
    return true;
  }
};

template <std::size_t N>
struct Codec<FixedBytes<N>> {
  template <class Out>
  static void write(Out& out, const FixedBytes<N>& value) {
    out.raw(value);
  }
  static bool read(BcsReader& in, FixedBytes<N>& value) {
    ByteView view;
    if (!in.raw(view, N)) return false;
    std::copy(view.begin(), view.end(), value.data.begin());
    return true;
  }
};

template <class T, std::size_t N>
struct Codec<std::array<T, N>> {
  template <class Out>
  static void write(Out& out, const std::array<T, N>& value) {
    for (const T& item : value) bcs_detail::write(out, item);
  }
  static bool read(BcsReader& in, std::array<T, N>& value) {
    for (T& item : value) {
      if (!bcs_detail::read(in, item)) return false;
    }
    return true;
  }
};

template <class T>
requires HasFields<T>
struct Codec<T> {
  template <class Out>
  static void write(Out& out, const T& value) {
    std::apply([&](auto... member) { (bcs_detail::write(out, value.*member), ...); }, T::kFields);
  }
  static bool read(BcsReader& in, T& value) {
    if (!std::apply([&](auto... member) { return (bcs_detail::read(in, value.*member) && ...); },
                    T::kFields)) {
      return false;
    }
    if constexpr (HasCheck<T>) {
      if (!value.check_value()) return in.fail_with(BcsError::kBadValue);
    }
    return true;
  }
};

template <class T>
struct Codec<std::optional<T>> {
  template <class Out>
  static void write(Out& out, const std::optional<T>& value) {
    out.u8(value ? 1 : 0);
    if (value) bcs_detail::write(out, *value);
  }
  static bool read(BcsReader& in, std::optional<T>& value) {
    bool present = false;
    if (!bcs_detail::read(in, present)) return false;
    value.reset();
    return !present || bcs_detail::read(in, value.emplace());
  }
};

template <class... Ts>
struct Codec<std::variant<Ts...>> {
  using V = std::variant<Ts...>;
  template <class Out>
  static void write(Out& out, const V& value) {
    out.uleb(static_cast<std::uint32_t>(value.index()));
    std::visit([&](const auto& alternative) { bcs_detail::write(out, alternative); }, value);
  }
  static bool read(BcsReader& in, V& value) {
    std::uint32_t index = 0;
    if (!in.uleb(index)) return false;
    if (index >= sizeof...(Ts)) return in.fail_with(BcsError::kBadTag);
    return read_index(in, value, index, std::index_sequence_for<Ts...>{});
  }

 private:
  template <std::size_t... I>
  static bool read_index(BcsReader& in, V& value, std::uint32_t index, std::index_sequence<I...>) {
    bool ok = false;
    static_cast<void>(
        ((I == index && (ok = bcs_detail::read(in, value.template emplace<I>()), true)) || ...));
    return ok;
  }
};

template <class T, std::size_t Max>
struct Codec<BoundedList<T, Max>> {
  template <class Out>
  static void write(Out& out, const BoundedList<T, Max>& value) {
    CHECK(value.size() <= Max);
    out.uleb(static_cast<std::uint32_t>(value.size()));
    for (const T& item : value) bcs_detail::write(out, item);
  }
  static bool read(BcsReader& in, BoundedList<T, Max>& value) {
    std::uint32_t count = 0;
    if (!in.length(count, Max)) return false;
    value.clear();
    // An element takes a byte at least, so a short input cannot make us reserve more than it holds.
    value.reserve(std::min<std::size_t>(count, in.remaining()));
    for (std::uint32_t i = 0; i < count; ++i) {
      if (!bcs_detail::read(in, value.emplace_back())) return false;
    }
    return true;
  }
};

template <std::size_t Max>
struct Codec<BoundedBytes<Max>> {
  template <class Out>
  static void write(Out& out, const BoundedBytes<Max>& value) {
    CHECK(value.size() <= Max);
    out.uleb(static_cast<std::uint32_t>(value.size()));
    out.raw(ByteView(value.data(), value.size()));
  }
  static bool read(BcsReader& in, BoundedBytes<Max>& value) {
    std::uint32_t count = 0;
    ByteView view;
    if (!in.length(count, Max) || !in.raw(view, count)) return false;
    value.assign(view.begin(), view.end());
    return true;
  }
};

template <std::size_t Max>
struct Codec<BoundedText<Max>> {
  template <class Out>
  static void write(Out& out, const BoundedText<Max>& value) {
    CHECK(value.size() <= Max);
    out.uleb(static_cast<std::uint32_t>(value.size()));
    out.raw(as_bytes(value));
  }
  static bool read(BcsReader& in, BoundedText<Max>& value) {
    std::uint32_t count = 0;
    ByteView view;
    if (!in.length(count, Max) || !in.raw(view, count)) return false;
    if (!is_utf8(as_text(view))) return in.fail_with(BcsError::kBadText);
    value.assign(as_text(view));
    return true;
  }
};

template <class K, class V, std::size_t Max>
struct Codec<BoundedMap<K, V, Max>> {
  template <class Out>
  static void write(Out& out, const BoundedMap<K, V, Max>& value) {
    CHECK(value.size() <= Max);
    out.uleb(static_cast<std::uint32_t>(value.size()));
    if constexpr (std::same_as<Out, BcsCounter>) {
      for (const auto& [key, item] : value) {
        bcs_detail::write(out, key);
        bcs_detail::write(out, item);
      }
      return;
    }
    std::map<Bytes, const V*> sorted;
    for (const auto& [key, item] : value) {
      BcsWriter encoded;
      bcs_detail::write(encoded, key);
      sorted.emplace(std::move(encoded).take(), &item);
    }
    for (const auto& [key, item] : sorted) {
      out.raw(key);
      bcs_detail::write(out, *item);
    }
  }
  static bool read(BcsReader& in, BoundedMap<K, V, Max>& value) {
    std::uint32_t count = 0;
    if (!in.length(count, Max)) return false;
    value.clear();
    Bytes previous;
    for (std::uint32_t i = 0; i < count; ++i) {
      K key{};
      if (!bcs_detail::read(in, key)) return false;
      BcsWriter encoded;
      bcs_detail::write(encoded, key);
      if (i > 0 && encoded.bytes() <= previous) return in.fail_with(BcsError::kUnsorted);
      previous = std::move(encoded).take();
      if (!bcs_detail::read(in, value[key])) return false;
    }
    return true;
  }
};

}  // namespace bcs_detail

template <class T>
void bcs_write(BcsWriter& out, const T& value) {
  bcs_detail::write(out, value);
}
template <class T>
bool bcs_read(BcsReader& in, T& value) {
  return bcs_detail::read(in, value);
}

// The length of bcs_encode(value).
template <class T>
std::size_t bcs_size(const T& value) {
  BcsCounter out;
  bcs_detail::write(out, value);
  return out.size();
}

template <class T>
Bytes bcs_encode(const T& value) {
  BcsWriter out;
  out.reserve(bcs_size(value));
  bcs_detail::write(out, value);
  return std::move(out).take();
}

// The value that `bytes` encodes, all of them.
template <class T>
Result<T, BcsError> bcs_decode(ByteView bytes) {
  BcsReader in(bytes);
  T value{};
  if (!bcs_detail::read(in, value)) return Fail{in.error().value_or(BcsError::kBadValue)};
  if (in.remaining() != 0) return Fail{BcsError::kTrailing};
  return value;
}

}  // namespace fog
