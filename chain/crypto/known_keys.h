// Signatures of keys that come again and again, as the senders of transactions do.
#pragma once

#include "chain/crypto/keys.h"

namespace fog {

// What verify_ecdsa() says. Each calling thread keeps its last eight thousand keys parsed
// (0.8 MiB): finding a compressed key's second coordinate is a tenth of a verification.
bool verify_ecdsa_of_known(const PublicKey& key, const Hash32& digest, const EcdsaSig& signature);

}  // namespace fog
