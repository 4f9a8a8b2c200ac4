// The machinery behind codec.h: a struct is described once by its fields, and written and read by
// that description. For .cc files only (it brings in the JSON library).
//
//   FOG_JSON(market::Offer, host, price_class, scale, free, since_height);
//
// A struct that also lists its fields for BCS must list as many here, so none can be forgotten.
#pragma once

#include <array>
#include <charconv>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include <nlohmann/json.hpp>

#include "chain/base/bcs.h"
#include "chain/types/address.h"
#include "chain/types/amount.h"
#include "rpc/json/codec.h"

namespace fog::rpc::detail {

using Json = nlohmann::json;

template <class S, class M>
struct Field {
  const char* name;
  M S::*member;
};
template <class S, class M>
constexpr Field<S, M> field(const char* name, M S::*member) {
  return {name, member};
}

template <class T>
struct Fields;  // by FOG_JSON
template <class T>
struct EnumNames;  // `static std::string_view of(T)`; the names of enumerators 0..bcs_last
template <class T>
struct Custom;  // `static Json write(const T&)`, `static bool read(Reader&, const Json&, T&)`

// Where in the value reading stands: a chain of names on the stack, spelled out only for an error.
struct Path {
  const Path* parent = nullptr;
  std::string_view name;
  std::size_t index = 0;  // used when the name is empty

  std::string text() const {
    if (name.empty()) return (parent ? parent->text() : "") + "[" + std::to_string(index) + "]";
    return parent ? parent->text() + "." + std::string(name) : std::string(name);
  }
};

struct Reader {
  UnknownFields unknown = UnknownFields::kRefuse;
  const Path* at = nullptr;
  std::string error;

