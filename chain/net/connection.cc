#include "chain/net/connection.h"

#include <boost/asio/connect.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "chain/base/check.h"
#include "chain/net/endpoint.h"

namespace fog {
namespace asio = boost::asio;
using boost::system::error_code;

namespace {

// The largest frame, encrypted; the buffer holds more than one, so that small ones come many a
// read.
constexpr std::size_t kSealedFrameMax = kNoiseHeadSize + kFrameMax + kNoiseTagSize;
constexpr std::size_t kReadBuffer = 2 * kSealedFrameMax;
// What one write carries, about.
constexpr std::size_t kBatch = 64 * 1024;
// Unsent bytes the kernel takes: what is queued behind them is still ours to order.
constexpr int kUnsentMax = 256 * 1024;
// Transactions that go before the next piece of bulk data.
constexpr std::size_t kTransactionsPerPiece = 16;
// No blame: whoever stands between the nodes can do that to both.
constexpr const char* kNotGenuine = "a frame that is not genuine";

void set_options(asio::ip::tcp::socket& socket) {
  error_code ignored;
  socket.set_option(asio::ip::tcp::no_delay(true), ignored);
  const int fd = socket.native_handle();
  ::setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &kUnsentMax, sizeof kUnsentMax);
  // A few votes in flight over a link that was cut: repeated at a steady pace, not ever more
  // seldom.
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_THIN_LINEAR_TIMEOUTS, &on, sizeof on);
}

}  // namespace

Connection::Connection(ConnectionContext& context, Tcp::socket socket, bool inbound)
    : context_(context),
      socket_(std::move(socket)),
      inbound_(inbound),
      began_ms_(context.awake_ms),
      heard_ms_(context.awake_ms) {}

std::shared_ptr<Connection> Connection::accept(ConnectionContext& context, Tcp::socket socket) {
  auto out = std::make_shared<Connection>(context, std::move(socket), true);
  error_code failed;
  out->endpoint_ = out->socket_.remote_endpoint(failed);
  out->ip_ = ip_of(out->endpoint_.address());
  out->begin_acts();
  return out;
}

std::shared_ptr<Connection> Connection::dial(ConnectionContext& context,
                                             std::vector<Tcp::endpoint> endpoints,
                                             const NodeId& remote, const Hello& hello) {
  auto out = std::make_shared<Connection>(context, Tcp::socket(context.io), false);
  out->stage_ = Stage::kConnecting;
  out->remote_ = remote;
  out->own_hello_ = hello;
  out->channel_ = hello.channel;
  out->initiator_.emplace(context.options.key, remote, context.prologue,
                          SecretKey::generate(*context.options.rng));
  asio::async_connect(out->socket_, endpoints,
                      [out](error_code failed, const Tcp::endpoint& endpoint) {
                        if (out->closed()) return;
                        if (failed) return out->fail(Ending::kLost, failed.message());
                        out->endpoint_ = endpoint;
                        out->ip_ = ip_of(endpoint.address());
                        out->stage_ = Stage::kActs;
                        out->begin_acts();
                      });
  return out;
}

void Connection::begin_acts() {
  set_options(socket_);
  if (inbound_) return read_act(kNoiseActOneSize, &Connection::on_act_one);
  auto act = initiator_->act_one();
  if (!act) return fail(Ending::kHandshake, std::string(noise_error_text(act.error())));
  acts_ = *std::move(act);
  pump();
  read_act(kNoiseActTwoSize, &Connection::on_act_two);
}

void Connection::read_act(std::size_t size, void (Connection::*next)(ByteView)) {
  in_.resize(size);
  asio::async_read(socket_, asio::buffer(in_),
                   [self = shared_from_this(), next](error_code failed, std::size_t) {
                     if (self->closed()) return;
                     if (failed) return self->fail(Ending::kLost, failed.message());
                     ((*self).*next)(self->in_);
                   });
}

void Connection::on_act_one(ByteView act) {
  responder_.emplace(context_.options.key, context_.prologue,
                     SecretKey::generate(*context_.options.rng));
  auto answer = responder_->read_act_one(act);
  if (!answer) return fail(Ending::kHandshake, std::string(noise_error_text(answer.error())));
  acts_ = *std::move(answer);
  pump();
  read_act(kNoiseActThreeSize, &Connection::on_act_three);
}

void Connection::on_act_two(ByteView act) {
  auto answer = initiator_->read_act_two(act);
  if (!answer) return fail(Ending::kHandshake, std::string(noise_error_text(answer.error())));
  enter_transport(initiator_->keys());
  // The hello goes with act three.
  append(acts_, *answer);
  send_control(kHelloKind, bcs_encode(own_hello_));
  read_some();
}

