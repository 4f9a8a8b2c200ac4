// The section `bid:` of a manifest.
#pragma once

#include "rpc/json/manifest.h"
#include "rpc/json/manifest_reader.h"

namespace fog::rpc {

// Fills the plan; what is wrong is noted in the reader's problems. `service`: what stands above it.
void read_bid(const ManifestReader& in, const ServiceFile& service, BidPlan& out);

}  // namespace fog::rpc
