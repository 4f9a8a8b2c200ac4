#include "rpc/programs/gateway/explain_command.h"

#include <algorithm>
#include <ctime>
#include <iostream>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "rpc/client/http_client.h"

namespace fog {
namespace {

using Json = nlohmann::json;

std::string clock_of(std::uint64_t time_ms) {
  const auto seconds = static_cast<std::time_t>(time_ms / 1'000);
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  return fmt::format("{:02}:{:02}:{:02}.{:03}", parts.tm_hour, parts.tm_min, parts.tm_sec,
                     time_ms % 1'000);
}

std::uint64_t number(const Json& text) {
  return std::stoull(text.get<std::string>());
}

void print(const Json& said) {
  const auto of = [&said](const char* name) { return said.at(name).get<std::uint64_t>(); };
  std::cout << fmt::format("{}, bid {}\n", said.at("service").get<std::string>(),
                           said.at("bid").get<std::string>());
  std::cout << fmt::format(
      "  runs      {} replicas, {} starting, {} in reserve; its bid allows {} to {}\n",
      of("replicas"), of("starting"), of("reserved"), of("replicas_min"), of("replicas_max"));
  std::cout << fmt::format("  load      {} requests now, {} of them waiting for a replica\n",
                           of("requests"), of("waiting"));
  std::cout << fmt::format("            {}\n", said.at("why").get<std::string>());
  std::cout << fmt::format(
      "  rule      {} slots a replica, {} % of them busy; down to none after {} s without a "
      "request\n",
      of("slots"), of("target_percent"), number(said.at("idle_ms")) / 1'000);
  std::cout << fmt::format("  wanted    {}\n", of("wanted"));
  std::cout << fmt::format(
      "  asked     {} beyond the fewest, for {} s more; at most {} times an hour\n", of("asked"),
      number(said.at("asked_for_ms")) / 1'000, of("demands_per_hour"));
  if (const Json& measured = said.at("measured"); !measured.empty()) {
    const auto micros = [](const Json& one) { return one.at("micros").get<double>(); };
    double least = micros(measured.front());
    for (const Json& one : measured) least = std::min(least, micros(one));
    std::cout << fmt::format("  measured  {} Hosts, the nearest {:.1f} ms away\n", measured.size(),
                             least / 1e3);
  }
  for (const char* name : {"trouble", "refused"}) {
    if (const auto text = said.at(name).get<std::string>(); !text.empty())
      std::cout << fmt::format("  {:<9} {}\n", name, text);
  }
  for (const Json& step : said.at("steps")) {
    std::cout << fmt::format("  {}  asked for {}: {}\n", clock_of(number(step.at("time_ms"))),
                             step.at("asked").get<std::uint64_t>(),
                             step.at("why").get<std::string>());
  }
}

}  // namespace

ErrorOr<void> explain_service(const std::string& gateway, const std::string& service, bool json) {
  TRY(auto url, rpc::parse_http_url(gateway));
  rpc::HttpClient client(std::move(url));
  rpc::HttpRequest request;
  request.target = "/.fog/explain/" + service;
  request.answer_bytes_max = 1 << 20;
  TRY(const auto answer, client.exchange(request));
  if (answer.status != 200) return fail(ErrorCode::kNotFound, answer.body.substr(0, 300));
  if (json) {
    std::cout << answer.body;
    return {};
  }
  try {
    print(Json::parse(answer.body));
  } catch (const std::exception&) {
    return fail(ErrorCode::kProtocol, gateway + " does not answer as a gateway does");
  }
  return {};
}

}  // namespace fog
