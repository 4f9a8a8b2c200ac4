#include "executor/leaf_query.h"

#include "chain/crypto/hash.h"

namespace fog::executor {

Hash32 leaf_query_digest(const LeafQuery& query) {
  return tagged_hash("fog/leaf-query", bcs_encode(query));
}

}  // namespace fog::executor
