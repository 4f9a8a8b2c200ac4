#include "executor/replay.h"

#include <algorithm>
#include <unistd.h>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

namespace fog::executor {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

constexpr std::uint64_t kBindTimeoutMs = 300'000;
constexpr std::uint64_t kGraceMs = 10'000;

// Slower computers, and the digest, may take their time: only fuel ends a run.
std::uint64_t replay_wall_ms(const market::Manifest& manifest) {
  return std::uint64_t{manifest.wall_ms} * 4 + 60'000;
}

// A request to another server, of which the record tells all.
class RecordedCall final : public OutboundCall {
 public:
  explicit RecordedCall(std::uint64_t egress_bytes) : egress_bytes_(egress_bytes) {}
  std::uint64_t cancel() override {
    ended = true;
    return egress_bytes_;
  }
  bool ended = false;

 private:
  const std::uint64_t egress_bytes_;
};

// What one replay came to.
struct Run {
  DoneFrame done;
  Answer answer;
  Accounted accounted;
  OutboundRecords outbound;
  std::optional<AuditFrame> audit;
  bool strayed = false;  // asked its store for something else than recorded
};

class WorkerReplayer final : public Replayer {
 public:
  WorkerReplayer(ReplayOptions options, const market::Manifest& manifest)
      : options_(std::move(options)), manifest_(manifest) {}
  ~WorkerReplayer() override {
    if (link_ != nullptr) link_->close();
  }

  // Compiles when there is no code yet.
  ErrorOr<void> start_worker(const market::RuntimeProfile& runtime, ByteView artifact) {
    TRY(auto worker, WorkerProcess::start(options_.program));
    log_.reset();
    worker_.emplace(std::move(worker));
    BindFrame bind = bind_frame(manifest_, 1);
    bind.compiled = !code_.empty();
    bind.wall_ms_max = replay_wall_ms(manifest_);
    // The digest holds a copy of the guest's memory.
    bind.data_bytes_max += bind.memory_bytes_max;
    bind.compile_data_bytes_max = bind.data_bytes_max;
    TRY(auto bound, worker_->bind(bind, bind.compiled ? ByteView(code_) : artifact, kBindTimeoutMs,
                                  [] { return true; }));
    if (bound.runtime != runtime) {
      return fail(ErrorCode::kUnavailable, "this program's runtime profile is " +
                                               to_hex0x(bound.runtime) + ", and the lease's is " +
                                               to_hex0x(runtime) +
                                               ": replays need a foghost of the same release");
    }
    if (!bind.compiled) code_ = std::move(bound.code);
    lost_ = false;
    link_ = std::make_shared<WorkerLink>(
        io_, worker_->take_socket(),
        WorkerLink::Limits{manifest_.response_bytes_max, manifest_.outbound_bytes_max},
        WorkerLink::Doors{ask(), keep()}, [this](const std::string&) { lost_ = true; });
    link_->start();
    log_.emplace(io_, ::dup(worker_->log()));
    drop_log();
    return {};
  }

  ErrorOr<LeafReport> replay(const LeafTerms& terms, const LeafRecord& record) override {
    LeafReport report = examine_leaf(terms, record);
    if (report.verdict != LeafVerdict::kVerified) return report;
    const bool wall = record.run.outcome == RunOutcome::kWall;
    if (wall && !tells_of_wall(record)) {
      report.verdict = LeafVerdict::kUnverifiable;
      report.findings.emplace_back("stopped by the Host's wall time");
      return report;
    }
    if (lost_) TRY_VOID(start_worker(terms.runtime, {}));
    TRY(const Run run, run_again(terms, record));
    report.ran = true;
    report.outcome = run.done.outcome;
    report.fuel = run.accounted.entry.counters.fuel;
    report.memory_peak = run.accounted.entry.memory_peak;
    if (run.audit) {
      report.calls = run.audit->calls;
      report.digest = run.audit->digest;
    }
    if (run.strayed) {
      report.verdict = LeafVerdict::kMismatch;
      report.findings.emplace_back("it asks its key-value store for something else than recorded");
    } else if (wall) {
      judge_wall(record, run, report);
    } else {
      compare(record, run, report);
    }
    if (report.verdict == LeafVerdict::kVerified) {
      const std::string where =
          "request " + std::to_string(record.entry.index) + " of gateway " + to_text(terms.gateway);
      for (const auto& [call, reply] : kept_) store_history_.add(call, reply, where);
    }
    return report;
  }

