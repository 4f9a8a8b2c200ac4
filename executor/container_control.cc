#include "executor/container_control.h"

namespace fog::executor {

ErrorOr<UniqueFd> ContainerControl::run(const ProgramFrame& program, int input, int output,
                                        int error) {
  TRY(auto ends, make_socket_pair());
  const std::lock_guard lock(mutex_);
  TRY_VOID(
      send_all(socket_.get(), encode_frame(program), {input, output, error, ends.second.get()}));
  return std::move(ends.first);
}

}  // namespace fog::executor
