#include "executor/worker_link.h"

#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>

namespace fog::executor {

namespace asio = boost::asio;
using boost::system::error_code;

namespace {

// Answers that the worker does not read.
constexpr std::size_t kOutBytesMax = 256ULL << 20;

}  // namespace

WorkerLink::WorkerLink(asio::io_context& io, UniqueFd socket, const Limits& limits, Doors doors,
                       std::function<void(const std::string& why)> lost)
    : socket_(io),
      limits_(limits),
      doors_(std::move(doors)),
      lost_(std::move(lost)),
      buffer_(kChunkBytesMax) {
  error_code failed;
  socket_.assign(asio::local::stream_protocol(), socket.release(), failed);
  closed_ = failed.failed();
}

void WorkerLink::start() {
  if (!closed_) return read();
  closed_ = false;
  asio::post(socket_.get_executor(),
             [self = shared_from_this()] { self->give_up("its socket cannot be used"); });
}

void WorkerLink::close() {
  closed_ = true;
  for (auto& [id, running] : exchanges_) end_calls(running);
  error_code ignored;
  socket_.close(ignored);
}

void WorkerLink::give_up(const std::string& why) {
  if (closed_) return;
  close();
  auto exchanges = std::move(exchanges_);
  exchanges_.clear();
  for (auto& [id, running] : exchanges) {
    DoneFrame crash;
    crash.id = id;
    crash.outcome = RunOutcome::kCrash;
    // Taken out, because they may hold whoever holds the exchange.
    running.exchange->progressed = nullptr;
    std::exchange(running.exchange->done, nullptr)(crash);
  }
  lost_(why);
}

void WorkerLink::run(std::shared_ptr<Exchange> exchange) {
  const std::uint64_t id = next_id_++;
  exchange->run.id = id;
  // Goes with the first piece of the body, which there always is, if an empty one.
  if (!closed_) {
    out_.push_back(encode_frame(exchange->run));
    out_bytes_ += out_.back().size();
  }
  exchange->run.env.clear();
  exchange->run.http.reset();
  Running& running = exchanges_[id];
  running.exchange = std::move(exchange);
  running.credit = kInputWindowBytes;
  feed(id, running);
}

std::size_t WorkerLink::room_for(const Exchange& exchange) const {
  const auto it = exchanges_.find(exchange.run.id);
  if (it == exchanges_.end() || it->second.last_sent) return 0;
  return static_cast<std::size_t>(std::min<std::uint64_t>(it->second.credit, kChunkBytesMax));
}

void WorkerLink::give(const Exchange& exchange, ByteView part) {
  const auto it = exchanges_.find(exchange.run.id);
  if (it == exchanges_.end()) return;
  Running& running = it->second;
  CHECK(part.size() <= room_for(exchange) && !running.last_sent);
  running.sent += part.size();
  running.credit -= part.size();
  running.last_sent = part.empty();
  send(encode_frame(
      InputFrame{it->first, part.empty(), BoundedBytes<kChunkBytesMax>(to_bytes(part))}));
}

void WorkerLink::cancel(const Exchange& exchange) {
  if (exchanges_.contains(exchange.run.id)) send(encode_frame(CancelFrame{exchange.run.id}));
}

// Sends as much of the body as the worker has granted.
void WorkerLink::feed(std::uint64_t id, Running& running) {
  if (running.exchange->live_body) {
    // Nothing of it yet, but the run goes out.
    return send(encode_frame(InputFrame{id, false, {}}));
  }
  const Spool& body = running.exchange->body;
  while (!running.last_sent && running.credit > 0) {
    InputFrame input;
    input.id = id;
    input.bytes.resize(static_cast<std::size_t>(
        std::min<std::uint64_t>({body.size() - running.sent, running.credit, kChunkBytesMax})));
    const auto got = body.read(running.sent, input.bytes);
    if (!got) {
      send(encode_frame(CancelFrame{id}));
      running.last_sent = true;
      return;
    }
    running.sent += *got;
    running.credit -= *got;
    input.last = running.last_sent = running.sent == body.size();
    send(encode_frame(input));
  }
}

void WorkerLink::send(Bytes frame) {
  if (closed_) return;
  out_bytes_ += frame.size();
  out_.push_back(std::move(frame));
  if (!writing_) write();
}

// All that waits goes in one call.
void WorkerLink::write() {
  writing_ = true;
  auto batch = std::make_shared<std::deque<Bytes>>(std::move(out_));
  out_.clear();
  out_bytes_ = 0;
  std::vector<asio::const_buffer> buffers;
  for (const Bytes& frame : *batch) buffers.emplace_back(frame.data(), frame.size());
  asio::async_write(socket_, buffers,
                    [self = shared_from_this(), batch](error_code failed, std::size_t) {
                      self->writing_ = false;
                      if (failed) return self->give_up("it does not take requests");
                      if (!self->out_.empty() && !self->closed_) self->write();
                    });
}

void WorkerLink::read() {
  socket_.async_read_some(asio::buffer(buffer_),
                          [self = shared_from_this()](error_code failed, std::size_t size) {
                            if (failed) return self->give_up("it ended");
                            self->on_read(size);
                          });
}

void WorkerLink::on_read(std::size_t size) {
  reader_.push(ByteView(buffer_).first(size));
  for (;;) {
    auto frame = reader_.next();
    if (!frame || (*frame && !take(**frame))) return give_up("it broke the protocol");
    if (closed_) return;
    if (*frame) continue;
    tell_progress();
    if (!closed_) read();
    return;
  }
}

void WorkerLink::tell_progress() {
  for (const std::uint64_t id : std::exchange(progressed_, {})) {
    const auto it = exchanges_.find(id);
    // A copy: it may end its own run.
    if (it == exchanges_.end()) continue;
    const auto exchange = it->second.exchange;
    if (exchange->progressed) exchange->progressed();
    if (closed_) return;
  }
}

bool WorkerLink::take(const Frame& frame) {
  switch (static_cast<WorkerFrame>(frame.kind)) {
    case WorkerFrame::kCredit:
      return take_credit(frame);
    case WorkerFrame::kHead:
      return take_head(frame);
    case WorkerFrame::kOutput:
      return take_output(frame);
    case WorkerFrame::kAudit:
      return take_audit(frame);
    case WorkerFrame::kDone:
      return take_done(frame);
    case WorkerFrame::kOutbound:
      return take_outbound(frame);
    case WorkerFrame::kOutboundBody:
      return take_outbound_body(frame);
    case WorkerFrame::kKeyvalue:
      return take_keyvalue(frame);
    case WorkerFrame::kReply:
    case WorkerFrame::kReplyBody:
    case WorkerFrame::kKept:
    case WorkerFrame::kBind:
    case WorkerFrame::kRun:
    case WorkerFrame::kInput:
    case WorkerFrame::kCancel:
    case WorkerFrame::kReady:
    case WorkerFrame::kFailed:
      return false;
  }
  return false;
}

bool WorkerLink::take_credit(const Frame& frame) {
  const auto credit = decode_frame<CreditFrame>(frame);
  if (!credit) return false;
  const auto it = exchanges_.find(credit->id);
  if (it == exchanges_.end()) return false;
  Running& running = it->second;
  if (credit->bytes > running.sent || running.credit + credit->bytes > kInputWindowBytes) {
    return false;
  }
  running.credit += credit->bytes;
  if (running.exchange->live_body) {
    progressed_.push_back(it->first);
  } else {
    feed(it->first, running);
  }
  return true;
}

bool WorkerLink::take_head(const Frame& frame) {
  const auto head = decode_frame<HeadFrame>(frame);
  if (!head) return false;
  const auto it = exchanges_.find(head->id);
  if (it == exchanges_.end() || it->second.exchange->head) return false;
  market::ResponseHead& written = it->second.exchange->head.emplace();
  written.status = head->status;
  put_entries(head->fields, written);
  progressed_.push_back(head->id);
  return true;
}

bool WorkerLink::take_output(const Frame& frame) {
  const auto output = decode_frame<OutputFrame>(frame);
  if (!output) return false;
  const auto it = exchanges_.find(output->id);
  if (it == exchanges_.end()) return false;
  Spool& spool = it->second.exchange->output;
  // The runtime stops a guest at this bound: only a worker that is not ours any more goes on.
  if (spool.size() + output->bytes.size() > limits_.output_bytes_max) return false;
  progressed_.push_back(output->id);
  return spool.append(output->bytes).has_value();
}

bool WorkerLink::take_audit(const Frame& frame) {
  const auto audit = decode_frame<AuditFrame>(frame);
  if (!audit) return false;
  const auto it = exchanges_.find(audit->id);
  if (it == exchanges_.end() || it->second.exchange->run.audit == AuditKind::kNone) return false;
  it->second.exchange->audit = *audit;
  return true;
}

bool WorkerLink::take_done(const Frame& frame) {
  const auto done = decode_frame<DoneFrame>(frame);
  if (!done) return false;
  const auto it = exchanges_.find(done->id);
  if (it == exchanges_.end()) return false;
  end_calls(it->second);
  const auto exchange = std::move(it->second.exchange);
  exchanges_.erase(it);
  exchange->progressed = nullptr;
  std::exchange(exchange->done, nullptr)(*done);
  return true;
}

// ---- requests to other servers ----

bool WorkerLink::take_outbound(const Frame& frame) {
  auto outbound = decode_frame<OutboundFrame>(frame);
  if (!outbound || !doors_.ask) return false;
  const auto it = exchanges_.find(outbound->id);
  if (it == exchanges_.end() || outbound->body_bytes > kOutboundBodyBytesMax) return false;
  Running& running = it->second;
  const std::uint32_t number = outbound->number;
  if (running.asked == kOutboundMax || running.calls.contains(number)) return false;
  if (running.calls.size() + running.gathering.size() >= kOutboundParallelMax) return false;
  ++running.asked;
  const auto [place, is_new] =
      running.gathering.try_emplace(number, std::move(outbound->head), outbound->body_bytes);
  if (!is_new) return false;
  ask_if_whole(it->first, running, number);
  return true;
}

bool WorkerLink::take_outbound_body(const Frame& frame) {
  const auto body = decode_frame<OutboundBodyFrame>(frame);
  if (!body) return false;
  const auto it = exchanges_.find(body->id);
  if (it == exchanges_.end()) return false;
  const auto gathering = it->second.gathering.find(body->number);
  if (gathering == it->second.gathering.end() || !gathering->second.push(body->bytes)) return false;
  ask_if_whole(it->first, it->second, body->number);
  return true;
}

void WorkerLink::ask_if_whole(std::uint64_t id, Running& running, std::uint32_t number) {
  const auto it = running.gathering.find(number);
  if (!it->second.whole()) return;
  OutboundRequest request{std::move(it->second.head()), std::move(it->second.body())};
  running.gathering.erase(it);
  OutboundLog& log = running.exchange->outbound;
  log.asked(number, request);
  running.asked_bytes += outbound_bytes(request);
  if (running.asked_bytes > limits_.outbound_bytes_max) {
    const OutboundReply refused = failed_reply(OutboundFault::kLimit);
    log.ended(number, 0, &refused);
    return send(encode_reply(id, number, refused));
  }
  running.calls[number] = doors_.ask(number, std::move(request),
                                     [weak = weak_from_this(), id, number](
                                         const OutboundReply& reply, std::uint64_t egress_bytes) {
                                       if (const auto self = weak.lock())
                                         self->on_reply(id, number, reply, egress_bytes);
                                     });
}

void WorkerLink::on_reply(std::uint64_t id, std::uint32_t number, const OutboundReply& reply,
                          std::uint64_t egress_bytes) {
  const auto it = exchanges_.find(id);
  if (it == exchanges_.end()) return;
  it->second.calls.erase(number);
  it->second.exchange->outbound.ended(number, egress_bytes, &reply);
  answer(encode_reply(id, number, reply));
}

void WorkerLink::answer(Bytes frames) {
  send(std::move(frames));
  if (out_bytes_ > kOutBytesMax) give_up("it does not take the answers to what it asked");
}

void WorkerLink::end_calls(Running& running) {
  for (auto& [number, call] : running.calls) {
    running.exchange->outbound.ended(number, call->cancel(), nullptr);
  }
  running.calls.clear();
  if (running.exchange->keyvalue.waits()) running.exchange->keyvalue.ended(nullptr);
}

// ---- key-value store ----

bool WorkerLink::take_keyvalue(const Frame& frame) {
  auto asked = decode_frame<KeyvalueFrame>(frame);
  if (!asked || !doors_.keep || !is_keyvalue_call(asked->call)) return false;
  const auto it = exchanges_.find(asked->id);
  if (it == exchanges_.end()) return false;
  KeyvalueLog& log = it->second.exchange->keyvalue;
  if (log.waits() || log.calls() == kKeyvalueCallsMax) return false;
  log.asked(asked->call);
  doors_.keep(std::move(asked->call),
              [weak = weak_from_this(), id = asked->id](const KeyvalueReply& reply) {
                if (const auto self = weak.lock()) self->on_kept(id, reply);
              });
  return true;
}

void WorkerLink::on_kept(std::uint64_t id, const KeyvalueReply& reply) {
  const auto it = exchanges_.find(id);
  if (it == exchanges_.end()) return;
  it->second.exchange->keyvalue.ended(&reply);
  answer(encode_frame(KeptFrame{id, reply}));
}

}  // namespace fog::executor
