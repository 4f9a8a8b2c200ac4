// Secrets of a replica: asked of the gateways that the Bid authorizes, who seal them to this Host's
// operator key.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "chain/base/clock.h"
#include "executor/front_frames.h"
#include "market/types/secret.h"

namespace fog::executor {

struct SecretQuestion {
  ChainId chain;
  ReplicaId replica;
  std::vector<market::Gateway> gateways;  // asked in turn
  std::vector<std::string> names;         // all of them must be there
};

// kUnavailable while no gateway has all of the names, or `go_on` says so: the sentence says what
// each answered. Never a value in it.
ErrorOr<market::SecretValues> obtain_secrets(const SecretQuestion& question,
                                             const SecretKey& operator_key, Clock& clock,
                                             const std::function<bool()>& go_on);

}  // namespace fog::executor
