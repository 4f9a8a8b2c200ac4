#include "rpc/server/socket_session.h"

#include <boost/asio/dispatch.hpp>
#include <boost/asio/post.hpp>

#include "rpc/server/subscription_hub.h"

namespace fog::rpc {
namespace {

constexpr std::size_t kReadBytes = 64 * 1024;
// For the client to hear why, and to close from its side.
constexpr auto kCloseTime = std::chrono::seconds(5);
constexpr auto kHandshakeTime = std::chrono::seconds(10);

std::chrono::milliseconds ms(std::uint32_t value) {
  return std::chrono::milliseconds(value);
}

}  // namespace

bool asks_for_socket(const http::request<http::string_body>& request) {
  return websocket::is_upgrade(request);
}

SocketSession::SocketSession(beast::tcp_stream stream, ConnectionPlace place, SessionShared& shared,
                             Caller caller)
    : stream_(std::move(stream)),
      executor_(stream_.get_executor()),
      place_(std::move(place)),
      shared_(shared),
      caller_(std::move(caller)),
      message_timer_(executor_),
      write_timer_(executor_),
      full_timer_(executor_),
      close_timer_(executor_) {
  shared_.dispatcher.metrics().socket_opened();
}

SocketSession::~SocketSession() {
  shared_.dispatcher.subscriptions().close_all(*this);
  shared_.bodies_bytes.fetch_sub(held_bytes_);
  for (const Message& message : queue_) shared_.sockets_bytes.fetch_sub(message.text.size());
  shared_.sockets.fetch_sub(1);
  shared_.dispatcher.metrics().socket_closed();
}

void SocketSession::start(http::request<http::string_body> request) {
  request_ = std::move(request);
  // The stream below must not have a time-out of its own.
  beast::get_lowest_layer(stream_).expires_never();
  websocket::stream_base::timeout times{};
  times.handshake_timeout = kHandshakeTime;
  times.idle_timeout = ms(shared_.options.socket_idle_timeout_ms);
  times.keep_alive_pings = true;
  stream_.set_option(times);
  stream_.set_option(websocket::stream_base::decorator(
      [](websocket::response_type& response) { response.set(http::field::server, "fogcoind"); }));
  stream_.read_message_max(shared_.options.socket_message_bytes_max);
  stream_.auto_fragment(false);
  stream_.text(true);
  boost::asio::dispatch(executor_, [self = shared_from_this()] {
    self->stream_.async_accept(self->request_, [self](beast::error_code error) {
      self->request_ = {};
      if (error || self->shared_.stopping) return self->end();
      self->read();
    });
  });
}

void SocketSession::stop() {
  boost::asio::post(executor_, [self = shared_from_this()] {
    self->close(websocket::close_code::going_away, "the node is stopping");
  });
}

// ---- what comes ----

void SocketSession::read() {
  if (closing_) return;
  reading_ = true;
  stream_.async_read_some(buffer_, kReadBytes,
                          [self = shared_from_this()](beast::error_code error, std::size_t bytes) {
                            self->on_read(error, bytes);
                          });
}

void SocketSession::on_read(beast::error_code error, std::size_t bytes) {
  reading_ = false;
  // Of a client that breaks the protocol Beast has told it why (1002, 1007, 1009).
  if (error) return end();
  // What still comes goes nowhere: the close that is under way reads on by itself.
  if (closing_) return;
  held_bytes_ += bytes;
  message_bytes_ += bytes;
  if (shared_.bodies_bytes.fetch_add(bytes) + bytes > shared_.options.bodies_bytes_max) {
    return close(websocket::close_code::try_again_later, "too many requests at once; try again");
  }
  if (!stream_.is_message_done()) {
    if (message_bytes_ == bytes) {  // its first part
      message_timer_.expires_after(ms(shared_.options.transfer_timeout_ms));
      message_timer_.async_wait([self = shared_from_this()](beast::error_code cancelled) {
        if (!cancelled) {
          self->close(websocket::close_code::policy_error, "the message did not arrive in time");
        }
      });
    }
    return read();
  }
  message_timer_.cancel();
  if (stream_.got_binary()) {
    return close(websocket::close_code::unknown_data, "send JSON-RPC 2.0 as text messages");
  }
  work(beast::buffers_to_string(buffer_.data()));
  buffer_.clear();
  if (buffer_.capacity() > kReadBytes) buffer_.shrink_to_fit();
  message_bytes_ = 0;
  if (calls_ < shared_.options.socket_calls_max) read();
}

void SocketSession::work(std::string body) {
  ++calls_;
  const std::size_t bytes = body.size();
  boost::asio::post(
      shared_.workers, [self = shared_from_this(), bytes, text = std::move(body)]() mutable {
        const auto call = std::make_shared<SocketCall>(SocketCall{self});
        Caller caller = self->caller_;
        caller.socket = call.get();
        self->shared_.dispatcher.handle(
            std::move(text), caller, [self, bytes, call](std::string answer) {
              boost::asio::post(self->executor_, [self, bytes, opened = std::move(call->opened),
                                                  response = std::move(answer)]() mutable {
                self->on_answer(std::move(response), bytes, opened);
              });
            });
      });
}

void SocketSession::on_answer(std::string text, std::size_t body_bytes,
                              const std::vector<std::uint64_t>& opened) {
  --calls_;
  held_bytes_ -= body_bytes;
  shared_.bodies_bytes.fetch_sub(body_bytes);
  if (closing_) return;
  if (!text.empty()) {
    const std::size_t waiting = shared_.sockets_bytes.load() + text.size();
    if (waiting > shared_.options.sockets_bytes_max) {
      return close(websocket::close_code::try_again_later, "too many answers at once; try again");
    }
    send({std::move(text), false});
  }
  for (const std::uint64_t id : opened) shared_.dispatcher.subscriptions().release(*this, id);
  if (!reading_) read();
}

// ---- what goes ----

bool SocketSession::has_room() const {
  return !full_ && shared_.sockets_bytes < shared_.options.sockets_bytes_max;
}

void SocketSession::notify(std::string text) {
  if (notified_bytes_.fetch_add(text.size()) + text.size() >=
      shared_.options.socket_queue_bytes_max) {
    full_ = true;
  }
  boost::asio::post(executor_, [self = shared_from_this(), message = std::move(text)]() mutable {
    self->send({std::move(message), true});
  });
}

void SocketSession::send(Message message) {
  if (closing_) return;
  shared_.sockets_bytes.fetch_add(message.text.size());
  queue_.push_back(std::move(message));
  if (full_ && !full_timer_runs_) {
    full_timer_runs_ = true;
    full_timer_.expires_after(ms(shared_.options.socket_slow_ms));
    full_timer_.async_wait([self = shared_from_this()](beast::error_code cancelled) {
      if (cancelled) return;
      self->close(websocket::close_code::policy_error,
                  "too slow: notifications were not taken in time; go on from your last cursor");
    });
  }
  if (!writing_) write();
}

void SocketSession::write() {
  writing_ = true;
  write_timer_.expires_after(ms(shared_.options.transfer_timeout_ms));
  write_timer_.async_wait([self = shared_from_this()](beast::error_code cancelled) {
    if (!cancelled) self->close(websocket::close_code::policy_error, "too slow: nothing is taken");
  });
  stream_.async_write(boost::asio::buffer(queue_.front().text),
                      [self = shared_from_this()](beast::error_code error, std::size_t) {
                        self->on_written(error);
                      });
}

void SocketSession::taken(const Message& message) {
  shared_.sockets_bytes.fetch_sub(message.text.size());
  if (!message.is_notification) return;
  const std::size_t left = notified_bytes_.fetch_sub(message.text.size()) - message.text.size();
  if (!full_ || left > shared_.options.socket_queue_bytes_max / 2) return;
  full_ = false;
  full_timer_runs_ = false;
  full_timer_.cancel();
}

void SocketSession::on_written(beast::error_code error) {
  writing_ = false;
  write_timer_.cancel();
  taken(queue_.front());
  queue_.pop_front();
  if (error) return end();
  if (!queue_.empty()) write();
}

// ---- the end ----

void SocketSession::close(websocket::close_code code, const char* why) {
  if (closing_) return;
  if (!stream_.is_open()) return end();  // not yet, or no longer
  closing_ = true;
  shared_.dispatcher.subscriptions().close_all(*this);
  if (code == websocket::close_code::policy_error) shared_.dispatcher.metrics().socket_dropped();
  // What is being written must end before the client can be told.
  while (queue_.size() > (writing_ ? 1U : 0U)) {
    shared_.sockets_bytes.fetch_sub(queue_.back().text.size());
    queue_.pop_back();
  }
  for (auto* timer : {&message_timer_, &write_timer_, &full_timer_}) timer->cancel();
  close_timer_.expires_after(kCloseTime);
  close_timer_.async_wait([self = shared_from_this()](beast::error_code cancelled) {
    if (!cancelled) self->end();
  });
  stream_.async_close(websocket::close_reason(code, why),
                      [self = shared_from_this()](beast::error_code) { self->end(); });
}

void SocketSession::end() {
  closing_ = true;
  shared_.dispatcher.subscriptions().close_all(*this);
  for (auto* timer : {&message_timer_, &write_timer_, &full_timer_, &close_timer_}) timer->cancel();
  beast::get_lowest_layer(stream_).close();
}

}  // namespace fog::rpc
