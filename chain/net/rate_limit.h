// Rate limits: a token bucket, and one for each kind of message that one peer sends. Pure; the time
// comes with each call, in milliseconds of a clock that never goes back.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "chain/net/kind_table.h"

namespace fog {

// `burst` at once, `per_second` in the long run. Full when made.
class TokenBucket {
 public:
  TokenBucket(std::uint64_t per_second, std::uint64_t burst, std::uint64_t now_ms);
  // Takes so many tokens; false, and nothing taken, when there are fewer.
  bool take(std::uint64_t now_ms, std::uint64_t tokens = 1);
  bool full(std::uint64_t now_ms) const { return tokens_milli(now_ms) == full_milli_; }

 private:
  std::uint64_t tokens_milli(std::uint64_t now_ms) const;

  std::uint64_t per_second_;  // also: thousandths of a token a millisecond
  std::uint64_t full_milli_;
  std::uint64_t tokens_milli_;
  std::uint64_t at_ms_;
};

// Who sends keeps the rule of each kind exactly. Who receives allows what such a sender may cause:
// a connection that stood still for up to `stall_ms` delivers at once what was sent meanwhile. So
// an honest sender is never over the receiver's limit, and a connection that stands still for
// longer must be closed.
class KindLimiter {
 public:
  static KindLimiter for_sending(const KindTable& kinds, std::uint64_t now_ms);
  static KindLimiter for_receiving(const KindTable& kinds, std::uint64_t stall_ms,
                                   std::uint64_t now_ms);
  // False when this message is one too many, or of a kind that nobody declared.
  bool take(std::uint8_t kind, std::uint64_t now_ms);

 private:
  KindLimiter() = default;
  std::array<std::optional<TokenBucket>, 256> buckets_;
};

}  // namespace fog
