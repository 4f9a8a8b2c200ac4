#include "market/types/objects.h"

#include "chain/crypto/hash.h"

namespace fog::market {
namespace {

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
    case CloseReason::kNotStarted:
      return "not_started";
    case CloseReason::kScaledDown:
      return "scaled_down";
    case CloseReason::kIdle:
      return "idle";
    case CloseReason::kLeaseOver:
      return "lease_over";
    case CloseReason::kHostLeaving:
      return "host_leaving";
  }
  return "unknown";
}

bool is_followed(CloseReason reason) {
  return reason == CloseReason::kHostRetired || reason == CloseReason::kHostLeaving ||
         reason == CloseReason::kLeaseOver;
}

std::string_view lease_state_name(LeaseState state) {
  switch (state) {
    case LeaseState::kProposed:
      return "proposed";
    case LeaseState::kReserved:
      return "reserved";
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
