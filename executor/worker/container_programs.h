// ContainerPrograms: the other end of ContainerControl, in the container's process: runs programs
// in the container by the OCI runtime, tells how they end, and kills those that nobody waits for.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <poll.h>
#include <string>
#include <vector>

#include "executor/container_control.h"

namespace fog::executor {

class ContainerPrograms {
 public:
  // `runtime`: path of crun or runc.
  ContainerPrograms(std::string runtime, UniqueFd control);

  // What is waited for, and what is to be done when something of it has come.
  std::vector<pollfd> waits() const;
  void on_ready(const std::vector<pollfd>& ready);
  // Of any process that has ended.
  void on_ended(int pid, int status);

 private:
  struct Program {
    UniqueFd line;         // to whoever waits
    std::string pid_file;  // of the process in the container
    bool given_up = false;
  };
  void take();
  void start(const ProgramFrame& frame, std::vector<UniqueFd> fds);
  static void kill_inside(const Program& program);
  static void tell(const UniqueFd& line, std::uint32_t status, const std::string& why);

  const std::string runtime_;
  UniqueFd control_;
  FrameReader reader_;
  std::deque<UniqueFd> fds_;
  std::map<int, Program> programs_;  // by the runtime's process
  std::uint64_t next_ = 0;
};

// Words of the runtime that come before its command, for this process's containers.
std::vector<std::string> runtime_words(const std::string& runtime);

}  // namespace fog::executor
