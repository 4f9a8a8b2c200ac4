#include "market/types/concurrency.h"

#include <algorithm>

namespace fog::market {
namespace {

// This many requests are passed on to a container at once.
constexpr std::uint32_t kContainerSlots = 32;

}  // namespace

std::uint32_t slots_of(const Resources& resources, const Manifest& manifest) {
  if (manifest.runtime == RuntimeKind::kContainer) return kContainerSlots;
  const std::uint32_t cores = (resources.cpu_milli + 999) / 1'000;
  const std::uint32_t fits = resources.memory_mib / std::max(1U, manifest.memory_mib);
  return std::clamp(std::min(cores, fits), 1U, 64U);
}

}  // namespace fog::market
