#include "chain/api/node_api.h"

#include <algorithm>

namespace fog {
namespace {

constexpr std::size_t kPageRecords = 1'000;

}  // namespace

ErrorOr<std::vector<StateRecord>> scan_prefix(NodeApi& node, const StateKey& prefix,
                                              std::size_t max) {
  const StateKey end = prefix_end(prefix);
  if (end.empty()) return fail(ErrorCode::kInvalidInput, "a prefix of 0xFF bytes names no table");
  std::vector<StateRecord> records;
  StateKey from = prefix;
  while (records.size() < max) {
    const std::size_t limit = std::min(kPageRecords, max - records.size());
    TRY(StatePage page, node.state_scan(from, end, static_cast<std::uint32_t>(limit)));
    if (page.records.size() > limit)
      return fail(ErrorCode::kProtocol, "the node answered more records than were asked for");
    std::move(page.records.begin(), page.records.end(), std::back_inserter(records));
    if (!page.next) break;
    // Without progress the pages would never end.
    if (*page.next <= from || page.records.empty())
      return fail(ErrorCode::kProtocol, "the node answered a page that does not advance");
    from = *std::move(page.next);
  }
  return records;
}

}  // namespace fog
