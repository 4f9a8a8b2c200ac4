// fogcoin verify: whether what a receipt claims was served and costs what it says, by leaves that
// the Host proves against the chain and that are run again here.
#include <cstdlib>
#include <filesystem>
#include <thread>

#include <fmt/format.h>

#include "chain/base/clock.h"
#include "chain/base/file.h"
#include "executor/artifact_store.h"
#include "executor/host_view.h"
#include "executor/leaf_store.h"
#include "executor/receipt_audit.h"
#include "rpc/json/codec.h"
#include "rpc/programs/cli/host_view_client.h"

namespace fog::cli {
namespace {

using namespace executor;

constexpr int kBusyTries = 30;  // of a second

// A folder that goes away with the object.
class ScratchFolder {
 public:
  ScratchFolder() : path_((std::filesystem::temp_directory_path() / "fogcoin.XXXXXX").string()) {
    // Whoever then writes there says why it cannot be.
    if (::mkdtemp(path_.data()) == nullptr) path_ = "/nonexistent/fogcoin";
  }
  ~ScratchFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

struct VerifyOptions {
  std::string receipt;
  std::uint32_t term = 0;  // 0: the lease's latest
  std::string gateway;     // empty: all
  std::uint64_t leaves = 1'000;
  std::optional<std::uint64_t> seed;
  std::string foghost;
  std::string save;
};

// One log of a receipt, as the chain has it.
struct Claimed {
  ReplicaId replica;
  Address gateway;
  IncludedLog log;
};

// Asks the Host, by signed queries.
class HostLeaves final : public LeafSource {
 public:
  HostLeaves(rpc::HttpUrl url, wallet::Signer& signer) : client_(std::move(url)), signer_(signer) {}

  ErrorOr<LeafAnswer> leaves(const LeafTerms& terms, std::uint64_t count,
                             const std::vector<std::uint64_t>& indexes) override {
    for (int tries = 1;; ++tries) {
      LeafQuery query;
      query.chain = terms.chain;
      query.replica = terms.replica;
      query.gateway = terms.gateway;
      query.count = count;
      query.indexes.assign(indexes.begin(), indexes.end());
      query.time_ms = system_clock().wall_ms();
      TRY(const auto asked, sign_query(std::move(query), signer_));
      const Bytes body = bcs_encode(asked);
      rpc::HttpRequest request;
      request.method = "POST";
      const std::string& place = client_.url().path;  // of a Host that is found at a gateway's
      request.target = (place == "/" ? "" : place) + "/.fog/leaves";
      request.content_type = "application/octet-stream";
      request.body = as_text(body);
      request.answer_bytes_max = kLeafAnswerWireBytesMax;
      TRY(const auto answer, client_.exchange(request));
      if (answer.status == 200) {
        auto decoded = bcs_decode<LeafAnswer>(as_bytes(answer.body));
        if (decoded) return *std::move(decoded);
        return fail(ErrorCode::kProtocol, "the Host's answer is no LeafAnswer");
      }
      if (answer.status != 503 || tries == kBusyTries) {
        return fail(ErrorCode::kRejected, fmt::format("the Host gives no leaves ({}): {}",
                                                      answer.status, answer.body.substr(0, 300)));
      }
      std::this_thread::sleep_for(std::chrono::seconds(1));
    }
  }

