// Blocks, votes and certificates with made-up contents, for tests of what carries them.
#pragma once

#include "chain/store/log_entry.h"
#include "tests/support/seeded_rng.h"

namespace fog::testing {

template <std::size_t N>
FixedBytes<N> random_fixed(SeededRng& rng) {
  FixedBytes<N> out;
  rng.fill(out.data);
  return out;
}

inline Block sample_block(SeededRng& rng, const ChainId& chain, std::uint64_t height,
                          const BlockId& parent, std::size_t tx_bytes = 40) {
  Block block;
  block.header.chain_id = chain;
  block.header.height = height;
  block.header.time_ms = 1'000 * height;
  block.header.parent = parent;
  block.header.proposer = random_fixed<32>(rng);
  block.txs.emplace_back(rng.bytes(tx_bytes));
  block.header.tx_root = tx_root(block);
  return block;
}

inline Vote sample_vote(VoteKind kind, std::uint64_t view, const BlockId& block) {
  Vote vote;
  vote.view = view;
  vote.kind = kind;
  vote.parent_view = view - 1;
  vote.block = block;
  return vote;
}

inline Certificate sample_certificate(SeededRng& rng, const Vote& vote) {
  Certificate certificate;
  certificate.vote = vote;
  certificate.signatures.push_back(ValidatorSignature{0, random_fixed<64>(rng)});
  return certificate;
}

}  // namespace fog::testing
