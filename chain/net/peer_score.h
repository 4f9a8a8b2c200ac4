// PeerScores: who misbehaved how much, and who is banned until when. Points fade with time; enough
// of them at once ban for a while, each further ban of the same offender for twice as long.
// Bounded: when full, whoever has the least to lose is forgotten. Pure; not thread safe; not kept
// over a restart.
#pragma once

#include <cstdint>
#include <map>

#include "chain/base/bytes.h"
#include "chain/net/network.h"

namespace fog {

struct ScoreLimits {
  std::uint32_t points_ban = 100;
  std::uint32_t points_slow = 5;
  std::uint32_t points_useless = 10;
  std::uint32_t points_broken = 100;
  std::uint32_t points_over_rate = 1;        // a message beyond its kind's rate
  std::uint64_t fade_ms = 2'000;             // until one point is forgiven
  std::uint64_t ban_first_ms = 60'000;       // doubled for each ban before
  std::uint64_t ban_max_ms = 86'400'000;     // a day
  std::uint64_t ban_forget_ms = 86'400'000;  // after the last ban's end: its length starts anew
  std::size_t offenders_max = 4'096;
};

class PeerScores {
 public:
  explicit PeerScores(const ScoreLimits& limits) : limits_(limits) {}

  // Adds points; true when this bans the offender, or it was banned already.
  bool charge(const Bytes& offender, std::uint32_t points, std::uint64_t now_ms);
  std::uint32_t score(const Bytes& offender, std::uint64_t now_ms) const;
  bool banned(const Bytes& offender, std::uint64_t now_ms) const;
  std::uint32_t points_of(Offence offence) const;
  std::size_t size() const { return records_.size(); }

 private:
  struct Record {
    std::uint32_t points = 0;
    std::uint64_t points_at_ms = 0;
    std::uint64_t banned_until_ms = 0;
    std::uint32_t bans = 0;
  };
  std::uint32_t faded(const Record& record, std::uint64_t now_ms) const;
  Record& record_of(const Bytes& offender, std::uint64_t now_ms);
  void make_room(std::uint64_t now_ms);
  void ban(Record& record, std::uint64_t now_ms);

  ScoreLimits limits_;
  std::map<Bytes, Record> records_;
};

}  // namespace fog
