// The due queue: what the market must settle at a block time, without any transaction.
//
// One entry of Table::kDue each: be64(time) || kind || object || be64(number), so that a scan gives
// the oldest first. An entry is a reminder, not a promise: whoever handles it looks whether it
// still applies, so that most changes need not find and erase what they have made idle.
#pragma once

#include "chain/state/view.h"

namespace fog::market {

enum class DueKind : std::uint8_t {
  kAckDeadline = 1,    // lease, term
  kSilence = 2,        // lease, term: has the Host been seen for T?
  kClosing = 3,        // lease, term: the notice is over
  kFinalReceipts = 4,  // lease, term: no more receipts; the slice unlocks
  kHoldback = 5,       // lease, receipt number: release
  kBondReturn = 6,     // host
  kForgetTerm = 8,     // lease, term: a past term's record goes
  kForgetBid = 9,      // bid: a closed Bid's record goes
  kStartBy = 10,       // bid: replicas that nobody was found for are given up
  kDemandOver = 11,    // bid: gateways' Demands may have run out
  kRenewal = 12,       // lease, term: cleared again
  kForgetHost = 13,    // host: a retired Host's record goes
  kForgetEvents = 14,  // address: its oldest events go
};

struct Due {
  std::uint64_t time_ms = 0;
  DueKind kind = DueKind::kAckDeadline;
  Hash32 object;
  std::uint64_t number = 0;  // term or receipt number
  bool operator==(const Due&) const = default;
};

void schedule(Overlay& state, const Due& due);
void unschedule(Overlay& state, const Due& due);
// All entries with time <= time_ms, oldest first.
std::vector<Due> due_until(const ReadView& state, std::uint64_t time_ms);
// The time of the first entry.
std::optional<std::uint64_t> first_due(const ReadView& state);

}  // namespace fog::market
