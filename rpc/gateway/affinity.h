// Affinity: an End User comes back to the replica that served him, for programs that keep sessions
// in memory. The gateway sets a cookie that names the replica; whatever ends that replica ends the
// session, and the answer of another one sets another cookie.
//
// It is asked for by the service itself, in an answer's field `x-fog-sticky: SECONDS` (0: no
// longer), or by the gateway's operator for all answers of a service (GatewayConfig::sticky_s).
// Included by .cc files only.
#pragma once

#include "rpc/gateway/http.h"
#include "rpc/gateway/routes.h"

namespace fog::gateway {

constexpr std::string_view kStickyCookie = "fog-replica";
constexpr std::string_view kStickyField = "x-fog-sticky";  // lower case
// A session lasts no longer than this without the service asking again.
constexpr std::uint64_t kStickySecondsMax = 30 * 86'400;

// What the cookie says for a replica. No secret: it stands on the chain, and who asks for another
// replica gets what chance could have given him.
std::string sticky_value(const Replica& replica);
// The value that a request's cookie has; empty: it has none.
std::string sticky_cookie(const http::fields& request);
// The one that this value names among them; null where it names none.
std::shared_ptr<Replica> named_replica(const std::string& cookie,
                                       const std::vector<std::shared_ptr<Replica>>& replicas);

// What an answer is to say, where the request came from.
struct Affinity {
  std::uint64_t seconds = 0;  // of the operator's; 0: only where the service asks
  std::string came_with;      // the cookie's value; empty: there was none
  std::string path = "/";     // of the service at this gateway
  bool encrypted = false;
};
// Takes the service's wish out of its answer and sets the cookie where the End User has not got
// this one.
void settle_affinity(http::fields& answer, const Affinity& affinity, const Replica& replica);

}  // namespace fog::gateway
