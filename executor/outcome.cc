#include "executor/outcome.h"

#include <algorithm>

#include "chain/base/check.h"

namespace fog::executor {
namespace {

constexpr std::size_t kDetailBytesMax = 160;

std::string_view plain_sentence(RunOutcome outcome) {
  switch (outcome) {
    case RunOutcome::kOk:
      return "The service answered.";
    case RunOutcome::kExit:
      return "The service ended with an error instead of an answer; its publisher can see why in "
             "its logs";
    case RunOutcome::kTrap:
      return "The service broke off (a WebAssembly trap); its publisher has to mend it";
    case RunOutcome::kFuel:
      return "The service used up the computing budget that its publisher set for one request";
    case RunOutcome::kMemory:
      return "The service ran out of the memory that its publisher set for one request";
    case RunOutcome::kWall:
      return "The service took longer than its publisher allows for one request";
    case RunOutcome::kOutput:
      return "The service answered more than its publisher allows for one response";
    case RunOutcome::kHeader:
      return "The service's answer does not begin as it must; its publisher has to mend it";
    case RunOutcome::kStack:
      return "The service ran out of stack; its publisher has to mend it";
    case RunOutcome::kHostMemory:
      return "The computer that runs the service is short of memory; try again";
    case RunOutcome::kCrash:
      return "The process that ran the service died; try again";
    case RunOutcome::kNoAnswer:
      return "The service's container gave no answer; its publisher can see why in its logs";
  }
  CHECK(false);
}

}  // namespace

std::string_view outcome_name(RunOutcome outcome) {
  switch (outcome) {
    case RunOutcome::kOk:
      return "ok";
    case RunOutcome::kExit:
      return "exit";
    case RunOutcome::kTrap:
      return "trap";
    case RunOutcome::kFuel:
      return "fuel";
    case RunOutcome::kMemory:
      return "memory";
    case RunOutcome::kWall:
      return "wall";
    case RunOutcome::kOutput:
      return "output";
    case RunOutcome::kHeader:
      return "header";
    case RunOutcome::kStack:
      return "stack";
    case RunOutcome::kHostMemory:
      return "host-memory";
    case RunOutcome::kCrash:
      return "crash";
    case RunOutcome::kNoAnswer:
      return "no-answer";
  }
  CHECK(false);
}

std::uint16_t outcome_status(RunOutcome outcome) {
  if (outcome == RunOutcome::kOk) return 200;
  return outcome == RunOutcome::kFuel || outcome == RunOutcome::kWall ? 504 : 502;
}

std::string outcome_sentence(RunOutcome outcome, std::string_view detail) {
  std::string text(plain_sentence(outcome));
  // Where in the code a trap was is for the publisher's log, not for the End User.
  detail = detail.substr(0, std::min(detail.find('\n'), kDetailBytesMax));
  if (!detail.empty()) text.append(" (").append(detail).append(")");
  if (text.back() != '.') text += '.';
  return text;
}

bool bills_fuel(RunOutcome outcome) {
  return outcome != RunOutcome::kStack && outcome != RunOutcome::kHostMemory &&
         outcome != RunOutcome::kCrash && outcome != RunOutcome::kNoAnswer;
}

}  // namespace fog::executor
