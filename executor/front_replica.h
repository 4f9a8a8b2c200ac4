// FrontReplica: one lease in one term as the front serves it: its gateways with their logs, its
// worker, and the requests that wait for a slot.
//
// Lives on the front's one io_context thread, but for the disk syncs of vouchers.
#pragma once

#include <chrono>

#include <boost/asio/strand.hpp>
#include <boost/asio/thread_pool.hpp>

#include "executor/front_frames.h"
#include "executor/front_view.h"
#include "executor/keyvalue_store.h"
#include "executor/leaf_store.h"
#include "executor/outbound_client.h"
#include "executor/usage_log.h"
#include "executor/worker_link.h"

namespace fog::executor {

// Requests that may wait for a slot; the next is refused.
constexpr std::size_t kWaitingRequestsMax = 512;
constexpr std::chrono::seconds kWaitingTimeMax{8};
// What a worker may be late beyond wall_ms before it counts as stuck.
constexpr std::chrono::seconds kWorkerGrace{5};

// Leaves that may be asked for at once, and how many more a second later.
constexpr std::size_t kLeavesReadableMax = 2'048;
constexpr std::size_t kLeavesReadableMore = 512;
constexpr std::size_t kSignaturesPerSecond = 200;

// What all replicas of one front share.
struct FrontContext {
  boost::asio::io_context& io;
  boost::asio::thread_pool& disk;  // for syncs
  OutboundClient& outbound;
  // usage_folder/<replica>/<gateway hex>.log, and the leaves (leaf_store.h).
  std::string usage_folder;
  std::string spool_folder;
  // keyvalue_folder/<replica>/: what its components keep.
  std::string keyvalue_folder;
  boost::asio::thread_pool& keyvalue;
  std::function<void(Bytes)> tell_agent;
  FrontViews& views;
};

// A gateway that may forward to the replica.
struct FrontLink {
  LinkedGateway gateway;
  LeafTerms terms;
  std::unique_ptr<UsageLog> log;
  std::unique_ptr<LeafStore> leaves;
};

// A replica's key-value store on the threads that stores have: one call after the other.
class FrontStore : public std::enable_shared_from_this<FrontStore> {
 public:
  FrontStore(FrontContext& context, const ReplicaId& replica, std::uint64_t bytes_max);
  // `done` comes on the front's thread, later.
  void ask(KeyvalueCall call, std::function<void(const KeyvalueReply&)> done);
  // After the calls that have been asked; then `closed`, on the front's thread.
  void close(std::function<void()> closed);

 private:
  FrontContext& context_;
  const std::string name_;
  boost::asio::strand<boost::asio::thread_pool::executor_type> strand_;
  KeyvalueStore store_;  // on the strand
  std::string said_;
};

// A request's end: what the worker said, or why it never ran (it may be sent again).
using ExchangeEnd = std::function<void(const DoneFrame& done, const std::string& refused)>;

class FrontReplica : public std::enable_shared_from_this<FrontReplica> {
 public:
  // Opens the logs. Faults as UsageLog::open.
  static ErrorOr<std::shared_ptr<FrontReplica>> open(FrontContext& context, ServeFrame serve);

  const ServeFrame& serve() const { return serve_; }
  FrontLink* link_of(const Address& gateway);
  std::string folder() const;  // of its logs and leaves

  // Whether leaves may be given to that account.
  bool may_read(const Address& reader);
  // Begins a query for so many leaves, one at a time and no more than some a second; false: later.
  bool begin_reading(std::size_t leaves);
  void end_reading() { reading_ = false; }
  // Whether one more signature is looked at in this second.
  bool may_check_signature() { return signatures_++ < kSignaturesPerSecond; }

  void set_worker(UniqueFd socket);
  // `end` is called once, later.
  void submit(std::shared_ptr<Exchange> exchange, ExchangeEnd end);

  // Of a request that is running; see WorkerLink. Nothing, where its worker is lost.
  WorkerLink* worker() const { return worker_.get(); }

  // Takes no more requests; tells the agent once the last has ended.
  void stop();
  // Takes requests again after stop().
  void resume() { stopping_ = stopped_told_ = false; }
  bool stopping() const { return stopping_; }

  // A warm reservation takes no requests.
  bool reserved() const { return reserved_; }
  void reserve(bool reserved, std::uint64_t last_ticket);
  // Opens the reservation, if the ticket is that gateway's for it, not used before, and not yet
  // over by this computer's clock; the agent is told.
  bool open_by(const market::SignedTicket& ticket, const LinkedGateway& gateway);
  // Ends the link to the worker.
  void close();

  ClaimsFrame claims(const ClaimFrame& wanted) const;
  // Once a second: refuses who has waited too long, gives up a stuck worker, reports use.
  void tick();

  UseFrame use;  // counted by the sessions

 private:
  struct Waiting {
    std::shared_ptr<Exchange> exchange;
    ExchangeEnd end;
    std::chrono::steady_clock::time_point since;
  };
  FrontReplica(FrontContext& context, ServeFrame serve)
      : context_(context),
        serve_(std::move(serve)),
        reserved_(serve_.reserved),
        last_ticket_(serve_.ticket) {}
  void pump();
  void start(Waiting waiting);
  void lost(const std::string& why);
  void report_if_stopped();
  void report_stopped();

  FrontContext& context_;
  const ServeFrame serve_;
  std::vector<FrontLink> links_;
  std::shared_ptr<OutboundShare> outbound_;  // null: it may ask nobody
  std::shared_ptr<FrontStore> store_;        // null: it keeps nothing, or runs no more
  std::shared_ptr<WorkerLink> worker_;
  std::deque<Waiting> waiting_;
  std::deque<std::chrono::steady_clock::time_point> started_;  // of running ones, oldest first
  bool reserved_ = false;
  std::uint64_t last_ticket_ = 0;
  bool stopping_ = false;
  bool stopped_told_ = false;
  UseFrame told_;
  std::string leaves_trouble_;
  bool reading_ = false;
  std::size_t signatures_ = 0;                 // looked at in this second
  std::size_t readable_ = kLeavesReadableMax;  // leaves that may be asked for now
};

}  // namespace fog::executor
