// The listener, its threads, and the orderly stop.
#include "rpc/server/server.h"

#include <algorithm>
#include <thread>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>

#include "rpc/server/http_session.h"

namespace fog::rpc {

namespace asio = boost::asio;

struct RpcServer::Impl {
  Impl(NodeApi& node, const ServerOptions& options)
      : shared(std::make_unique<SessionShared>(node, options)),
        io(static_cast<int>(options.io_threads)),
        work(asio::make_work_guard(io)),
        acceptor(asio::make_strand(io)),
        retry(acceptor.get_executor()) {}

  Result<void, Error> listen();
  void accept();
  void on_connection(Tcp::socket socket);
  void run();
  void stop();

  // First, so that it goes last: connections refer to it to their end.
  std::unique_ptr<SessionShared> shared;
  asio::io_context io;
  asio::executor_work_guard<asio::io_context::executor_type> work;
  Tcp::acceptor acceptor;
  asio::steady_timer retry;
  std::uint16_t port = 0;
  std::vector<std::thread> threads;
};

Result<void, Error> RpcServer::Impl::listen() {
  const ServerOptions& options = shared->options;
  boost::system::error_code error;
  const auto address = asio::ip::make_address(options.address, error);
  if (error) {
    return fail(ErrorCode::kInvalidInput,
                "\"" + options.address + "\" is not an IP address to listen on");
  }
  const Tcp::endpoint endpoint(address, options.port);
  acceptor.open(endpoint.protocol(), error);
  if (!error) acceptor.set_option(asio::socket_base::reuse_address(true), error);
  if (!error) acceptor.bind(endpoint, error);
  if (!error) acceptor.listen(asio::socket_base::max_listen_connections, error);
  if (error) {
    return fail(ErrorCode::kIo, "cannot listen on " + options.address + ":" +
                                    std::to_string(options.port) + ": " + error.message() +
                                    "; choose another port, or 0 for any free one");
  }
  port = acceptor.local_endpoint(error).port();
  return {};
}

void RpcServer::Impl::accept() {
  acceptor.async_accept(asio::make_strand(io),
                        [this](boost::system::error_code error, Tcp::socket socket) {
                          if (error == asio::error::operation_aborted || shared->stopping) return;
                          if (!error) {
                            on_connection(std::move(socket));
                            return accept();
                          }
                          // Out of descriptors, most likely: others must end before we can go on.
                          retry.expires_after(std::chrono::milliseconds(50));
                          retry.async_wait([this](boost::system::error_code cancelled) {
                            if (!cancelled) accept();
                          });
                        });
}

void RpcServer::Impl::on_connection(Tcp::socket socket) {
  boost::system::error_code error;
  const auto peer = socket.remote_endpoint(error);
  if (error) return;
  auto place = shared->open_connection(peer.address());
  if (!place) {
    shared->dispatcher.metrics().connection_refused();
    return;
  }
  socket.set_option(Tcp::no_delay(true), error);
  const auto session = std::make_shared<HttpSession>(std::move(socket), *std::move(place), *shared);
  shared->add(session);
  session->start();
}

void RpcServer::Impl::run() {
  asio::post(acceptor.get_executor(), [this] { accept(); });
  for (unsigned i = 0; i < std::max(1U, shared->options.io_threads); ++i) {
    threads.emplace_back([this] { io.run(); });
  }
}

void RpcServer::Impl::stop() {
  shared->stopping = true;
  asio::post(acceptor.get_executor(), [this] {
    boost::system::error_code ignored;
    acceptor.close(ignored);
    retry.cancel();
  });
  // Calls in hand end and those that wait are answered; then the connections end, given a moment to
  // take their answers.
  shared->dispatcher.stop();
  shared->workers.join();
  shared->stop_all();
  for (int i = 0; i < 200 && !shared->all_ended(); ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  io.stop();
  for (std::thread& thread : threads) thread.join();
}

RpcServer::RpcServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
RpcServer::~RpcServer() {
  impl_->stop();
}
std::uint16_t RpcServer::port() const {
  return impl_->port;
}

ErrorOr<std::unique_ptr<RpcServer>> RpcServer::start(NodeApi& node, const ServerOptions& options) {
  auto impl = std::make_unique<Impl>(node, options);
  TRY_VOID(impl->listen());
  impl->run();
  return std::unique_ptr<RpcServer>(new RpcServer(std::move(impl)));
}

}  // namespace fog::rpc
