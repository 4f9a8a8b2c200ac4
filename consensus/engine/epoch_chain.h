// The chain of epochs: from the genesis's validators, or from a block that somebody trusts, to
// today's, without a block between.
//
//   set of E ──signs──> last header of E ──names──> set of E + 1 ──signs──> last header of E + 1
//   ...
//
// EpochStore keeps the ends of the epochs on disk, to go on from and to give to others; blocks may
// be pruned without it.
#pragma once

#include <mutex>
#include <set>

#include "chain/base/env.h"
#include "chain/store/block_log.h"

namespace fog {

// Whoever trusts `set` to be the epoch's can verify the rest.
struct EpochEnd {
  std::optional<BlockHeader> before;  // the last block's parent; none when that is the genesis
  BlockHeader last;
  Certificate certificate;  // finalizes it
  ValidatorSet next;        // of the epoch after
  static constexpr auto kFields =
      std::make_tuple(&EpochEnd::before, &EpochEnd::last, &EpochEnd::certificate, &EpochEnd::next);
  bool operator==(const EpochEnd&) const = default;
};
// Of one as it is encoded: two headers, a full certificate, a full set.
constexpr std::size_t kEpochEndBytesMax = 2 * 1'024 + 64 + kValidatorsMax * (65 + 40) + 64;

// Whether headers and sets belong together, in that epoch; says nothing of who signed.
bool fits_together(const EpochEnd& end, const ChainId& chain_id, std::uint64_t epoch,
                   std::uint64_t epoch_length);
// Whether a quorum of the epoch's set has made its end final. All signatures are checked.
bool verify_epoch_end(const EpochEnd& end, const ChainId& chain_id, std::uint64_t epoch,
                      std::uint64_t epoch_length, const ValidatorSet& set);

class EpochStore {
 public:
  // Makes the directory if there is none.
  static ErrorOr<std::unique_ptr<EpochStore>> open(Env& env, std::string dir);

  // On disk afterwards. From one thread.
  ErrorOr<void> put(const EpochEnd& end);
  // Takes the end of the epoch that is over with the block at `height`, which the log has; `next`
  // signs what follows. Does nothing when it has it already.
  ErrorOr<void> note(const BlockLog& log, std::uint64_t height, const ValidatorSet& next);

  // ---- from any thread ----
  // kNotFound when it is not there.
  ErrorOr<EpochEnd> get(std::uint64_t epoch) const;
  bool has(std::uint64_t epoch) const;
  // The newest epoch whose end is there.
  std::optional<std::uint64_t> latest() const;

 private:
  EpochStore(Env& env, std::string dir) : env_(env), dir_(std::move(dir)) {}
  std::string path(std::uint64_t epoch) const;

  Env& env_;
  const std::string dir_;
  mutable std::mutex mutex_;
  std::set<std::uint64_t> epochs_;  // guarded by mutex_
};

}  // namespace fog
