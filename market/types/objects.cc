#include "market/types/objects.h"

#include <bit>

#include "chain/crypto/hash.h"

namespace fog::market {
namespace {

// ---- great-circle distance in Q32 fixed point ----

constexpr std::uint64_t kOne = 1ULL << 32;
constexpr std::uint64_t kHalfPi = 6'746'518'852;  // pi / 2
constexpr std::uint64_t kEarthDiameterKm = 2 * 6'371;

std::uint64_t mul_q32(std::uint64_t a, std::uint64_t b) {
  return static_cast<std::uint64_t>((static_cast<u128>(a) * b) >> 32);
}

// The largest integer whose square does not exceed n.
std::uint64_t isqrt(u128 n) {
  u128 root = 0;
  for (u128 bit = u128{1} << 62; bit != 0; bit >>= 1) {
    if ((root + bit) * (root + bit) <= n) root += bit;
  }
  return static_cast<std::uint64_t>(root);
}

// sin of an angle of 0..90 degrees, in thousandths of a degree. Taylor to x^13: exact to 10^-9.
std::uint64_t sin_q32(std::uint64_t angle_milli) {
  CHECK(angle_milli <= 90'000);
  const auto x = static_cast<std::uint64_t>(static_cast<u128>(kHalfPi) * angle_milli / 90'000);
  const std::uint64_t x2 = mul_q32(x, x);
  // Horner from the smallest term: 1 - x2/(2*3) (1 - x2/(4*5) (1 - ...)). Each bracket stays
  // positive, since x2 / 6 < 1.
  std::uint64_t bracket = kOne;
  for (std::uint64_t k = 12; k >= 2; k -= 2) bracket = kOne - mul_q32(x2, bracket) / (k * (k + 1));
  return std::min(mul_q32(x, bracket), kOne);
}
std::uint64_t cos_q32(std::uint64_t angle_milli) {
  return sin_q32(90'000 - angle_milli);
}

// asin for 0 <= s <= 1/2: s + s^3/6 + 3 s^5/40 + ..., each term from the one before.
std::uint64_t asin_small_q32(std::uint64_t s) {
  const std::uint64_t s2 = mul_q32(s, s);
  std::uint64_t power = s;  // s^(2k+1) times the central coefficient
  std::uint64_t sum = s;
  for (std::uint64_t k = 1; k <= 16; ++k) {
    power = mul_q32(power, s2) * (2 * k - 1) / (2 * k);
    sum += power / (2 * k + 1);
  }
  return sum;
}
std::uint64_t asin_q32(std::uint64_t s) {
  if (s <= kOne / 2) return asin_small_q32(s);
  // asin(s) = pi/2 - 2 asin(sqrt((1 - s) / 2))
  const std::uint64_t complement = isqrt(static_cast<u128>((kOne - s) / 2) << 32);
  return kHalfPi - 2 * asin_small_q32(complement);
}

std::uint32_t apart(std::uint32_t a, std::uint32_t b) {
  return a > b ? a - b : b - a;
}

// ---- names ----

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_lower(char c) {
  return c >= 'a' && c <= 'z';
}
bool is_upper(char c) {
  return c >= 'A' && c <= 'Z';
}

// A DNS name or IPv4 address.
bool is_host_name(std::string_view host) {
  if (host.empty() || host.front() == '.' || host.back() == '.') return false;
  if (host.front() == '-' || host.back() == '-') return false;
  if (host.find("..") != std::string_view::npos) return false;
  return std::all_of(host.begin(), host.end(), [](char c) {
    return is_digit(c) || is_lower(c) || is_upper(c) || c == '-' || c == '.';
  });
}
// What stands between the brackets of an IPv6 address. Its shape is the resolver's to judge.
bool is_ipv6_text(std::string_view host) {
  return host.size() >= 2 && std::all_of(host.begin(), host.end(), [](char c) {
           return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F') || c == ':' ||
                  c == '.';
         });
}
bool is_port(std::string_view port) {
  if (port.empty() || port.size() > 5 || port.front() == '0') return false;
  std::uint32_t value = 0;
  for (const char c : port) {
    if (!is_digit(c)) return false;
    value = value * 10 + static_cast<std::uint32_t>(c - '0');
  }
  return value <= 65'535;
}

Hash32 id_of(const HashTag& tag, const TxId& tx, std::uint8_t message) {
  return tagged_hash(tag, {tx, ByteView(&message, 1)});
}

}  // namespace

// The haversine formula: h = sin^2(dlat / 2) + cos(lat1) cos(lat2) sin^2(dlon / 2).
std::uint32_t distance_km(const Location& a, const Location& b) {
  CHECK(a.lat_milli <= 180'000 && b.lat_milli <= 180'000);
  CHECK(a.lon_milli <= 360'000 && b.lon_milli <= 360'000);
  const std::uint32_t lat_apart = apart(a.lat_milli, b.lat_milli);
  const std::uint32_t lon_direct = apart(a.lon_milli, b.lon_milli);
  const std::uint32_t lon_apart = std::min(lon_direct, 360'000 - lon_direct);
  // Half a thousandth of a degree is lost on odd differences: 60 m, below the stated precision.
  const u128 sin_lat = sin_q32(lat_apart / 2);
  const u128 sin_lon = sin_q32(lon_apart / 2);
  const std::uint64_t cosines =
      mul_q32(cos_q32(apart(a.lat_milli, 90'000)), cos_q32(apart(b.lat_milli, 90'000)));
  // h in Q64, at most 1; its root in Q32.
  const u128 h = sin_lat * sin_lat + ((sin_lon * sin_lon) >> 32) * cosines;
  const std::uint64_t root = std::min(isqrt(h), kOne);
  const u128 km_q32 = static_cast<u128>(asin_q32(root)) * kEarthDiameterKm;
  return static_cast<std::uint32_t>((km_q32 + kOne / 2) >> 32);
}

std::string_view close_reason_name(CloseReason reason) {
  switch (reason) {
    case CloseReason::kOpen:
      return "open";
    case CloseReason::kByPublisher:
      return "by_publisher";
    case CloseReason::kByHost:
      return "by_host";
    case CloseReason::kAckMissed:
      return "ack_missed";
    case CloseReason::kHostSilent:
      return "host_silent";
    case CloseReason::kEscrowExhausted:
      return "escrow_exhausted";
    case CloseReason::kServiceRetired:
      return "service_retired";
    case CloseReason::kHostRetired:
      return "host_retired";
  }
  return "unknown";
}

std::string_view lease_state_name(LeaseState state) {
  switch (state) {
    case LeaseState::kProposed:
      return "proposed";
    case LeaseState::kActive:
      return "active";
    case LeaseState::kClosing:
      return "closing";
    case LeaseState::kClosed:
      return "closed";
  }
  return "unknown";
}

StateKey receipt_key(const LeaseId& lease, std::uint64_t number) {
  StateKey key = state_key(Table::kReceipt, {lease});
  append_be64(key, number);
  return key;
}

StateKey past_term_key(const LeaseId& lease, std::uint32_t term) {
  StateKey key = lease_key(lease);
  append_be64(key, term);
  return key;
}

StateKey service_history_key(std::string_view name, std::uint32_t version) {
  // Names have no zero byte, so the number cannot run into them.
  StateKey key = state_key(Table::kServiceHistory, {as_bytes(name)});
  append_be64(key, version);
  return key;
}

StateKey bids_by_service(std::string_view name) {
  static const HashTag kTag("fog/service-name");
  return state_key(Table::kBidsByService, {tagged_hash(kTag, {as_bytes(name)})});
}

bool is_service_name(std::string_view text) {
  if (text.size() < 3 || text.size() > 63) return false;
  if (text.front() == '-' || text.back() == '-') return false;
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return is_lower(c) || is_digit(c) || c == '-'; });
}

bool is_endpoint(std::string_view text) {
  if (text.size() > Endpoint::kMax) return false;
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (!text.starts_with(scheme)) continue;
    const std::string_view rest = text.substr(scheme.size());
    const std::size_t colon = rest.rfind(':');
    if (colon == std::string_view::npos || !is_port(rest.substr(colon + 1))) return false;
    const std::string_view host = rest.substr(0, colon);
    if (host.starts_with('[') && host.ends_with(']')) {
      return is_ipv6_text(host.substr(1, host.size() - 2));
    }
    return is_host_name(host);
  }
  return false;
}

HostId make_host_id(const TxId& tx, std::uint8_t message) {
  static const HashTag kTag("fog/host");
  return id_of(kTag, tx, message);
}

BidId make_bid_id(const TxId& tx, std::uint8_t message) {
  static const HashTag kTag("fog/bid");
  return id_of(kTag, tx, message);
}

LeaseId make_lease_id(const BidId& bid, std::uint32_t ordinal) {
  static const HashTag kTag("fog/lease");
  return tagged_hash(kTag, {bid, bcs_encode(ordinal)});
}

}  // namespace fog::market
