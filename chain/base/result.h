// Result<T, E>: a value, or the reason there is none.
//
// Member names follow std::expected (C++23) so that this file can one day become an
// alias. Two differences are on purpose: the class is [[nodiscard]], and reading the
// wrong side aborts through CHECK instead of throwing.
#pragma once

#include <utility>
#include <variant>

#include "chain/base/check.h"

namespace fog {

template <class E>
struct Fail {
  E error;
};
template <class E>
Fail(E) -> Fail<E>;

template <class T, class E>
class [[nodiscard]] Result {
 public:
  // NOLINTNEXTLINE(google-explicit-constructor): `return value;` is the point.
  Result(T value) : data_{std::in_place_index<0>, std::move(value)} {}
  template <class G>
  // NOLINTNEXTLINE(google-explicit-constructor): `return Fail{...};` is the point.
  Result(Fail<G> fail) : data_{std::in_place_index<1>, std::move(fail.error)} {}

  bool has_value() const noexcept { return data_.index() == 0; }
  explicit operator bool() const noexcept { return has_value(); }

  T& operator*() & { return get(); }
  const T& operator*() const& { return get(); }
  T&& operator*() && { return std::move(get()); }
  T* operator->() { return &get(); }
  const T* operator->() const { return &get(); }

  const E& error() const {
    const E* e = std::get_if<1>(&data_);
    CHECK(e != nullptr);
    return *e;
  }

 private:
  T& get() {
    T* value = std::get_if<0>(&data_);
    CHECK(value != nullptr);
    return *value;
  }
  const T& get() const {
    const T* value = std::get_if<0>(&data_);
    CHECK(value != nullptr);
    return *value;
  }
  std::variant<T, E> data_;
};

template <class E>
class [[nodiscard]] Result<void, E> {
 public:
  Result() = default;
  template <class G>
  // NOLINTNEXTLINE(google-explicit-constructor): `return Fail{...};` is the point.
  Result(Fail<G> fail) : data_{std::in_place_index<1>, std::move(fail.error)} {}
  bool has_value() const noexcept { return data_.index() == 0; }
  explicit operator bool() const noexcept { return has_value(); }
  const E& error() const {
    const E* e = std::get_if<1>(&data_);
    CHECK(e != nullptr);
    return *e;
  }

 private:
  std::variant<std::monostate, E> data_;
};

}  // namespace fog

#define FOG_CONCAT_INNER(a, b) a##b
#define FOG_CONCAT(a, b) FOG_CONCAT_INNER(a, b)

// TRY(auto height, read_height(in));  returns the error to the caller, or binds the value.
#define TRY(decl, expr) TRY_IMPL(FOG_CONCAT(fog_try_, __LINE__), decl, expr)
#define TRY_IMPL(tmp, decl, expr)    \
  auto tmp = (expr);                 \
  if (!tmp) [[unlikely]]             \
    return ::fog::Fail{tmp.error()}; \
  decl = *std::move(tmp)

// TRY_VOID(check_nonce(...));
#define TRY_VOID(expr)                                  \
  do {                                                  \
    if (auto fog_try_ = (expr); !fog_try_) [[unlikely]] \
      return ::fog::Fail{fog_try_.error()};             \
  } while (false)
