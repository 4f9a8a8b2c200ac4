// FrontClient: the agent's end of the front: starts the process, starts it again when it dies, and
// speaks its frames. What is served is remembered and told to the next front, so that callers need
// not know of its death; workers end with the front and are brought again by their runners.
//
// Safe from any thread. Events come on the client's own thread.
#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <thread>

#include "executor/fd.h"
#include "executor/front_frames.h"

namespace fog::executor {

struct FrontProgram {
  std::string path;                // of foghost
  std::string command = "front";   // its sub-command
  std::vector<std::string> words;  // that follow it: front_words()
};

struct FrontEvents {
  std::function<void(const UseFrame&)> use;
  std::function<void(const WorkerLostFrame&)> worker_lost;
  std::function<void(const StoppedFrame&)> stopped;
  // To be answered by tell_view(), later.
  std::function<void(const ViewAskedFrame&)> view_asked = {};
  std::function<void(const OpenedFrame&)> opened = {};
};

class FrontClient {
 public:
  // `listener` is bound and listening; it stays open here, so that no connection is refused while
  // the front starts again.
  FrontClient(FrontProgram program, UniqueFd listener, FrontEvents events);
  ~FrontClient();
  FrontClient(const FrontClient&) = delete;
  FrontClient& operator=(const FrontClient&) = delete;

  // Waits until the front listens.
  ErrorOr<std::uint16_t> wait_listening(std::uint64_t timeout_ms);
  void serve(const ServeFrame& frame);
  // kUnavailable while there is no front.
  ErrorOr<void> give_worker(const ReplicaId& replica, const UniqueFd& socket);
  // Answered by the event `stopped`.
  void stop(const ReplicaId& replica);
  void forget(const ReplicaId& replica);
  // On which a request waits; it came by a tunnel.
  void give_connection(const UniqueFd& socket);
  void reserve(const ReserveFrame& frame);
  // `socket` with status 101 alone.
  void tell_view(const ViewToldFrame& frame, const UniqueFd& socket);
  ErrorOr<std::vector<market::LogClaim>> claims(const ReplicaId& replica,
                                                const std::vector<ClaimFrom>& from,
                                                std::uint64_t timeout_ms);

 private:
  struct Served {
    ServeFrame frame;
    bool stopping = false;
  };
  void supervise();
  ErrorOr<void> start();
  void read_frames(int socket);
  bool take(const Frame& frame);
  // With the mutex held.
  ErrorOr<void> send(const Bytes& frame, const std::vector<int>& fds);
  void send_serve(const ServeFrame& frame);

  const FrontProgram program_;
  const UniqueFd listener_;
  const FrontEvents events_;

  std::mutex mutex_;
  std::condition_variable changed_;
  bool ending_ = false;
  std::uint16_t port_ = 0;  // 0 while no front listens
  UniqueFd socket_;
  int pid_ = -1;
  std::map<ReplicaId, Served> served_;
  std::map<ReplicaId, ReserveFrame> reserves_;  // the last of each that changed
  std::uint64_t next_claim_ = 1;
  std::map<std::uint64_t, std::optional<ClaimsFrame>> claims_;  // asked for; nothing: not answered
  std::thread thread_;
};

}  // namespace fog::executor
