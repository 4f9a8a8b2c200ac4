// Lines for whoever operates the Host: one on standard error each, with the time. Safe from any
// thread. Never a secret, never text of a stranger's that could hold control characters.
#pragma once

#include <string_view>

namespace fog::executor {

void say(std::string_view line);

}  // namespace fog::executor
