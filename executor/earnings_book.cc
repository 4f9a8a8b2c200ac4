#include "executor/earnings_book.h"

#include <algorithm>

#include "chain/base/file.h"

namespace fog::executor {
namespace {

constexpr std::size_t kBookBytesMax = 64ULL << 20;
constexpr std::uint64_t kDayMs = 86'400'000;

// After so long a lease that has ended brings nothing more.
constexpr std::uint32_t kSeenDaysKept = 30;

// What was paid, rent first: a slice that does not cover all leaves the rest for later.
Earned earned_by(const market::Lease& lease) {
  Earned out;
  out.rent = std::min(lease.paid, lease.rent_due);
  out.use = lease.paid - out.rent;
  out.burned = lease.burned;
  for (const market::LogState& log : lease.logs)
    out.counters = market::checked_add(out.counters, log.root.sums).value_or(out.counters);
  return out;
}

// a - b where that is not negative, else nothing: what is split between rent and use can move.
template <class T>
T above(const T& a, const T& b) {
  return a > b ? a - b : T{};
}
Earned above(const Earned& now, const Earned& before) {
  const Amount gross = above(now.rent + now.use, before.rent + before.use);
  Earned out;
  out.rent = std::min(above(now.rent, before.rent), gross);
  out.use = gross - out.rent;
  out.burned = above(now.burned, before.burned);
  out.counters = {above(now.counters.requests, before.counters.requests),
                  above(now.counters.fuel, before.counters.fuel),
                  above(now.counters.egress_bytes, before.counters.egress_bytes)};
  return out;
}

}  // namespace

void add_earned(Earned& to, const Earned& what) {
  to.rent += what.rent;
  to.use += what.use;
  to.burned += what.burned;
  to.counters = market::checked_add(to.counters, what.counters).value_or(to.counters);
}

Amount Earned::net() const {
  return above(rent + use, burned);
}

std::string earnings_path(const std::string& folder) {
  return folder + "/earnings.bcs";
}

// BCS of this.
struct EarningsBook::File {
  BoundedMap<EarnedDay, Earned, 400'000> days;
  BoundedMap<ReplicaId, Seen, 100'000> seen;
  static constexpr auto kFields = std::make_tuple(&File::days, &File::seen);
};

ErrorOr<std::unique_ptr<EarningsBook>> EarningsBook::load(const std::string& path) {
  std::unique_ptr<EarningsBook> book(new EarningsBook(path));
  const auto bytes = read_file(path, kBookBytesMax);
  if (!bytes && bytes.error().code == ErrorCode::kNotFound) return book;
  if (!bytes) return Fail{bytes.error()};
  auto file = bcs_decode<File>(*bytes);
  if (!file) return fail(ErrorCode::kCorrupt, path + " is not a book of earnings");
  book->days_ = std::move(file->days);
  book->seen_ = std::move(file->seen);
  return book;
}

void EarningsBook::note(const ReplicaId& replica, const market::Lease& lease,
                        std::uint64_t time_ms) {
  const std::lock_guard lock(mutex_);
  today_ = std::max(today_, static_cast<std::uint32_t>(time_ms / kDayMs));
  const Earned now = earned_by(lease);
  if (now == Earned{}) return;
  Seen& seen = seen_[replica];
  if (now == seen.earned) return;
  add_earned(days_[{today_, lease.service}], above(now, seen.earned));
  seen = {now, today_};
  changed_ = true;
}

ErrorOr<void> EarningsBook::save() {
  const std::lock_guard lock(mutex_);
  if (!changed_) return {};
  std::erase_if(seen_, [&](const auto& one) { return one.second.day + kSeenDaysKept < today_; });
  std::erase_if(days_, [&](const auto& one) { return one.first.day + kEarningsDaysKept < today_; });
  File file;
  // Where there are more than the file may hold, the oldest go first.
  while (days_.size() > file.days.kMax) days_.erase(days_.begin());
  file.days.insert(days_.begin(), days_.end());
  for (const auto& one : seen_)
    if (file.seen.size() < file.seen.kMax) file.seen.insert(one);
  TRY_VOID(write_file_atomically(path_, bcs_encode(file), FileMode::kPrivate));
  changed_ = false;
  return {};
}

std::map<EarnedDay, Earned> EarningsBook::days() const {
  const std::lock_guard lock(mutex_);
  return days_;
}

}  // namespace fog::executor
