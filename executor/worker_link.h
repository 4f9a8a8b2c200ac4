// WorkerLink: the front's end of a worker's socket: requests go in, their ends come out.
//
// Lives on one io_context thread. Callbacks come from that thread, never from within run().
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>

#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>

#include "executor/spool.h"
#include "executor/transcript.h"

namespace fog::executor {

// One request on its way through a worker.
struct Exchange {
  Exchange(RunFrame run_frame, Spool body_spool, Spool output_spool)
      : run(std::move(run_frame)), body(std::move(body_spool)), output(std::move(output_spool)) {}
  RunFrame run;
  Spool body;
  // The body is not there yet: it comes by WorkerLink::give(), and `body` stays empty.
  bool live_body = false;
  Spool output;
  std::optional<market::ResponseHead> head;  // of a component's answer, as it wrote it
  OutboundLog outbound;                      // its requests to other servers
  KeyvalueLog keyvalue;                      // its calls to the key-value store
  std::optional<AuditFrame> audit;           // where run.audit asked for it
  // Called once: how it ended. kCrash when the worker was lost.
  std::function<void(const DoneFrame&)> done;
  // Called while the run goes on: head or output have grown, or there is room for more of a live
  // body.
  std::function<void()> progressed;
};

class WorkerLink : public std::enable_shared_from_this<WorkerLink> {
 public:
  using Ask = std::function<std::shared_ptr<OutboundCall>(std::uint32_t number, OutboundRequest,
                                                          OutboundDone)>;
  using Keep = std::function<void(KeyvalueCall, std::function<void(const KeyvalueReply&)>)>;
  // Where a run's wishes go; null: the worker must not have any.
  struct Doors {
    Ask ask;    // sends a request to another server, by the run's number for it
    Keep keep;  // asks the key-value store; answers later, never from within
  };
  struct Limits {
    std::uint64_t output_bytes_max = 0;    // of an answer
    std::uint64_t outbound_bytes_max = 0;  // of one exchange's requests to other servers
  };
  // `lost` is called once when the worker is gone or breaks the protocol, after every exchange
  // under way has been ended as kCrash; not after close().
  WorkerLink(boost::asio::io_context& io, UniqueFd socket, const Limits& limits, Doors doors,
             std::function<void(const std::string& why)> lost);
  void start();
  // Ends the link without a word to anybody.
  void close();

  void run(std::shared_ptr<Exchange> exchange);
  // How many bytes of a live body can be given now, at once; 0 of a run that has ended.
  std::size_t room_for(const Exchange& exchange) const;
  // The next part of a live body, no more than that; an empty one is its end.
  void give(const Exchange& exchange, ByteView part);
  // Nobody waits for the answer: the run ends soon, as a cancelled one.
  void cancel(const Exchange& exchange);
  std::size_t running() const { return exchanges_.size(); }
  // False from the moment that the worker is lost: what is given to run() then never ends.
  bool is_open() const { return !closed_; }
  // The worker is stuck or lying: as if it had died.
  void give_up(const std::string& why);

 private:
  struct Running {
    std::shared_ptr<Exchange> exchange;
    std::uint64_t sent = 0;  // of the body
    std::uint64_t credit = 0;
    bool last_sent = false;
    std::uint32_t asked = 0;        // requests to other servers so far
    std::uint64_t asked_bytes = 0;  // their bytes
    std::map<std::uint32_t, Gathering<OutboundHead>> gathering;
    std::map<std::uint32_t, std::shared_ptr<OutboundCall>> calls;
  };

  void read();
  void on_read(std::size_t size);
  bool take(const Frame& frame);
  bool take_credit(const Frame& frame);
  bool take_head(const Frame& frame);
  bool take_output(const Frame& frame);
  bool take_audit(const Frame& frame);
  bool take_done(const Frame& frame);
  bool take_outbound(const Frame& frame);
  bool take_outbound_body(const Frame& frame);
  bool take_keyvalue(const Frame& frame);
  void on_kept(std::uint64_t id, const KeyvalueReply& reply);
  void ask_if_whole(std::uint64_t id, Running& running, std::uint32_t number);
  void on_reply(std::uint64_t id, std::uint32_t number, const OutboundReply& reply,
                std::uint64_t egress_bytes);
  void answer(Bytes frames);
  static void end_calls(Running& running);
  void feed(std::uint64_t id, Running& running);
  void tell_progress();
  void send(Bytes frame);
  void write();

  boost::asio::local::stream_protocol::socket socket_;
  const Limits limits_;
  const Doors doors_;
  std::function<void(const std::string&)> lost_;
  bool closed_ = false;
  Bytes buffer_;
  FrameReader reader_;
  std::deque<Bytes> out_;
  std::size_t out_bytes_ = 0;
  bool writing_ = false;
  std::uint64_t next_id_ = 1;
  std::map<std::uint64_t, Running> exchanges_;
  std::vector<std::uint64_t> progressed_;  // to be told once what has come is taken
};

}  // namespace fog::executor
