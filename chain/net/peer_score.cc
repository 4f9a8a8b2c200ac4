#include "chain/net/peer_score.h"

#include <algorithm>
#include <tuple>

#include "chain/base/check.h"

namespace fog {

std::uint32_t PeerScores::points_of(Offence offence) const {
  switch (offence) {
    case Offence::kSlow:
      return limits_.points_slow;
    case Offence::kUseless:
      return limits_.points_useless;
    case Offence::kBroken:
      return limits_.points_broken;
  }
  CHECK(false);
}

std::uint32_t PeerScores::faded(const Record& record, std::uint64_t now_ms) const {
  if (now_ms <= record.points_at_ms) return record.points;
  const std::uint64_t forgiven = (now_ms - record.points_at_ms) / limits_.fade_ms;
  return forgiven >= record.points ? 0 : record.points - static_cast<std::uint32_t>(forgiven);
}

std::uint32_t PeerScores::score(const Bytes& offender, std::uint64_t now_ms) const {
  const auto found = records_.find(offender);
  return found == records_.end() ? 0 : faded(found->second, now_ms);
}

bool PeerScores::banned(const Bytes& offender, std::uint64_t now_ms) const {
  const auto found = records_.find(offender);
  return found != records_.end() && now_ms < found->second.banned_until_ms;
}

// The first to go: not banned, fewest points, fewest bans; else whose ban ends first.
void PeerScores::make_room(std::uint64_t now_ms) {
  const auto worth = [&](const auto& entry) {
    const Record& record = entry.second;
    const bool is_banned = now_ms < record.banned_until_ms;
    return std::tuple(is_banned, is_banned ? record.banned_until_ms : 0, faded(record, now_ms),
                      record.bans);
  };
  records_.erase(
      std::min_element(records_.begin(), records_.end(),
                       [&](const auto& a, const auto& b) { return worth(a) < worth(b); }));
}

PeerScores::Record& PeerScores::record_of(const Bytes& offender, std::uint64_t now_ms) {
  const auto found = records_.find(offender);
  if (found != records_.end()) return found->second;
  if (records_.size() >= limits_.offenders_max) make_room(now_ms);
  return records_[offender];
}

void PeerScores::ban(Record& record, std::uint64_t now_ms) {
  if (now_ms > record.banned_until_ms + limits_.ban_forget_ms) record.bans = 0;
  std::uint64_t length = limits_.ban_first_ms;
  for (std::uint32_t i = 0; i < record.bans && length < limits_.ban_max_ms; ++i) length *= 2;
  record.banned_until_ms = now_ms + std::min(length, limits_.ban_max_ms);
  ++record.bans;
  record.points = 0;
}

bool PeerScores::charge(const Bytes& offender, std::uint32_t points, std::uint64_t now_ms) {
  Record& record = record_of(offender, now_ms);
  if (now_ms < record.banned_until_ms) return true;
  const std::uint32_t left = faded(record, now_ms);
  // What has passed of the next point's time counts on.
  record.points_at_ms =
      left == 0 ? now_ms : record.points_at_ms + (record.points - left) * limits_.fade_ms;
  record.points = left + std::min(points, limits_.points_ban);
  if (record.points < limits_.points_ban) return false;
  ban(record, now_ms);
  return true;
}

}  // namespace fog
