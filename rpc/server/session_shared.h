// What all connections of a server share, and how many there are of them. For .cc files of the
// server only (it brings in Boost.Asio).
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

#include <boost/asio/ip/address.hpp>
#include <boost/asio/thread_pool.hpp>

#include "rpc/server/dispatcher.h"
#include "rpc/server/metrics.h"
#include "rpc/server/server.h"

namespace fog::rpc {

struct SessionShared;

// An open connection, of whatever protocol.
class Connection {
 public:
  virtual ~Connection() = default;
  // Ends it, after the answer that is on its way. From any thread.
  virtual void stop() = 0;
};

// A place among the server's connections, given back when it goes.
class ConnectionPlace {
 public:
  ConnectionPlace(SessionShared& shared, boost::asio::ip::address address)
      : shared_(&shared), address_(std::move(address)) {}
  ConnectionPlace(ConnectionPlace&& other) noexcept
      : shared_(std::exchange(other.shared_, nullptr)), address_(other.address_) {}
  ConnectionPlace& operator=(ConnectionPlace&&) = delete;
  ~ConnectionPlace();
  const boost::asio::ip::address& address() const { return address_; }

 private:
  SessionShared* shared_;
  boost::asio::ip::address address_;
};

// Outlives all connections. Safe from any thread.
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
  std::atomic<std::size_t> bodies_bytes{0};   // of requests that are read or worked on
  std::atomic<std::size_t> sockets{0};        // WebSockets
  std::atomic<std::size_t> sockets_bytes{0};  // that wait to be sent on them

  // Nothing when a bound is reached.
  std::optional<ConnectionPlace> open_connection(const boost::asio::ip::address& address);
  void add(const std::shared_ptr<Connection>& connection);
  void stop_all();
  bool all_ended();

 private:
  friend class ConnectionPlace;
  void give_back(const boost::asio::ip::address& address);

  std::mutex mutex_;  // guards what follows
  std::size_t connections_ = 0;
  std::map<boost::asio::ip::address, std::size_t> by_address_;
  std::unordered_map<Connection*, std::weak_ptr<Connection>> open_;
};

}  // namespace fog::rpc
