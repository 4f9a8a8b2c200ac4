// FrontSession's second half: from the end of a run to the answer on the wire.
#include <algorithm>

#include <boost/beast/http/rfc7230.hpp>

#include "executor/front_session.h"
#include "executor/say.h"

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

}  // namespace

// The run has ended: makes the answer, accounts for it, sends it.
void FrontSession::on_end(const DoneFrame& end) {
  DoneFrame done = end;
  FrontLink& link = *request_->link;
  if (!streaming_ && done.outcome != RunOutcome::kOk) {
    // It stands as it is, and has to say at its end that it is not all.
    if (auto head = streamed_head(link.terms.manifest, request_->head.method, *exchange_))
      begin_stream(*std::move(head));
  }
  Answer answer = make_answer(link.terms.manifest, request_->head.method, *exchange_, done,
                              replicas_.context().spool_folder);
  const auto accounted = account(done, answer);
  if (!accounted && streaming_) {
    say("cannot account for a request: " + accounted.error().context);
    return break_stream();
  }
  if (!accounted) {
    return refuse(503, "this Host cannot account for the request: " + accounted.error().context);
  }
  const ReplicaId& id = link.terms.replica;
  const std::uint64_t fuel = accounted->entry.counters.fuel;
  const std::uint64_t outbound_bytes = exchange_->outbound.egress_bytes();
  const std::string text = market::response_mac_text(id.lease, id.term, request_->index,
                                                     answer.head, fuel, outbound_bytes);
  http::fields counters;
  counters.set("Fog-Fuel", std::to_string(fuel));
  counters.set("Fog-Memory-Peak", std::to_string(done.meter.memory_peak_bytes));
  if (outbound_bytes > 0) counters.set("Fog-Outbound", std::to_string(outbound_bytes));
  counters.set("Fog-Outcome", std::string(outcome_name(done.outcome)));
  counters.set("Fog-Mac", to_hex(hmac_sha256(link.gateway.link_key, as_bytes(text))));
  output_.emplace(std::move(answer.body));
  output_end_ = output_->size();
  if (streaming_) {
    auto trailer = std::make_shared<std::string>("0\r\n");
    for (const auto& field : counters) {
      trailer->append(view(field.name_string()))
          .append(": ")
          .append(view(field.value()))
          .append("\r\n");
    }
    trailer->append("\r\n");
    return end_stream(trailer);
  }
  output_at_ = answer.body_from;
  put_head(answer.head);
  for (const auto& field : counters) response_->insert(field.name_string(), field.value());
  write_answer();
}

void FrontSession::put_head(const market::ResponseHead& head) {
  response_.emplace(static_cast<http::status>(head.status), 11);
  for (const market::HttpField& field : head.fields) {
    response_->insert(beast_view(field.name), beast_view(field.value));
  }
  response_->set("Fog-Index", std::to_string(request_->index));
}

ErrorOr<Accounted> FrontSession::account(const DoneFrame& done, const Answer& answer) {
  FrontLink& link = *request_->link;
  TRY(auto out, account_for(link.terms, request_->head, request_->index, *exchange_, done, answer));
  TRY(const Bytes leaf, encode_leaf(link.terms, out, request_->head, *exchange_, answer));
  TRY_VOID(link.log->record(out.entry));
  link.leaves->append(leaf);
  UseFrame& use = request_->replica->use;
  ++use.served;
  use.fuel += out.entry.counters.fuel;
  use.request_bytes += out.entry.request_bytes;
  use.response_bytes += out.entry.counters.egress_bytes;
  use.outbound_bytes += exchange_->outbound.egress_bytes();
  use.memory_peak_bytes = std::max(use.memory_peak_bytes, done.meter.memory_peak_bytes);
  const auto took = std::chrono::steady_clock::now() - since_;
  count_took(use.took, static_cast<std::uint64_t>(
                           std::chrono::duration_cast<std::chrono::microseconds>(took).count()));
  if (done.outcome != RunOutcome::kOk) ++use.failed;
  return out;
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
