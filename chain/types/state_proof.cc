#include "chain/types/state_proof.h"

#include "chain/crypto/hash.h"
#include "chain/crypto/node_hash.h"

namespace fog {
namespace {

// Whether both paths agree in their first `bits` bits.
bool same_prefix(const Hash32& a, const Hash32& b, std::size_t bits) {
  for (std::size_t depth = 0; depth < bits; ++depth) {
    if (state_path_bit(a, depth) != state_path_bit(b, depth)) return false;
  }
  return true;
}

}  // namespace

Hash32 state_path(const StateKey& key) {
  return sha256(key);
}

Hash32 state_leaf_hash(const Hash32& path, const Hash32& value_hash) {
  return node_hash(kStateLeafPrefix, path, value_hash);
}

Hash32 state_inner_hash(const Hash32& left, const Hash32& right) {
  return node_hash(kStateInnerPrefix, left, right);
}

bool verify_state_proof(const StateProof& proof) {
  const std::size_t depth = proof.siblings.size();
  if (depth > kStatePathBits) return false;
  const Hash32 path = state_path(proof.key);
  Hash32 hash;  // of an empty place, until a leaf is found to stand there
  if (proof.value) {
    if (proof.other_leaf) return false;
    hash = state_leaf_hash(path, sha256(*proof.value));
  } else if (proof.other_leaf) {
    const auto& [other_path, other_value] = *proof.other_leaf;
    // It must be another leaf, and it must stand where the key's would.
    if (other_path == path || !same_prefix(other_path, path, depth)) return false;
    hash = state_leaf_hash(other_path, other_value);
  }
  // A place beside an empty one would have been lifted: no such tree exists.
  if (depth > 0 && proof.siblings.front().is_zero()) return false;
  for (std::size_t i = 0; i < depth; ++i) {
    const Hash32& sibling = proof.siblings[i];
    const bool right = state_path_bit(path, depth - 1 - i);
    hash = right ? state_inner_hash(sibling, hash) : state_inner_hash(hash, sibling);
  }
  return hash == proof.root;
}

}  // namespace fog
