#include "market/rules/keep.h"

namespace fog::market {

std::vector<Hash32> indexed_ids(const ReadView& state, const StateKey& prefix) {
  std::vector<Hash32> ids;
  state.scan(prefix, prefix_end(prefix), [&](const StateKey& key, const Bytes&) {
    const auto id = fixed_from<32>(ByteView(key).subspan(prefix.size()));
    CHECK(id.has_value());
    ids.push_back(*id);
    return true;
  });
  return ids;
}

bool any_indexed(const ReadView& state, const StateKey& prefix) {
  bool any = false;
  state.scan(prefix, prefix_end(prefix), [&](const StateKey&, const Bytes&) {
    any = true;
    return false;
  });
  return any;
}

}  // namespace fog::market
