// SignedQuery: a question to a Host by an account: who asks proves that he holds the account's key,
// and the Host decides what he may have. Each kind of question has a tag of its own (Query::kTag)
// and names the chain and the time, so that a signature is good for one thing and for minutes.
#pragma once

#include "chain/base/bcs.h"
#include "chain/crypto/hash.h"
#include "chain/crypto/keys.h"

namespace fog::executor {

// A query counts while its time is no further from the Host's clock.
constexpr std::uint64_t kQueryAgeMs = 300'000;

template <class Query>
struct SignedQuery {
  Query query;
  PublicKey reader;
  EcdsaSig signature;  // of query_digest(query)
  static constexpr auto kFields =
      std::make_tuple(&SignedQuery::query, &SignedQuery::reader, &SignedQuery::signature);
  bool operator==(const SignedQuery&) const = default;
};

// The tagged hash Query::kTag of BCS(query).
template <class Query>
Hash32 query_digest(const Query& query) {
  return tagged_hash(Query::kTag, bcs_encode(query));
}
template <class Query>
bool is_signed(const SignedQuery<Query>& asked) {
  return verify_ecdsa(asked.reader, query_digest(asked.query), asked.signature);
}
inline bool is_recent(std::uint64_t time_ms, std::uint64_t now_ms) {
  return (now_ms > time_ms ? now_ms - time_ms : time_ms - now_ms) <= kQueryAgeMs;
}

}  // namespace fog::executor
