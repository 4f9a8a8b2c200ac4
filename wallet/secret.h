// Secret<Container>: bytes or text that is wiped from memory when it goes away. It moves and is
// never copied by accident.
#pragma once

#include <string>
#include <utility>

#include "chain/base/bytes.h"
#include "chain/crypto/aead.h"

namespace fog::wallet {

template <class Container>
class Secret {
 public:
  Secret() = default;
  // Takes the contents over; for text short enough to live inside the string object, the caller's
  // object is wiped too.
  explicit Secret(Container&& contents) { take(contents); }
  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;
  Secret(Secret&& other) noexcept { take(other.contents_); }
  Secret& operator=(Secret&& other) noexcept {
    if (this != &other) {
      wipe(contents_);
      take(other.contents_);
    }
    return *this;
  }
  ~Secret() { wipe(contents_); }

  Secret copy() const { return Secret(Container(contents_)); }
  const Container& get() const { return contents_; }
  bool empty() const { return contents_.empty(); }

 private:
  // Contents move by swapping with an empty container; then nothing of them stays behind there.
  void take(Container& from) noexcept {
    contents_.swap(from);
    wipe(from);
  }
  // Overwrites all the memory the container holds, its unused end included, and leaves it empty.
  static void wipe(Container& contents) noexcept {
    contents.resize(contents.capacity());
    secure_wipe(contents.data(), contents.size());
    contents.clear();
  }

  Container contents_;
};

using SecretBytes = Secret<Bytes>;
using SecretText = Secret<std::string>;

}  // namespace fog::wallet
