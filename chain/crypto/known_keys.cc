#include "chain/crypto/known_keys.h"

#include <cstring>
#include <secp256k1.h>
#include <vector>

namespace fog {
namespace {

// A key stands in one of the two places of its set, the later one first. The set follows from the
// key's bytes alone: whoever grinds keys for one set makes his own as slow as they were.
class KnownKeys {
 public:
  // Null for bytes that are no key. Valid until the next call.
  const secp256k1_pubkey* parse(const PublicKey& key) {
    std::uint64_t start = 0;
    std::memcpy(&start, key.data.data() + 1, sizeof(start));
    Slot* const set = &slots_[kWays * (start % kSets)];
    for (std::size_t way = 0; way < kWays; ++way) {
      if (set[way].filled && set[way].key == key) return &set[way].point;
    }
    secp256k1_pubkey point;
    if (secp256k1_ec_pubkey_parse(secp256k1_context_static, &point, key.data.data(), key.kSize) !=
        1) {
      return nullptr;
    }
    set[1] = set[0];
    set[0] = {key, point, true};
    return &set[0].point;
  }

 private:
  static constexpr std::size_t kSets = 4'096;
  static constexpr std::size_t kWays = 2;
  struct Slot {
    PublicKey key;
    secp256k1_pubkey point{};
    bool filled = false;
  };
  std::vector<Slot> slots_{kSets * kWays};
};

}  // namespace

bool verify_ecdsa_of_known(const PublicKey& key, const Hash32& digest, const EcdsaSig& signature) {
  thread_local KnownKeys known;
  secp256k1_ecdsa_signature parsed;
  // Refuses r or s not below the group order; the verification refuses zero and high S.
  if (secp256k1_ecdsa_signature_parse_compact(secp256k1_context_static, &parsed,
                                              signature.data.data()) != 1) {
    return false;
  }
  const secp256k1_pubkey* const point = known.parse(key);
  return point != nullptr &&
         secp256k1_ecdsa_verify(secp256k1_context_static, &parsed, digest.data.data(), point) == 1;
}

}  // namespace fog
