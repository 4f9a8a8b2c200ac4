// What a command that runs until it is told to stop needs: a log on stderr, and signals.
#pragma once

#include <string>

#include "chain/base/error.h"

namespace fog::node_program {

// kInvalidInput: there is no such level.
ErrorOr<void> set_up_log(const std::string& name, const std::string& level);
// Before any thread begins: SIGINT and SIGTERM wait for wait_for_stop(), SIGPIPE is ignored.
void hold_signals();
// Returns the signal, SIGINT or SIGTERM, when it comes.
int wait_for_stop();
// As if SIGTERM had come; from any thread.
void stop_this_process();

}  // namespace fog::node_program
