#include "executor/receipt_audit.h"

#include <algorithm>
#include <map>
#include <set>

#include "chain/crypto/hash.h"

namespace fog::executor {
namespace {

constexpr std::uint64_t kNotableMax = 20;

// A number below `bound`, from the hash stream of the seed.
std::uint64_t draw(std::uint64_t seed, std::uint64_t& turn, std::uint64_t bound) {
  // Without the numbers that would make some more likely.
  const std::uint64_t limit = bound * (~std::uint64_t{0} / bound);
  for (;;) {
    Bytes text;
    append_be64(text, seed);
    append_be64(text, turn++);
    const Hash32 hash = tagged_hash("fog/audit-sample", text);
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < 8; ++i) value = value << 8 | hash[i];
    if (value < limit) return value % bound;
  }
}

class LogAuditor {
 public:
  LogAuditor(const LeafTerms& terms, const IncludedLog& included, Replayer* replayer)
      : terms_(terms), included_(included), replayer_(replayer) {}

  ErrorOr<void> take(const ProvenLeaf& leaf) {
    ++audit_.asked;
    if (!market::verify_inclusion(leaf.leaf, leaf.index, included_.count, included_.root,
                                  leaf.proof)) {
      return note(leaf.index, mismatch("the leaf is not in the log that the receipt claims"));
    }
    audit_.counted = market::checked_add(audit_.counted, leaf.leaf.sums).value_or(audit_.counted);
    // The Host may have served it, too late for the gateway.
    if (is_void(leaf)) {
      ++audit_.voids;
      return {};
    }
    if (leaf.record.empty()) {
      missing(leaf.index, "the Host has no record of it");
      return {};
    }
    const auto record = bcs_decode<LeafRecord>(leaf.record);
    if (!record || record->entry.index != leaf.index ||
        market::log_leaf(record->entry) != leaf.leaf) {
      return note(leaf.index, mismatch("the record is not the one that the log binds"));
    }
    if (replayer_ == nullptr) return note(leaf.index, unreplayed(*record));
    TRY(LeafReport report, replayer_->replay(terms_, *record));
    return note(leaf.index, std::move(report));
  }
  LogAudit& audit() { return audit_; }

 private:
  void missing(std::uint64_t index, const std::string& why) {
    LeafReport report = mismatch(why);
    ++audit_.missing;
    remember(index, std::move(report), audit_.missing);
  }
  static LeafReport mismatch(const std::string& why) {
    LeafReport report;
    report.verdict = LeafVerdict::kMismatch;
    report.findings = {why};
    return report;
  }
  LeafReport unreplayed(const LeafRecord& record) const {
    LeafReport report = examine_leaf(terms_, record);
    if (report.verdict == LeafVerdict::kVerified) report.verdict = LeafVerdict::kAttested;
    return report;
  }
  static bool is_void(const ProvenLeaf& leaf) {
    market::LogEntry nothing;
    nothing.index = leaf.index;
    return market::log_leaf(nothing) == leaf.leaf;
  }
  ErrorOr<void> note(std::uint64_t index, LeafReport report) {
    std::uint64_t& count = counter(report.verdict);
    ++count;
    if (report.verdict != LeafVerdict::kVerified) remember(index, std::move(report), count);
    return {};
  }
  std::uint64_t& counter(LeafVerdict verdict) {
    switch (verdict) {
      case LeafVerdict::kVerified:
        return audit_.verified;
      case LeafVerdict::kAttested:
        return audit_.attested;
      case LeafVerdict::kUnverifiable:
        return audit_.unverifiable;
      case LeafVerdict::kMismatch:
        return audit_.mismatched;
    }
    CHECK(false);
  }
  void remember(std::uint64_t index, LeafReport report, std::uint64_t nth) {
    if (nth <= kNotableMax) audit_.notable.push_back({index, std::move(report)});
  }

  const LeafTerms& terms_;
  const IncludedLog& included_;
  Replayer* const replayer_;
  LogAudit audit_;
};

}  // namespace

std::vector<std::uint64_t> sample_indexes(std::uint64_t count, std::uint64_t wanted,
                                          std::uint64_t seed) {
  std::vector<std::uint64_t> out;
  if (wanted >= count) {
    for (std::uint64_t i = 0; i < count; ++i) out.push_back(i);
    return out;
  }
  // Floyd's way to draw without putting back.
  std::set<std::uint64_t> drawn;
  std::uint64_t turn = 0;
  for (std::uint64_t top = count - wanted; top < count; ++top) {
    const std::uint64_t value = draw(seed, turn, top + 1);
    drawn.insert(drawn.contains(value) ? top : value);
  }
  out.assign(drawn.begin(), drawn.end());
  return out;
}

ErrorOr<LogAudit> audit_log(const LeafTerms& terms, const IncludedLog& included,
                            const std::vector<std::uint64_t>& indexes, LeafSource& source,
                            Replayer* replayer,
                            const std::function<void(std::uint64_t done, ByteView record)>& each) {
  LogAuditor auditor(terms, included, replayer);
  for (std::size_t at = 0; at < indexes.size();) {
    const std::size_t size = std::min(kLeafQueryMax, indexes.size() - at);
    const auto begin = indexes.begin() + static_cast<std::ptrdiff_t>(at);
    TRY(const LeafAnswer answer,
        source.leaves(terms, included.count, {begin, begin + static_cast<std::ptrdiff_t>(size)}));
    // The first of those asked for, in their order; one at least.
    if (answer.leaves.empty() || answer.leaves.size() > size ||
        !std::equal(
            answer.leaves.begin(), answer.leaves.end(), begin,
            [](const ProvenLeaf& leaf, std::uint64_t index) { return leaf.index == index; })) {
      return fail(ErrorCode::kProtocol, "the Host answered other leaves than it was asked for");
    }
    for (const ProvenLeaf& leaf : answer.leaves) {
      TRY_VOID(auditor.take(leaf));
      each(++at, leaf.record);
    }
  }
  return std::move(auditor.audit());
}

}  // namespace fog::executor
