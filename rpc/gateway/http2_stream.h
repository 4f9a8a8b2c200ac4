// Http2Stream: one request and its answer on an HTTP/2 connection (RFC 9113), to its user two pipes
// of HTTP/1.1 text: the request comes out of one as if a client had sent it on a connection of its
// own, the answer goes into the other. So what is strict, bounded and tested for HTTP/1.1 holds for
// HTTP/2 too. Included by .cc files only.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "rpc/gateway/deadline.h"
#include "rpc/gateway/http2_head.h"

namespace fog::gateway {

// What a stream asks of its connection. Calls back at any time, also at once.
class Http2Wire {
 public:
  virtual ~Http2Wire() = default;
  // Bytes of DATA have been read: as many more may come.
  virtual void consumed(std::int32_t stream, std::size_t bytes) = 0;
  // An answer's head; 1xx are not the last.
  using Fields = std::vector<std::pair<std::string, std::string>>;
  virtual void send_head(std::int32_t stream, unsigned status, const Fields& fields,
                         bool with_body) = 0;
  // More of the answer's body can be had, or its end.
  virtual void body_ready(std::int32_t stream) = 0;
  // The stream is broken off.
  virtual void reset(std::int32_t stream) = 0;
  virtual bool is_encrypted() const = 0;
};

class Http2Stream : public std::enable_shared_from_this<Http2Stream> {
 public:
  using Done = std::function<void(beast::error_code, std::size_t)>;  // called once

  // `wire` is told nothing any more after wire_gone().
  Http2Stream(net::io_context& context, Http2Wire& wire, std::int32_t id);

  // ---- for the reader of the request and writer of the answer ----
  // One at a time each.
  void read_some(net::mutable_buffer into, Done done);
  void write_some(net::const_buffer from, Done done);
  Deadline& deadline() { return deadline_; }
  // Nobody reads or writes any more. An answer that is not whole is broken off.
  void close();
  std::function<void()> on_gone;  // called by wire_gone()
  bool is_encrypted() const { return wire_ != nullptr && wire_->is_encrypted(); }

  // ---- for the connection ----
  Http2Head head;
  // The head is whole. False: it is no request, and the stream is to be reset.
  bool begin(bool body);
  void on_data(std::string_view data);
  void on_request_end();
  // The next part of the answer's body, at most that many bytes. `end`: nothing follows.
  std::size_t take_body(std::uint8_t* into, std::size_t most, bool& end);
  // The client has left, or the connection is gone.
  void wire_gone();
  bool request_ended() const { return in_ended_; }

 private:
  void serve_read();
  void serve_write();
  void parse_answer();
  void end_of_answer();
  void on_deadline();

  Http2Wire* wire_;
  const std::int32_t id_;
  net::io_context& context_;
  Deadline deadline_;
  bool head_only_ = false;  // answers have no body

  // The request, in HTTP/1.1.
  std::string in_;
  std::size_t in_at_ = 0;
  std::size_t in_data_ = 0;  // bytes of DATA whose reading the connection has not been told of
  bool chunked_ = false;
  bool in_ended_ = false;
  net::mutable_buffer read_into_;
  Done read_done_;

  // The answer: text not parsed yet, then the body that the connection has not taken yet.
  std::string text_;
  std::unique_ptr<http::response_parser<http::buffer_body>> parser_;
  bool head_sent_ = false;
  std::string body_;
  std::size_t body_at_ = 0;
  bool answer_ended_ = false;
  bool broken_off_ = false;  // to be reset once the body is taken
  net::const_buffer write_from_;
  Done write_done_;
};

}  // namespace fog::gateway
