// Frames from a peer that has proven its id and may send anything: messages come out within their
// kinds' bounds, or the connection ends. The input: connection (1 byte), then frames, each a length
// (2, big-endian) and bytes; a length beyond the input's end takes what is left, and the top bit of
// the length stands for a full piece after the bytes.
#include <algorithm>

#include "chain/base/check.h"
#include "chain/net/frame.h"

namespace {

const fog::KindTable& kinds() {
  static const auto table = fog::KindTable::make({{0x10, fog::Lane::kConsensus, 1'000, 100, 100},
                                                  {0x20, fog::Lane::kTransactions, 70'000, 5, 5},
                                                  {0x30, fog::Lane::kBulk, 200'000, 2, 2}});
  CHECK(table.has_value());
  return *table;
}

void check(const fog::Message& message) {
  const fog::KindCost* cost = kinds().find(message.kind);
  CHECK(cost != nullptr && message.body.size() <= cost->bytes_max);
  // What came in whole goes out in the same form and comes in again.
  fog::FrameReader again(kinds(), cost->lane == 0 ? fog::Channel::kConsensus : fog::Channel::kBulk,
                         fog::KindLimiter::for_sending(kinds(), 0));
  fog::OutgoingMessage out(cost->lane, message.kind,
                           std::make_shared<const fog::Bytes>(message.body));
  while (!out.done()) {
    const auto taken = again.take(out.next_frame(), 0);
    CHECK(taken.has_value());
    if (taken->message) {
      CHECK(taken->message->body == message.body && out.done());
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  fog::FrameReader reader(kinds(),
                          data[0] % 2 == 0 ? fog::Channel::kConsensus : fog::Channel::kBulk,
                          fog::KindLimiter::for_receiving(kinds(), 1'000, 0));
  std::uint64_t now_ms = 0;
  for (std::size_t at = 1; at + 2 <= size;) {
    const std::size_t told = std::size_t{data[at]} << 8 | data[at + 1];
    at += 2;
    const std::size_t taken = std::min(told & 0x7FFF, size - at);
    fog::Bytes frame(data + at, data + at + taken);
    if ((told & 0x8000) != 0) frame.resize(frame.size() + fog::kPieceMax);
    at += taken;
    auto result = reader.take(frame, ++now_ms);
    if (!result) return 0;
    if (result->message) check(*result->message);
    static_cast<void>(reader.stalled(now_ms, 3));
  }
  return 0;
}
