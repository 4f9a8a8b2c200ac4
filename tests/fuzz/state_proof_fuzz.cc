// State proofs against a tree of forty records: whatever verifies against its root says the truth.
#include "chain/state/sparse_merkle.h"

namespace {

// A proof as bytes: the fuzzer bends everything but the root.
struct ProofBytes {
  fog::BoundedBytes<64> key;
  std::optional<fog::BoundedBytes<64>> value;
  fog::BoundedList<fog::Hash32, 300> siblings;
  std::optional<fog::Hash32> other_path;
  fog::Hash32 other_value;
  static constexpr auto kFields =
      std::make_tuple(&ProofBytes::key, &ProofBytes::value, &ProofBytes::siblings,
                      &ProofBytes::other_path, &ProofBytes::other_value);
};

// Records 01 i -> i i, i in 0..39.
fog::Changes records() {
  fog::Changes all;
  for (std::uint8_t i = 0; i < 40; ++i) all[{0x01, i}] = fog::Bytes{i, i};
  return all;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static fog::SparseMerkleTree tree;
  static const fog::Changes kRecords = records();
  static const fog::TreeRoot kRoot =
      tree.apply(fog::TreeRoot::kEmpty, fog::leaf_changes(kRecords)).root;
  const auto bytes = fog::bcs_decode<ProofBytes>(fog::ByteView(data, size));
  if (!bytes) return 0;
  fog::StateProof proof;
  proof.root = tree.root_hash(kRoot);
  proof.key = bytes->key;
  if (bytes->value) proof.value = *bytes->value;
  proof.siblings.assign(bytes->siblings.begin(), bytes->siblings.end());
  if (bytes->other_path) proof.other_leaf.emplace(*bytes->other_path, bytes->other_value);
  if (!fog::verify_state_proof(proof)) return 0;
  const auto record = kRecords.find(proof.key);
  CHECK((record == kRecords.end() ? std::nullopt : record->second) == proof.value);
  return 0;
}