void Connection::on_act_three(ByteView act) {
  const auto remote = responder_->read_act_three(act);
  if (!remote) return fail(Ending::kHandshake, std::string(noise_error_text(remote.error())));
  remote_ = *remote;
  enter_transport(responder_->keys());
  read_some();
}

void Connection::enter_transport(const NoiseKeys& keys) {
  sealer_.emplace(keys.chaining, keys.send);
  opener_.emplace(keys.chaining, keys.receive);
  initiator_.reset();
  responder_.reset();
  in_.resize(kReadBuffer);
  stage_ = Stage::kHello;
}

void Connection::read_some() {
  if (reading_) return;
  if (in_begin_ > 0) {
    std::copy(in_.begin() + static_cast<std::ptrdiff_t>(in_begin_),
              in_.begin() + static_cast<std::ptrdiff_t>(in_end_), in_.begin());
    in_end_ -= in_begin_;
    in_begin_ = 0;
  }
  reading_ = true;
  socket_.async_read_some(asio::buffer(in_.data() + in_end_, in_.size() - in_end_),
                          [self = shared_from_this()](error_code failed, std::size_t size) {
                            self->reading_ = false;
                            if (self->closed()) return;
                            if (failed) return self->fail(Ending::kLost, failed.message());
                            self->in_end_ += size;
                            self->context_.bytes_in.fetch_add(size, std::memory_order_relaxed);
                            if (self->handle_)
                              self->handle_->bytes_in.fetch_add(size, std::memory_order_relaxed);
                            self->parse();
                          });
}

// Everything that has arrived; then waits for more. Greeted, it waits for the Hub instead.
void Connection::parse() {
  const auto flows = [&] { return stage_ == Stage::kHello || stage_ == Stage::kOpen; };
  while (flows() && parse_frame()) {
  }
  if (flows()) read_some();
}

// One frame; false when it has not arrived as a whole.
bool Connection::parse_frame() {
  const auto arrived = [&] { return in_end_ - in_begin_; };
  if (!body_size_) {
    if (arrived() < kNoiseHeadSize) return false;
    const auto size = opener_->open_head(ByteView(in_).subspan(in_begin_, kNoiseHeadSize));
    in_begin_ += kNoiseHeadSize;
    if (!size) {
      fail(Ending::kLost, kNotGenuine);
      return false;
    }
    if (*size > kFrameMax) {
      fail(Ending::kBroken, "a frame of " + std::to_string(*size) + " bytes");
      return false;
    }
    body_size_ = *size + kNoiseTagSize;
  }
  if (arrived() < *body_size_) return false;
  const auto frame = opener_->open_body(ByteView(in_).subspan(in_begin_, *body_size_));
  in_begin_ += *body_size_;
  body_size_.reset();
  if (frame) {
    on_frame(*frame);
  } else {
    fail(Ending::kLost, kNotGenuine);
  }
  return !closed();
}

void Connection::on_frame(ByteView frame) {
  if (!frames_) {
    // The hello says which connection this is; until then only it is allowed.
    frames_.emplace(context_.kinds, channel_,
                    KindLimiter::for_receiving(context_.kinds, context_.options.limits.dead_ms,
                                               context_.now_ms()));
    if (frame.size() < 2 || frame[1] != kHelloKind)
      return fail(Ending::kBroken, "a first message that is no hello");
  }
  auto taken = frames_->take(frame, context_.now_ms());
  if (!taken) return fail(Ending::kBroken, std::string(frame_error_text(taken.error())));
  heard_ms_ = context_.awake_ms;
  count_held(frames_->held_bytes());
  if (context_.held_bytes > context_.options.limits.pieces_bytes_max) context_.events.on_crowded();
  if (taken->over_rate && !closed()) context_.events.on_over_rate(*this, frame[1]);
  if (closed() || !taken->message) return;
  context_.messages_in.fetch_add(1, std::memory_order_relaxed);
  on_message(*std::move(taken->message));
}

void Connection::count_held(std::size_t held) {
  context_.held_bytes += held - held_bytes_;
  held_bytes_ = held;
}

void Connection::on_message(Message&& message) {
  if (stage_ == Stage::kHello) {
    const auto hello = bcs_decode<Hello>(message.body);
    if (message.kind != kHelloKind || !hello)
      return fail(Ending::kBroken, "a hello that cannot be read");
    if (!inbound_ && hello->channel != channel_)
      return fail(Ending::kBroken, "a hello for another connection");
    if (channel_ != hello->channel) {
      channel_ = hello->channel;
      frames_.emplace(context_.kinds, channel_,
                      KindLimiter::for_receiving(context_.kinds, context_.options.limits.dead_ms,
                                                 context_.now_ms()));
    }
    stage_ = Stage::kGreeted;
    return context_.events.on_hello(shared_from_this(), *hello);
  }
  switch (message.kind) {
    case kHelloKind:
      return fail(Ending::kBroken, "a second hello");
    case kPingKind:
      if (message.body.size() != sizeof(Ping::nonce))
        return fail(Ending::kBroken, "a ping that cannot be read");
      return send_control(kPongKind, message.body);
    case kPongKind:
      return;  // it was heard: that is all we asked
    case kGetPeersKind:
    case kPeersKind:
      return context_.events.on_control(*this, message.kind, message.body);
    default:
      return context_.events.on_message(*this, message.kind, std::move(message.body));
  }
}

