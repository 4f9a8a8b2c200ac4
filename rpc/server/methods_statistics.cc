// chain_statistics: how large the network is and what it does.
#include <mutex>

#include "chain/api/stake_view.h"
#include "chain/base/clock.h"
#include "rpc/json/schema.h"
#include "rpc/server/method.h"

namespace fog::rpc {
namespace {

using detail::object_schema;
using detail::schema_of;
using detail::titled;

constexpr std::uint64_t kRecentBlocks = 100;
// Large blocks are looked at until they come to so much.
constexpr std::size_t kRecentBytes = 32ULL * 1024 * 1024;
// An answer serves all who ask so soon after.
constexpr std::uint64_t kKeptNs = 5'000'000'000;
// What is counted record by record is counted no further.
constexpr std::uint64_t kCountMax = 10'000;
constexpr std::uint32_t kPage = 1'000;

struct Counted {
  const char* name;
  Table table;
};
constexpr Counted kCounted[] = {
    {"hosts", Table::kAllHosts},       {"offers", Table::kOffersByClass},
    {"gateways", Table::kAllGateways}, {"services", Table::kAllServices},
    {"bids", Table::kBidsByOwner},     {"bids_waiting", Table::kOpenBids},
    {"leases", Table::kLeasesByBid},   {"validators", Table::kAllValidators},
};

ErrorOr<std::uint64_t> count(NodeApi& node, Table table) {
  StateKey from = state_key(table);
  const StateKey end = prefix_end(from);
  std::uint64_t found = 0;
  while (found < kCountMax) {
    TRY(const StatePage page, node.state_scan(from, end, kPage));
    found += page.records.size();
    if (!page.next) break;
    from = *page.next;
  }
  return found;
}

// What the last blocks held.
ErrorOr<Json> recent(NodeApi& node, std::uint64_t height) {
  std::uint64_t blocks = 0, txs = 0, failed = 0, units = 0, since_ms = 0, until_ms = 0;
  std::size_t bytes = 0;
  for (std::uint64_t at = height; at > 0 && blocks < kRecentBlocks && bytes < kRecentBytes; --at) {
    const auto block = node.block(at);
    if (!block && block.error().code == ErrorCode::kNotFound) break;  // no longer kept
    if (!block) return Fail{block.error()};
    if (blocks++ == 0) until_ms = block->block.header.time_ms;
    since_ms = block->block.header.time_ms;
    txs += block->outcomes.size();
    for (const auto& tx : block->block.txs) bytes += tx.size();
    for (const TxOutcome& outcome : block->outcomes) {
      failed += outcome.fault != 0 ? 1 : 0;
      units += outcome.units;
    }
  }
  return Json{{"blocks", to_json(blocks)},     {"transactions", to_json(txs)},
              {"failed", to_json(failed)},     {"units", to_json(units)},
              {"since_ms", to_json(since_ms)}, {"until_ms", to_json(until_ms)}};
}

Answer look(NodeApi& node) {
  FOG_ARG(const ChainStatus status, node.status());
  Json out{{"height", to_json(status.height)},
           {"time_ms", to_json(status.time_ms)},
           {"base_price", to_json(status.base_price)}};
  for (const Counted& one : kCounted) {
    FOG_ARG(const std::uint64_t found, count(node, one.table));
    out[one.name] = to_json(found);
  }
  FOG_ARG(const auto supply, read_record<Supply>(node, supply_key()));
  out["supply"] = to_json(supply.value_or(Supply{}));
  FOG_ARG(const EpochView epoch, read_epoch(node));
  std::uint64_t stake = 0;
  for (const Validator& one : epoch.set.validators) stake += one.stake;
  out["epoch"] = to_json(epoch.epoch.epoch);
  out["validators_in_set"] = to_json(std::uint64_t{epoch.set.validators.size()});
  out["stake_in_set"] = to_json(Amount{stake});
  FOG_ARG(out["recent"], recent(node, status.height));
  return out;
}

struct Found {
  std::mutex mutex;
  std::uint64_t at_ns = 0;
  Json statistics;
};

Method chain_statistics() {
  const auto number = schema_of<std::uint64_t>();
  Json result =
      object_schema({{"height", number},
                     {"time_ms", number},
                     {"base_price", number},
                     {"epoch", number},
                     {"supply", schema_of<Supply>()},
                     {"validators_in_set", number},
                     {"stake_in_set", schema_of<Amount>()},
                     {"recent", titled("RecentBlocks", object_schema({{"blocks", number},
                                                                      {"transactions", number},
                                                                      {"failed", number},
                                                                      {"units", number},
                                                                      {"since_ms", number},
                                                                      {"until_ms", number}}))}});
  for (const Counted& one : kCounted) {
    result["properties"][one.name] = number;
    result["required"].push_back(one.name);
  }
  return {
      .name = "chain_statistics",
      .summary =
          "How large the network is and what its last 100 blocks held (fewer where they are "
          "large), as of at most five seconds ago. What is counted (hosts, "
          "offers, gateways, services, bids and those that wait for a Host, leases, validators) "
          "is counted to 10000, which then means: or more.",
      .params = {},
      .result = titled("ChainStatistics", std::move(result)),
      .errors = {kUnavailable},
      .example_params = "{}",
      .example_result =
          R"({"height": "2", "hosts": "2", "bids": "1", "supply": {"minted": "100"}, "recent": {"blocks": "1", "transactions": "1"}})",
      .cost = 500,
      .is_dear = true,
      .run = [found = std::make_shared<Found>()](NodeApi& node, const Args&) -> Outcome {
        const std::lock_guard lock(found->mutex);
        const std::uint64_t now_ns = system_clock().monotonic_ns();
        if (found->statistics.is_null() || now_ns > found->at_ns + kKeptNs) {
          Answer fresh = look(node);
          if (!fresh) return fresh;
          found->at_ns = now_ns;
          found->statistics = *std::move(fresh);
        }
        return Answer(found->statistics);
      }};
}

}  // namespace

void add_statistics_methods(std::vector<Method>& out) {
  out.push_back(chain_statistics());
}

}  // namespace fog::rpc
