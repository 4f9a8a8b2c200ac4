// Replay: runs a request again from its leaf, in a worker as sandboxed as the Host's, with the
// recorded answers of other servers, and says whether the same came of it. No network is used.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "executor/serving.h"
#include "executor/store_history.h"
#include "executor/worker_process.h"

namespace fog::executor {

enum class LeafVerdict : std::uint8_t {
  kVerified,  // the record fits its entry, and the replay it
  kAttested,  // too large to be kept, a container's, or made with secrets: the Host's word, bound
              // by its entry
  kUnverifiable,  // ended for a reason of that computer's: wall time, stack, its own memory, a
                  // crash
  kMismatch,      // the record contradicts its entry, or the replay the record
};
// The stable word: verified, attested, unverifiable, mismatch.
std::string_view verdict_name(LeafVerdict verdict);

struct LeafReport {
  LeafVerdict verdict = LeafVerdict::kVerified;
  std::vector<std::string> findings;  // sentences: what differs, or why it cannot be verified
  // Of the replay, if there was one.
  bool ran = false;
  RunOutcome outcome = RunOutcome::kOk;
  std::uint64_t fuel = 0;  // as it would be billed
  std::uint64_t memory_peak = 0;
  std::uint64_t calls = 0;  // host calls, as far as they were counted
  Hash32 digest;            // CallDigest of them, where it was asked for
};

// What a record says without being run: a mismatch within itself, or why a replay would tell
// nothing. Without findings it can be replayed. An outcome "wall" can: see Replayer.
LeafReport examine_leaf(const LeafTerms& terms, const LeafRecord& record);

struct ReplayOptions {
  WorkerProgram program;     // of foghost
  std::string spool_folder;  // for large bodies
  bool digest = false;       // of host calls too: slower
};

// A worker bound to one artifact. One thread at a time.
class Replayer {
 public:
  // Compiles the artifact. kRejected when it is no workload; kUnavailable when this program's
  // runtime profile is not `runtime`, or no worker can be started.
  static ErrorOr<std::unique_ptr<Replayer>> start(ReplayOptions options,
                                                  const market::Manifest& manifest,
                                                  const market::RuntimeProfile& runtime,
                                                  ByteView artifact);
  virtual ~Replayer() = default;
  // examine_leaf(), then the run, under more wall time than the manifest gives. A recorded outcome
  // "wall" stays unverifiable, but is a mismatch where no host call of the run is at the fuel that
  // was billed. The errors are of this computer's. `terms` have the manifest of start().
  virtual ErrorOr<LeafReport> replay(const LeafTerms& terms, const LeafRecord& record) = 0;
  // Of all requests that were verified so far; of one replica's, if all were.
  const StoreHistory& store_history() const { return store_history_; }

 protected:
  StoreHistory store_history_;
};

}  // namespace fog::executor
