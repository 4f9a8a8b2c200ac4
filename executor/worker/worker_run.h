// WorkerRun: one request inside the worker, between the socket's reader and the thread that runs
// the guest.
#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <mutex>

#include "chain/base/fd.h"
#include "executor/call_digest.h"
#include "executor/worker_frames.h"

namespace fog::executor {

// The worker's end of the socket, for frames going out. Safe from any thread; waits while the other
// side does not read. A write that fails ends the process: nobody is there to serve.
class FrameSink {
 public:
  explicit FrameSink(int socket) : socket_(socket) {}
  template <class T>
  void send(const T& frame) {
    send_frames(encode_frame(frame));
  }
  // Any number of frames, encoded.
  void send_frames(const Bytes& frames);

 private:
  std::mutex mutex_;
  const int socket_;
};

class WorkerRun final : public RunIo {
 public:
  WorkerRun(RunFrame request, FrameSink& sink);

  // From the reader. False when the other side breaks the protocol: more than the window, or more
  // after the last.
  bool push_input(InputFrame input);
  // As push_input.
  bool push_reply(ReplyFrame reply);
  bool push_reply_body(const ReplyBodyFrame& body);
  bool push_kept(KeptFrame kept);
  void cancel();

  // On the running thread: runs the guest and sends its output and its DoneFrame. A run that failed
  // leaves a line in the log.
  void serve(Runtime& runtime, const RunLimits& limits);

  std::optional<std::size_t> read_body(std::span<std::uint8_t> out) override;
  ErrorOr<int> body_event() override;
  ErrorOr<int> cancel_event() override;
  bool write_head(const market::ResponseHead& head) override;
  bool write_output(ByteView bytes) override;
  void flush() override;
  void write_log(ByteView bytes) override;
  bool send(std::uint32_t number, OutboundRequest request) override;
  std::optional<OutboundReply> receive(std::uint32_t number) override;
  std::optional<KeyvalueReply> ask_store(KeyvalueCall call) override;
  bool wants_calls() const override { return request_.audit != AuditKind::kNone; }
  void on_call(const SeenCall& call) override { calls_.add(call); }

 private:
  using Reply = Gathering<ReplyHead>;
  Reply* reply_of(std::uint32_t number);
  // Waits for what `ready` sees under the mutex; false when the run is cancelled or late.
  bool wait_until(std::unique_lock<std::mutex>& lock, const std::function<bool()>& ready);
  void gather_output();
  // With the mutex held: makes the events say what holds now.
  void show_events();
  ErrorOr<int> event(UniqueFd& held);
  template <class T>
  void queue(const T& frame) {
    append(waiting_, encode_frame(frame));
  }

  RunFrame request_;
  FrameSink& sink_;
  std::chrono::steady_clock::time_point deadline_;
  Bytes output_;
  // Frames for one send: at the end of a run that takes no time, and before any wait.
  Bytes waiting_;
  std::chrono::steady_clock::time_point sent_at_;
  CallDigest calls_;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Bytes> input_;
  std::size_t input_at_ = 0;       // into the front of input_
  std::uint64_t input_bytes_ = 0;  // in input_, not read
  bool input_ended_ = false;
  UniqueFd body_event_, cancel_event_;  // once they were asked for
  // To other servers: asked, and answered so far.
  std::map<std::uint32_t, std::optional<Reply>> asked_;
  bool keyvalue_asked_ = false;        // and not answered
  std::optional<KeyvalueReply> kept_;  // not taken
  bool cancelled_ = false;
  bool late_ = false;  // the deadline passed while waiting for the body
};

}  // namespace fog::executor
