// Outbound: a component's requests to other servers on their way from the worker, which has no
// network, to the front, which sends them; and the answers on their way back.
//
// A request is one OutboundFrame and its body in OutboundBodyFrames; its answer is one ReplyFrame
// and its body in ReplyBodyFrames. `number` is the run's own for the request. Bounds are those of
// the runtime profile, which a worker that is still ours keeps to.
#pragma once

#include <functional>

#include "executor/worker_frames.h"

namespace fog::executor {

constexpr std::uint64_t kOutboundBodyBytesMax = 4ULL << 20;  // of a request, and of an answer
constexpr std::uint32_t kOutboundMax = 32;                   // requests of one run
constexpr std::uint32_t kOutboundParallelMax = 4;            // of them on their way at once
// What a run's requests and answers can take in the worker.
constexpr std::uint64_t kOutboundRunBytes = 40ULL << 20;

// Why a request was not answered; fog_wasm.h has the same numbers, and the words that a guest sees.
enum class OutboundFault : std::uint8_t {
  kAnswered,
  kDenied,  // no pattern of the manifest, or this Host lets nobody out
  kDnsTimeout,
  kDnsError,    // no such name
  kProhibited,  // the name leads to addresses that are not public
  kRefused,
  kUnavailable,
  kConnectTimeout,
  kTerminated,
  kResponseTimeout,  // no head in time
  kReadTimeout,      // a pause in the body
  kTlsProtocol,
  kTlsCertificate,
  kHeadTooLarge,
  kBodyTooLarge,
  kIncomplete,
  kProtocol,
  kLimit,  // too many at once
  kInternal,
};
constexpr OutboundFault bcs_last(OutboundFault) {
  return OutboundFault::kInternal;
}

// All that there is to say of a request but its body.
struct OutboundHead {
  BoundedBytes<32> method;
  bool tls = true;
  BoundedBytes<256> authority;
  BoundedBytes<8192> target;
  FieldEntries fields;
  // What the guest allows for a step; the largest number where it does not say.
  std::uint64_t connect_ms = 0;
  std::uint64_t first_byte_ms = 0;
  std::uint64_t between_bytes_ms = 0;
  static constexpr auto kFields =
      std::make_tuple(&OutboundHead::method, &OutboundHead::tls, &OutboundHead::authority,
                      &OutboundHead::target, &OutboundHead::fields, &OutboundHead::connect_ms,
                      &OutboundHead::first_byte_ms, &OutboundHead::between_bytes_ms);
  bool operator==(const OutboundHead&) const = default;
};
struct OutboundRequest {
  OutboundHead head;
  Bytes body;
};
// What it counts as egress: body, target, and each field's name and value and 4, plus 16.
std::uint64_t outbound_bytes(const OutboundRequest& request);

struct ReplyHead {
  OutboundFault fault = OutboundFault::kInternal;
  std::uint16_t status = 0;
  FieldEntries fields;
  static constexpr auto kFields =
      std::make_tuple(&ReplyHead::fault, &ReplyHead::status, &ReplyHead::fields);
  bool operator==(const ReplyHead&) const = default;
};
struct OutboundReply {
  ReplyHead head;
  Bytes body;
};
OutboundReply failed_reply(OutboundFault fault);

// A request on its way.
class OutboundCall {
 public:
  virtual ~OutboundCall() = default;
  // Ends it: nothing is heard of it any more. What counts as egress all the same.
  virtual std::uint64_t cancel() = 0;
};
// What came of a request, and what counts as egress. Called once, never from within the asking.
using OutboundDone = std::function<void(OutboundReply reply, std::uint64_t egress_bytes)>;

struct OutboundFrame {
  static constexpr WorkerFrame kKind = WorkerFrame::kOutbound;
  std::uint64_t id = 0;
  std::uint32_t number = 0;
  OutboundHead head;
  std::uint64_t body_bytes = 0;
  static constexpr auto kFields = std::make_tuple(&OutboundFrame::id, &OutboundFrame::number,
                                                  &OutboundFrame::head, &OutboundFrame::body_bytes);
  bool operator==(const OutboundFrame&) const = default;
};
struct OutboundBodyFrame {
  static constexpr WorkerFrame kKind = WorkerFrame::kOutboundBody;
  std::uint64_t id = 0;
  std::uint32_t number = 0;
  BoundedBytes<kChunkBytesMax> bytes;
  static constexpr auto kFields = std::make_tuple(
      &OutboundBodyFrame::id, &OutboundBodyFrame::number, &OutboundBodyFrame::bytes);
  bool operator==(const OutboundBodyFrame&) const = default;
};
struct ReplyFrame {
  static constexpr WorkerFrame kKind = WorkerFrame::kReply;
  std::uint64_t id = 0;
  std::uint32_t number = 0;
  ReplyHead head;
  std::uint64_t body_bytes = 0;
  static constexpr auto kFields = std::make_tuple(&ReplyFrame::id, &ReplyFrame::number,
                                                  &ReplyFrame::head, &ReplyFrame::body_bytes);
  bool operator==(const ReplyFrame&) const = default;
};
struct ReplyBodyFrame {
  static constexpr WorkerFrame kKind = WorkerFrame::kReplyBody;
  std::uint64_t id = 0;
  std::uint32_t number = 0;
  BoundedBytes<kChunkBytesMax> bytes;
  static constexpr auto kFields =
      std::make_tuple(&ReplyBodyFrame::id, &ReplyBodyFrame::number, &ReplyBodyFrame::bytes);
  bool operator==(const ReplyBodyFrame&) const = default;
};

// The frames of a request, and of an answer.
Bytes encode_outbound(std::uint64_t id, std::uint32_t number, const OutboundRequest& request);
Bytes encode_reply(std::uint64_t id, std::uint32_t number, const OutboundReply& reply);

// Puts a head and the bodies that follow it together again.
template <class Head>
class Gathering {
 public:
  Gathering(Head head, std::uint64_t body_bytes) : head_(std::move(head)), left_(body_bytes) {}
  // False when there is more than was said.
  bool push(const Bytes& bytes) {
    if (bytes.empty() || bytes.size() > left_) return false;
    append(body_, bytes);
    left_ -= bytes.size();
    return true;
  }
  bool whole() const { return left_ == 0; }
  Head& head() { return head_; }
  Bytes& body() { return body_; }

 private:
  Head head_;
  Bytes body_;
  std::uint64_t left_;
};

}  // namespace fog::executor
