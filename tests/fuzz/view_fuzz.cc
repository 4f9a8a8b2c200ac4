// A Publisher's view: questions from anybody, records and frames from the other end: any bytes are
// what they say, or refused. The first byte says which.
#include "executor/container_config.h"
#include "executor/container_control.h"
#include "executor/view_query.h"

namespace {

using namespace fog;
using namespace fog::executor;

template <class T>
void round_trip(ByteView bytes) {
  const auto value = bcs_decode<T>(bytes);
  if (!value) return;
  CHECK(bcs_encode(*value) == to_bytes(bytes));
}

template <class T>
void frame_trip(const Frame& frame) {
  const auto value = decode_frame<T>(frame);
  if (!value) return;
  CHECK(encode_frame(*value).size() == kFrameHeadBytes + frame.payload.size());
}

const SealedStream& stream() {
  static const SealedStream kStream = [] {
    Hash32 bytes;
    bytes.data[31] = 7;
    const SecretKey key = *SecretKey::from_bytes(bytes);
    return *SealedStream::make(key, key.public_key(), {}, {}, StreamSide::kHost);
  }();
  return kStream;
}

void read_frames(ByteView bytes) {
  FrameReader reader;
  reader.push(bytes);
  for (;;) {
    const auto frame = reader.next();
    if (!frame || !*frame) return;
    frame_trip<AskLogFrame>(**frame);
    frame_trip<AskMeterFrame>(**frame);
    frame_trip<AskProgramFrame>(**frame);
    frame_trip<ProgramInputFrame>(**frame);
    frame_trip<WindowFrame>(**frame);
    frame_trip<LogPartFrame>(**frame);
    frame_trip<MeterFrame>(**frame);
    frame_trip<ProgramOutputFrame>(**frame);
    frame_trip<EndFrame>(**frame);
    frame_trip<ProgramFrame>(**frame);
    frame_trip<ProgramEndFrame>(**frame);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const ByteView bytes(data + 1, size - 1);
  switch (data[0] % 4) {
    case 0: {
      round_trip<SignedViewQuery>(bytes);
      const auto asked = bcs_decode<SignedViewQuery>(bytes);
      if (asked) (void)is_signed(*asked);
      return 0;
    }
    case 1: {
      // Nobody without the key says anything that is heard.
      SealedStream heard = stream();
      heard.push(bytes);
      const auto record = heard.next();
      CHECK(!record || !*record);
      return 0;
    }
    case 2: {
      const auto process = program_config(as_text(bytes), {}, true);
      (void)process;
      return 0;
    }
    default:
      read_frames(bytes);
      return 0;
  }
}
