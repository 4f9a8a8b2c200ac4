// HttpSession: one connection's life: read a request, have it answered, write, again. For .cc files
// of the server only (it brings in Boost.Beast).
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include <boost/asio/thread_pool.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>

#include "rpc/server/metrics.h"
#include "rpc/server/server.h"

namespace fog::rpc {

namespace beast = boost::beast;
namespace http = beast::http;
using Tcp = boost::asio::ip::tcp;

// What all sessions of a server share. Outlives them.
struct SessionShared {
  SessionShared(NodeApi& node_in, const ServerOptions& options_in)
      : node(node_in),
        options(options_in),
        dispatcher(node_in, options_in.calls),
        workers(options_in.workers) {}

  NodeApi& node;
  const ServerOptions options;
  Dispatcher dispatcher;
  boost::asio::thread_pool workers;
  std::atomic<bool> stopping{false};
  std::atomic<std::size_t> bodies_bytes{0};

  // Takes a place for a connection from the address; false when a bound is reached.
  bool open_connection(const boost::asio::ip::address& address);
  void close_connection(const boost::asio::ip::address& address);

 private:
  std::mutex mutex_;
  std::size_t connections_ = 0;
  std::map<boost::asio::ip::address, std::size_t> by_address_;
};

class HttpSession : public std::enable_shared_from_this<HttpSession> {
 public:
  // The connection's place must have been taken.
  HttpSession(Tcp::socket socket, boost::asio::ip::address address, SessionShared& shared);
  ~HttpSession();
  void start();
  // Ends the connection, after the answer that is on its way. From any thread.
  void stop();

 private:
  using Request = http::request<http::string_body>;
  using Response = http::response<http::string_body>;

  void read_head();
  void on_head(beast::error_code error);
  // The refusal that the head alone earns; nothing when the body may come.
  std::optional<Response> judge_head();
  // The file that the head asks for; nothing when it asks for none.
  const StaticFile* asked_file() const;
  // Here on the connection's own thread: it is in memory, and nobody else is asked.
  void answer_file(const StaticFile& file);
  bool reserve_body();
  void release_body();
  void read_body();
  void on_body(beast::error_code error);
  void answer_rpc(std::string body);
  void answer_page(const std::string& target);
  Response make(http::status status, std::string text, const char* type);
  // Back on the connection's thread from wherever the answer was found.
  void post_response(Response response);
  void write(Response response);
  template <class Message>
  void write_message(Message& message);
  void close();

  beast::tcp_stream stream_;
  const boost::asio::ip::address address_;
  SessionShared& shared_;
  beast::flat_buffer buffer_;
  std::optional<http::request_parser<http::string_body>> parser_;
  Response response_;
  http::response<http::span_body<const char>> file_;
  http::response<http::empty_body> continue_;
  std::size_t body_reserved_ = 0;
  bool keep_alive_ = false;
  bool answering_ = false;  // from a complete request until its answer is written
  unsigned version_ = 11;
};

}  // namespace fog::rpc