 private:
  WorkerLink::Ask ask() {
    if (manifest_.outbound.empty()) return nullptr;
    return [this](std::uint32_t number, const OutboundRequest& request,
                  OutboundDone done) -> std::shared_ptr<OutboundCall> {
      const auto it = std::find_if(outbound_.begin(), outbound_.end(),
                                   [&](const auto& each) { return each.number == number; });
      const std::uint64_t egress_bytes = it == outbound_.end() ? 0 : it->egress_bytes;
      counted_too_much_ = counted_too_much_ || egress_bytes > outbound_bytes(request);
      auto call = std::make_shared<RecordedCall>(egress_bytes);
      // What the record does not answer, the guest waits for in vain, as it did then.
      if (it == outbound_.end() || !it->reply) return call;
      OutboundReply reply{it->reply->head, it->reply->body};
      asio::post(io_, [call, egress_bytes, reply = std::move(reply), done = std::move(done)] {
        if (!call->ended) done(reply, egress_bytes);
      });
      return call;
    };
  }

  // Calls come in the order in which they came then. Where one differs the rest is worth nothing.
  WorkerLink::Keep keep() {
    if (manifest_.keyvalue_mib == 0) return nullptr;
    return [this](const KeyvalueCall& call, std::function<void(const KeyvalueReply&)> done) {
      const KeyvalueRecord* record =
          keyvalue_at_ < keyvalue_.size() ? &keyvalue_[keyvalue_at_++] : nullptr;
      if (record == nullptr || record->asked != asked_hash(call)) {
        strayed_ = true;
        return asio::post(io_, [link = link_] { link->give_up("it asks for something else"); });
      }
      // What the record does not answer, the guest waits for in vain, as it did then.
      if (!record->reply) return;
      kept_.push_back({call, *record->reply});
      asio::post(io_, [reply = *record->reply, done = std::move(done)] { done(reply); });
    };
  }

  ErrorOr<Run> run_again(const LeafTerms& terms, const LeafRecord& record) {
    const market::RequestHead head = request_head(record);
    outbound_ = record.content->outbound;
    keyvalue_ = record.content->keyvalue;
    keyvalue_at_ = 0;
    kept_.clear();
    strayed_ = counted_too_much_ = false;
    const std::string& folder = options_.spool_folder;
    RunFrame frame = run_frame(terms, head, record.entry.index);
    const bool wall = record.run.outcome == RunOutcome::kWall;
    if (wall) frame.fuel_max = record.run.fuel + 1;
    frame.audit = options_.digest ? AuditKind::kDigest : wall ? AuditKind::kFuel : AuditKind::kNone;
    auto exchange = std::make_shared<Exchange>(std::move(frame), Spool(folder), Spool(folder));
    TRY_VOID(exchange->body.append(record.content->request_body));
    std::optional<DoneFrame> done;
    exchange->done = [&](const DoneFrame& end) { done = end; };
    asio::steady_timer stuck(io_);
    stuck.expires_after(std::chrono::milliseconds(replay_wall_ms(manifest_) + kGraceMs));
    stuck.async_wait([this](error_code error) {
      if (!error) link_->give_up("it is stuck");
    });
    io_.restart();
    link_->run(exchange);
    while (!done && io_.run_one() > 0) {
    }
    stuck.cancel();
    if (!done) return fail(ErrorCode::kIo, "the worker's socket was lost");
    Answer answer = make_answer(manifest_, head.method, *exchange, *done, folder);
    TRY(Accounted accounted,
        account_for(terms, head, record.entry.index, *exchange, *done, answer));
    return Run{*std::move(done),     std::move(answer),
               std::move(accounted), exchange->outbound.records(),
               exchange->audit,      strayed_};
  }

  // How far a run comes in a time is that computer's business. What is billed is the fuel at a host
  // call, and that can be seen: under a limit just above it the run ends after that call, or in it.
  static void judge_wall(const LeafRecord& record, const Run& run, LeafReport& report) {
    const bool reached = run.audit && (run.audit->fuel == record.run.fuel || run.audit->in_call);
    if (run.done.outcome == RunOutcome::kFuel && !reached) {
      report.verdict = LeafVerdict::kMismatch;
      report.findings.push_back("stopped by wall time, and billed for a host call at " +
                                std::to_string(record.run.fuel) + " fuel, where the run has none");
      return;
    }
    if (bills_fuel(run.done.outcome) && record.run.fuel > run.done.meter.fuel_at_last_call) {
      report.verdict = LeafVerdict::kMismatch;
      report.findings.push_back(
          "stopped by wall time, and billed for more than the whole run takes");
      return;
    }
    report.verdict = LeafVerdict::kUnverifiable;
    report.findings.emplace_back("stopped by the Host's wall time, which no replay can show");
  }
  // Whether running it again could tell more than that.
  static bool tells_of_wall(const LeafRecord& record) {
    const auto& outbound = record.content->outbound;
    const auto& keyvalue = record.content->keyvalue;
    const auto waits = [](const auto& each) { return !each.reply; };
    const bool waited = std::any_of(outbound.begin(), outbound.end(), waits) ||
                        std::any_of(keyvalue.begin(), keyvalue.end(), waits);
    return record.run.fuel > 0 && !waited;
  }

