// SoloEngine: consensus with a quorum of one. It walks the same road, in the same order on disk, as
// a validator among many, so that what a crash can leave is the same too:
//
//   build, execute            overlay above the last final block
//   log: proposal, notarize   |
//   sync                      | one turn
//   vote record, sign         notarize vote -> notarization
//   log: notarization, finalize
//   sync
//   vote record, sign         finalize vote -> finalization: the block is final
//   log: final                on disk with the next block's first sync, or when there is no next
//   commit                    live state, tree, mempool; databases follow in the background
//
// After a crash the votes in the log are cast again: the same signatures, since BIP-340 without
// auxiliary randomness repeats itself.
#pragma once

#include <condition_variable>
#include <mutex>
#include <thread>

#include "chain/base/clock.h"
#include "chain/store/block_log.h"
#include "consensus/engine/engine.h"
#include "consensus/engine/validator_key.h"
#include "consensus/engine/vote_guard.h"
#include "consensus/staking/beacon_chain.h"

namespace fog {

struct SoloOptions {
  // Small enough that the fee market's target is not exceeded by transfers alone, and that nobody
  // waits long for his block; the next one follows at once.
  std::size_t block_txs_max = 6'000;
  std::optional<std::uint64_t> idle_interval_ms;
  bool accept_lost_blocks = false;
  // Blocks without transactions follow each other no faster.
  std::uint64_t due_spacing_ms = 10;
};

class SoloEngine final : public Engine {
 public:
  SoloEngine(Application& app, BlockLog& log, VoteGuard guard, const ValidatorKey& key,
             const ChainId& chain_id, const ValidatorSet& set, Clock& clock, SoloOptions options,
             EngineEvents events);
  ~SoloEngine() override;

  ErrorOr<void> start() override;
  void stop() override;
  void wake() override;

  std::uint64_t sync_ns() const { return sync_ns_; }
  std::uint64_t blocks_made() const { return blocks_made_; }

 private:
  ErrorOr<void> recover();
  ErrorOr<void> check_guard(std::uint64_t view_final, const BlockId& block_final);
  void run();
  // Waits until there is something to do; false when stopping. Work that is not due yet is synced
  // and waited for.
  ErrorOr<bool> wait_for_work();
  ErrorOr<void> make_block();
  ErrorOr<void> propose(std::uint64_t view, const Block& block);
  ErrorOr<void> finish(std::uint64_t view, std::uint64_t parent_view, const BlockId& id,
                       const Block& block);
  ErrorOr<Certificate> vote(VoteKind kind, std::uint64_t view, std::uint64_t parent_view,
                            const BlockId& id, std::uint64_t epoch);
  ErrorOr<void> sync();
  std::optional<BeaconReveal> reveal(const ValidatorRecord& record);
  void sleep_until(std::optional<std::uint64_t> wall_ms);

  Application& app_;
  BlockLog& log_;
  VoteGuard guard_;
  const ValidatorKey key_;
  const ChainId chain_id_;
  const ValidatorSet set_;
  Clock& clock_;
  const SoloOptions options_;
  const EngineEvents events_;

  // The engine's thread only.
  std::uint64_t view_ = 0;        // of the last proposal
  std::uint64_t view_final_ = 0;  // of the last final block
  std::uint64_t height_synced_ = 0;
  std::uint64_t chain_number_ = 0;  // of the beacon chain at hand
  std::unique_ptr<BeaconChain> chain_;
  std::atomic<std::uint64_t> sync_ns_{0};
  std::atomic<std::uint64_t> blocks_made_{0};

  std::mutex mutex_;
  std::condition_variable wake_;
  bool woken_ = false;     // guarded by mutex_
  bool stopping_ = false;  // guarded by mutex_
  std::thread thread_;
};

}  // namespace fog
