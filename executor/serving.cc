#include "executor/serving.h"

#include <algorithm>

namespace fog::executor {
namespace {

constexpr std::uint64_t kLogBytesPerRequest = 64 * 1024;
constexpr std::uint64_t kWorkerOverheadBytes = 192ULL << 20;
// Of each slot: a thread's stack, tables, what the runtime keeps.
constexpr std::uint64_t kSlotOverheadBytes = 32ULL << 20;

bool has_no_body(std::string_view method, std::uint16_t status) {
  return method == "HEAD" || status == 204 || status == 304;
}

// The workload's own head, and where in its output the body begins.
Result<CgiHead, HeadFault> written_head(const market::Manifest& manifest,
                                        const Exchange& exchange) {
  if (market::takes_http(manifest.runtime)) {
    if (!exchange.head) return Fail{HeadFault("no head was given")};
    TRY(auto head, check_response_head(*exchange.head, exchange.live_body));
    return CgiHead{std::move(head), 0};
  }
  const Spool& output = exchange.output;
  Bytes start(static_cast<std::size_t>(std::min<std::uint64_t>(output.size(), kCgiHeadBytesMax)));
  const auto got = output.read(0, start);
  start.resize(got ? *got : 0);
  return parse_cgi_head(start);
}

// All of a body, from an offset on.
ErrorOr<Bytes> read_whole(const Spool& spool, std::uint64_t from) {
  Bytes out(static_cast<std::size_t>(spool.size() - from));
  TRY(const std::size_t got, spool.read(from, out));
  CHECK(got == out.size());
  return out;
}

bool says_streamed(const market::HttpField& field) {
  if (field.name == "content-type") return field.value.starts_with("text/event-stream");
  return field.name == "x-accel-buffering" && field.value == "no";
}

}  // namespace

bool is_streamed(const market::ResponseHead& head) {
  return head.status == 101 || std::any_of(head.fields.begin(), head.fields.end(), says_streamed);
}

std::optional<CgiHead> streamed_head(const market::Manifest& manifest, std::string_view method,
                                     const Exchange& exchange) {
  auto written = written_head(manifest, exchange);
  if (!written || has_no_body(method, written->head.status) || !is_streamed(written->head))
    return std::nullopt;
  return *std::move(written);
}

bool has_whole_head(const market::Manifest& manifest, const Exchange& exchange) {
  if (market::takes_http(manifest.runtime)) return exchange.head.has_value();
  return exchange.output.size() >= kCgiHeadBytesMax || written_head(manifest, exchange).has_value();
}

RunFrame run_frame(const LeafTerms& terms, const market::RequestHead& head, std::uint64_t index) {
  const market::Manifest& manifest = terms.manifest;
  RunFrame run;
  run.args.push_back(to_bytes(as_bytes("service")));
  const bool in_parts = market::takes_http(manifest.runtime);
  if (in_parts) {
    run.http = RequestParts{to_bytes(as_bytes(head.method)), to_bytes(as_bytes(head.target)),
                            entries_of(head)};
  }
  for (auto& [name, value] :
       in_parts ? plain_environment(manifest.env) : cgi_environment(head, manifest.env)) {
    run.env.push_back({to_bytes(as_bytes(name)), to_bytes(as_bytes(value))});
  }
  run.clock_ms = head.time_ms;
  run.seed =
      guest_seed(terms.beacon, terms.replica.lease, terms.replica.term, terms.gateway, index);
  return run;
}

std::uint64_t worker_overhead_bytes(const market::Manifest& manifest, std::uint32_t slots) {
  return kWorkerOverheadBytes + (manifest.outbound.empty() ? 0 : slots * kOutboundRunBytes) +
         (manifest.keyvalue_mib == 0 ? 0 : slots * kKeyvalueRunBytes);
}

BindFrame bind_frame(const market::Manifest& manifest, std::uint32_t slots) {
  BindFrame bind;
  bind.runtime = manifest.runtime;
  bind.slots = slots;
  bind.fuel_max = manifest.fuel_per_request;
  bind.memory_bytes_max = std::uint64_t{manifest.memory_mib} << 20;
  bind.wall_ms_max = manifest.wall_ms;
  bind.output_bytes_max = manifest.response_bytes_max;
  bind.log_bytes_max = kLogBytesPerRequest;
  bind.outbound = !manifest.outbound.empty();
  bind.keyvalue = manifest.keyvalue_mib > 0;
  bind.data_bytes_max =
      slots * (bind.memory_bytes_max + kSlotOverheadBytes) + worker_overhead_bytes(manifest, slots);
  bind.compile_data_bytes_max = bind.data_bytes_max;
  return bind;
}

Answer make_answer(const market::Manifest& manifest, std::string_view method, Exchange& exchange,
                   DoneFrame& done, const std::string& spool_folder) {
  if (done.outcome != RunOutcome::kOk) {
    if (auto sent = streamed_head(manifest, method, exchange))
      return {std::move(sent->head), std::move(exchange.output), sent->body_from};
  } else {
    auto written = written_head(manifest, exchange);
    if (written) {
      Answer out{std::move(written->head), std::move(exchange.output), written->body_from};
      if (has_no_body(method, out.head.status)) out.body_from = out.body.size();
      return out;
    }
    done.outcome = RunOutcome::kHeader;
    done.detail = clean_text<1024>(written.error());
  }
  Answer out{{}, Spool(spool_folder), 0};
  out.head.status = outcome_status(done.outcome);
  out.head.fields = {{"content-type", "text/plain; charset=utf-8"}};
  const std::string sentence = outcome_sentence(done.outcome, done.detail) + "\n";
  // Small enough to stay in memory.
  if (!has_no_body(method, out.head.status)) (void)out.body.append(as_bytes(sentence));
  return out;
}

ErrorOr<Accounted> account_for(const LeafTerms& terms, const market::RequestHead& head,
                               std::uint64_t index, const Exchange& exchange, const DoneFrame& done,
                               const Answer& answer) {
  TRY(const Hash32 request_body, exchange.body.sha256_from(0));
  TRY(const Hash32 response_body, answer.body.sha256_from(answer.body_from));
  // A container has no fuel: it pays rent, and for requests and bytes.
  const bool metered = terms.manifest.runtime != market::RuntimeKind::kContainer;
  Accounted out;
  out.run.outcome = done.outcome;
  out.run.fuel = metered ? measured_fuel(done.outcome, done.meter) : 0;
  out.run.content_bytes = exchange.body.size() + answer.body_bytes() + exchange.outbound.bytes() +
                          exchange.keyvalue.bytes();
  out.run.outbound = exchange.outbound.hash();
  out.run.keyvalue = exchange.keyvalue.hash();
  market::LogEntry& entry = out.entry;
  entry.index = index;
  entry.request = market::request_hash(head, request_body);
  entry.response = market::response_hash(answer.head, response_body);
  entry.request_bytes = exchange.body.size();
  entry.counters.requests = 1;
  entry.counters.fuel =
      metered ? billed_fuel(done.outcome, out.run.fuel, terms.manifest.artifact_bytes) : 0;
  entry.counters.egress_bytes =
      market::response_bytes(answer.head, answer.body_bytes()) + exchange.outbound.egress_bytes();
  entry.memory_peak = done.meter.memory_peak_bytes;
  entry.time_ms = head.time_ms;
  entry.run = run_hash(out.run);
  return out;
}

ErrorOr<Bytes> encode_leaf(const LeafTerms& terms, const Accounted& accounted,
                           const market::RequestHead& head, const Exchange& exchange,
                           const Answer& answer) {
  LeafRecord record{accounted.entry, accounted.run, {}};
  if (terms.manifest.runtime != market::RuntimeKind::kContainer &&
      record.run.content_bytes <= kLeafContentBytesMax) {
    LeafContent& content = record.content.emplace();
    content.request = {to_bytes(as_bytes(head.method)), to_bytes(as_bytes(head.target)),
                       entries_of(head)};
    TRY(content.request_body, read_whole(exchange.body, 0));
    content.outbound = exchange.outbound.records();
    content.keyvalue = exchange.keyvalue.records();
    content.status = answer.head.status;
    content.fields = entries_of(answer.head);
    TRY(content.response_body, read_whole(answer.body, answer.body_from));
  }
  return bcs_encode(record);
}

}  // namespace fog::executor
