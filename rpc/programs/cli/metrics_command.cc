// fogcoin metrics: what a service's replicas use, as their Hosts count it.
#include <fmt/format.h>

#include "rpc/programs/cli/host_view_client.h"

namespace fog::cli {
namespace {

using namespace executor;

constexpr std::uint64_t kAnswerMs = 15'000;

ErrorOr<MeterFrame> ask_meter(const ReplicaPlace& place, wallet::Signer& signer) {
  TRY(auto channel, open_view(place, signer));
  TRY_VOID(channel.send(AskMeterFrame{}));
  TRY(const auto frame, channel.wait(kAnswerMs));
  if (const auto end = decode_frame<EndFrame>(frame))
    return fail(ErrorCode::kUnavailable, end->why);
  return decode_frame<MeterFrame>(frame);
}

std::string duration_text(std::uint64_t ms) {
  const std::uint64_t s = ms / 1'000;
  if (s >= 86'400) return fmt::format("{}d{}h", s / 86'400, s % 86'400 / 3'600);
  if (s >= 3'600) return fmt::format("{}h{}m", s / 3'600, s % 3'600 / 60);
  if (s >= 60) return fmt::format("{}m{}s", s / 60, s % 60);
  return fmt::format("{}s", s);
}
std::string mib_text(std::uint64_t bytes) {
  return bytes == 0 ? "-" : fmt::format("{:.1f}", static_cast<double>(bytes) / (1 << 20));
}
std::string ms_text(std::uint64_t us) {
  return us == 0 ? "-" : fmt::format("{:.1f}", static_cast<double>(us) / 1e3);
}

Json meter_json(const MeterFrame& meter) {
  Json took = Json::array();
  for (std::size_t i = 0; i < meter.took.size(); ++i) {
    if (meter.took[i] == 0) continue;
    took.push_back({{"at_most_us", std::to_string(took_bound_us(i))},
                    {"requests", std::to_string(meter.took[i])}});
  }
  const auto text = [](std::uint64_t number) { return std::to_string(number); };
  return {{"phase", meter.phase},
          {"why", meter.why},
          {"container", meter.container},
          {"up_ms", text(meter.up_ms)},
          {"restarts", text(meter.restarts)},
          {"served", text(meter.served)},
          {"failed", text(meter.failed)},
          {"refused", text(meter.refused)},
          {"running", meter.running},
          {"waiting", meter.waiting},
          {"slots", meter.slots},
          {"fuel", text(meter.fuel)},
          {"request_bytes", text(meter.request_bytes)},
          {"response_bytes", text(meter.response_bytes)},
          {"outbound_bytes", text(meter.outbound_bytes)},
          {"request_memory_peak_bytes", text(meter.request_memory_peak_bytes)},
          {"cpu_ms", text(meter.cpu_ms)},
          {"memory_bytes", text(meter.memory_bytes)},
          {"memory_peak_bytes", text(meter.memory_peak_bytes)},
          {"took_us",
           {{"p50", text(took_us(meter.took, 500))},
            {"p90", text(took_us(meter.took, 900))},
            {"p99", text(took_us(meter.took, 990))}}},
          {"took", std::move(took)}};
}

std::vector<Cell> meter_row(const ReplicaPlace& place, const MeterFrame& meter) {
  return {to_hex(place.replica.lease).substr(0, 8) + "." + std::to_string(place.replica.term),
          to_hex(place.host).substr(0, 8),
          meter.phase,
          meter.up_ms == 0 ? "-" : duration_text(meter.up_ms),
          std::to_string(meter.restarts),
          std::to_string(meter.served),
          std::to_string(meter.failed),
          std::to_string(meter.refused),
          fmt::format("{}+{}", meter.running, meter.waiting),
          ms_text(took_us(meter.took, 500)),
          ms_text(took_us(meter.took, 990)),
          meter.container ? "-" : fmt::format("{:.3f}", static_cast<double>(meter.fuel) / 1e9),
          fmt::format("{:.2f}", static_cast<double>(meter.request_bytes) / (1 << 20)),
          fmt::format("{:.2f}", static_cast<double>(meter.response_bytes) / (1 << 20)),
          mib_text(meter.memory_bytes),
          mib_text(meter.memory_peak_bytes),
          meter.cpu_ms == 0 ? "-" : fmt::format("{:.1f}", static_cast<double>(meter.cpu_ms) / 1e3)};
}

ErrorOr<void> metrics(Context& context, const std::string& what) {
  TRY(const auto places, find_replicas(context.node(), what));
  if (places.empty()) return fail(ErrorCode::kNotFound, "no replica of " + what + " runs now");
  TRY(const auto signer, context.signer());
  Json json = Json::array();
  Rows rows{{"LEASE", "HOST", "PHASE", "UP", "RESTARTS", "SERVED", "FAILED", "REFUSED", "NOW",
             "P50 MS", "P99 MS", "GFUEL", "IN MIB", "OUT MIB", "MEM MIB", "PEAK MIB", "CPU S"}};
  std::string notes;
  std::optional<Error> failed;
  for (const ReplicaPlace& place : places) {
    Json one = {{"lease", to_hex0x(place.replica.lease)},
                {"term", place.replica.term},
                {"service", place.service},
                {"host", to_hex0x(place.host)}};
    const auto meter = ask_meter(place, *signer);
    if (meter) {
      one["meter"] = meter_json(*meter);
      rows.push_back(meter_row(place, *meter));
      if (!meter->why.empty()) notes += "\n" + rows.back()[0].full + ": " + meter->why;
    } else {
      failed = meter.error();
      one["error"] = meter.error().context;
      notes += "\n" + to_hex(place.replica.lease).substr(0, 8) + ": " + meter.error().context;
    }
    json.push_back(std::move(one));
  }
  if (failed && places.size() == 1) return Fail{*failed};
  context.print_list(json, rows, notes);
  if (failed) return fail(failed->code, "");
  return {};
}

}  // namespace

void add_metrics_command(CLI::App& app, Chosen& chosen) {
  auto what = std::make_shared<std::string>();
  auto* command = app.add_subcommand(
      "metrics", "What a service's replicas have served and use now, as their Hosts count it");
  command
      ->add_option("SERVICE|LEASE", *what,
                   "a service: all its replicas; or a lease: its id, or ID.TERM")
      ->required();
  command->callback(
      [&chosen, what] { chosen.command = [what](Context& c) { return metrics(c, *what); }; });
}

}  // namespace fog::cli