 private:
  rpc::HttpClient client_;
  wallet::Signer& signer_;
};

// ---- what the chain says ----

// The receipts in a final transaction.
ErrorOr<std::vector<Claimed>> claims_of_transaction(NodeApi& node, const TxId& id) {
  TRY(const auto status, node.transaction(id));
  if (status.place != TxPlace::kFinal) {
    return fail(ErrorCode::kNotFound,
                to_hex0x(id) + " is neither a lease nor a final transaction of this chain");
  }
  if (status.outcome.fault != static_cast<std::uint16_t>(Fault::kNone)) {
    return fail(ErrorCode::kNotFound, "transaction " + to_hex0x(id) + " failed: it claims nothing");
  }
  TRY(const auto block, node.block(status.height));
  if (status.index >= block.block.txs.size()) {
    return fail(ErrorCode::kProtocol, "the node's block has no such transaction");
  }
  std::vector<Claimed> out;
  const auto tx = bcs_decode<SignedTx>(block.block.txs[status.index]);
  if (!tx) return fail(ErrorCode::kProtocol, "the transaction cannot be decoded");
  for (const RawMessage& message : tx->body.messages) {
    if (message.kind != static_cast<std::uint16_t>(market::SubmitReceipts::kKind)) continue;
    const auto submitted = bcs_decode<market::SubmitReceipts>(message.payload);
    if (!submitted) return fail(ErrorCode::kProtocol, "a message cannot be decoded");
    for (const market::Receipt& receipt : submitted->receipts) {
      for (const market::LogClaim& claim : receipt.logs) {
        out.push_back({{receipt.lease, receipt.term}, claim.gateway, {claim.count, claim.root}});
      }
    }
  }
  if (out.empty()) {
    return fail(ErrorCode::kNotFound,
                "transaction " + to_hex0x(id) + " holds no receipt with requests");
  }
  return out;
}

// What has been included of a lease's term so far.
std::vector<Claimed> claims_of_lease(const market::Lease& lease) {
  std::vector<Claimed> out;
  for (const market::LogState& log : lease.logs) {
    if (log.count > 0) out.push_back({{lease.id, lease.term}, log.gateway, {log.count, log.root}});
  }
  return out;
}

ErrorOr<std::vector<Claimed>> find_claims(NodeApi& node, const VerifyOptions& options) {
  std::string text = options.receipt;
  std::uint32_t term = options.term;
  if (const auto replica = replica_from_text(text.starts_with("0x") ? text.substr(2) : text)) {
    text = to_hex(replica->lease);
    term = replica->term;
  }
  TRY(const auto id, parse_id(text, "lease or transaction"));
  std::vector<Claimed> out;
  TRY(auto lease, read_record<market::Lease>(node, market::lease_key(id)));
  if (lease && term != 0 && lease->term != term) {
    TRY(lease, read_term(node, {id, term}));
    if (!lease) {
      return fail(ErrorCode::kNotFound, fmt::format("the chain has no term {} of that lease (any "
                                                    "more)",
                                                    term));
    }
  }
  if (lease) {
    out = claims_of_lease(*lease);
  } else {
    TRY(out, claims_of_transaction(node, id));
  }
  if (!options.gateway.empty()) {
    const auto gateway = address_from_text(options.gateway);
    if (!gateway) return fail(ErrorCode::kInvalidInput, "--gateway: no address");
    std::erase_if(out, [&](const Claimed& each) { return each.gateway != *gateway; });
  }
  if (out.empty()) return fail(ErrorCode::kNotFound, "no receipt over requests is included yet");
  return out;
}

// ---- one replica ----

// What is needed to replay a lease's requests.
struct Subject {
  market::Lease lease;
  LeafTerms terms;  // without gateway
  std::string endpoint;
  std::unique_ptr<Replayer> replayer;  // null for a container
};

ErrorOr<Subject> read_subject(Context& context, const ReplicaId& replica,
                              const VerifyOptions& options, const std::string& scratch) {
  NodeApi& node = context.node();
  TRY(auto lease, read_term(node, replica));
  if (!lease) {
    return fail(ErrorCode::kNotFound,
                "the chain has forgotten lease " + to_text(replica) + ": its audit window is over");
  }
  TRY(const auto work, read_lease_work(node, *lease));
  if (work.service.version != lease->service_version) {
    return fail(
        ErrorCode::kUnavailable,
        fmt::format("the lease runs version {} of {}, and the chain has the manifest of "
                    "version {} only",
                    lease->service_version, std::string(lease->service), work.service.version));
  }
  TRY(const auto host,
      read_one<market::Host>(node, market::host_key(lease->host), "host " + to_hex0x(lease->host)));
  TRY(const auto status, node.status());
  Subject out;
  out.terms.chain = status.chain_id;
  out.terms.replica = replica;
  out.terms.beacon = lease->beacon;
  out.terms.runtime = lease->runtime;
  out.terms.manifest = work.service.manifest;
  out.endpoint = host.endpoint;
  out.lease = *std::move(lease);
  const market::Manifest& manifest = out.terms.manifest;
  if (manifest.runtime == market::RuntimeKind::kContainer) return out;
  TRY(const auto store, ArtifactStore::open(scratch, market::kArtifactBytesMax));
  TRY(const Bytes artifact, store.obtain({manifest.artifact, manifest.artifact_bytes},
                                         work.endpoints, [] { return true; }));
  ReplayOptions how;
  how.program.path = options.foghost.empty() ? foghost_beside() : options.foghost;
  how.spool_folder = scratch;
  TRY(out.replayer, Replayer::start(how, manifest, out.terms.runtime, artifact));
  return out;
}

// ---- what is said ----

Json audit_json(const Claimed& claimed, const LogAudit& audit) {
  Json notable = Json::array();
  for (const AuditedLeaf& leaf : audit.notable) {
    notable.push_back({{"index", std::to_string(leaf.index)},
                       {"verdict", std::string(verdict_name(leaf.report.verdict))},
                       {"findings", leaf.report.findings}});
  }
  return {{"lease", to_hex0x(claimed.replica.lease)},
          {"term", claimed.replica.term},
          {"gateway", to_text(claimed.gateway)},
          {"root", to_hex0x(claimed.log.root.hash)},
          {"claimed",
           {{"leaves", std::to_string(claimed.log.count)},
            {"requests", std::to_string(claimed.log.root.sums.requests)},
            {"fuel", std::to_string(claimed.log.root.sums.fuel)},
            {"egress_bytes", std::to_string(claimed.log.root.sums.egress_bytes)}}},
          {"proven",
           {{"leaves", std::to_string(audit.asked)},
            {"requests", std::to_string(audit.counted.requests)},
            {"fuel", std::to_string(audit.counted.fuel)},
            {"egress_bytes", std::to_string(audit.counted.egress_bytes)}}},
          {"verified", audit.verified},
          {"attested", audit.attested},
          {"unverifiable", audit.unverifiable},
          {"void", audit.voids},
          {"missing", audit.missing},
          {"mismatch", audit.mismatched},
          {"notable", std::move(notable)}};
}

std::string audit_text(const Claimed& claimed, const LogAudit& audit) {
  std::string out = fmt::format(
      "Lease {}, gateway {}: {} of {} leaves proven against the chain, {} of {} fuel\n  {} "
      "verified, {} attested, {} unverifiable, {} void, {} missing, {} mismatch\n",
      to_text(claimed.replica), to_text(claimed.gateway), audit.asked, claimed.log.count,
      audit.counted.fuel, claimed.log.root.sums.fuel, audit.verified, audit.attested,
      audit.unverifiable, audit.voids, audit.missing, audit.mismatched);
  for (const AuditedLeaf& leaf : audit.notable) {
    out += fmt::format("  request {}: {}", leaf.index, verdict_name(leaf.report.verdict));
    for (const std::string& finding : leaf.report.findings) out += "; " + finding;
    out += "\n";
  }
  return out;
}

// Whether the answers of its key-value store fit each other, over all requests that were verified.
void add_store_history(Json& json, std::string& text, const StoreHistory::Verdict& store) {
  json["keyvalue"] = {{"calls", store.calls},
                      {"hold", store.hold},
                      {"unknown", store.unknown},
                      {"wrong", store.wrong},
                      {"findings", store.findings}};
  text += fmt::format(
      "  key-value store: {} calls; of the values read {} are what was written last, of {} that is "
      "not known, {} are wrong\n",
      store.calls, store.hold, store.unknown, store.wrong);
  for (const std::string& finding : store.findings) text += "  " + finding + "\n";
}

ErrorOr<void> save_leaves(const std::string& folder, const LeafTerms& terms,
                          const std::vector<Bytes>& records) {
  TRY_VOID(make_folder(folder));
  const std::string path =
      folder + "/" + to_text(terms.replica) + "." + to_hex(terms.gateway) + ".leaves";
  return write_file_atomically(path, encode_leaf_file(terms, records), FileMode::kPrivate);
}

ErrorOr<LogAudit> audit_one(const Subject& subject, const Claimed& claimed,
                            const VerifyOptions& options, std::uint64_t seed, LeafSource& source) {
  LeafTerms terms = subject.terms;
  terms.gateway = claimed.gateway;
  std::vector<Bytes> records;
  const auto indexes = sample_indexes(claimed.log.count, options.leaves, seed);
  TRY(auto audit, audit_log(terms, claimed.log, indexes, source, subject.replayer.get(),
                            [&](std::uint64_t, ByteView record) {
                              if (!options.save.empty() && !record.empty()) {
                                records.push_back(to_bytes(record));
                              }
                            }));
  if (!options.save.empty()) TRY_VOID(save_leaves(options.save, terms, records));
  return audit;
}

std::uint64_t draw_seed() {
  FixedBytes<sizeof(std::uint64_t)> bytes;
  system_rng().fill(bytes.data);
  std::uint64_t seed = 0;
  for (const std::uint8_t byte : bytes.data) seed = seed << 8 | byte;
  return seed;
}

ErrorOr<void> verify(Context& context, const VerifyOptions& options) {
  TRY(const auto claims, find_claims(context.node(), options));
  TRY(const auto signer, context.signer());
  const std::uint64_t seed = options.seed ? *options.seed : draw_seed();
  Json json = {{"seed", std::to_string(seed)}, {"logs", Json::array()}};
  std::string text;
  bool clean = true;
  const ScratchFolder scratch;
  std::optional<Subject> subject;  // goes first
  for (const Claimed& claimed : claims) {
    if (!subject || subject->terms.replica != claimed.replica) {
      TRY(auto read, read_subject(context, claimed.replica, options, scratch.path()));
      subject.emplace(std::move(read));
    }
    TRY(auto url, rpc::parse_http_url(subject->endpoint));
    HostLeaves source(std::move(url), *signer);
    TRY(const auto audit, audit_one(*subject, claimed, options, seed, source));
    clean = clean && audit.clean();
    json["logs"].push_back(audit_json(claimed, audit));
    text += audit_text(claimed, audit);
    // Gateways share their replica's store: the last log of it tells of all.
    const bool last = &claimed == &claims.back() || (&claimed + 1)->replica != claimed.replica;
    if (!last || !subject->replayer || subject->replayer->store_history().empty()) continue;
    const auto store = subject->replayer->store_history().check();
    add_store_history(json["logs"].back(), text, store);
    clean = clean && store.wrong == 0;
  }
  json["clean"] = clean;
  context.print(json, text + fmt::format("Sampled with --seed {}.", seed));
  if (clean) return {};
  return fail(ErrorCode::kRejected, "");  // what was printed has said it
}

}  // namespace

void add_verify_command(CLI::App& app, Chosen& chosen) {
  auto options = std::make_shared<VerifyOptions>();
  auto* command = app.add_subcommand(
      "verify", "Asks a Host for what a receipt claims, checks the proofs, runs it again");
  command
      ->add_option("RECEIPT", options->receipt,
                   "a lease (its id, or ID.TERM), or the transaction of a receipt")
      ->required();
  command->add_option("--term", options->term, "of the lease (default: the latest)");
  command->add_option("--gateway", options->gateway, "only requests of that one (default: all)");
  command->add_option("--leaves", options->leaves, "so many requests of each gateway, drawn by lot")
      ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{1'000'000}))
      ->capture_default_str();
  command->add_option("--seed", options->seed, "of the lot (default: another each time)");
  command->add_option("--save", options->save,
                      "folder for the leaves, to be replayed by `foghost replay FILE`");
  command->add_option("--foghost", options->foghost,
                      "the program that runs them (default: beside this one)");
  command->callback([&chosen, options] {
    chosen.command = [options](Context& c) { return verify(c, *options); };
  });
}

}  // namespace fog::cli
