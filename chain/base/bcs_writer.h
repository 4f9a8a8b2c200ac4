// What BCS values are written to: BcsWriter keeps the bytes, BcsCounter only counts them.
#pragma once

#include <concepts>
#include <cstdint>
#include <utility>

#include "chain/base/bytes.h"

namespace fog {

// What writing would take, in bytes: it counts them, so that a writer can make room at once.
class BcsCounter {
 public:
  void u8(std::uint8_t) { size_ += 1; }
  template <std::unsigned_integral U>
  void integer(U) {
    size_ += sizeof(U);
  }
  void uleb(std::uint32_t value) {
    for (++size_; value >= 0x80; value >>= 7) ++size_;
  }
  void raw(ByteView bytes) { size_ += bytes.size(); }
  std::size_t size() const { return size_; }

 private:
  std::size_t size_ = 0;
};

class BcsWriter {
 public:
  void reserve(std::size_t bytes) { out_.reserve(bytes); }
  void u8(std::uint8_t value) { out_.push_back(value); }
  template <std::unsigned_integral U>
  void integer(U value) {
    FixedBytes<sizeof(U)> bytes;
    for (std::size_t i = 0; i < sizeof(U); ++i)
      bytes.data[i] = static_cast<std::uint8_t>(value >> (8 * i));
    raw(bytes);
  }
  void uleb(std::uint32_t value) {
    while (value >= 0x80) {
      out_.push_back(static_cast<std::uint8_t>(value | 0x80));
      value >>= 7;
    }
    out_.push_back(static_cast<std::uint8_t>(value));
  }
  void raw(ByteView bytes) { append(out_, bytes); }
  const Bytes& bytes() const& { return out_; }
  Bytes take() && { return std::move(out_); }

 private:
  Bytes out_;
};

}  // namespace fog
