// ClientStream: one End User's connection as Boost.Beast sees it, whatever carries it: TCP, TLS
// over TCP, or one stream of an HTTP/2 connection, which looks like a connection of HTTP/1.1 of its
// own. Used on the thread of its shard only. Included by .cc files only.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <variant>

#include <boost/asio/ssl.hpp>
#include <boost/beast/ssl.hpp>

#include "rpc/gateway/http2_stream.h"

namespace fog::gateway {

// Over a bare socket: where Asio's TLS ends an operation at once it reads nothing from the layer
// below, which Beast's tcp_stream takes for a second read at a time and stops the process for.
using TlsStream = beast::ssl_stream<tcp::socket>;

class ClientStream {
 public:
  using executor_type = net::io_context::executor_type;

  ClientStream(net::io_context& context, tcp::socket socket)
      : context_(context), carrier_(std::in_place_type<beast::tcp_stream>, std::move(socket)) {}
  // Its handshake is still to come.
  ClientStream(net::io_context& context, std::unique_ptr<TlsStream> tls);
  ClientStream(net::io_context& context, std::shared_ptr<Http2Stream> stream)
      : context_(context), carrier_(std::move(stream)) {}

  executor_type get_executor() const { return context_.get_executor(); }
  bool is_encrypted() const;
  bool is_http2() const { return http2() != nullptr; }
  // A socket that nothing lies over; null where something does.
  beast::tcp_stream* plain() { return std::get_if<beast::tcp_stream>(&carrier_); }

  // For the reads and writes that begin from now on; then they fail.
  template <class Duration>
  void expires_after(Duration time) {
    if (auto* const socket = plain()) return socket->expires_after(time);
    deadline().after(std::chrono::duration_cast<std::chrono::milliseconds>(time));
  }
  void expires_never();
  // Says that no more comes. What the other side still sends can be read.
  net::awaitable<void> end_writing();
  void close();
  // Reads and writes that are under way fail.
  void cancel();
  net::awaitable<beast::error_code> handshake();
  // `left` is called once the End User has closed or broken off, while what this returns lives; not
  // where he sends something first, a next request.
  [[nodiscard]] std::shared_ptr<void> watch_leaving(std::function<void()> left);

  // Beast's AsyncReadStream and AsyncWriteStream.
  template <class Buffers, class Token>
  auto async_read_some(const Buffers& buffers, Token&& token) {
    return net::async_initiate<Token, void(beast::error_code, std::size_t)>(
        [this](auto handler, const auto& into) {
          if (auto* const socket = plain())
            return socket->async_read_some(into, std::move(handler));
          if (auto* const tls = this->tls()) return tls->async_read_some(into, std::move(handler));
          http2()->read_some(first_of<net::mutable_buffer>(into), done_by(std::move(handler)));
        },
        token, buffers);
  }
  template <class Buffers, class Token>
  auto async_write_some(const Buffers& buffers, Token&& token) {
    return net::async_initiate<Token, void(beast::error_code, std::size_t)>(
        [this](auto handler, const auto& from) {
          if (auto* const socket = plain())
            return socket->async_write_some(from, std::move(handler));
          if (auto* const tls = this->tls()) return tls->async_write_some(from, std::move(handler));
          http2()->write_some(first_of<net::const_buffer>(from), done_by(std::move(handler)));
        },
        token, buffers);
  }

 private:
  TlsStream* tls() const {
    const auto* const held = std::get_if<std::unique_ptr<TlsStream>>(&carrier_);
    return held == nullptr ? nullptr : held->get();
  }
  Http2Stream* http2() const {
    const auto* const held = std::get_if<std::shared_ptr<Http2Stream>>(&carrier_);
    return held == nullptr ? nullptr : held->get();
  }
  Deadline& deadline() { return tls() == nullptr ? http2()->deadline() : *tls_deadline_; }
  tcp::socket& socket() { return tls() == nullptr ? plain()->socket() : tls()->next_layer(); }

  // "Some" may be as little as the first that is not empty.
  template <class Buffer, class Buffers>
  static Buffer first_of(const Buffers& buffers) {
    const auto end = net::buffer_sequence_end(buffers);
    for (auto it = net::buffer_sequence_begin(buffers); it != end; ++it) {
      if (Buffer(*it).size() > 0) return Buffer(*it);
    }
    return Buffer();
  }
  // Handlers may only be moved, and std::function copies.
  template <class Handler>
  Http2Stream::Done done_by(Handler handler) {
    return [&context = context_, held = std::make_shared<Handler>(std::move(handler))](
               beast::error_code error, std::size_t bytes) {
      net::post(context, [held, error, bytes] { std::move (*held)(error, bytes); });
    };
  }

  net::io_context& context_;
  std::variant<beast::tcp_stream, std::unique_ptr<TlsStream>, std::shared_ptr<Http2Stream>>
      carrier_;
  std::unique_ptr<Deadline> tls_deadline_;  // of TLS only
};

}  // namespace fog::gateway
