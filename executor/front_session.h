// FrontSession: one connection of a gateway to the front (market/types/host_link.h): reads a
// request, has it run, accounts for it, answers; again until either side closes.
//
// An answer begins when its run has ended, or earlier if it is one that is streamed (serving.h); a
// request to switch protocols begins to run with its head, and is carried both ways until its end.
//
// What is accounted for carries Fog-Mac. An answer without it settles nothing: the index is free
// again, and the sentence in the body says why. Lives on the front's one io_context thread.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>

#include "executor/front_replica.h"
#include "executor/leaf_query.h"
#include "executor/serving.h"
#include "executor/view_query.h"

namespace fog::executor {

// A part of a body, either way, that takes longer ends the connection.
constexpr std::chrono::seconds kConnectionPartTime{30};

// Where sessions find replicas.
class ReplicaDirectory {
 public:
  virtual ~ReplicaDirectory() = default;
  virtual std::shared_ptr<FrontReplica> find(const ReplicaId& replica) = 0;
  virtual FrontContext& context() = 0;
};

inline std::string_view view(boost::beast::string_view text) {
  return {text.data(), text.size()};
}

class FrontSession : public std::enable_shared_from_this<FrontSession> {
 public:
  FrontSession(boost::asio::ip::tcp::socket socket, ReplicaDirectory& replicas,
               std::shared_ptr<void> count);
  void start() { read_head(); }

 private:
  using Parser = boost::beast::http::request_parser<boost::beast::http::buffer_body>;
  using Response = boost::beast::http::response<boost::beast::http::buffer_body>;
  using Serializer = boost::beast::http::response_serializer<boost::beast::http::buffer_body>;

  // A request that passed the checks of the link.
  struct Forwarded {
    std::shared_ptr<FrontReplica> replica;
    FrontLink* link = nullptr;
    std::uint64_t index = 0;
    market::RequestHead head;
    bool switches = false;  // to another protocol
  };
  struct Refusal {
    unsigned status = 400;
    std::string why;
  };

  void read_head();
  void on_head();
  Result<Forwarded, Refusal> check_link();
  void read_body();
  void on_body_part(boost::system::error_code error);
  void on_body();
  void on_voucher();
  // front_leaves.cc
  void on_leaves();
  void read_leaves(const std::shared_ptr<FrontReplica>& replica, FrontLink& link,
                   const LeafQuery& query);
  void on_view();
  void on_view_told(std::uint16_t status, const std::string& why, UniqueFd socket);
  void run();
  void on_run_end(const DoneFrame& done, const std::string& refused);
  void on_end(const DoneFrame& end);
  // front_stream.cc
  void on_progress();
  void begin_stream(CgiHead head);
  void pump_stream();
  void write_stream(std::shared_ptr<std::string> text, std::size_t output_bytes);
  void end_stream(const std::shared_ptr<std::string>& trailer);
  void break_stream();
  void cancel_run();
  void watch_gateway();
  void read_live_body();
  void on_live_part(boost::system::error_code error);

  ErrorOr<Accounted> account(const DoneFrame& done, const Answer& answer);
  void free_index();

  // Begins response_ with a workload's head.
  void put_head(const market::ResponseHead& head);
  void refuse_voucher(const std::string& why, std::vector<std::uint64_t> missing);
  void refuse(unsigned status, const std::string& why);
  void answer(unsigned status, const std::string& content_type, const std::string& text);
  void write_answer();
  void write_part();
  void on_written();
  void close();
  void linger(std::uint64_t bytes);

  boost::beast::tcp_stream stream_;
  ReplicaDirectory& replicas_;
  const std::shared_ptr<void> count_;  // held while the connection lives
  boost::beast::flat_buffer buffer_;
  Bytes chunk_;

  // Of the request at hand.
  std::optional<Parser> parser_;
  std::uint64_t body_bytes_max_ = 0;
  std::optional<Spool> body_;
  // What the Host's own paths are asked for; null: a request to forward.
  void (FrontSession::*own_)() = nullptr;
  std::optional<Forwarded> request_;
  std::shared_ptr<Exchange> exchange_;
  bool held_back_ = false;   // its answer is known not to stream
  bool reads_live_ = false;  // a part of its live body
  Bytes live_part_;
  std::chrono::steady_clock::time_point since_;  // the request is whole

  // Of the answer at hand: its body is `output_` from `output_at_` on.
  std::optional<Response> response_;
  std::optional<Serializer> serializer_;
  std::optional<Spool> output_;
  std::uint64_t output_at_ = 0;
  std::uint64_t output_end_ = 0;
  // While it is streamed. The output is the exchange's until the run has ended.
  struct Stream {
    market::ResponseHead head;
    bool writing = false;
    bool broken = false;                   // nothing can be sent any more, and nothing is settled
    std::shared_ptr<std::string> trailer;  // once the run is accounted for
  };
  std::optional<Stream> streaming_;
  bool keep_alive_ = false;
};

}  // namespace fog::executor
