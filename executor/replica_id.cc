#include "executor/replica_id.h"

#include <charconv>

namespace fog::executor {

std::string to_text(const ReplicaId& replica) {
  return to_hex(replica.lease) + '.' + std::to_string(replica.term);
}

std::optional<ReplicaId> replica_from_text(std::string_view text) {
  constexpr std::size_t kHexDigits = 64;
  if (text.size() < kHexDigits + 2 || text[kHexDigits] != '.') return std::nullopt;
  const auto lease = fixed_from_hex<32>(text.substr(0, kHexDigits));
  const std::string_view digits = text.substr(kHexDigits + 1);
  std::uint32_t term = 0;
  const auto end = std::from_chars(digits.data(), digits.data() + digits.size(), term);
  if (!lease || end.ec != std::errc() || end.ptr != digits.data() + digits.size()) {
    return std::nullopt;
  }
  return ReplicaId{*lease, term};
}

}  // namespace fog::executor
