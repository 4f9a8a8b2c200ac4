// Relay: one request of an End User's on its way through one Host, and its answer back: what
// forward() is made of. Included by .cc files only.
#pragma once

#include <memory>
#include <span>

#include "rpc/gateway/forward.h"

namespace fog::gateway {

using ResponseParser = http::response_parser<http::buffer_body>;

// What the Host may add to the workload's own wall limit: start of a worker, queueing.
constexpr std::uint64_t kHostSlackMs = 10'000;

inline std::string_view view(beast::string_view text) {
  return {text.data(), text.size()};
}
// What a header that counts says: 0 when it is missing, nothing when it is no number.
std::optional<std::uint64_t> number_of(std::string_view text);

// The state of one forwarded request, so that every way out settles its index exactly once.
class Settling {
 public:
  Settling(Replica& replica, GatewayCounters& counters, std::uint64_t index)
      : replica_(replica), counters_(counters), index_(index) {}
  ~Settling() {
    if (settled_) return;
    replica_.book->settle_void(index_);
    ++counters_.voids;
  }
  Settling(const Settling&) = delete;
  Settling& operator=(const Settling&) = delete;
  std::uint64_t index() const { return index_; }
  void settle(const Settlement& settlement) {
    replica_.book->settle(index_, settlement);
    settled_ = true;
  }

 private:
  Replica& replica_;
  GatewayCounters& counters_;
  const std::uint64_t index_;
  bool settled_ = false;
};

class InFlight {
 public:
  explicit InFlight(Replica& replica) : replica_(replica) { replica_.standing.begin(); }
  ~InFlight() { replica_.standing.end(); }
  InFlight(const InFlight&) = delete;
  InFlight& operator=(const InFlight&) = delete;

 private:
  Replica& replica_;
};

class Relay {
 public:
  Relay(Replica& replica, Exchange& exchange, UpstreamPool& pool, const GatewayConfig& config,
        GatewayCounters& counters)
      : replica_(replica), exchange_(exchange), pool_(pool), config_(config), counters_(counters) {}

  net::awaitable<ForwardResult> run();

 private:
  bool build_head();
  http::request<http::buffer_body> host_request(std::uint64_t index) const;
  net::awaitable<beast::error_code> send_request(std::uint64_t index);
  // What is not here yet: part by part, as it comes from the End User.
  net::awaitable<beast::error_code> send_body(
      http::request_serializer<http::buffer_body>& serializer,
      http::request<http::buffer_body>& request);
  net::awaitable<beast::error_code> read_head();
  bool accept_head(std::uint64_t index);
  bool accept_stream(market::ResponseHead head, std::uint64_t index);
  // The counters, from the head or, where the answer is streamed, from the trailer.
  bool accept_counters(std::uint64_t index);

  // relay_answer.cc
  http::response<http::buffer_body> client_response() const;
  std::uint64_t host_part_ms() const;
  net::awaitable<ForwardResult> relay_answer(Settling& settling);
  net::awaitable<beast::error_code> send_head(
      http::response_serializer<http::buffer_body>& serializer);
  // The next part of the Host's answer, in chunk_: how many bytes, 0 where there is more to read
  // first. Nothing when the answer has broken off.
  net::awaitable<std::optional<std::size_t>> read_part();
  ForwardResult end_answer(Settling& settling, bool client_open);
  // Lets the stream be ended where it is in the way of others; as long as what this returns lives.
  std::shared_ptr<void> yield_stream(std::uint64_t index);
  // What the Host has of a stream that its End User has left is read to its end; no more is asked
  // for.
  void leave_stream();

  // relay_switched.cc
  net::awaitable<ForwardResult> relay_switched(Settling& settling);
  net::awaitable<beast::error_code> send_switched();
  net::awaitable<void> carry_to_host();
  net::awaitable<bool> carry_to_client();
  void avoid();
  static ForwardResult not_reached(std::string why) {
    return {ForwardEnd::kNotReached, false, std::move(why), {}};
  }
  ForwardResult refused(std::string why) const {
    return {body_touched_ ? ForwardEnd::kFailed : ForwardEnd::kNotTaken, false, std::move(why), {}};
  }

  Replica& replica_;
  Exchange& exchange_;
  UpstreamPool& pool_;
  const GatewayConfig& config_;
  GatewayCounters& counters_;
  // Not zeroed: that takes longer than what most requests have in it.
  const std::unique_ptr<std::uint8_t[]> chunk_memory_ =
      std::make_unique_for_overwrite<std::uint8_t[]>(kBodyChunk);
  const std::span<std::uint8_t> chunk_{chunk_memory_.get(), kBodyChunk};
  std::unique_ptr<UpstreamPool::Connection> host_;
  market::RequestHead head_;
  market::ResponseHead answer_;
  std::uint64_t fuel_ = 0;
  std::uint64_t outbound_bytes_ = 0;
  std::unique_ptr<ResponseParser> parser_;
  Sha256Stream request_body_;
  Hash32 request_hash_;
  std::uint64_t request_bytes_ = 0;
  Sha256Stream answer_body_;
  std::uint64_t answer_bytes_ = 0;
  bool body_touched_ = false;
  bool request_whole_ = false;
  bool asks_switch_ = false;  // the End User asks for another protocol
  bool streamed_ = false;
  bool switched_ = false;
  bool left_ = false;
};

}  // namespace fog::gateway
