// SocketSession: one WebSocket's life (RFC 6455): each text message is a JSON-RPC body, answered as
// soon as its answer is known, and subscriptions send between the answers.
//
// What a client can make it hold is bounded: a message's size and how long it may take, the calls
// that are worked on, and what waits to be sent. Who does not take what was sent loses the
// connection, with a reason, and goes on from its last cursor on another one.
//
// For .cc files of the server only (it brings in Boost.Beast).
#pragma once

#include <atomic>
#include <deque>
#include <memory>
#include <optional>
#include <string>

#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/websocket.hpp>

#include "rpc/server/session_shared.h"
#include "rpc/server/subscriber.h"

namespace fog::rpc {

namespace beast = boost::beast;
namespace http = beast::http;
namespace websocket = beast::websocket;

// Whether the head asks for a WebSocket: GET, Upgrade: websocket, Connection: upgrade.
bool asks_for_socket(const http::request<http::string_body>& request);

class SocketSession final : public Connection,
                            public Subscriber,
                            public std::enable_shared_from_this<SocketSession> {
 public:
  // Takes over a connection whose request asks for a WebSocket and may have one. A place among
  // SessionShared::sockets must have been taken.
  SocketSession(beast::tcp_stream stream, ConnectionPlace place, SessionShared& shared,
                Caller caller);
  ~SocketSession() override;
  void start(http::request<http::string_body> request);

  void stop() override;
  bool has_room() const override;
  void notify(std::string text) override;

 private:
  // What waits to be sent.
  struct Message {
    std::string text;
    bool is_notification = false;
  };

  void read();
  void on_read(beast::error_code error, std::size_t bytes);
  void work(std::string body);
  void on_answer(std::string text, std::size_t body_bytes,
                 const std::vector<std::uint64_t>& opened);
  void send(Message message);
  void write();
  void on_written(beast::error_code error);
  void taken(const Message& message);
  // Says why, gives the client a moment to hear it, and ends.
  void close(websocket::close_code code, const char* why);
  void end();

  websocket::stream<beast::tcp_stream> stream_;
  const boost::asio::any_io_executor executor_;
  const ConnectionPlace place_;
  SessionShared& shared_;
  const Caller caller_;
  http::request<http::string_body> request_;
  beast::flat_buffer buffer_;
  boost::asio::steady_timer message_timer_;  // until a message that has begun is whole
  boost::asio::steady_timer write_timer_;    // until a message is sent
  boost::asio::steady_timer full_timer_;     // until half of the notifications are sent
  boost::asio::steady_timer close_timer_;
  std::size_t held_bytes_ = 0;  // of messages read, in SessionShared::bodies_bytes
  std::size_t message_bytes_ = 0;
  std::size_t calls_ = 0;  // that are worked on
  bool reading_ = false;
  bool writing_ = false;
  bool closing_ = false;
  bool full_timer_runs_ = false;
  std::deque<Message> queue_;  // the first is being written
  std::atomic<std::size_t> notified_bytes_{0};
  std::atomic<bool> full_{false};
};

}  // namespace fog::rpc
