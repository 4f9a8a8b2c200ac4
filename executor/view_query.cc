#include "executor/view_query.h"

namespace fog::executor {

std::optional<SealedStream> view_stream(const ViewQuery& query, const Hash32& drawn,
                                        const SecretKey& mine, const PublicKey& theirs,
                                        StreamSide side) {
  Bytes info = to_bytes(as_bytes("fog/view"));
  append(info, query_digest(query));
  return SealedStream::make(mine, theirs, drawn, info, side);
}

}  // namespace fog::executor
