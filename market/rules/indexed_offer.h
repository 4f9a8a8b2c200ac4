// IndexedOffer: all that constraints can ask of a Host and its Offer.
#pragma once

#include <memory>
#include <vector>

#include "market/types/objects.h"

namespace fog::market {

struct IndexedOffer {
  HostId host;
  Address owner;
  BoundedText<2> country;
  std::uint8_t price_class = 0;
  Scale scale = kScaleOne;
  Resources free;
  Location location;
  std::uint16_t standing = kStandingOne;
  std::uint64_t standing_as_of_ms = 0;
  std::uint64_t since_height = 0;
  // Shared by all Hosts that say the same of themselves.
  const Attributes* attributes = nullptr;
  const std::vector<RuntimeProfile>* runtimes = nullptr;
  std::shared_ptr<const HostAudit> audit;  // null: no auditor is admitted
  bool operator==(const IndexedOffer&) const = default;
};

}  // namespace fog::market