  void compare(const LeafRecord& record, const Run& run, LeafReport& report) const {
    if (!bills_fuel(run.done.outcome)) {
      report.verdict = LeafVerdict::kUnverifiable;
      report.findings.push_back("the replay ended on this computer as \"" +
                                std::string(outcome_name(run.done.outcome)) + "\"");
      return;
    }
    const auto differs = [&](std::string_view what, const std::string& then,
                             const std::string& now) {
      report.verdict = LeafVerdict::kMismatch;
      report.findings.push_back(std::string(what) + ": recorded " + then + ", replayed " + now);
    };
    const RunRecord& now = run.accounted.run;
    if (record.run.outcome != now.outcome) {
      differs("outcome", std::string(outcome_name(record.run.outcome)),
              std::string(outcome_name(now.outcome)));
    }
    if (record.run.fuel != now.fuel) {
      differs("fuel", std::to_string(record.run.fuel), std::to_string(now.fuel));
    }
    if (record.entry.memory_peak != run.accounted.entry.memory_peak) {
      differs("memory peak", std::to_string(record.entry.memory_peak),
              std::to_string(run.accounted.entry.memory_peak));
    }
    compare_response(record, run, differs);
    compare_outbound(record.content->outbound, run.outbound, differs);
    if (keyvalue_at_ < keyvalue_.size()) {
      differs("calls to its key-value store", std::to_string(keyvalue_.size()),
              std::to_string(keyvalue_at_));
    }
    if (counted_too_much_) {
      report.verdict = LeafVerdict::kMismatch;
      report.findings.emplace_back("a request to another server counts more bytes than it has");
    }
  }

  template <class Differs>
  static void compare_response(const LeafRecord& record, const Run& run, const Differs& differs) {
    if (record.entry.response == run.accounted.entry.response) return;
    const market::ResponseHead then = response_head(*record.content);
    const market::ResponseHead& now = run.answer.head;
    if (then.status != now.status) {
      differs("status", std::to_string(then.status), std::to_string(now.status));
    }
    if (then.fields != now.fields) {
      differs("response headers", std::to_string(then.fields.size()) + " fields",
              "others (" + std::to_string(now.fields.size()) + ")");
    }
    const Bytes& body = record.content->response_body;
    Bytes replayed(static_cast<std::size_t>(run.answer.body_bytes()));
    if (!run.answer.body.read(run.answer.body_from, replayed)) replayed.clear();
    if (body == replayed) return;
    const auto place = std::mismatch(body.begin(), body.end(), replayed.begin(), replayed.end());
    differs("response body", std::to_string(body.size()) + " bytes",
            std::to_string(replayed.size()) + " bytes, from byte " +
                std::to_string(place.first - body.begin()) + " on another");
  }

  // What was answered is the record's; what was asked is the guest's.
  template <class Differs>
  static void compare_outbound(const OutboundRecords& then, const OutboundRecords& now,
                               const Differs& differs) {
    const bool same = std::equal(
        then.begin(), then.end(), now.begin(), now.end(),
        [](const auto& a, const auto& b) { return a.number == b.number && a.asked == b.asked; });
    if (same) return;
    differs("requests to other servers", std::to_string(then.size()),
            "others (" + std::to_string(now.size()) + ")");
  }

  // The guest's log is not wanted, and must not fill its pipe.
  void drop_log() {
    log_->async_read_some(asio::buffer(log_bytes_), [this](error_code error, std::size_t) {
      if (!error) drop_log();
    });
  }

  const ReplayOptions options_;
  const market::Manifest manifest_;
  Bytes code_;
  OutboundRecords outbound_;  // of the leaf at hand
  KeyvalueRecords keyvalue_;
  std::size_t keyvalue_at_ = 0;
  std::vector<std::pair<KeyvalueCall, KeyvalueReply>> kept_;  // of the replay at hand
  bool strayed_ = false;
  asio::io_context io_;
  std::optional<WorkerProcess> worker_;
  std::shared_ptr<WorkerLink> link_;
  std::optional<asio::posix::stream_descriptor> log_;
  std::array<std::uint8_t, 4096> log_bytes_;
  bool counted_too_much_ = false;
  bool lost_ = true;
};

}  // namespace

ErrorOr<std::unique_ptr<Replayer>> Replayer::start(ReplayOptions options,
                                                   const market::Manifest& manifest,
                                                   const market::RuntimeProfile& runtime,
                                                   ByteView artifact) {
  if (manifest.runtime == market::RuntimeKind::kContainer) {
    return fail(ErrorCode::kRejected, "a container's requests are attested, not replayed");
  }
  auto out = std::make_unique<WorkerReplayer>(std::move(options), manifest);
  TRY_VOID(out->start_worker(runtime, artifact));
  return std::unique_ptr<Replayer>(std::move(out));
}

}  // namespace fog::executor
