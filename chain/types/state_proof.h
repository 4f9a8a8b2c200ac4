// StateProof: shows to whoever knows a state root that a key has a value, or that it has none.
//
// The tree is ICS-23's sparse Merkle tree (SmtSpec): SHA-256; path = SHA256(key), its bits taken
// from the most significant; leaf = H(00 || path || SHA256(value)); inner = H(01 || left || right);
// an empty child is 32 zero bytes; a leaf stands at the highest place where it is alone, so the
// tree of one leaf is that leaf and the empty tree is 32 zero bytes.
#pragma once

#include <optional>
#include <utility>
#include <vector>

#include "chain/types/records.h"

namespace fog {

constexpr std::size_t kStatePathBits = 256;
constexpr std::uint8_t kStateLeafPrefix = 0x00;
constexpr std::uint8_t kStateInnerPrefix = 0x01;

Hash32 state_path(const StateKey& key);
Hash32 state_leaf_hash(const Hash32& path, const Hash32& value_hash);
Hash32 state_inner_hash(const Hash32& left, const Hash32& right);
// Bit `depth` of a path: false goes left.
inline bool state_path_bit(const Hash32& path, std::size_t depth) {
  return (path.data[depth / 8] >> (7 - depth % 8) & 1) != 0;
}

// Proof of membership or absence of a key.
struct StateProof {
  std::uint64_t height = 0;  // the root is in the header of height + 1
  Hash32 root;
  StateKey key;
  std::optional<Bytes> value;  // nothing: the proof is one of absence
  // From the leaf's level to the root: siblings, the leaf's own first.
  std::vector<Hash32> siblings;
  // For absence: the other leaf that stands where the key would, if the place is not empty.
  std::optional<std::pair<Hash32, Hash32>> other_leaf;  // (path, value hash)
};

// Whether the proof leads from its key and value (or their absence) to its root. Whoever calls must
// have the root from a header that he trusts. `height` is not part of what is proved.
bool verify_state_proof(const StateProof& proof);

}  // namespace fog
