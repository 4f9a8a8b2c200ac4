// What a node and its validator's signer say to each other over a stream socket: a request, an
// answer, one at a time.
//
//   length (u32, little-endian, of what follows) | BCS of Request or Answer
//
// A frame that is too long, empty or not canonical means that the other side is broken or hostile:
// the connection ends.
#pragma once

#include "chain/types/block.h"
#include "consensus/engine/vote_guard.h"

namespace fog::signer_wire {

constexpr std::uint32_t kVersion = 1;
constexpr std::size_t kFrameBytesMax = 1'024;
constexpr std::size_t kTextBytesMax = 512;

// ---- the node's ----

// First on a connection: which protocol and chain it is about.
struct Hello {
  std::uint32_t version = kVersion;
  ChainId chain_id;
  static constexpr auto kFields = std::make_tuple(&Hello::version, &Hello::chain_id);
  bool operator==(const Hello&) const = default;
};
struct SignVote {
  ChainId chain_id;
  Vote vote;
  static constexpr auto kFields = std::make_tuple(&SignVote::chain_id, &SignVote::vote);
  bool operator==(const SignVote&) const = default;
};
// Of the validator's record, what a reveal follows from.
struct RevealLink {
  ChainId chain_id;
  Hash32 beacon_tip;
  std::uint32_t beacon_remaining = 0;
  static constexpr auto kFields = std::make_tuple(&RevealLink::chain_id, &RevealLink::beacon_tip,
                                                  &RevealLink::beacon_remaining);
  bool operator==(const RevealLink&) const = default;
};
using Request = std::variant<Hello, SignVote, RevealLink>;

// ---- the signer's ----

struct Welcome {
  VoteRecord record;  // with the public key
  static constexpr auto kFields = std::make_tuple(&Welcome::record);
  bool operator==(const Welcome&) const = default;
};
struct Signed {
  SchnorrSig signature;
  static constexpr auto kFields = std::make_tuple(&Signed::signature);
  bool operator==(const Signed&) const = default;
};
struct Revealed {
  BeaconReveal reveal;
  static constexpr auto kFields = std::make_tuple(&Revealed::reveal);
  bool operator==(const Revealed&) const = default;
};
enum class Refusal : std::uint8_t {
  kForbidden,    // by the vote record, now and later
  kNotYet,       // a beacon link that is not due
  kWrongChain,   // or another version of the protocol
  kNoVote,       // not a vote that any validator would cast
  kWrongSecret,  // the beacon secret does not fit
  kBusy,         // another node is connected
  kBroken,       // the record cannot be written
};
constexpr Refusal bcs_last(Refusal) {
  return Refusal::kBroken;
}
struct Refused {
  Refusal why = Refusal::kForbidden;
  BoundedText<kTextBytesMax> text;  // for people
  static constexpr auto kFields = std::make_tuple(&Refused::why, &Refused::text);
  bool operator==(const Refused&) const = default;
};
using Answer = std::variant<Welcome, Signed, Revealed, Refused>;

// The text is cut to what may be sent.
Refused refuse(Refusal why, std::string_view text);

template <class Message>
Bytes encode_frame(const Message& message) {
  const Bytes body = bcs_encode(message);
  CHECK(body.size() <= kFrameBytesMax);
  BcsWriter out;
  out.integer(static_cast<std::uint32_t>(body.size()));
  out.raw(body);
  return std::move(out).take();
}

// Cuts a stream into frames. Not thread safe.
class FrameCutter {
 public:
  // Takes what has come. Call next() until it gives nothing before the next push: what is held is
  // then less than a frame.
  void push(ByteView bytes) { append(buffer_, bytes); }
  // The next whole message; false when more bytes are needed. kProtocol: the connection is over.
  template <class Message>
  ErrorOr<bool> next(Message& message) {
    TRY(const std::optional<Bytes> body, next_body());
    if (!body) return false;
    BcsReader in(*body);
    if (!bcs_read(in, message) || in.remaining() != 0) {
      return fail(ErrorCode::kProtocol,
                  "a message that cannot be read: " +
                      std::string(bcs_error_text(in.error().value_or(BcsError::kTrailing))));
    }
    return true;
  }

 private:
  ErrorOr<std::optional<Bytes>> next_body();

  Bytes buffer_;
};

}  // namespace fog::signer_wire
