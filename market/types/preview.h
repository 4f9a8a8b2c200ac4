// Preview: what a Bid would find if it were cleared now, and what stands in the way of the others.
// Asked before anything is paid; nothing of it stands in the state.
#pragma once

#include "market/types/misfit.h"
#include "market/types/objects.h"

namespace fog::market {

constexpr std::size_t kPreviewMatchesMax = 256;
// So many Offers are looked at for reasons, the cheapest of each price class.
constexpr std::size_t kPreviewLooksMax = 20'000;

struct PreviewRequest {
  BidTerms terms;  // `service` need not be published, gateways need not be named
  RuntimeKind runtime = RuntimeKind::kWasmCommand;
  std::uint16_t matches_max = 20;  // 1..kPreviewMatchesMax
  static constexpr auto kFields = std::make_tuple(&PreviewRequest::terms, &PreviewRequest::runtime,
                                                  &PreviewRequest::matches_max);
  bool operator==(const PreviewRequest&) const = default;
};

// A Host that can serve, in the order in which the auction would take them.
struct PreviewMatch {
  HostId host;
  Address owner;
  Location location;
  std::uint8_t price_class = 0;
  std::uint64_t hourly = 0;  // droplets an hour at the profile and scale one
  Scale asked = kScaleOne;
  std::uint16_t replicas = 0;     // that it would win
  std::optional<Scale> cleared;   // what it would be paid for each; nothing: wins none
  std::uint32_t distance_km = 0;  // from `near`; 0 without it
  std::uint16_t standing = kStandingOne;
  static constexpr auto kFields =
      std::make_tuple(&PreviewMatch::host, &PreviewMatch::owner, &PreviewMatch::location,
                      &PreviewMatch::price_class, &PreviewMatch::hourly, &PreviewMatch::asked,
                      &PreviewMatch::replicas, &PreviewMatch::cleared, &PreviewMatch::distance_km,
                      &PreviewMatch::standing);
  bool operator==(const PreviewMatch&) const = default;
};

// One reason why Hosts cannot serve. `nearest` is of the Host that misses least among those that
// nothing else keeps away: droplets an hour that it asks (kPriceCap) or a unit (kUnitCap),
// kilometres (kDistance), microseconds (kLatency), its standing, or the free amount in the units of
// Resources (kGpu: thousandths of the model).
struct PreviewReason {
  Misfit why = Misfit::kNone;
  std::uint64_t hosts = 0;  // for whom it is the first reason
  std::uint64_t alone = 0;  // for whom it is the only one: a change of it would win these
  std::uint64_t nearest = 0;
  BoundedText<64> what;  // the attribute, country or unit that most of `alone` miss; else empty
  static constexpr auto kFields =
      std::make_tuple(&PreviewReason::why, &PreviewReason::hosts, &PreviewReason::alone,
                      &PreviewReason::nearest, &PreviewReason::what);
  bool operator==(const PreviewReason&) const = default;
};

struct PreviewReport {
  std::uint64_t height = 0;  // of the state that was looked at
  std::uint64_t time_ms = 0;
  std::uint64_t offers = 0;     // that take part in matching
  std::uint64_t looked_at = 0;  // of these, for the reasons
  std::uint64_t can_serve = 0;  // of those looked at
  std::uint32_t wanted = 0;     // replicas
  std::uint32_t found = 0;      // replicas that would be leased
  BoundedList<PreviewMatch, kPreviewMatchesMax> matches;
  bool more_matches = false;
  BoundedList<PreviewReason, kMisfits> reasons;  // most Hosts first
  static constexpr auto kFields =
      std::make_tuple(&PreviewReport::height, &PreviewReport::time_ms, &PreviewReport::offers,
                      &PreviewReport::looked_at, &PreviewReport::can_serve, &PreviewReport::wanted,
                      &PreviewReport::found, &PreviewReport::matches, &PreviewReport::more_matches,
                      &PreviewReport::reasons);
  bool operator==(const PreviewReport&) const = default;
};

}  // namespace fog::market
