// What the mempool is made of; for its own files.
#pragma once

#include "consensus/pool/mempool.h"

namespace fog {

constexpr std::uint64_t kExpiryStepMs = 4'096;

// What a pooled transaction takes: its bytes, the same again decoded, and the pool's own nodes.
inline std::size_t memory_of(std::size_t encoded_bytes) {
  return 2 * encoded_bytes + 900;
}

struct Mempool::Entry {
  PooledTx tx;
  // What the orders compare, at hand.
  std::uint64_t tip = 0;
  std::uint64_t price_max = 0;
  std::uint64_t arrival = 0;
  Amount fee_max;
  Lane* lane = nullptr;
  Standing standing = Standing::kWaiting;
  bool is_tail = false;
  Entry* expiry_before = nullptr;
  Entry* expiry_after = nullptr;

  const TxBody& body() const { return tx->tx().body; }
  std::uint64_t expiry_step() const { return body().expiry_ms / kExpiryStepMs; }
};

struct Mempool::Lane {
  Queue* queue = nullptr;
  std::uint8_t number = 0;
  std::uint64_t next = 0;  // the sequence that the state expects
  std::map<std::uint64_t, Entry*> entries;
  Entry* tail = nullptr;
};

struct Mempool::Queue {
  Address address;
  u128 fees_max = 0;  // of all its transactions
  std::size_t count = 0;
  std::map<std::uint8_t, Lane> lanes;
};

}  // namespace fog
