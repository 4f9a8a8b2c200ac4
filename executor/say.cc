#include "executor/say.h"

#include <ctime>
#include <unistd.h>

#include <fmt/chrono.h>

namespace fog::executor {

void say(std::string_view line) {
  std::string text = fmt::format("{:%Y-%m-%dT%H:%M:%SZ} ", fmt::gmtime(std::time(nullptr)));
  for (const char c : line) text += static_cast<unsigned char>(c) < 0x20 || c == 0x7F ? ' ' : c;
  text += '\n';
  // One call, so that lines of several processes do not mix.
  [[maybe_unused]] const ssize_t written = ::write(2, text.data(), text.size());
}

}  // namespace fog::executor
