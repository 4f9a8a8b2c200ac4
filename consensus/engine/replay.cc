#include "consensus/engine/replay.h"

#include <algorithm>

#include "chain/ledger/check.h"

namespace fog {
namespace {

constexpr std::uint64_t kBlocksPerLine = 10'000;

}  // namespace

ErrorOr<void> fill_index(const BlockLog& log, const ChainId& chain_id, IndexStore& index,
                         const std::function<void(std::string_view)>& say) {
  if (index.height() > log.height())
    return fail(ErrorCode::kCorrupt, "the index database is ahead of the block log");
  index.prune(log.first_height());
  index.release(log.height());
  for (std::uint64_t height = std::max(index.height() + 1, log.first_height());
       height <= log.height(); ++height) {
    TRY(const StoredBlock stored, log.block_at(height));
    IndexedBlock indexed;
    indexed.height = height;
    indexed.block = stored.final.block;
    for (const auto& tx : stored.proposal.block.txs) {
      const auto decoded = decode_tx(tx, chain_id);
      if (!decoded)
        return fail(ErrorCode::kIo, "block " + std::to_string(height) + " cannot be decoded");
      add_parties(indexed, static_cast<std::uint32_t>(indexed.ids.size()), decoded->tx());
      indexed.ids.push_back(decoded->id());
    }
    indexed.outcomes.assign(stored.final.outcomes.begin(), stored.final.outcomes.end());
    if (indexed.ids.size() != indexed.outcomes.size())
      return fail(ErrorCode::kIo, "block " + std::to_string(height) + " misses outcomes");
    TRY_VOID(index.push(std::move(indexed)));
    if (height % kBlocksPerLine == 0) say("indexed block " + std::to_string(height));
  }
  return index.drain();
}

ErrorOr<void> fit_state(const BlockLog& log, StateStore& state,
                        const std::function<void(std::string_view)>& say) {
  // Whether the log may have lost something, the vote record knows.
  if (const auto meta = state.meta(); meta && meta->height > log.height()) {
    say("the state database is ahead of the block log: taking it back");
    if (auto back = state.rollback(log.height()); !back)
      return fail(ErrorCode::kCorrupt, back.error().context);
  }
  const auto meta = state.meta();
  const std::uint64_t height = meta ? meta->height : 0;
  if (height + 1 < log.first_height()) {
    return fail(ErrorCode::kCorrupt,
                "the state database ends before the block log's first block, " +
                    std::to_string(log.first_height()));
  }
  if (height < log.first_height() || height == 0) return {};
  TRY(const FinalEntry entry, log.final_at(height));
  if (entry.block != meta->block || entry.app_hash != meta->root) {
    return fail(ErrorCode::kCorrupt, "the state database holds another block " +
                                         std::to_string(height) + " than the block log");
  }
  return {};
}

ErrorOr<void> replay_blocks(const BlockLog& log, Application& app, EpochStore& epochs,
                            const std::function<void(std::string_view)>& say) {
  const std::uint64_t first = app.info().height + 1;
  if (first <= log.height())
    say("replaying blocks " + std::to_string(first) + " to " + std::to_string(log.height()));
  for (std::uint64_t height = first; height <= log.height(); ++height) {
    TRY(const StoredBlock stored, log.block_at(height));
    const FinalEntry& entry = stored.final;
    const Block& block = stored.proposal.block;
    const auto result = app.finalize_block(entry.block, block.header.parent, block);
    const bool same = result && result->app_hash == entry.app_hash &&
                      std::equal(result->outcomes.begin(), result->outcomes.end(),
                                 entry.outcomes.begin(), entry.outcomes.end());
    if (!same) {
      return fail(ErrorCode::kCorrupt,
                  "block " + std::to_string(height) +
                      " of the block log does not execute to the "
                      "result that stands there (" +
                      (result ? "app hash " + to_hex0x(result->app_hash)
                              : std::string(fault_name(result.error()))) +
                      " instead of " + to_hex0x(entry.app_hash) +
                      "): the log was written under other rules, or this program is wrong");
    }
    TRY_VOID(app.commit(entry.block));
    if (block.header.next_validators_hash) TRY_VOID(epochs.note(log, height, app.epoch().set));
    app.on_durable(height);
    if (height % kBlocksPerLine == 0) say("replayed block " + std::to_string(height));
  }
  return {};
}

}  // namespace fog
