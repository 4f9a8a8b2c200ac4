// What a leaf's record says without being run.
#include "chain/crypto/hash.h"
#include "executor/replay.h"

namespace fog::executor {
namespace {

// A Host takes 64 KiB of head, and hands on less.
constexpr std::size_t kLeafHeadBytesMax = 64 * 1024;

class Findings {
 public:
  explicit Findings(LeafReport& report) : report_(report) {}
  // Unless it holds, the record contradicts itself or its entry.
  void expect(bool holds, const std::string& otherwise) {
    if (holds) return;
    report_.verdict = LeafVerdict::kMismatch;
    report_.findings.push_back(otherwise);
  }

 private:
  LeafReport& report_;
};

void check_content(const LeafRecord& record, Findings& findings) {
  const market::LogEntry& entry = record.entry;
  const LeafContent& content = *record.content;
  const market::ResponseHead response = response_head(content);
  findings.expect(
      market::request_hash(request_head(record), sha256(content.request_body)) == entry.request,
      "the request is not the one that its entry names");
  findings.expect(market::response_hash(response, sha256(content.response_body)) == entry.response,
                  "the response is not the one that its entry names");
  findings.expect(content.request_body.size() == entry.request_bytes,
                  "the entry counts other bytes of request");
  findings.expect(outbound_hash(content.outbound) == record.run.outbound,
                  "the answers of other servers are not those that its entry names");
  findings.expect(keyvalue_hash(content.keyvalue) == record.run.keyvalue,
                  "the answers of its key-value store are not those that its entry names");
  std::uint64_t egress = market::response_bytes(response, content.response_body.size());
  std::uint64_t bytes = content.request_body.size() + content.response_body.size();
  for (const OutboundRecord& each : content.outbound) {
    egress += each.egress_bytes;
    bytes += bcs_encode(each).size();
  }
  for (const KeyvalueRecord& each : content.keyvalue) bytes += bcs_encode(each).size();
  findings.expect(egress == entry.counters.egress_bytes, "the entry counts other bytes of egress");
  findings.expect(bytes == record.run.content_bytes, "the record says another size of itself");
}

// Why nothing of a request is kept but hashes.
void check_absence(const LeafTerms& terms, const LeafRecord& record, LeafReport& report,
                   Findings& findings) {
  const bool container = terms.manifest.runtime == market::RuntimeKind::kContainer;
  const std::uint64_t bytes = record.run.content_bytes;
  const market::LogEntry& entry = record.entry;
  findings.expect(container || bytes > kLeafContentBytesMax,
                  "the Host keeps back what it recorded");
  // Without other servers and a store there is nothing but both bodies.
  const bool alone = terms.manifest.outbound.empty() && terms.manifest.keyvalue_mib == 0;
  findings.expect(
      !alone || bytes <= entry.request_bytes + entry.counters.egress_bytes,
      "the record says that it is too large, and its entry counts fewer bytes than that");
  if (report.verdict == LeafVerdict::kMismatch) return;
  report.verdict = LeafVerdict::kAttested;
  report.findings.emplace_back(container ? "a container's requests are not replayed"
                                         : "the record is larger than a leaf may be");
}

bool depends_on_computer(RunOutcome outcome) {
  return outcome == RunOutcome::kStack || outcome == RunOutcome::kHostMemory ||
         outcome == RunOutcome::kCrash || outcome == RunOutcome::kNoAnswer;
}

}  // namespace

std::string_view verdict_name(LeafVerdict verdict) {
  switch (verdict) {
    case LeafVerdict::kVerified:
      return "verified";
    case LeafVerdict::kAttested:
      return "attested";
    case LeafVerdict::kUnverifiable:
      return "unverifiable";
    case LeafVerdict::kMismatch:
      return "mismatch";
  }
  CHECK(false);
}

LeafReport examine_leaf(const LeafTerms& terms, const LeafRecord& record) {
  LeafReport report;
  Findings findings(report);
  const market::LogEntry& entry = record.entry;
  const bool container = terms.manifest.runtime == market::RuntimeKind::kContainer;
  findings.expect(run_hash(record.run) == entry.run,
                  "how the run ended is not what its entry names");
  findings.expect(entry.counters.requests == 1, "the entry counts another number of requests");
  const std::uint64_t fuel =
      container ? 0
                : billed_fuel(record.run.outcome, record.run.fuel, terms.manifest.artifact_bytes);
  findings.expect(entry.counters.fuel == fuel,
                  "the entry bills " + std::to_string(entry.counters.fuel) +
                      " fuel, and by the rules it is " + std::to_string(fuel));
  if (!record.content) {
    check_absence(terms, record, report, findings);
    return report;
  }
  findings.expect(!container, "a container's requests are not recorded, and this one is");
  const std::size_t head_bytes = bcs_encode(record.content->request).size();
  findings.expect(head_bytes <= kLeafHeadBytesMax, "the request's head is larger than Hosts take");
  check_content(record, findings);
  if (report.verdict == LeafVerdict::kMismatch) return report;
  if (!terms.manifest.secrets.empty()) {
    report.verdict = LeafVerdict::kAttested;
    report.findings.emplace_back("the service has secrets, which are kept in no record");
    return report;
  }
  if (depends_on_computer(record.run.outcome)) {
    report.verdict = LeafVerdict::kUnverifiable;
    report.findings.push_back("it ended on the Host's computer as \"" +
                              std::string(outcome_name(record.run.outcome)) +
                              "\", which bills no fuel");
  }
  return report;
}

}  // namespace fog::executor
