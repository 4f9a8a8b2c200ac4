// How many requests a replica serves at once.
#pragma once

#include "market/types/objects.h"

namespace fog::market {

// A core each, as far as its memory reaches; a container waits for its own requests.
std::uint32_t slots_of(const Resources& resources, const Manifest& manifest);

}  // namespace fog::market
