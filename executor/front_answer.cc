// FrontSession's second half: from the end of a run to the answer on the wire.
#include <algorithm>

#include <boost/beast/http/rfc7230.hpp>

#include "executor/cgi.h"
#include "executor/front_session.h"

namespace fog::executor {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using boost::system::error_code;

namespace {

constexpr std::chrono::seconds kLingerTime{5};
constexpr std::uint64_t kLingerBytes = 4 * 1024 * 1024;

boost::beast::string_view beast_view(std::string_view text) {
  return {text.data(), text.size()};
}

bool has_no_body(std::string_view method, std::uint16_t status) {
  return method == "HEAD" || status == 204 || status == 304;
}

}  // namespace

// The workload's own head, and where in its output the body begins.
Result<CgiHead, HeadFault> FrontSession::written_head() const {
  if (market::takes_http(request_->replica->serve().manifest.runtime)) {
    if (!exchange_->head) return Fail{HeadFault("no head was given")};
    TRY(auto head, check_response_head(*exchange_->head));
    return CgiHead{std::move(head), 0};
  }
  Bytes start(static_cast<std::size_t>(std::min<std::uint64_t>(output_->size(), kCgiHeadBytesMax)));
  const auto got = output_->read(0, start);
  start.resize(got ? *got : 0);
  return parse_cgi_head(start);
}

// What is said to the End User: the workload's answer, or a sentence about why there is none. The
// body is output_ from the returned offset on; `done` tells by then what went wrong with the head.
std::uint64_t FrontSession::make_answer(DoneFrame& done, market::ResponseHead& head) {
  output_.emplace(std::move(exchange_->output));
  if (done.outcome == RunOutcome::kOk) {
    auto parsed = written_head();
    if (parsed) {
      head = std::move(parsed->head);
      const bool bare = has_no_body(request_->head.method, head.status);
      return bare ? output_->size() : parsed->body_from;
    }
    done.outcome = RunOutcome::kHeader;
    done.detail = clean_text<1024>(parsed.error());
  }
  head.status = outcome_status(done.outcome);
  head.fields = {{"content-type", "text/plain; charset=utf-8"}};
  output_.emplace(replicas_.context().spool_folder);
  const std::string sentence = outcome_sentence(done.outcome, done.detail) + "\n";
  if (!has_no_body(request_->head.method, head.status)) {
    (void)output_->append(as_bytes(sentence));
  }
  return 0;
}

// The run has ended: makes the answer, accounts for it, sends it.
void FrontSession::on_end(const DoneFrame& end) {
  DoneFrame done = end;
  market::ResponseHead head;
  const std::uint64_t body_from = make_answer(done, head);
  const market::Manifest& manifest = request_->replica->serve().manifest;
  // A container has no fuel: it pays rent, and for requests and bytes.
  const bool metered = manifest.runtime != market::RuntimeKind::kContainer;
  const std::uint64_t fuel =
      metered ? billed_fuel(done.outcome, done.meter, manifest.artifact_bytes) : 0;
  if (const auto accounted = account(done, head, body_from, fuel); !accounted) {
    return refuse(503, "this Host cannot account for the request: " + accounted.error().context);
  }
  const ReplicaId& id = request_->replica->serve().replica;
  const std::string text = market::response_mac_text(id.lease, id.term, request_->index, head, fuel,
                                                     exchange_->outbound_bytes);
  const Hash32 mac = hmac_sha256(request_->link->gateway.link_key, as_bytes(text));
  response_.emplace(static_cast<http::status>(head.status), 11);
  for (const market::HttpField& field : head.fields) {
    response_->insert(beast_view(field.name), beast_view(field.value));
  }
  response_->set("Fog-Index", std::to_string(request_->index));
  response_->set("Fog-Fuel", std::to_string(fuel));
  response_->set("Fog-Memory-Peak", std::to_string(done.meter.memory_peak_bytes));
  if (exchange_->outbound_bytes > 0) {
    response_->set("Fog-Outbound", std::to_string(exchange_->outbound_bytes));
  }
  response_->set("Fog-Outcome", std::string(outcome_name(done.outcome)));
  response_->set("Fog-Mac", to_hex(mac));
  output_at_ = body_from;
  output_end_ = output_->size();
  request_->link->log->when_written([self = shared_from_this()] { self->write_answer(); });
}

ErrorOr<void> FrontSession::account(const DoneFrame& done, const market::ResponseHead& head,
                                    std::uint64_t body_from, std::uint64_t fuel) {
  market::LogEntry entry;
  entry.index = request_->index;
  entry.time_ms = request_->head.time_ms;
  entry.memory_peak = done.meter.memory_peak_bytes;
  entry.request_bytes = exchange_->body.size();
  entry.counters = {
      1, fuel,
      market::response_bytes(head, output_->size() - body_from) + exchange_->outbound_bytes};
  UsageLog& log = *request_->link->log;
  const auto request_body = exchange_->body.sha256_from(0);
  const auto response_body = output_->sha256_from(body_from);
  if (!request_body) return Fail{request_body.error()};
  if (!response_body) return Fail{response_body.error()};
  entry.request = market::request_hash(request_->head, *request_body);
  entry.response = market::response_hash(head, *response_body);
  TRY_VOID(log.record(entry));
  UseFrame& use = request_->replica->use;
  ++use.served;
  use.fuel += fuel;
  if (done.outcome != RunOutcome::kOk) ++use.failed;
  return {};
}

// ---- answering ----

void FrontSession::free_index() {
  // What has been recorded is not running any more, and stays recorded.
  if (request_) request_->link->log->abandon(request_->index);
}

void FrontSession::refuse(unsigned status, const std::string& why) {
  free_index();
  // What is left of a body that was not read would be taken for the next request.
  if (parser_ && !parser_->is_done()) keep_alive_ = false;
  answer(status, "text/plain; charset=utf-8", why + "\n");
}

void FrontSession::refuse_voucher(const std::string& why, std::vector<std::uint64_t> missing) {
  market::VoucherRefusal refusal;
  refusal.why = clean_text<512>(why);
  refusal.missing.assign(missing.begin(), missing.end());
  answer(409, "application/octet-stream", std::string(as_text(bcs_encode(refusal))));
}

void FrontSession::answer(unsigned status, const std::string& content_type,
                          const std::string& text) {
  response_.emplace(static_cast<http::status>(status), 11);
  if (!content_type.empty()) response_->set(http::field::content_type, content_type);
  output_.emplace(replicas_.context().spool_folder);
  (void)output_->append(as_bytes(text));
  output_at_ = 0;
  output_end_ = output_->size();
  write_answer();
}

void FrontSession::write_answer() {
  response_->keep_alive(keep_alive_);
  const bool head_only = parser_ && parser_->get().method() == http::verb::head;
  const unsigned status = response_->result_int();
  if (head_only) {
    output_at_ = output_end_;
  } else if (status != 204 && status != 304) {
    response_->content_length(output_end_ - output_at_);
  }
  serializer_.emplace(*response_);
  write_part();
}

void FrontSession::write_part() {
  const auto room =
      static_cast<std::size_t>(std::min<std::uint64_t>(chunk_.size(), output_end_ - output_at_));
  const auto got = output_->read(output_at_, std::span(chunk_).first(room));
  if (!got) return close();
  output_at_ += *got;
  auto& body = response_->body();
  body.data = *got == 0 ? nullptr : chunk_.data();
  body.size = *got;
  body.more = output_at_ < output_end_;
  stream_.expires_after(kConnectionPartTime);
  http::async_write(stream_, *serializer_,
                    [self = shared_from_this()](error_code error, std::size_t) {
                      if (error == http::error::need_buffer) return self->write_part();
                      if (error) return;
                      self->on_written();
                    });
}

void FrontSession::on_written() {
  serializer_.reset();
  response_.reset();
  output_.reset();
  if (!keep_alive_) return close();
  read_head();
}

// What the other side still sends is read for a moment: closing on unread bytes would reset the
// connection, and the answer could be lost with it.
void FrontSession::close() {
  error_code ignored;
  stream_.socket().shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
  stream_.expires_after(kLingerTime);
  linger(kLingerBytes);
}

void FrontSession::linger(std::uint64_t bytes) {
  stream_.async_read_some(asio::buffer(chunk_),
                          [self = shared_from_this(), bytes](error_code error, std::size_t got) {
                            if (!error && got < bytes) self->linger(bytes - got);
                          });
}

}  // namespace fog::executor
