// ContainerLink: a worker's connection to the program in the container beside it. Every wait ends:
// by the run's deadline, or because nobody waits for the answer any more. Used by one thread.
#pragma once

#include <chrono>
#include <span>

#include "executor/fd.h"
#include "executor/runtime.h"

namespace fog::executor {

// How an exchange with a container broke off.
struct Broken {
  RunOutcome outcome = RunOutcome::kNoAnswer;
  std::string why;
  bool cancelled = false;
};
template <class T>
using OrBroken = Result<T, Broken>;

Fail<Broken> no_answer(std::string why);
Fail<Broken> run_cancelled();

class ContainerLink {
 public:
  // To a port of 127.0.0.1; `io` is flushed before anything is waited for. kNoAnswer: nothing
  // listens there.
  static OrBroken<ContainerLink> connect(std::uint16_t port,
                                         std::chrono::steady_clock::time_point deadline, RunIo& io);

  // All of it, or as much as the other side takes: it may have answered before it has read
  // everything.
  OrBroken<void> send(ByteView bytes);
  // 0 at the end.
  OrBroken<std::size_t> receive(std::span<std::uint8_t> out);

  using Give = std::function<OrBroken<void>(ByteView)>;
  // After an upgrade: what the End User sends goes to the container and what the container sends to
  // `give`, until the container closes. Once the End User has closed it may take 10 seconds for
  // that, then it is done without.
  OrBroken<void> carry(const Give& give);

 private:
  ContainerLink(UniqueFd socket, std::chrono::steady_clock::time_point deadline, RunIo& io)
      : socket_(std::move(socket)), deadline_(deadline), io_(io) {}
  OrBroken<void> wait(short events);
  OrBroken<bool> take_from_container(const Give& give);
  OrBroken<void> take_from_user();
  void send_pending();

  UniqueFd socket_;
  std::chrono::steady_clock::time_point deadline_;
  RunIo& io_;
  // While it carries.
  Bytes part_;
  Bytes pending_;  // of the End User's, not sent yet
  bool user_open_ = true;
};

// Whether something listens on that port of 127.0.0.1.
bool listens(std::uint16_t port);

}  // namespace fog::executor