  bool fail(std::string_view what) {
    if (error.empty()) error = at->text() + ": " + std::string(what);
    return false;
  }
  // Reads one step deeper.
  template <class Read>
  bool into(std::string_view name, std::size_t index, const Read& read) {
    const Path step{at, name, index};
    at = &step;
    const bool ok = read();
    at = step.parent;
    return ok;
  }
};

template <class T>
concept Described = requires {
  Fields<T>::kList;
};
template <class T>
concept HasCustom = requires(const T& value) {
  Custom<T>::write(value);
};

template <class T>
Json write(const T& value);
template <class T>
bool read(Reader& reader, const Json& json, T& value);

// ---- numbers ----

template <std::unsigned_integral U>
Json write_number(U value) {
  if constexpr (sizeof(U) == 8) {
    return std::to_string(value);
  } else {
    return value;
  }
}

inline bool parse_decimal(std::string_view text, std::uint64_t& value) {
  if (text.empty() || (text.size() > 1 && text[0] == '0')) return false;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size();
}

template <std::unsigned_integral U>
bool read_number(Reader& reader, const Json& json, U& value) {
  std::uint64_t wide = 0;
  if (json.is_number_unsigned() || (json.is_number_integer() && json.get<std::int64_t>() >= 0)) {
    wide = json.get<std::uint64_t>();
  } else if (sizeof(U) < 8 || !json.is_string() ||
             !parse_decimal(json.get_ref<const std::string&>(), wide)) {
    return reader.fail(sizeof(U) == 8
                           ? "expected a decimal string of at most 64 bits, e.g. \"1000\""
                           : "expected a whole number, e.g. 1000");
  }
  if (wide > std::numeric_limits<U>::max()) {
    return reader.fail("expected at most " + std::to_string(std::numeric_limits<U>::max()));
  }
  value = static_cast<U>(wide);
  return true;
}

// ---- bytes and text ----

inline bool read_hex(Reader& reader, const Json& json, Bytes& value, std::size_t max) {
  const std::string* text = json.get_ptr<const std::string*>();
  if (!text || !text->starts_with("0x")) return reader.fail("expected bytes as 0x-hex");
  if (text->size() - 2 > max * 2) {
    return reader.fail("expected at most " + std::to_string(max) + " bytes");
  }
  auto bytes = from_hex(*text);
  if (!bytes) return reader.fail("expected an even number of hex digits after 0x");
  value = *std::move(bytes);
  return true;
}

template <std::size_t N>
bool read_fixed(Reader& reader, const Json& json, FixedBytes<N>& value) {
  const std::string* text = json.get_ptr<const std::string*>();
  const auto bytes = text && text->starts_with("0x") ? fixed_from_hex<N>(*text) : std::nullopt;
  if (!bytes) return reader.fail("expected exactly " + std::to_string(N) + " bytes as 0x-hex");
  value = *bytes;
  return true;
}

template <>
struct Custom<Address> {
  static Json write(const Address& value) { return to_text(value); }
  static bool read(Reader& reader, const Json& json, Address& value) {
    const std::string* text = json.get_ptr<const std::string*>();
    const auto address = text ? address_from_text(*text) : std::nullopt;
    if (!address) return reader.fail("expected an address, \"fog1...\"");
    value = *address;
    return true;
  }
};
template <>
struct Custom<Amount> {
  static Json write(const Amount& value) { return std::to_string(value.droplets); }
  static bool read(Reader& reader, const Json& json, Amount& value) {
    return read_number(reader, json, value.droplets);
  }
};

// ---- what kind of type it is ----

template <class T>
struct Shape {
  static constexpr bool kOptional = false, kList = false, kMap = false, kBytes = false;
  static constexpr bool kText = false, kFixed = false;
};
template <class T>
struct Shape<std::optional<T>> : Shape<void> {
  static constexpr bool kOptional = true;
};
template <class T>
struct Shape<std::vector<T>> : Shape<void> {
  static constexpr bool kList = true;
  static constexpr std::size_t kMax = std::numeric_limits<std::size_t>::max();
};
template <class T, std::size_t Max>
struct Shape<BoundedList<T, Max>> : Shape<void> {
  static constexpr bool kList = true;
  static constexpr std::size_t kMax = Max;
};
template <class K, class V, std::size_t Max>
struct Shape<BoundedMap<K, V, Max>> : Shape<void> {
  static constexpr bool kMap = true;
};
template <>
struct Shape<Bytes> : Shape<void> {
  static constexpr bool kBytes = true;
  static constexpr std::size_t kMax = 64 * 1024 * 1024;
};
template <std::size_t Max>
struct Shape<BoundedBytes<Max>> : Shape<void> {
  static constexpr bool kBytes = true;
  static constexpr std::size_t kMax = Max;
};
template <>
struct Shape<std::string> : Shape<void> {
  static constexpr bool kText = true;
  static constexpr std::size_t kMax = std::numeric_limits<std::size_t>::max();
};
template <std::size_t Max>
struct Shape<BoundedText<Max>> : Shape<void> {
  static constexpr bool kText = true;
  static constexpr std::size_t kMax = Max;
};
template <std::size_t N>
struct Shape<FixedBytes<N>> : Shape<void> {
  static constexpr bool kFixed = true;
};

// ---- writing ----

template <class T>
Json write_struct(const T& value) {
  Json out = Json::object();
  std::apply([&](const auto&... f) { ((out[f.name] = detail::write(value.*f.member)), ...); },
             Fields<T>::kList);
  return out;
}

template <class T>
Json write(const T& value) {
  if constexpr (HasCustom<T>) {
    return Custom<T>::write(value);
  } else if constexpr (Described<T>) {
    return write_struct(value);
  } else if constexpr (std::same_as<T, bool>) {
    return value;
  } else if constexpr (std::unsigned_integral<T>) {
    return write_number(value);
  } else if constexpr (std::is_enum_v<T>) {
    return std::string(EnumNames<T>::of(value));
  } else if constexpr (Shape<T>::kOptional) {
    return value ? detail::write(*value) : Json(nullptr);
  } else if constexpr (Shape<T>::kBytes || Shape<T>::kFixed) {
    return to_hex0x(value);
  } else if constexpr (Shape<T>::kText) {
    return static_cast<const std::string&>(value);
  } else if constexpr (Shape<T>::kList) {
    Json out = Json::array();
    for (const auto& item : value) out.push_back(detail::write(item));
    return out;
  } else {
    static_assert(Shape<T>::kMap, "describe the type with FOG_JSON");
    Json out = Json::object();
    for (const auto& [key, item] : value) out[key] = detail::write(item);
    return out;
  }
}

// ---- reading ----

template <class T>
bool is_field_of(std::string_view name) {
  return std::apply([&](const auto&... f) { return ((name == f.name) || ...); }, Fields<T>::kList);
}

template <class S, class M>
bool read_field(Reader& reader, const Json& json, const Field<S, M>& f, S& value) {
  return reader.into(f.name, 0, [&] {
    const auto found = json.find(f.name);
    if (found != json.end()) return detail::read(reader, *found, value.*f.member);
    if constexpr (Shape<M>::kOptional) {
      (value.*f.member).reset();
      return true;
    }
    return reader.fail("missing");
  });
}

template <class T>
bool read_struct(Reader& reader, const Json& json, T& value) {
  if (!json.is_object()) return reader.fail("expected an object");
  if (reader.unknown == UnknownFields::kRefuse) {
    for (const auto& [name, item] : json.items()) {
      if (is_field_of<T>(name)) continue;
      return reader.into(name, 0, [&] { return reader.fail("there is no such field"); });
    }
  }
  return std::apply([&](const auto&... f) { return (read_field(reader, json, f, value) && ...); },
                    Fields<T>::kList);
}

template <class E>
bool read_enum(Reader& reader, const Json& json, E& value) {
  const std::string* text = json.get_ptr<const std::string*>();
  std::string choices;
  for (std::uint32_t i = 0; i <= static_cast<std::uint32_t>(bcs_last(E{})); ++i) {
    const std::string_view name = EnumNames<E>::of(static_cast<E>(i));
    if (text && *text == name) {
      value = static_cast<E>(i);
      return true;
    }
    choices += (i == 0 ? "\"" : ", \"") + std::string(name) + "\"";
  }
  return reader.fail("expected one of " + choices);
}

template <class List>
bool read_list(Reader& reader, const Json& json, List& value) {
  if (!json.is_array()) return reader.fail("expected an array");
  if (json.size() > Shape<List>::kMax) {
    return reader.fail("expected at most " + std::to_string(Shape<List>::kMax) + " entries");
  }
  value.clear();
  for (std::size_t i = 0; i < json.size(); ++i) {
    auto& item = value.emplace_back();
    if (!reader.into("", i, [&] { return detail::read(reader, json[i], item); })) return false;
  }
  return true;
}

template <class Text>
bool read_text(Reader& reader, const Json& json, Text& value) {
  const std::string* text = json.get_ptr<const std::string*>();
  if (!text) return reader.fail("expected text");
  if (text->size() > Shape<Text>::kMax) {
    return reader.fail("expected at most " + std::to_string(Shape<Text>::kMax) + " bytes of text");
  }
  value.assign(*text);
  return true;
}

template <class K, class V, std::size_t Max>
bool read_map(Reader& reader, const Json& json, BoundedMap<K, V, Max>& value) {
  if (!json.is_object()) return reader.fail("expected an object");
  if (json.size() > Max) {
    return reader.fail("expected at most " + std::to_string(Max) + " entries");
  }
  value.clear();
  for (const auto& [name, item] : json.items()) {
    if (name.size() > K::kMax) {
      return reader.fail("expected names of at most " + std::to_string(K::kMax) + " bytes");
    }
    V& slot = value[K(name)];
    // By name: clang 14 cannot capture what a structured binding names.
    const Json& entry = item;
    if (!reader.into(name, 0, [&] { return detail::read(reader, entry, slot); })) return false;
  }
  return true;
}

template <class T>
bool read(Reader& reader, const Json& json, T& value) {
  if constexpr (HasCustom<T>) {
    return Custom<T>::read(reader, json, value);
  } else if constexpr (Described<T>) {
    return read_struct(reader, json, value);
  } else if constexpr (std::same_as<T, bool>) {
    if (!json.is_boolean()) return reader.fail("expected true or false");
    value = json.get<bool>();
    return true;
  } else if constexpr (std::unsigned_integral<T>) {
    return read_number(reader, json, value);
  } else if constexpr (std::is_enum_v<T>) {
    return read_enum(reader, json, value);
  } else if constexpr (Shape<T>::kOptional) {
    value.reset();
    return json.is_null() || detail::read(reader, json, value.emplace());
  } else if constexpr (Shape<T>::kBytes) {
    return read_hex(reader, json, value, Shape<T>::kMax);
  } else if constexpr (Shape<T>::kFixed) {
    return read_fixed(reader, json, value);
  } else if constexpr (Shape<T>::kText) {
    return read_text(reader, json, value);
  } else if constexpr (Shape<T>::kList) {
    return read_list(reader, json, value);
  } else {
    return read_map(reader, json, value);
  }
}

template <class T>
ErrorOr<T> read_whole(const Json& json, std::string_view what, UnknownFields unknown) {
  const Path root{nullptr, what, 0};
  Reader reader{unknown, &root, {}};
  T value{};
  if (!detail::read(reader, json, value)) return fog::fail(ErrorCode::kInvalidInput, reader.error);
  return value;
}

template <class T>
constexpr bool lists_all_fields() {
  if constexpr (requires { T::kFields; }) {
    return std::tuple_size_v<decltype(T::kFields)> == std::tuple_size_v<decltype(Fields<T>::kList)>;
  }
  return true;
}

}  // namespace fog::rpc::detail

