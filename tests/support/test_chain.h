// Accounts and signed transactions for tests: keys from small numbers, everything else settable.
#pragma once

#include "chain/crypto/hash.h"
#include "chain/types/transaction.h"

namespace fog::testing {

inline ChainId test_chain_id() {
  return sha256(as_bytes("fogcoin test chain"));
}

// A key that follows from a number; its account.
struct TestKey {
  explicit TestKey(std::uint64_t number) : secret(secret_of(number)) {
    public_key = secret.public_key();
    address = address_of(public_key);
  }
  SecretKey secret;
  PublicKey public_key;
  Address address;

 private:
  static SecretKey secret_of(std::uint64_t number) {
    Bytes seed;
    append_be64(seed, number);
    const auto key = SecretKey::from_bytes(sha256(seed));
    CHECK(key.has_value());
    return *key;
  }
};

// A body by `sender` that pays enough; time 1 000 000 ms is assumed unless set.
inline TxBody make_body(const Address& sender, std::uint64_t sequence,
                        std::vector<RawMessage> messages, std::uint64_t expiry_ms = 1'060'000) {
  TxBody body;
  body.chain_id = test_chain_id();
  body.sender = sender;
  body.sequence = sequence;
  body.expiry_ms = expiry_ms;
  body.price_max = 20;
  body.tip = 1;
  body.messages.assign(messages.begin(), messages.end());
  return body;
}

inline RawMessage make_transfer(const Address& to, std::uint64_t droplets) {
  Transfer transfer;
  transfer.outputs.push_back({to, Amount{droplets}});
  return make_message(transfer);
}

inline SignedTx sign_tx(const TxBody& body, const TestKey& key) {
  SignedTx tx;
  tx.body = body;
  tx.auth = SingleAuth{key.public_key, key.secret.sign_ecdsa(tx_id(body))};
  return tx;
}

// Signs with the keys of a policy whose places are given.
inline SignedTx sign_multi(const TxBody& body, const MultisigPolicy& policy,
                           const std::vector<std::pair<std::uint8_t, const TestKey*>>& signers) {
  MultiAuth auth;
  auth.policy = policy;
  for (const auto& [index, key] : signers) {
    auth.signatures.push_back({index, key->secret.sign_ecdsa(tx_id(body))});
  }
  SignedTx tx;
  tx.body = body;
  tx.auth = auth;
  return tx;
}

}  // namespace fog::testing
