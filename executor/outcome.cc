#include "executor/outcome.h"

#include <algorithm>

#include "chain/base/check.h"

namespace fog::executor {
namespace {

constexpr std::size_t kDetailBytesMax = 160;

std::string_view plain_sentence(Outcome outcome) {
  switch (outcome) {
    case Outcome::kOk:
      return "The service answered.";
    case Outcome::kExit:
      return "The service ended with an error instead of an answer; its publisher can see why in "
             "its logs";
    case Outcome::kTrap:
      return "The service broke off (a WebAssembly trap); its publisher has to mend it";
    case Outcome::kFuel:
      return "The service used up the computing budget that its publisher set for one request";
    case Outcome::kMemory:
      return "The service ran out of the memory that its publisher set for one request";
    case Outcome::kWall:
      return "The service took longer than its publisher allows for one request";
    case Outcome::kOutput:
      return "The service answered more than its publisher allows for one response";
    case Outcome::kHeader:
      return "The service's answer is not a valid CGI response; its publisher has to mend it";
    case Outcome::kStack:
      return "The service ran out of stack; its publisher has to mend it";
    case Outcome::kHostMemory:
      return "The computer that runs the service is short of memory; try again";
    case Outcome::kCrash:
      return "The process that ran the service died; try again";
  }
  CHECK(false);
}

}  // namespace

std::string_view outcome_name(Outcome outcome) {
  switch (outcome) {
    case Outcome::kOk:
      return "ok";
    case Outcome::kExit:
      return "exit";
    case Outcome::kTrap:
      return "trap";
    case Outcome::kFuel:
      return "fuel";
    case Outcome::kMemory:
      return "memory";
    case Outcome::kWall:
      return "wall";
    case Outcome::kOutput:
      return "output";
    case Outcome::kHeader:
      return "header";
    case Outcome::kStack:
      return "stack";
    case Outcome::kHostMemory:
      return "host-memory";
    case Outcome::kCrash:
      return "crash";
  }
  CHECK(false);
}

std::uint16_t outcome_status(Outcome outcome) {
  if (outcome == Outcome::kOk) return 200;
  return outcome == Outcome::kFuel || outcome == Outcome::kWall ? 504 : 502;
}

std::string outcome_sentence(Outcome outcome, std::string_view detail) {
  std::string text(plain_sentence(outcome));
  // Where in the code a trap was is for the publisher's log, not for the End User.
  detail = detail.substr(0, std::min(detail.find('\n'), kDetailBytesMax));
  if (!detail.empty()) text.append(" (").append(detail).append(")");
  if (text.back() != '.') text += '.';
  return text;
}

bool bills_fuel(Outcome outcome) {
  return outcome != Outcome::kStack && outcome != Outcome::kHostMemory &&
         outcome != Outcome::kCrash;
}

}  // namespace fog::executor
