// The other end of a worker's socket, one request at a time: what a Host's front does, without
// HTTP, logs and vouchers.
#pragma once

#include "executor/worker_process.h"

namespace fog::bench {

class WorkerClient {
 public:
  // `content` is compiled code if bind.compiled, else the artifact. Ends the program when the
  // worker refuses it.
  WorkerClient(executor::WorkerProcess worker, const executor::BindFrame& bind, ByteView content);
  const executor::BoundWorker& bound() const { return bound_; }

  struct Answer {
    double first_ms = 0;     // from sending until the first byte of output
    double ms = 0;           // until the run had ended
    std::uint64_t fuel = 0;  // used by the run
    Bytes output;
  };
  // The run's id is given here. Ends the program when the run fails or puts out nothing.
  Answer ask(executor::RunFrame run, ByteView body = {});

 private:
  executor::Frame next();

  executor::WorkerProcess worker_;
  executor::BoundWorker bound_;
  UniqueFd socket_;
  executor::FrameReader reader_;
  Bytes buffer_ = Bytes(64 << 10);
  std::uint64_t id_ = 0;
};

}  // namespace fog::bench
