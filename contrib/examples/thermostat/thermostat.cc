// thermostat: answers temperature readings (JSON, POST) with what the heating should do (JSON).

#include <cstdlib>
#include <string>
#include <string_view>

#include "contrib/examples/common/cgi.h"
#include "contrib/examples/thermostat/decision.h"
#include "contrib/examples/thermostat/question.h"

namespace thermostat {
namespace {

constexpr size_t kBodySizeMax = size_t{1024} * 1024;

constexpr std::string_view kHelp =
    "thermostat: POST temperature readings as JSON, get a decision as JSON.\n"
    "\n"
    "  {\"target_c\": 21.5, \"hysteresis_c\": 0.5, \"mode\": \"heat\",\n"
    "   \"readings\": [{\"at\": \"2026-01-01T00:00:00Z\", \"celsius\": 19.8}]}\n"
    "\n"
    "mode: heat (default), cool, auto or off. hysteresis_c: half the width of the band in which\n"
    "nothing changes, default 0.5. readings: in order of time, at most 10000. now and max_age_s\n"
    "(default 900): with now, an older newest reading is answered with hold.\n"
    "\n"
    "The answer has action (heat_on, heat_off, cool_on, cool_off, all_off or hold), reason,\n"
    "average_c, trend_c_per_hour (null if all readings are of one moment) and readings (their "
    "count).\n";

int respond_json(int status, const std::string& json) {
  return cgi_respond(status, "application/json", "", json.data(), json.size());
}

// Sentences are our own and hold quotation marks at most, so this is all the escaping they need.
int refuse(int status, const std::string& sentence) {
  std::string json = "{\"error\":\"";
  for (const char c : sentence) {
    if (c == '"' || c == '\\') json += '\\';
    json += c;
  }
  return respond_json(status, json + "\"}\n");
}

int answer(std::string_view body) {
  Question question;
  const std::string problem = read_question(body, &question);
  if (!problem.empty()) return refuse(400, problem);
  return respond_json(200, to_json(question, decide(question)));
}

int serve() {
  if (cgi_method_is("GET") || cgi_method_is("HEAD")) {
    return cgi_respond(200, "text/plain; charset=utf-8", "", kHelp.data(), kHelp.size());
  }
  if (!cgi_method_is("POST")) return cgi_refuse_method("GET, HEAD, POST");
  CgiBody body;
  switch (cgi_read_body(kBodySizeMax, &body)) {
    case kCgiBodyTooLarge:
      return refuse(413, "The body is larger than one MiB.");
    case kCgiBodyNoMemory:
      return 1;
    case kCgiBodyRead:
      break;
  }
  const int exit_code = answer(std::string_view(body.data, body.size));
  std::free(body.data);
  return exit_code;
}

}  // namespace
}  // namespace thermostat

int main() {
  return thermostat::serve();
}
