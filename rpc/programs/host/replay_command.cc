// foghost replay: runs requests again from their leaves and says what differs.
#include <charconv>
#include <filesystem>

#include <fmt/format.h>

#include "chain/base/file.h"
#include "executor/artifact_store.h"
#include "executor/leaf_store.h"
#include "executor/replay.h"
#include "rpc/programs/host/commands.h"

namespace fog::host {
namespace {

using namespace executor;

constexpr std::uint64_t kFileBytesMax = 4ULL << 30;  // of a file that somebody saved

struct Leaves {
  LeafTerms terms;
  std::vector<Bytes> records;
  bool damaged = false;
};

// LEASE.TERM/GATEWAY/INDEX, in the store of the Host's own folder.
struct StoreAddress {
  ReplicaId replica;
  Address gateway;
  std::uint64_t index = 0;
};
std::optional<StoreAddress> parse_store_address(const std::string& text) {
  const std::size_t first = text.find('/');
  const std::size_t second = first == std::string::npos ? first : text.find('/', first + 1);
  if (second == std::string::npos) return std::nullopt;
  std::string lease = text.substr(0, first);
  if (lease.starts_with("0x")) lease.erase(0, 2);
  const auto replica = replica_from_text(lease);
  const auto gateway = address_from_text(text.substr(first + 1, second - first - 1));
  const std::string digits = text.substr(second + 1);
  StoreAddress out;
  const auto end = std::from_chars(digits.data(), digits.data() + digits.size(), out.index);
  if (!replica || !gateway || digits.empty() || end.ec != std::errc() ||
      end.ptr != digits.data() + digits.size()) {
    return std::nullopt;
  }
  out.replica = *replica;
  out.gateway = *gateway;
  return out;
}

ErrorOr<Leaves> read_leaves(const std::string& dir, const std::string& text) {
  Leaves out;
  if (const auto place = parse_store_address(text)) {
    const std::string folder = dir + "/front/usage/" + to_text(place->replica);
    auto found = find_leaves(folder, place->gateway, {place->index});
    if (found.empty()) {
      return fail(ErrorCode::kNotFound,
                  "this Host keeps no leaf " + text + " (any more): see leaves_mib in host.yaml");
    }
    out.terms = std::move(found.begin()->second.terms);
    out.records.push_back(std::move(found.begin()->second.record));
    return out;
  }
  TRY(auto file, LeafFile::open(text, kFileBytesMax));
  out.terms = file.terms();
  while (const auto record = file.next()) out.records.push_back(to_bytes(*record));
  out.damaged = file.damaged();
  return out;
}

ErrorOr<Bytes> read_artifact(const std::string& dir, const std::string& path,
                             const market::Manifest& manifest) {
  if (path.empty()) {
    TRY(const auto store, ArtifactStore::open(dir + "/artifacts", ~std::uint64_t{0}));
    auto content = store.load(manifest.artifact);
    if (content) return content;
    return fail(ErrorCode::kNotFound, "the program " + to_hex0x(manifest.artifact) + " is not in " +
                                          dir +
                                          "/artifacts; name its file with "
                                          "--artifact");
  }
  TRY(Bytes content, read_file(path, market::kArtifactBytesMax));
  if (sha256(content) != manifest.artifact) {
    return fail(ErrorCode::kInvalidInput,
                path + " is not the leaf's program, whose SHA-256 is " + to_hex(manifest.artifact));
  }
  return content;
}

Json report_json(std::uint64_t index, const LeafReport& report) {
  Json json = {{"index", std::to_string(index)},
               {"verdict", std::string(verdict_name(report.verdict))},
               {"findings", report.findings}};
  if (report.ran) {
    json["outcome"] = std::string(outcome_name(report.outcome));
    json["fuel"] = std::to_string(report.fuel);
    json["memory_peak"] = std::to_string(report.memory_peak);
    if (report.digest != Hash32{}) {
      json["host_calls"] = std::to_string(report.calls);
      json["digest"] = to_hex0x(report.digest);
    }
  }
  return json;
}

std::string report_text(std::uint64_t index, const LeafReport& report) {
  std::string out = fmt::format("request {}: {}", index, verdict_name(report.verdict));
  if (report.ran) {
    out += fmt::format(" (outcome {}, {} fuel, memory peak {} KiB)", outcome_name(report.outcome),
                       report.fuel, report.memory_peak >> 10);
  }
  if (report.digest != Hash32{}) {
    out += fmt::format("\n  {} host calls, digest {}", report.calls, to_hex0x(report.digest));
  }
  for (const std::string& finding : report.findings) out += "\n  " + finding;
  return out + "\n";
}

// Counts, and what is told of the leaves.
struct Told {
  std::map<LeafVerdict, std::size_t> counts;
  Json leaves = Json::array();
  std::string text;
};

}  // namespace

ErrorOr<void> replay(const HostCommand& command, const ReplayCommandOptions& options) {
  TRY(const Leaves leaves, read_leaves(command.dir, options.leaf));
  const market::Manifest& manifest = leaves.terms.manifest;
  std::unique_ptr<Replayer> replayer;
  if (manifest.runtime != market::RuntimeKind::kContainer) {
    TRY(const Bytes artifact, read_artifact(command.dir, options.artifact, manifest));
    ReplayOptions how;
    how.program.path = cli::own_path();
    how.digest = options.digest;
    how.spool_folder = std::filesystem::temp_directory_path().string();
    TRY(replayer, Replayer::start(how, manifest, leaves.terms.runtime, artifact));
  }
  Told told;
  // One leaf is told in full, of many what is not as it should be.
  const bool all = leaves.records.size() == 1;
  for (const Bytes& bytes : leaves.records) {
    const auto record = bcs_decode<LeafRecord>(bytes);
    if (!record) return fail(ErrorCode::kCorrupt, options.leaf + " holds what is no leaf");
    LeafReport report;
    if (replayer) {
      TRY(report, replayer->replay(leaves.terms, *record));
    } else {
      report = examine_leaf(leaves.terms, *record);
    }
    ++told.counts[report.verdict];
    told.leaves.push_back(report_json(record->entry.index, report));
    if (all || report.verdict == LeafVerdict::kMismatch) {
      told.text += report_text(record->entry.index, report);
    }
  }
  Json json = {{"lease", to_hex0x(leaves.terms.replica.lease)},
               {"term", leaves.terms.replica.term},
               {"gateway", to_text(leaves.terms.gateway)},
               {"damaged", leaves.damaged}};
  std::string sums;
  for (const LeafVerdict verdict : {LeafVerdict::kVerified, LeafVerdict::kAttested,
                                    LeafVerdict::kUnverifiable, LeafVerdict::kMismatch}) {
    json[std::string(verdict_name(verdict))] = told.counts[verdict];
    sums += fmt::format("{}{} {}", sums.empty() ? "" : ", ", told.counts[verdict],
                        verdict_name(verdict));
  }
  json["leaves"] = std::move(told.leaves);
  const std::size_t wrong = told.counts[LeafVerdict::kMismatch];
  const std::string damage =
      leaves.damaged ? "Some of the file is damaged and was left out.\n" : "";
  cli::Context(command.options).print(json, told.text + damage + sums);
  if (wrong == 0 && !leaves.damaged) return {};
  return fail(ErrorCode::kRejected, "");  // what was printed has said it
}

}  // namespace fog::host
