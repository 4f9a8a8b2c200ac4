#include "chain/api/node_api.h"

#include <algorithm>

namespace fog {
namespace {

constexpr std::size_t kPageRecords = 1'000;
constexpr std::size_t kKeysPerRead = 256;

}  // namespace

ErrorOr<std::uint64_t> NodeApi::block_height(const BlockId&) {
  return fail(ErrorCode::kUnavailable, "this node does not find blocks by their ids");
}

ErrorOr<HistoryPage> NodeApi::history(const Address&, HistoryOrder, std::optional<TxPosition>,
                                      std::uint32_t) {
  return fail(ErrorCode::kUnavailable, "this node keeps no history of addresses");
}

ErrorOr<Simulation> NodeApi::simulate(ByteView) {
  return fail(ErrorCode::kUnavailable, "this node does not simulate transactions");
}

ErrorOr<Bytes> NodeApi::market_preview(ByteView) {
  return fail(ErrorCode::kUnavailable, "this node does not answer what a bid would find");
}

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

ErrorOr<std::vector<Bytes>> read_values(NodeApi& node, const std::vector<StateKey>& keys) {
  std::vector<Bytes> out;
  for (std::size_t at = 0; at < keys.size(); at += kKeysPerRead) {
    const auto first = keys.begin() + static_cast<std::ptrdiff_t>(at);
    const std::size_t count = std::min(kKeysPerRead, keys.size() - at);
    TRY(auto values, node.state_get({first, first + static_cast<std::ptrdiff_t>(count)}));
    if (values.size() != count)
      return fail(ErrorCode::kProtocol, "the node answered another number of records");
    for (auto& value : values) {
      if (value) out.push_back(*std::move(value));
    }
  }
  return out;
}

ErrorOr<std::vector<StateKey>> read_index_keys(NodeApi& node, const StateKey& prefix,
                                               const StateKey& record_prefix, std::size_t max) {
  TRY(const auto entries, scan_prefix(node, prefix, max));
  std::vector<StateKey> keys;
  keys.reserve(entries.size());
  for (const StateRecord& entry : entries) {
    if (entry.key.size() < prefix.size())
      return fail(ErrorCode::kProtocol, "the node answered a key outside the index");
    keys.push_back(record_prefix);
    append(keys.back(), ByteView(entry.key).subspan(prefix.size()));
  }
  return keys;
}

}  // namespace fog
