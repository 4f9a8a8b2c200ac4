// FrontSession's part for answers that go out while their run goes on, and for requests that switch
// protocols: those are carried both ways.
#include <algorithm>
#include <array>

#include <boost/beast/http/chunk_encode.hpp>
#include <sys/socket.h>

#include "executor/front_session.h"

namespace fog::executor {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using boost::system::error_code;

namespace {

constexpr std::size_t kLivePartBytes = 16 * 1024;

}  // namespace

void FrontSession::on_progress() {
  // Looked at once, not with each part of a long answer.
  if (held_back_) return;
  const market::Manifest& manifest = request_->link->terms.manifest;
  if (streaming_) {
    pump_stream();
  } else if (auto head = streamed_head(manifest, request_->head.method, *exchange_)) {
    begin_stream(*std::move(head));
  } else {
    held_back_ = has_whole_head(manifest, *exchange_);
  }
  if (streaming_ && request_->switches && !reads_live_) read_live_body();
}

void FrontSession::begin_stream(CgiHead head) {
  const FrontLink& link = *request_->link;
  const ReplicaId& id = link.terms.replica;
  streaming_.emplace();
  output_at_ = head.body_from;
  const bool switched = head.head.status == 101;
  const std::string text = market::stream_mac_text(id.lease, id.term, request_->index, head.head);
  put_head(head.head);
  // 101 could have no body.
  if (switched) response_->result(http::status::ok);
  response_->set("Fog-Streamed", switched ? "switched" : "body");
  response_->set("Fog-Mac", to_hex(hmac_sha256(link.gateway.link_key, as_bytes(text))));
  response_->chunked(true);
  response_->keep_alive(keep_alive_);
  response_->body().data = nullptr;
  response_->body().more = true;
  serializer_.emplace(*response_);
  streaming_->writing = true;
  stream_.expires_after(kConnectionPartTime);
  http::async_write_header(stream_, *serializer_,
                           [self = shared_from_this()](error_code error, std::size_t) {
                             self->streaming_->writing = false;
                             if (error) return self->break_stream();
                             self->pump_stream();
                           });
  const bool container = link.terms.manifest.runtime == market::RuntimeKind::kContainer;
  if (container && !request_->switches) watch_gateway();
}

// Writes the next part of what there is, and after the last the trailer.
void FrontSession::pump_stream() {
  if (streaming_->writing || streaming_->broken) return;
  const Spool& source = output_ ? *output_ : exchange_->output;
  const std::uint64_t there = source.size() - output_at_;
  if (there == 0) {
    if (streaming_->trailer != nullptr) write_stream(streaming_->trailer, 0);
    return;
  }
  const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(chunk_.size(), there));
  const auto got = source.read(output_at_, std::span(chunk_).first(size));
  if (!got || *got == 0) return break_stream();
  std::array<char, 24> line{};
  const int length = std::snprintf(line.data(), line.size(), "%zx\r\n", *got);
  write_stream(std::make_shared<std::string>(line.data(), static_cast<std::size_t>(length)), *got);
}

// So many bytes of chunk_ after `text`, as a chunk; or the text alone, which ends the answer.
void FrontSession::write_stream(std::shared_ptr<std::string> text, std::size_t output_bytes) {
  streaming_->writing = true;
  stream_.expires_after(kConnectionPartTime);
  const std::array<asio::const_buffer, 3> parts = {asio::buffer(*text),
                                                   asio::buffer(chunk_.data(), output_bytes),
                                                   asio::buffer("\r\n", output_bytes == 0 ? 0 : 2)};
  asio::async_write(stream_, parts,
                    [self = shared_from_this(), text, output_bytes](error_code error, std::size_t) {
                      self->streaming_->writing = false;
                      if (error) return self->break_stream();
                      self->output_at_ += output_bytes;
                      if (output_bytes > 0) return self->pump_stream();
                      // What reads a live body goes on from there.
                      if (self->reads_live_) return self->stream_.cancel();
                      self->on_written();
                    });
}

void FrontSession::end_stream(const std::shared_ptr<std::string>& trailer) {
  streaming_->trailer = trailer;
  pump_stream();
}

// The gateway is gone, or cannot be told the end: it settles nothing.
void FrontSession::break_stream() {
  streaming_->broken = true;
  cancel_run();
  free_index();
  error_code ignored;
  stream_.socket().close(ignored);
}

// A container's; a WebAssembly run ends by its own limits, and is billed for what it has used.
void FrontSession::cancel_run() {
  const bool container = request_->link->terms.manifest.runtime == market::RuntimeKind::kContainer;
  if (WorkerLink* const worker = request_->replica->worker(); worker != nullptr && container)
    worker->cancel(*exchange_);
}

// Cancels the run once the gateway closes its side. Reads nothing.
void FrontSession::watch_gateway() {
  stream_.socket().async_wait(asio::ip::tcp::socket::wait_read,
                              [self = shared_from_this(), exchange = exchange_](error_code error) {
                                if (error || self->exchange_ != exchange) return;
                                char byte = 0;
                                const int socket = self->stream_.socket().native_handle();
                                if (::recv(socket, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0)
                                  self->cancel_run();
                              });
}

// ---- a body that comes while its run goes on ----

void FrontSession::read_live_body() {
  const WorkerLink* const worker = request_->replica->worker();
  const std::size_t room = worker == nullptr ? 0 : worker->room_for(*exchange_);
  if (room == 0 || parser_->is_done()) return;
  live_part_.resize(std::min(room, kLivePartBytes));
  parser_->get().body().data = live_part_.data();
  parser_->get().body().size = live_part_.size();
  parser_->get().body().more = true;
  reads_live_ = true;
  stream_.expires_never();
  http::async_read_some(
      stream_, buffer_, *parser_,
      [self = shared_from_this()](error_code error, std::size_t) { self->on_live_part(error); });
}

void FrontSession::on_live_part(error_code error) {
  reads_live_ = false;
  if (error == http::error::need_buffer) error = {};
  const bool ended = streaming_ && streaming_->trailer != nullptr;
  if (ended && !streaming_->writing) return on_written();
  // Not the end of the body, but of the connection.
  if (error) return cancel_run();
  WorkerLink* const worker = request_->replica->worker();
  if (worker == nullptr || worker->room_for(*exchange_) == 0) return;
  const std::size_t size = live_part_.size() - parser_->get().body().size;
  if (size > 0) worker->give(*exchange_, ByteView(live_part_).first(size));
  if (parser_->is_done()) return worker->give(*exchange_, {});
  read_live_body();
}

}  // namespace fog::executor
