// ViewChannel: one end of the conversation of a ViewQuery, over a connected socket. One thread may
// send while another receives.
#pragma once

#include "executor/fd.h"
#include "executor/view_query.h"

namespace fog::executor {

// A part that the other end does not take for so long ends the conversation.
constexpr int kViewSendSeconds = 30;

class ViewChannel {
 public:
  ViewChannel(UniqueFd socket, SealedStream stream);

  template <class T>
  ErrorOr<void> send(const T& frame) {
    return send_bytes(encode_frame(frame));
  }
  // Becomes readable when read() has something to do.
  int socket() const { return socket_.get(); }
  // Takes what has come, without waiting. kNetwork: the other end has closed.
  ErrorOr<void> read();
  // The next frame of what was read, if it is whole.
  ErrorOr<std::optional<Frame>> next();
  // Waits for the next frame. kTimeout.
  ErrorOr<Frame> wait(std::uint64_t timeout_ms);

 private:
  ErrorOr<void> send_bytes(const Bytes& frame);

  UniqueFd socket_;
  SealedStream stream_;
};

}  // namespace fog::executor