void Connection::open(std::shared_ptr<PeerHandle> handle) {
  CHECK(stage_ == Stage::kGreeted);
  handle_ = std::move(handle);
  stage_ = Stage::kOpen;
  heard_ms_ = context_.awake_ms;
  // Not from within the call that greeted: what was read already is parsed after it.
  asio::post(context_.io, [self = shared_from_this()] {
    if (!self->closed()) self->parse();
  });
  pump();
}

void Connection::send_control(std::uint8_t kind, ByteView body) {
  if (closed()) return;
  control_.emplace_back(kControlLane, kind, std::make_shared<const Bytes>(to_bytes(body)));
  pump();
}

// The next frame of a lane; false when the lane has nothing.
bool Connection::fill_from(std::uint8_t lane) {
  auto& message = begun_[lane];
  if (!message) message = handle_->pop(lane);
  if (!message) return false;
  sealer_->seal_frame(message->next_frame(), out_);
  if (message->done()) {
    message.reset();
    context_.messages_out.fetch_add(1, std::memory_order_relaxed);
  }
  return true;
}

void Connection::fill_consensus() {
  while (out_.size() < kBatch && fill_from(static_cast<std::uint8_t>(Lane::kConsensus))) {
  }
}

// Transactions first, yet bulk data gets its turn.
void Connection::fill_bulk() {
  bool more = true;
  while (more && out_.size() < kBatch) {
    more = false;
    for (std::size_t i = 0; i < kTransactionsPerPiece && out_.size() < kBatch; ++i) {
      if (!fill_from(static_cast<std::uint8_t>(Lane::kTransactions))) break;
      more = true;
    }
    more |= fill_from(static_cast<std::uint8_t>(Lane::kBulk));
  }
}

void Connection::pump() {
  if (writing_ || stage_ == Stage::kConnecting || closed()) return;
  out_ = std::exchange(acts_, {});
  if (sealer_) {
    do {
      for (; !control_.empty(); control_.pop_front())
        sealer_->seal_frame(control_.front().next_frame(), out_);
      if (stage_ != Stage::kOpen) break;
      channel_ == Channel::kConsensus ? fill_consensus() : fill_bulk();
    } while (out_.empty() && !handle_->rest(channel_));
  }
  if (!out_.empty()) write();
}

void Connection::write() {
  writing_ = true;
  writing_since_ms_ = context_.awake_ms;
  asio::async_write(socket_, asio::buffer(out_),
                    [self = shared_from_this()](error_code failed, std::size_t size) {
                      self->writing_ = false;
                      if (self->closed()) return;
                      if (failed) return self->fail(Ending::kLost, failed.message());
                      self->context_.bytes_out.fetch_add(size, std::memory_order_relaxed);
                      if (self->handle_)
                        self->handle_->bytes_out.fetch_add(size, std::memory_order_relaxed);
                      self->pump();
                    });
}

void Connection::tick() {
  const NetworkLimits& limits = context_.options.limits;
  const std::uint64_t now = context_.awake_ms;
  if (closed()) return;
  if (stage_ != Stage::kOpen) {
    if (now > began_ms_ + limits.handshake_ms) fail(Ending::kTimeout, "no handshake in time");
    return;
  }
  if (now > heard_ms_ + limits.dead_ms) return fail(Ending::kTimeout, "silent");
  if (writing_ && now > writing_since_ms_ + limits.dead_ms)
    return fail(Ending::kTimeout, "does not take what is sent");
  if (frames_->stalled(context_.now_ms(), limits.message_ms))
    return fail(Ending::kTimeout, "a message that does not end");
  const std::uint64_t quiet_since = std::max(heard_ms_, pinged_ms_);
  if (now <= quiet_since + limits.ping_ms) return;
  pinged_ms_ = now;
  send_control(kPingKind, bcs_encode(Ping{now}));
}

void Connection::close() {
  if (closed()) return;
  stage_ = Stage::kClosed;
  count_held(0);
  error_code ignored;
  socket_.close(ignored);
}

void Connection::fail(Ending ending, const std::string& why) {
  if (closed()) return;
  const auto self = shared_from_this();
  close();
  context_.events.on_closed(self, ending, why);
}

}  // namespace fog
