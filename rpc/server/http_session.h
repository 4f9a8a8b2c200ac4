// HttpSession: one connection's life: read a request, have it answered, write, again. For .cc files
// of the server only (it brings in Boost.Beast).
#pragma once

#include <memory>
#include <optional>
#include <string>

#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>

#include "rpc/server/session_shared.h"

namespace fog::rpc {

namespace beast = boost::beast;
namespace http = beast::http;
using Tcp = boost::asio::ip::tcp;

class HttpSession final : public Connection, public std::enable_shared_from_this<HttpSession> {
 public:
  HttpSession(Tcp::socket socket, ConnectionPlace place, SessionShared& shared);
  ~HttpSession() override;
  void start();
  void stop() override;

 private:
  using Request = http::request<http::string_body>;
  using Response = http::response<http::string_body>;

  void read_head();
  void on_head(beast::error_code error);
  // The refusal that the head alone earns; nothing when the body may come.
  std::optional<Response> judge_head();
  // Whether this becomes a WebSocket, at the path where JSON-RPC is.
  bool asks_for_upgrade() const;
  // Hands the connection over.
  void upgrade();
  // Whether the head asks what another site's page may send, before it sends it (CORS preflight).
  bool asks_for_permission() const;
  Caller caller_of(const Request& request) const;
  // The file that the head asks for; nothing when it asks for none.
  const StaticFile* asked_file() const;
  // Here on the connection's own thread: it is in memory, and nobody else is asked.
  void answer_file(const StaticFile& file);
  bool reserve_body();
  void release_body();
  void read_body();
  void on_body(beast::error_code error);
  void answer_page(const std::string& target);
  Response make(http::status status, std::string text, const char* type);
  Response make_answer(std::string text);  // of JSON-RPC; 204 for an empty one
  // Back on the connection's thread from wherever the answer was found.
  void post_response(Response response);
  void write(Response response);
  template <class Message>
  void write_message(Message& message);
  void close();

  beast::tcp_stream stream_;
  const boost::asio::any_io_executor executor_;  // the stream's, also when that has gone elsewhere
  ConnectionPlace place_;
  SessionShared& shared_;
  beast::flat_buffer buffer_;
  std::optional<http::request_parser<http::string_body>> parser_;
  Response response_;
  http::response<http::span_body<const char>> file_;
  http::response<http::empty_body> continue_;
  std::size_t body_reserved_ = 0;
  bool keep_alive_ = false;
  bool answering_ = false;  // from a complete request until its answer is written
  bool upgraded_ = false;
  std::string page_origin_;  // the other site whose page asks, if it is one that may
  unsigned version_ = 11;
};

}  // namespace fog::rpc
