// OneAnswer: a server on loopback that takes one connection.
#pragma once

#include <atomic>
#include <chrono>
#include <string>
#include <thread>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/streambuf.hpp>
#include <boost/asio/write.hpp>

namespace fog::testing {

// Takes one connection, reads a request's head, says `answer` and closes, or holds on.
class OneAnswer {
 public:
  explicit OneAnswer(std::string answer, bool holds_on = false)
      : answer_(std::move(answer)), holds_on_(holds_on), thread_([this] { serve(); }) {}
  ~OneAnswer() {
    done_ = true;
    // Wakes an accept that nobody came to.
    boost::system::error_code ignored;
    boost::asio::ip::tcp::socket(io_).connect(acceptor_.local_endpoint(), ignored);
    thread_.join();
  }
  std::uint16_t port() { return acceptor_.local_endpoint().port(); }
  std::string authority(const std::string& host = "localhost") {
    return host + ":" + std::to_string(port());
  }
  const std::string& request() const { return request_; }  // after the answer

 private:
  void serve() {
    boost::system::error_code error;
    boost::asio::ip::tcp::socket socket = acceptor_.accept(error);
    if (done_ || error) return;
    boost::asio::streambuf head;
    boost::asio::read_until(socket, head, "\r\n\r\n", error);
    request_.assign(boost::asio::buffers_begin(head.data()), boost::asio::buffers_end(head.data()));
    boost::asio::write(socket, boost::asio::buffer(answer_), error);
    while (holds_on_ && !done_) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }

  const std::string answer_;
  const bool holds_on_;
  std::atomic<bool> done_ = false;
  boost::asio::io_context io_;
  boost::asio::ip::tcp::acceptor acceptor_{
      io_, boost::asio::ip::tcp::endpoint(boost::asio::ip::address_v4::loopback(), 0)};
  std::string request_;
  std::thread thread_;
};

}  // namespace fog::testing
