// LeafQuery: how somebody who verifies a receipt gets leaves from the Host, POST /.fog/leaves.
//
// The body is a BCS SignedLeafQuery, the answer a BCS LeafAnswer. Leaves hold what End Users sent
// and got, so they are given to those alone who see that anyway or are trusted with it: the bid's
// gateways, whose service it is, who pays, and the auditors whom the bid trusts. The Host proves
// each leaf against the root of a receipt, so whoever asks need not trust it.
// Status 403 for anybody else, 404 for what this Host does not hold, 503 when it is asked too much:
// again a second later.
#pragma once

#include "executor/signed_query.h"
#include "executor/transcript.h"

namespace fog::executor {

constexpr std::size_t kLeafQueryMax = 64;
// So much of records in one answer, or a single one.
constexpr std::uint64_t kLeafAnswerBytesMax = 8 << 20;

struct LeafQuery {
  static constexpr std::string_view kTag = "fog/leaf-query";
  ChainId chain;
  ReplicaId replica;
  Address gateway;
  std::uint64_t count = 0;                            // leaves under the root
  BoundedList<std::uint64_t, kLeafQueryMax> indexes;  // ascending, below count
  std::uint64_t time_ms = 0;
  static constexpr auto kFields =
      std::make_tuple(&LeafQuery::chain, &LeafQuery::replica, &LeafQuery::gateway,
                      &LeafQuery::count, &LeafQuery::indexes, &LeafQuery::time_ms);
  bool operator==(const LeafQuery&) const = default;
};
using SignedLeafQuery = SignedQuery<LeafQuery>;

struct ProvenLeaf {
  std::uint64_t index = 0;
  market::SumNode leaf;
  market::SumProof proof;              // of its place under the root
  BoundedBytes<kLeafBytesMax> record;  // BCS of a LeafRecord; empty: a void, or kept no longer
  static constexpr auto kFields = std::make_tuple(&ProvenLeaf::index, &ProvenLeaf::leaf,
                                                  &ProvenLeaf::proof, &ProvenLeaf::record);
  bool operator==(const ProvenLeaf&) const = default;
};
struct LeafAnswer {
  market::SumNode root;  // over `count` leaves
  // Ascending; of those asked for, the first that fit.
  BoundedList<ProvenLeaf, kLeafQueryMax> leaves;
  static constexpr auto kFields = std::make_tuple(&LeafAnswer::root, &LeafAnswer::leaves);
  bool operator==(const LeafAnswer&) const = default;
};
constexpr std::uint64_t kLeafAnswerWireBytesMax =
    kLeafAnswerBytesMax + kLeafBytesMax + kLeafQueryMax * market::kProofNodesMax * 64;

}  // namespace fog::executor
