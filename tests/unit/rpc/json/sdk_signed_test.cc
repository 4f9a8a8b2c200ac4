// Signatures, certificates, proofs and transactions as the TypeScript SDK shares them, and those
// that it made: see tests/support/sdk_vectors.h.
#include <algorithm>
#include <set>

#include <gtest/gtest.h>

#include "chain/crypto/hash.h"
#include "rpc/json/message_json.h"
#include "tests/support/any_value.h"
#include "tests/support/sdk_vectors.h"

namespace fog::rpc {
namespace {

using nlohmann::json;
using testing::any_value;
using testing::SeededRng;

SecretKey any_key(SeededRng& rng) {
  for (;;) {
    if (const auto key = SecretKey::from_bytes(rng.bytes(32))) return *key;
  }
}

json signed_tx(const SignedTx& tx) {
  const Bytes bytes = bcs_encode(tx);
  return {{"id", to_hex0x(tx_id(tx.body))},
          {"bcs", to_hex0x(bytes)},
          {"tx", detail::write(tx)},
          {"units", std::to_string(tx_units(tx, bytes.size()))}};
}

// The tree as ICS-23 has it, by recursion over all leaves of a place.
using Leaves = std::vector<std::pair<Hash32, Bytes>>;  // path, value
Hash32 root_of(const Leaves& leaves, std::size_t depth) {
  if (leaves.empty()) return {};
  if (leaves.size() == 1) return state_leaf_hash(leaves[0].first, sha256(leaves[0].second));
  Leaves sides[2];
  for (const auto& leaf : leaves) sides[state_path_bit(leaf.first, depth) ? 1 : 0].push_back(leaf);
  return state_inner_hash(root_of(sides[0], depth + 1), root_of(sides[1], depth + 1));
}
StateProof prove(Leaves leaves, const StateKey& key) {
  StateProof proof;
  proof.height = 7;
  proof.root = root_of(leaves, 0);
  proof.key = key;
  const Hash32 path = state_path(key);
  std::size_t depth = 0;
  for (; leaves.size() > 1; ++depth) {
    Leaves sides[2];
    for (const auto& leaf : leaves)
      sides[state_path_bit(leaf.first, depth) ? 1 : 0].push_back(leaf);
    const bool right = state_path_bit(path, depth);
    proof.siblings.insert(proof.siblings.begin(), root_of(sides[right ? 0 : 1], depth + 1));
    leaves = sides[right ? 1 : 0];
  }
  if (leaves.size() == 1 && leaves[0].first == path) proof.value = leaves[0].second;
  if (leaves.size() == 1 && leaves[0].first != path)
    proof.other_leaf = std::pair(leaves[0].first, sha256(leaves[0].second));
  return proof;
}

void add_proofs(json& out, SeededRng& rng) {
  for (const std::size_t size : {0U, 1U, 2U, 3U, 40U}) {
    Leaves leaves;
    std::vector<StateKey> keys;
    for (std::size_t i = 0; i < size; ++i) {
      keys.push_back(rng.bytes(16 + rng.below(24)));
      leaves.emplace_back(state_path(keys.back()), rng.bytes(rng.below(60)));
    }
    keys.resize(std::min<std::size_t>(keys.size(), 4));
    for (int i = 0; i < 4; ++i) keys.push_back(rng.bytes(20));
    for (const StateKey& key : keys) {
      StateProof proof = prove(leaves, key);
      ASSERT_TRUE(verify_state_proof(proof));
      out.push_back({{"proof", detail::write(proof)}, {"valid", true}});
      if (!proof.siblings.empty()) proof.siblings[rng.below(proof.siblings.size())].data[3] ^= 1;
      if (proof.value) proof.value->push_back(1);
      if (!proof.value) proof.value = Bytes{1};
      out.push_back({{"proof", detail::write(proof)}, {"valid", verify_state_proof(proof)}});
    }
  }
}

void add_certificates(json& out, SeededRng& rng) {
  const ChainId chain = any_value<Hash32>(rng);
  ValidatorSet set;
  std::vector<SecretKey> keys;
  for (const std::uint64_t stake : {10U, 20U, 30U, 40U}) {
    keys.push_back(any_key(rng));
    set.validators.push_back({keys.back().x_only_key(), stake});
  }
  BlockHeader header = any_value<BlockHeader>(rng);
  header.chain_id = chain;
  header.epoch = 3;
  header.validators_hash = validators_hash(set);
  const Vote vote{3, 9, VoteKind::kFinalize, 8, block_id(header)};
  for (const std::vector<std::uint8_t>& signers : std::vector<std::vector<std::uint8_t>>{
           {0, 1, 2, 3}, {2, 3}, {0, 2, 3}, {0, 1, 3}, {0, 1, 2}, {3, 2}, {3, 3}, {}, {2, 9}}) {
    Certificate certificate{vote, {}};
    for (const std::uint8_t index : signers) {
      certificate.signatures.push_back(
          {index, keys[index % keys.size()].sign_schnorr(vote_digest(chain, vote), Hash32{})});
    }
    for (const bool bent : {false, true}) {
      if (bent && certificate.signatures.empty()) continue;
      if (bent) certificate.signatures.back().signature.data[40] ^= 1;
      out.push_back({{"chain_id", to_hex0x(chain)},
                     {"set", detail::write(set)},
                     {"validators_hash", to_hex0x(validators_hash(set))},
                     {"header", detail::write(header)},
                     {"block_id", to_hex0x(block_id(header))},
                     {"certificate", detail::write(certificate)},
                     {"certificate_hash", to_hex0x(certificate_hash(certificate))},
                     {"valid", verify_certificate(chain, set, certificate)}});
    }
  }
}

TEST(SdkVectors, SignaturesAndProofsAreAsRecorded) {
  SeededRng rng(20'261'131);
  json out = json::array();
  for (int i = 0; i < 4; ++i) {
    const SecretKey key = any_key(rng);
    const Hash32 digest = any_value<Hash32>(rng);
    out.push_back({{"secret", to_hex0x(key.bytes())},
                   {"public_key", to_hex0x(key.public_key())},
                   {"x_only_key", to_hex0x(key.x_only_key())},
                   {"address", to_text(address_of(key.public_key()))},
                   {"digest", to_hex0x(digest)},
                   {"ecdsa", to_hex0x(key.sign_ecdsa(digest))},
                   {"schnorr", to_hex0x(key.sign_schnorr(digest, Hash32{}))}});
  }
  for (int i = 0; i < 4; ++i) {
    const SecretKey key = any_key(rng);
    TxBody body = any_value<TxBody>(rng);
    body.sender = address_of(key.public_key());
    json vector = signed_tx({body, SingleAuth{key.public_key(), key.sign_ecdsa(tx_id(body))}});
    vector["secret"] = to_hex0x(key.bytes());
    out.push_back(std::move(vector));
  }
  for (const std::size_t count : {1U, 3U, 16U}) {
    std::vector<SecretKey> keys;
    for (std::size_t i = 0; i < count; ++i) keys.push_back(any_key(rng));
    std::sort(keys.begin(), keys.end(), [](const SecretKey& a, const SecretKey& b) {
      return a.public_key() < b.public_key();
    });
    MultiAuth auth;
    auth.policy.threshold = static_cast<std::uint8_t>((count + 1) / 2);
    for (const SecretKey& key : keys) auth.policy.keys.push_back(key.public_key());
    TxBody body = any_value<TxBody>(rng);
    body.sender = address_of(auth.policy);
    json secrets = json::array();
    for (std::uint8_t i = 0; i < auth.policy.threshold; ++i) {
      auth.signatures.push_back({i, keys[i].sign_ecdsa(tx_id(body))});
      secrets.push_back(to_hex0x(keys[i].bytes()));
    }
    json vector = signed_tx({body, auth});
    vector["secrets"] = std::move(secrets);
    out.push_back(std::move(vector));
  }
  add_certificates(out, rng);
  add_proofs(out, rng);
  json ladder = json::array();
  for (std::uint8_t step = 0; step < market::kCapSteps; ++step)
    ladder.push_back(std::to_string(market::cap_of_step(step)));
  out.push_back({{"cap_steps", std::move(ladder)}});
  for (const std::uint64_t droplets :
       std::initializer_list<std::uint64_t>{0, 1, 500, 1'000'000'000, 12'500'000'000, ~0ULL})
    out.push_back({{"droplets", std::to_string(droplets)}, {"fog", format_fog(Amount{droplets})}});
  testing::expect_recorded("vectors/sdk_signed.json", out);
}

// ---- the other direction ----

bool is_authorized(const SignedTx& tx) {
  const TxId id = tx_id(tx.body);
  if (const auto* one = std::get_if<SingleAuth>(&tx.auth))
    return address_of(one->key) == tx.body.sender && verify_ecdsa(one->key, id, one->signature);
  const auto& many = std::get<MultiAuth>(tx.auth);
  if (!many.policy.is_valid() || address_of(many.policy) != tx.body.sender) return false;
  int last = -1;
  for (const IndexedSignature& entry : many.signatures) {
    if (entry.index <= last || entry.index >= many.policy.keys.size()) return false;
    last = entry.index;
    if (!verify_ecdsa(many.policy.keys[entry.index], id, entry.signature)) return false;
  }
  return many.signatures.size() == many.policy.threshold;
}

TEST(SdkVectors, WhatTheSdkMakesIsReadHere) {
  std::set<std::uint16_t> kinds;
  for (const json& vector : testing::read_json("vectors/sdk_made.json")) {
    const Bytes bytes = testing::hex(vector["bcs"].get<std::string>());
    const auto tx = bcs_decode<SignedTx>(bytes);
    ASSERT_TRUE(tx.has_value()) << vector;
    EXPECT_EQ(bcs_encode(*tx), bytes);
    EXPECT_EQ(to_hex0x(tx_id(tx->body)), vector["id"].get<std::string>());
    EXPECT_EQ(std::to_string(tx_units(*tx, bytes.size())), vector["units"].get<std::string>());
    EXPECT_TRUE(is_authorized(*tx)) << vector;
    json mine = detail::write(*tx);
    EXPECT_EQ(mine, vector["tx"]);
    for (std::size_t i = 0; i < tx->body.messages.size(); ++i) {
      EXPECT_TRUE(mine["body"]["messages"][i].contains("body")) << "not canonical: " << vector;
      kinds.insert(tx->body.messages[i].kind);
    }
  }
  std::size_t known = 0;
  for (std::uint16_t kind = 0; kind < 256; ++kind) {
    if (message_kind_name(kind).empty()) continue;
    ++known;
    EXPECT_TRUE(kinds.contains(kind)) << message_kind_name(kind) << " is missing from the SDK";
  }
  EXPECT_EQ(kinds.size(), known);
}

}  // namespace
}  // namespace fog::rpc
