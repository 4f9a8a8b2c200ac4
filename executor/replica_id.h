// ReplicaId: one lease in one term: what a Host runs.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "market/types/objects.h"

namespace fog::executor {

struct ReplicaId {
  market::LeaseId lease;
  std::uint32_t term = 1;
  static constexpr auto kFields = std::make_tuple(&ReplicaId::lease, &ReplicaId::term);
  auto operator<=>(const ReplicaId&) const = default;
};
// "<lease hex>.<term>", as the Fog-Lease header and folder names have it.
std::string to_text(const ReplicaId& replica);
std::optional<ReplicaId> replica_from_text(std::string_view text);

}  // namespace fog::executor
