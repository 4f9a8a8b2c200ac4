#include "rpc/gateway/client_stream.h"

#include <poll.h>

namespace fog::gateway {
namespace {

// Whether the other side sends no more, whatever of it is still to be read.
bool has_ended(int socket) {
  pollfd place = {socket, POLLRDHUP, 0};
  return ::poll(&place, 1, 0) > 0;
}

}  // namespace

ClientStream::ClientStream(net::io_context& context, std::unique_ptr<TlsStream> tls)
    : context_(context),
      carrier_(std::move(tls)),
      tls_deadline_(std::make_unique<Deadline>(context, [stream = this->tls()] {
        beast::error_code ignored;
        stream->next_layer().close(ignored);
      })) {}

bool ClientStream::is_encrypted() const {
  if (tls() != nullptr) return true;
  const Http2Stream* const stream = http2();
  return stream != nullptr && stream->is_encrypted();
}

void ClientStream::expires_never() {
  if (auto* const socket = plain()) return socket->expires_never();
  deadline().never();
}

net::awaitable<beast::error_code> ClientStream::handshake() {
  beast::error_code error;
  co_await tls()->async_handshake(net::ssl::stream_base::server,
                                  net::redirect_error(net::use_awaitable, error));
  co_return error;
}

net::awaitable<void> ClientStream::end_writing() {
  beast::error_code error;
  // An HTTP/2 stream's end stands in its answer.
  if (http2() != nullptr) co_return;
  // TLS says it too (RFC 8446, 6.1): without it an answer could be cut off unseen.
  if (tls() != nullptr)
    co_await tls()->async_shutdown(net::redirect_error(net::use_awaitable, error));
  socket().shutdown(tcp::socket::shutdown_send, error);
}

void ClientStream::close() {
  if (auto* const stream = http2()) return stream->close();
  beast::error_code ignored;
  expires_never();
  if (auto* const carrier = plain()) return carrier->close();
  socket().close(ignored);
}

std::shared_ptr<void> ClientStream::watch_leaving(std::function<void()> left) {
  auto watch = std::make_shared<std::function<void()>>(std::move(left));
  const auto tell = [weak = std::weak_ptr(watch)] {
    if (const auto held = weak.lock()) (*held)();
  };
  if (auto* const stream = http2()) {
    stream->on_gone = tell;
    return watch;
  }
  tcp::socket& carrier = socket();
  carrier.async_wait(tcp::socket::wait_read,
                     [tell, number = carrier.native_handle()](beast::error_code error) {
                       if (!error && has_ended(number)) tell();
                     });
  return watch;
}

void ClientStream::cancel() {
  beast::error_code ignored;
  if (http2() == nullptr) socket().cancel(ignored);
}

}  // namespace fog::gateway
