// Which replica a request goes to. Included by .cc files only.
#pragma once

#include "rpc/gateway/routes.h"

namespace fog::gateway {

// Of two random replicas the one that a request would wait less for; one to avoid only if no other
// is left. None of those tried; null: there is none.
std::shared_ptr<Replica> choose(const std::vector<std::shared_ptr<Replica>>& all,
                                const std::vector<const Replica*>& tried);

// The one that the End User's cookie names (rpc/gateway/affinity.h), as long as it answers; else as
// choose().
std::shared_ptr<Replica> pick(const Route& route, const std::string& cookie,
                              const std::vector<const Replica*>& tried);

}  // namespace fog::gateway
