// A worker may be a stranger's by the time it speaks: any stream is frames within bounds, or
// refused.
#include "executor/front_frames.h"
#include "executor/keyvalue.h"
#include "executor/outbound.h"

namespace {

template <class T>
void round_trip(const fog::executor::Frame& frame) {
  const auto value = fog::executor::decode_frame<T>(frame);
  if (!value) return;
  const fog::Bytes bytes = fog::executor::encode_frame(*value);
  CHECK(bytes.size() == frame.payload.size() + fog::executor::kFrameHeadBytes);
  CHECK(std::equal(frame.payload.begin(), frame.payload.end(),
                   bytes.begin() + fog::executor::kFrameHeadBytes));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace fog::executor;
  FrameReader reader;
  const std::size_t half = size / 2;
  reader.push({data, half});
  reader.push({data + half, size - half});
  for (;;) {
    const auto frame = reader.next();
    if (!frame || !*frame) return 0;
    round_trip<BindFrame>(**frame);
    round_trip<RunFrame>(**frame);
    round_trip<HeadFrame>(**frame);
    round_trip<InputFrame>(**frame);
    round_trip<CancelFrame>(**frame);
    round_trip<ReadyFrame>(**frame);
    round_trip<FailedFrame>(**frame);
    round_trip<CreditFrame>(**frame);
    round_trip<OutputFrame>(**frame);
    round_trip<AuditFrame>(**frame);
    round_trip<DoneFrame>(**frame);
    round_trip<OutboundFrame>(**frame);
    round_trip<OutboundBodyFrame>(**frame);
    round_trip<ReplyFrame>(**frame);
    round_trip<ReplyBodyFrame>(**frame);
    round_trip<KeyvalueFrame>(**frame);
    round_trip<KeptFrame>(**frame);
    round_trip<ServeFrame>(**frame);
    round_trip<ClaimsFrame>(**frame);
    round_trip<UseFrame>(**frame);
  }
}
