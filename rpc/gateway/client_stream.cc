#include "rpc/gateway/client_stream.h"

namespace fog::gateway {

bool ClientStream::is_encrypted() const {
  if (tls() != nullptr) return true;
  const Http2Stream* const stream = http2();
  return stream != nullptr && stream->is_encrypted();
}

void ClientStream::expires_never() {
  if (auto* const stream = http2()) {
    stream->expires_never();
  } else {
    tcp_layer().expires_never();
  }
}

net::awaitable<void> ClientStream::end_writing() {
  beast::error_code error;
  // An HTTP/2 stream's end stands in its answer.
  if (http2() != nullptr) co_return;
  // TLS says it too (RFC 8446, 6.1): without it an answer could be cut off unseen.
  if (tls() != nullptr)
    co_await tls()->async_shutdown(net::redirect_error(net::use_awaitable, error));
  tcp_layer().socket().shutdown(tcp::socket::shutdown_send, error);
}

void ClientStream::close() {
  if (auto* const stream = http2()) {
    stream->close();
  } else {
    tcp_layer().close();
  }
}

}  // namespace fog::gateway