// Expands `macro(type, argument)` for each argument, separated by commas.
#define FOG_JSON_PARENS ()
#define FOG_JSON_EXPAND(...) \
  FOG_JSON_EXPAND3(FOG_JSON_EXPAND3(FOG_JSON_EXPAND3(FOG_JSON_EXPAND3(__VA_ARGS__))))
#define FOG_JSON_EXPAND3(...) \
  FOG_JSON_EXPAND2(FOG_JSON_EXPAND2(FOG_JSON_EXPAND2(FOG_JSON_EXPAND2(__VA_ARGS__))))
#define FOG_JSON_EXPAND2(...) \
  FOG_JSON_EXPAND1(FOG_JSON_EXPAND1(FOG_JSON_EXPAND1(FOG_JSON_EXPAND1(__VA_ARGS__))))
#define FOG_JSON_EXPAND1(...) __VA_ARGS__
#define FOG_JSON_EACH(macro, type, first, ...) \
  macro(type, first) __VA_OPT__(, FOG_JSON_EACH_AGAIN FOG_JSON_PARENS(macro, type, __VA_ARGS__))
#define FOG_JSON_EACH_AGAIN() FOG_JSON_EACH
#define FOG_JSON_FIELD(type, name) ::fog::rpc::detail::field(#name, &type::name)

// Both at namespace fog::rpc::detail. FOG_JSON describes a struct by its fields; FOG_JSON_TYPE
// makes the two functions of codec.h for a type.
#define FOG_JSON(type, ...)                                                                 \
  template <>                                                                               \
  struct Fields<type> {                                                                     \
    static constexpr std::string_view kName = #type;                                        \
    static constexpr auto kList =                                                           \
        std::make_tuple(FOG_JSON_EXPAND(FOG_JSON_EACH(FOG_JSON_FIELD, type, __VA_ARGS__))); \
  };                                                                                        \
  static_assert(lists_all_fields<type>(), "every field of " #type " must be listed")
