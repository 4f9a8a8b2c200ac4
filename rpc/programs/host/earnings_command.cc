// foghost earnings: what this Host has earned, by day and by service, and what it may expect.
#include <algorithm>

#include <fmt/format.h>

#include "executor/earnings_book.h"
#include "executor/host_view.h"
#include "rpc/json/codec.h"
#include "rpc/programs/host/commands.h"

namespace fog::host {
namespace {

using executor::Earned;
using executor::EarnedDay;
using Days = std::map<EarnedDay, Earned>;

constexpr std::uint64_t kDayMs = 86'400'000;
constexpr std::uint64_t kHourMs = 3'600'000;
constexpr std::uint32_t kUseDaysMax = 7;  // whose use is taken for what is to come
constexpr std::size_t kBarEighths = 40 * 8;

std::string date_text(std::uint32_t day) {
  return cli::time_text(day * kDayMs).substr(0, 10);
}

// Eighths of a cell, so that small days can be told apart.
std::string bar(Amount amount, Amount most) {
  static constexpr const char* kParts[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
  if (most.droplets == 0) return "";
  const auto eighths =
      mul_div_ceil(amount.droplets, kBarEighths, most.droplets).value_or(kBarEighths);
  std::string out;
  for (std::uint64_t i = 0; i < eighths / 8; ++i) out += "█";
  return out + kParts[eighths % 8];
}

// The last `count` days up to today, those without earnings too.
std::map<std::uint32_t, Amount> last_days(const Days& days, std::uint32_t today,
                                          std::uint32_t count) {
  std::map<std::uint32_t, Amount> out;
  for (std::uint32_t i = 0; i < std::min(count, today); ++i) out[today - i] = {};
  for (const auto& [of, earned] : days)
    if (const auto it = out.find(of.day); it != out.end()) it->second += earned.net();
  return out;
}

std::string day_plot(const std::map<std::uint32_t, Amount>& days) {
  Amount most;
  for (const auto& [day, amount] : days) most = std::max(most, amount);
  std::string out;
  for (const auto& [day, amount] : days)
    out += fmt::format("{}  {:>20}  {}\n", date_text(day), format_fog(amount), bar(amount, most));
  return out;
}

std::map<std::string, Earned> by_service(const Days& days) {
  std::map<std::string, Earned> out;
  for (const auto& [of, earned] : days) executor::add_earned(out[of.service], earned);
  return out;
}

// What the Host keeps of an amount that a Bid pays.
Amount after_burn(Amount amount, const market::MarketParams& params) {
  return Amount{mul_div_floor(amount.droplets, 1'000 - params.burn_permille, 1'000).value_or(0)};
}

struct Projection {
  std::size_t leases = 0;
  Amount rent_per_day;  // of the leases that run, as they are
  Amount use_per_day;   // the mean of the days that the book has, up to so many
  std::uint32_t use_days = 0;
};
Projection project(const executor::HostView& view, const Days& days, std::uint32_t today) {
  Projection out;
  Amount rent;
  for (const auto& [id, lease] : view.leases) {
    if (!market::is_running(lease.state)) continue;
    ++out.leases;
    rent += market::rent_due(lease.prices, lease.scale, lease.resources, 24 * kHourMs)
                .value_or(Amount{});
  }
  out.rent_per_day = after_burn(rent, view.params);
  if (days.empty()) return out;
  out.use_days = std::min(today - days.begin()->first.day + 1, kUseDaysMax);
  Amount use;
  for (const auto& [of, earned] : days)
    if (of.day + out.use_days > today) use += earned.use;
  out.use_per_day = Amount{after_burn(use, view.params).droplets / out.use_days};
  return out;
}

Json earned_json(const Earned& earned) {
  return {{"net", std::to_string(earned.net().droplets)},
          {"rent", std::to_string(earned.rent.droplets)},
          {"use", std::to_string(earned.use.droplets)},
          {"burned", std::to_string(earned.burned.droplets)},
          {"requests", std::to_string(earned.counters.requests)},
          {"fuel", std::to_string(earned.counters.fuel)},
          {"egress_bytes", std::to_string(earned.counters.egress_bytes)}};
}

// Receipts of this Host's leases, as far as the chain still has them: until the hold-back of each
// is released.
ErrorOr<std::vector<market::ReceiptRecord>> open_receipts(Operator& self,
                                                          const executor::HostView& view) {
  std::vector<market::ReceiptRecord> out;
  for (const auto& [replica, lease] : view.leases) {
    TRY(const auto found,
        read_index<market::ReceiptRecord>(self.node(), market::receipts_by_lease(lease.id),
                                          state_key(Table::kReceipt, {lease.id}), cli::kListMax));
    for (const auto& receipt : found)
      if (receipt.host == view.host.id) out.push_back(receipt);
  }
  return out;
}

std::string receipt_table(const std::vector<market::ReceiptRecord>& receipts) {
  cli::Rows rows = {
      {"TIME", "LEASE", "REQUESTS", "RENT", "USE", "PAID", "HELD", "BURNED", "SHORT"}};
  for (const market::ReceiptRecord& one : receipts) {
    rows.push_back({cli::time_text(one.included_ms), to_hex(one.lease).substr(0, 16),
                    std::to_string(one.counters.requests), format_fog(one.rent),
                    format_fog(one.use), format_fog(one.to_host), format_fog(one.held),
                    format_fog(one.burned), format_fog(one.short_by)});
  }
  return cli::table(rows);
}

std::string service_table(const Days& days) {
  cli::Rows rows = {{"SERVICE", "EARNED", "RENT", "USE", "BURNED", "REQUESTS", "GFUEL"}};
  for (const auto& [service, earned] : by_service(days)) {
    rows.push_back({service, format_fog(earned.net()), format_fog(earned.rent),
                    format_fog(earned.use), format_fog(earned.burned),
                    std::to_string(earned.counters.requests),
                    fmt::format("{:.3f}", static_cast<double>(earned.counters.fuel) / 1e9)});
  }
  return cli::table(rows);
}

Json all_json(const executor::HostView& view, Amount held, const Days& days, const Projection& next,
              const std::vector<market::ReceiptRecord>& receipts) {
  Json by_day = Json::array();
  for (const auto& [of, earned] : days) {
    Json row = earned_json(earned);
    row["date"] = date_text(of.day);
    row["service"] = of.service;
    by_day.push_back(std::move(row));
  }
  Json services = Json::object();
  for (const auto& [service, earned] : by_service(days)) services[service] = earned_json(earned);
  Json list = Json::array();
  for (const auto& receipt : receipts) list.push_back(rpc::to_json(receipt));
  return {{"earned", std::to_string(view.host.earned.droplets)},
          {"held", std::to_string(held.droplets)},
          {"owner", to_text(view.host.owner)},
          {"days", by_day},
          {"services", services},
          {"projected",
           {{"leases", next.leases},
            {"rent_per_day", std::to_string(next.rent_per_day.droplets)},
            {"use_per_day", std::to_string(next.use_per_day.droplets)},
            {"use_days", next.use_days}}},
          {"receipts", list}};
}

}  // namespace

ErrorOr<void> earnings(const HostCommand& command, const EarningsOptions& options) {
  TRY(const auto self, Operator::open(command));
  TRY(const auto id, self->host_id());
  TRY(const auto view, executor::read_host_view(self->node(), id));
  TRY(const auto book, executor::EarningsBook::load(executor::earnings_path(command.dir)));
  TRY(const auto receipts, open_receipts(*self, view));
  const Days days = book->days();
  const auto today = static_cast<std::uint32_t>(view.status.time_ms / kDayMs);
  const Projection next = project(view, days, today);
  Amount held;
  for (const auto& receipt : receipts) held += receipt.held;
  std::string text =
      fmt::format("Earned in all: {}, paid to {}\nHeld back until audits end: {}\n",
                  format_fog(view.host.earned), to_text(view.host.owner), format_fog(held));
  if (!days.empty()) {
    text += fmt::format("\nBy day (UTC), hold-backs included:\n{}\nBy service, since {}:\n{}",
                        day_plot(last_days(days, today, options.days)),
                        date_text(days.begin()->first.day), service_table(days));
  }
  const Amount per_day = next.rent_per_day + next.use_per_day;
  text += fmt::format(
      "\nProjected: {} a day, {} in 30 days: {} rent of {} lease{} as they are, {} use as in the "
      "last {} day{}.\n",
      format_fog(per_day), format_fog(Amount{per_day.droplets * 30}), format_fog(next.rent_per_day),
      next.leases, next.leases == 1 ? "" : "s", format_fog(next.use_per_day), next.use_days,
      next.use_days == 1 ? "" : "s");
  if (!receipts.empty())
    text += "\nReceipts whose hold-back has not been released:\n" + receipt_table(receipts);
  self->context().print(all_json(view, held, days, next, receipts), text);
  return {};
}

}  // namespace fog::host
