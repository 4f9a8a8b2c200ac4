// ReceiptAudit: whether what a receipt claims was served, by leaves that the Host proves and
// replays.
#pragma once

#include <functional>

#include "executor/leaf_query.h"
#include "executor/replay.h"

namespace fog::executor {

// What the chain has included of one gateway's log.
struct IncludedLog {
  std::uint64_t count = 0;  // leaves
  market::SumNode root;
};

// Where leaves come from: the Host. Answers are not believed.
class LeafSource {
 public:
  virtual ~LeafSource() = default;
  // For these indexes, ascending, at most kLeafQueryMax, under the root of `count` leaves. Errors
  // are of the way there, or the Host's refusal.
  virtual ErrorOr<LeafAnswer> leaves(const LeafTerms& terms, std::uint64_t count,
                                     const std::vector<std::uint64_t>& indexes) = 0;
};

// So many of the indexes below `count`, each as likely as another, ascending; all when there are no
// more. The same for the same seed.
std::vector<std::uint64_t> sample_indexes(std::uint64_t count, std::uint64_t wanted,
                                          std::uint64_t seed);

struct AuditedLeaf {
  std::uint64_t index = 0;
  LeafReport report;
};
struct LogAudit {
  std::uint64_t asked = 0;
  std::uint64_t verified = 0;
  std::uint64_t attested = 0;
  std::uint64_t unverifiable = 0;
  std::uint64_t voids = 0;    // settled as not served: bill nothing
  std::uint64_t missing = 0;  // the Host has no record, or says so
  std::uint64_t mismatched = 0;
  market::Counters counted;  // by the leaves asked for, all of them proven
  std::vector<AuditedLeaf>
      notable;  // mismatched, missing, unverifiable, attested: the first few of each
  bool clean() const { return missing == 0 && mismatched == 0; }
};

// Asks for the leaves, checks each against the root, replays those that can be. `replayer` may be
// null for a container. `each` is called with every record that fits its proof, and how many are
// done. The errors are the source's and of this computer.
ErrorOr<LogAudit> audit_log(const LeafTerms& terms, const IncludedLog& included,
                            const std::vector<std::uint64_t>& indexes, LeafSource& source,
                            Replayer* replayer,
                            const std::function<void(std::uint64_t done, ByteView record)>& each);

}  // namespace fog::executor
