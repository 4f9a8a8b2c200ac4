// Signatures that come again, as votes do: alone, in a certificate, in the block that carries it.
#pragma once

#include "chain/crypto/keys.h"

namespace fog {

// What verify_schnorr() says. Each calling thread remembers what was right lately: about four
// thousand hashes of key, digest and signature together (128 KiB). Meeting one again costs a hash
// instead of 40 us. What was wrong is checked every time.
bool verify_schnorr_again(const XOnlyKey& key, const Hash32& digest, const SchnorrSig& signature);

}  // namespace fog
