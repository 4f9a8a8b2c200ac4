#include "executor/view_channel.h"

#include <array>
#include <poll.h>

#include <sys/socket.h>

#include "chain/base/clock.h"

namespace fog::executor {

ViewChannel::ViewChannel(UniqueFd socket, SealedStream stream)
    : socket_(std::move(socket)), stream_(std::move(stream)) {
  const timeval limit = {kViewSendSeconds, 0};
  (void)::setsockopt(socket_.get(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
}

ErrorOr<void> ViewChannel::send_bytes(const Bytes& frame) {
  return send_all(socket_.get(), stream_.seal(frame), {});
}

ErrorOr<void> ViewChannel::read() {
  std::array<std::uint8_t, 64 * 1024> part;
  std::vector<UniqueFd> none;
  const auto got = receive(socket_.get(), part, none, MSG_DONTWAIT);
  if (!got && got.error().code == ErrorCode::kUnavailable) return {};
  if (!got || *got == 0) return fail(ErrorCode::kNetwork, "the connection was lost");
  stream_.push(ByteView(part).first(*got));
  return {};
}

ErrorOr<std::optional<Frame>> ViewChannel::next() {
  TRY(const auto record, stream_.next());
  if (!record) return std::optional<Frame>();
  FrameReader reader;
  reader.push(*record);
  TRY(auto frame, reader.next());
  if (!frame || reader.inside_frame())
    return fail(ErrorCode::kProtocol, "a record that is not one frame");
  return frame;
}

ErrorOr<Frame> ViewChannel::wait(std::uint64_t timeout_ms) {
  const std::uint64_t until_ns = system_clock().monotonic_ns() + timeout_ms * 1'000'000;
  for (;;) {
    TRY(auto frame, next());
    if (frame) return *std::move(frame);
    const std::uint64_t now_ns = system_clock().monotonic_ns();
    if (now_ns >= until_ns) return fail(ErrorCode::kTimeout, "no answer in time");
    pollfd ready = {socket_.get(), POLLIN, 0};
    (void)::poll(&ready, 1, static_cast<int>((until_ns - now_ns) / 1'000'000 + 1));
    TRY_VOID(read());
  }
}

}  // namespace fog::executor
