// The market's numbers once more, from the text of contrib/doc/auction.md ("The numbers") and of
// DESIGN alone, sharing with market/rules nothing and with the rest only records and SHA-256.
#pragma once

#include <cmath>
#include <numbers>
#include <string>
#include <vector>

#include "chain/crypto/hash.h"
#include "market/types/distance.h"
#include "market/types/objects.h"

namespace fog::market::testing {

// DESIGN 2: SHA256(SHA256(tag) || SHA256(tag) || message).
inline Hash32 reference_tagged(std::string_view tag, const Hash32& a, const Hash32& b) {
  const Hash32 head = sha256(as_bytes(tag));
  Bytes text;
  for (const Hash32& part : {head, head, a, b})
    text.insert(text.end(), part.data.begin(), part.data.end());
  return sha256(text);
}

// What orders equal scores, lowest first: the Host's id xor a hash of beacon and Bid.
inline Hash32 reference_tie_mask(const Hash32& beacon, const BidId& bid) {
  return reference_tagged("fog/tie", beacon, bid);
}
inline Hash32 reference_tie(const Hash32& mask, const HostId& host) {
  Hash32 out;
  for (std::size_t i = 0; i < 32; ++i) out.data[i] = mask.data[i] ^ host.data[i];
  return out;
}

inline u128 reference_ceil(u128 dividend, u128 divisor) {
  return (dividend + divisor - 1) / divisor;
}

// Droplets an hour of one replica at scale one. May exceed 64 bits: then nobody can be asked.
inline u128 reference_hourly(const UnitPrices& prices, const Resources& need,
                             const UseProfile& use) {
  u128 sum = 0;
  sum += reference_ceil(u128{prices.cpu_core_hour} * need.cpu_milli, 1'000);
  sum += reference_ceil(u128{prices.memory_gib_hour} * need.memory_mib, 1'024);
  sum += reference_ceil(u128{prices.storage_gib_month} * need.storage_mib, 1'024 * 30 * 24);
  if (need.gpu) sum += reference_ceil(u128{prices.gpu_hour} * need.gpu->milli, 1'000);
  sum += reference_ceil(u128{prices.gfuel} * use.fuel, 1'000'000'000);
  sum += reference_ceil(u128{prices.egress_gib} * use.egress_bytes, u128{1} << 30);
  sum += reference_ceil(u128{prices.million_requests} * use.requests, 1'000'000);
  return sum == 0 ? 1 : sum;
}

inline u128 reference_cap(std::size_t step) {
  static const std::vector<u128> kLadder = [] {
    std::vector<u128> ladder{1'024};
    while (ladder.size() < 128) ladder.push_back(ladder.back() * 5 / 4);
    return ladder;
  }();
  return kLadder.at(step);
}

// Whether an Offer at this scale keeps within every cap on a unit.
inline bool reference_units_within(const UnitCaps& caps, const UnitPrices& prices, u128 scale) {
  const auto within = [&](const std::optional<std::uint8_t>& cap, std::uint64_t price) {
    return !cap || scale * price <= reference_cap(*cap) * 10'000;
  };
  return within(caps.cpu_core_hour, prices.cpu_core_hour) &&
         within(caps.memory_gib_hour, prices.memory_gib_hour) &&
         within(caps.storage_gib_month, prices.storage_gib_month) &&
         within(caps.gpu_hour, prices.gpu_hour) && within(caps.gfuel, prices.gfuel) &&
         within(caps.egress_gib, prices.egress_gib) &&
         within(caps.million_requests, prices.million_requests);
}

// The largest scale that `allows` accepts; scales end at 100.
template <class Allows>
u128 reference_largest_scale(Allows allows) {
  u128 low = 0;
  u128 high = 1'000'000;
  while (low < high) {
    const u128 middle = (low + high + 1) / 2;
    if (allows(middle)) {
      low = middle;
    } else {
      high = middle - 1;
    }
  }
  return low;
}

inline std::uint64_t reference_standing(const Host& host, std::uint64_t time_ms) {
  const std::uint64_t minutes = (time_ms - host.standing_as_of_ms) / 60'000;
  return std::min<std::uint64_t>(10'000, host.standing + std::min<std::uint64_t>(10'000, minutes));
}

// By the haversine formula in floating point. Where that lies so near to a half kilometre that the
// whole numbers of the rule may round otherwise, they decide which of the two neighbours it is.
inline std::uint64_t reference_distance_km(const Location& a, const Location& b) {
  const auto difference = [](std::uint32_t x, std::uint32_t y) { return x > y ? x - y : y - x; };
  const auto sine = [](std::uint32_t angle) {
    return std::sin(static_cast<long double>(angle) * std::numbers::pi_v<long double> / 180'000);
  };
  // From the nearer pole: exactly 0 there.
  const auto cosine_of_latitude = [&](const Location& at) {
    return sine(std::min(at.lat_milli, 180'000 - at.lat_milli));
  };
  const std::uint32_t around = difference(a.lon_milli, b.lon_milli);
  const long double lat = sine(difference(a.lat_milli, b.lat_milli) / 2);
  const long double lon = sine(std::min(around, 360'000 - around) / 2);
  const long double h = lat * lat + cosine_of_latitude(a) * cosine_of_latitude(b) * lon * lon;
  const long double km = 2 * 6'371.0L * std::asin(std::min(1.0L, std::sqrt(h)));
  const long double margin = km > 19'000 ? 0.5L : 0.001L;
  if (std::floor(km + 0.5L - margin) == std::floor(km + 0.5L + margin))
    return static_cast<std::uint64_t>(std::floor(km + 0.5L));
  const std::uint64_t exact = distance_km(a, b);
  CHECK(static_cast<long double>(exact) >= std::floor(km + 0.5L - margin));
  CHECK(static_cast<long double>(exact) <= std::floor(km + 0.5L + margin));
  return exact;
}

// Halves the globe as geohash says, on a scale on which every half is a whole number.
inline std::string reference_geohash(const Location& at, std::size_t characters) {
  static const std::string kDigits = "0123456789bcdefghjkmnpqrstuvwxyz";
  constexpr std::uint64_t kFine = 1ULL << 21;
  std::uint64_t low[2] = {0, 0};
  std::uint64_t high[2] = {360'000 * kFine, 180'000 * kFine};
  const std::uint64_t place[2] = {at.lon_milli * kFine, at.lat_milli * kFine};
  std::string out;
  std::size_t turn = 0;
  while (out.size() < characters) {
    std::size_t digit = 0;
    for (int bit = 0; bit < 5; ++bit, turn = 1 - turn) {
      const std::uint64_t middle = (low[turn] + high[turn]) / 2;
      digit *= 2;
      if (place[turn] >= middle) {
        digit += 1;
        low[turn] = middle;
      } else {
        high[turn] = middle;
      }
    }
    out += kDigits[digit];
  }
  return out;
}

// What is locked of the escrow for one replica.
inline u128 reference_slice(const BidTerms& terms, const MarketParams& params) {
  return reference_ceil(
      u128{terms.spend_per_hour_max.droplets} * (params.receipt_interval_ms + params.notice_ms),
      3'600'000);
}

// How often `need` fits into what is free.
inline std::uint32_t reference_copies(const Resources& free, const Resources& need) {
  u128 copies = 1'000'000;
  const auto bound = [&](u128 has, u128 wants) {
    if (wants != 0) copies = std::min(copies, has / wants);
  };
  bound(free.cpu_milli, need.cpu_milli);
  bound(free.memory_mib, need.memory_mib);
  bound(free.storage_mib, need.storage_mib);
  bound(free.egress_mbps, need.egress_mbps);
  if (need.gpu) {
    const bool same = free.gpu && free.gpu->model == need.gpu->model;
    bound(same ? free.gpu->milli : 0, need.gpu->milli);
  }
  return static_cast<std::uint32_t>(copies);
}

}  // namespace fog::market::testing
