// ContainerControl: the agent's line into one container's process tree, by which programs are run
// beside the one of the image: in the same container, under the same limits, with no more rights.
//
// A program's frame comes with four descriptors: its standard input, output and error, and one end
// of a socket pair. On that the container's process says how it ended (a ProgramEndFrame); when the
// other end closes, the program and what it started are killed.
#pragma once

#include <mutex>

#include "executor/fd.h"
#include "executor/frame.h"
#include "executor/view_query.h"

namespace fog::executor {

constexpr std::size_t kProgramsMax = 4;  // in one container at once
// What it is sent by, in the container's process.
constexpr int kContainerControl = 5;

enum class ControlFrame : std::uint8_t { kProgram = 160, kProgramEnd = 161 };

struct ProgramFrame {
  static constexpr ControlFrame kKind = ControlFrame::kProgram;
  CommandWords words;
  bool terminal = false;  // the three descriptors are one
  static constexpr auto kFields = std::make_tuple(&ProgramFrame::words, &ProgramFrame::terminal);
  bool operator==(const ProgramFrame&) const = default;
};
struct ProgramEndFrame {
  static constexpr ControlFrame kKind = ControlFrame::kProgramEnd;
  std::uint32_t status = 0;  // as a shell says it
  BoundedText<256> why;      // it was not run
  static constexpr auto kFields = std::make_tuple(&ProgramEndFrame::status, &ProgramEndFrame::why);
  bool operator==(const ProgramEndFrame&) const = default;
};

// The agent's end. Safe from any thread.
class ContainerControl {
 public:
  explicit ContainerControl(UniqueFd socket) : socket_(std::move(socket)) {}
  // The socket on which its end is told. kIo when the container has gone.
  ErrorOr<UniqueFd> run(const ProgramFrame& program, int input, int output, int error);

 private:
  std::mutex mutex_;
  UniqueFd socket_;
};

}  // namespace fog::executor
