#include "chain/net/kind_table.h"

namespace fog {
namespace {

constexpr std::size_t kHelloBytesMax = 128;
constexpr std::size_t kPingBytes = 8;
constexpr std::size_t kPeersBytesMax = 8 * 1024;

}  // namespace

KindTable::KindTable() {
  costs_[kHelloKind] = {kControlLane, kHelloBytesMax, 1, 1};
  costs_[kPingKind] = {kControlLane, kPingBytes, 1, 10};
  costs_[kPongKind] = {kControlLane, kPingBytes, 1, 10};
  costs_[kGetPeersKind] = {kControlLane, 0, 1, 2};
  costs_[kPeersKind] = {kControlLane, kPeersBytesMax, 1, 2};
}

ErrorOr<KindTable> KindTable::make(const std::vector<KindRule>& rules) {
  KindTable table;
  for (const KindRule& rule : rules) {
    const std::string name = "message kind " + std::to_string(rule.kind);
    if (rule.kind < kUserKindMin)
      return fail(ErrorCode::kInvalidInput, name + " is the network's own");
    if (table.costs_[rule.kind]) return fail(ErrorCode::kInvalidInput, name + " is declared twice");
    if (rule.bytes_max > kNetMessageBytesMax)
      return fail(ErrorCode::kInvalidInput, name + " may be larger than any message");
    if (rule.per_second == 0 || rule.burst == 0)
      return fail(ErrorCode::kInvalidInput, name + " has no rate");
    table.costs_[rule.kind] = {static_cast<std::uint8_t>(rule.lane), rule.bytes_max,
                               rule.per_second, rule.burst};
  }
  return table;
}

}  // namespace fog
