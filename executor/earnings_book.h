// EarningsBook: what a Host's leases have brought, by day and service.
//
// The chain forgets a lease some time after its end, and a receipt when its hold-back is released;
// the book is the Host's own memory of both, in one file that is written anew whenever something
// was added. Days are of UTC, by block time. Losing the file loses history and no money.
//
// Thread safe.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "executor/front_frames.h"
#include "market/types/objects.h"

namespace fog::executor {

constexpr std::uint64_t kEarningsDaysKept = 400;

// What a lease has brought, or several on a day.
struct Earned {
  Amount rent;
  Amount use;
  Amount burned;  // of rent and use
  market::Counters counters;
  static constexpr auto kFields =
      std::make_tuple(&Earned::rent, &Earned::use, &Earned::burned, &Earned::counters);
  bool operator==(const Earned&) const = default;
  // What the Host gets in the end, hold-backs included.
  Amount net() const;
};

// Sums; counters stay as they are where they would not fit 64 bits.
void add_earned(Earned& to, const Earned& what);

struct EarnedDay {
  std::uint32_t day = 0;  // since 1 January 1970
  market::ServiceName service;
  static constexpr auto kFields = std::make_tuple(&EarnedDay::day, &EarnedDay::service);
  auto operator<=>(const EarnedDay&) const = default;
};

// Where a Host's folder has it.
std::string earnings_path(const std::string& folder);

class EarningsBook {
 public:
  // An empty book where there is no file. kCorrupt when it cannot be read: the file stays as it is.
  static ErrorOr<std::unique_ptr<EarningsBook>> load(const std::string& path);

  // What the chain says now of a lease that is this Host's, at a block's time. Adds what it has
  // brought since it was noted last.
  void note(const ReplicaId& replica, const market::Lease& lease, std::uint64_t time_ms);
  // Writes the file if anything came, and lets go of what is long past. After an error, the next
  // call tries again.
  ErrorOr<void> save();

  std::map<EarnedDay, Earned> days() const;

 private:
  // What of a lease stands in days_ already, and when it grew last.
  struct Seen {
    Earned earned;
    std::uint32_t day = 0;
    static constexpr auto kFields = std::make_tuple(&Seen::earned, &Seen::day);
  };
  struct File;
  explicit EarningsBook(std::string path) : path_(std::move(path)) {}

  const std::string path_;
  mutable std::mutex mutex_;
  std::map<EarnedDay, Earned> days_;
  std::map<ReplicaId, Seen> seen_;
  std::uint32_t today_ = 0;
  bool changed_ = false;
};

}  // namespace fog::executor
