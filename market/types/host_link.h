// HostLink: what a gateway and a Host say to each other over HTTP/1.1.
//
// A forwarded request keeps method, path, query, headers and body of the End User and adds:
//   Fog-Lease:    <lease id hex>.<term>
//   Fog-Gateway:  <gateway address>
//   Fog-Index:    <index of the request in this gateway's log for the term, from 0, without gaps>
//   Fog-Time:     <the gateway's clock, ms since 1970; the guest's fixed clock>
//   Fog-Mac:      hex HMAC-SHA256 under the link key of request_mac_text()
// and, to a warm reservation until its lease is active,
//   Fog-Ticket:   hex of a BCS SignedTicket, which opens it (market/types/ticket.h)
// The answer carries Fog-Index, Fog-Fuel, Fog-Memory-Peak and Fog-Outcome (ok, or why the workload
// failed), Fog-Outbound (bytes that it sent to other servers; missing: none), and
//   Fog-Mac:      hex HMAC-SHA256 under the link key of response_mac_text()
// A workload that fails is answered 502 or 504 with Fog-Outcome; it is a settled request like any
// other. Requests may arrive in any order; one index is served once.
//
// An answer that goes out while its run goes on (executor/serving.h says which) carries
//   Fog-Streamed: body, and Fog-Mac over stream_mac_text() instead of the counters,
// comes in chunks and ends with a trailer section that has the counters and the Fog-Mac over
// response_mac_text(). Without it nothing is settled; with a Fog-Outcome that is not ok the answer
// is incomplete. A gateway whose End User has left may close its sending side: a container's run
// then ends.
//
// A request for another protocol (WebSocket) carries Fog-Upgrade: NAME, and NAME stands in its
// canonical head as the field :protocol. Its body, in chunks, is what the End User sends once the
// protocol is switched; in the hash of the request it counts as empty. Where the service switches,
// the answer is a streamed one with Fog-Streamed: switched, and its head's status is 101, whatever
// stands in the status line.
//
// The link key is HKDF-SHA256(ECDH(gateway key, Host's operator key), salt = lease id,
// info = "fog/link" || term be64): both sides compute it, no handshake.
//
// POST /.fog/voucher with a BCS VoucherUpdate settles indexes: 204, or 409 with a BCS
// VoucherRefusal when the Host's own log disagrees. What the refusal names as missing the gateway
// vouches for as void. GET /.fog/health answers 200 while the Host serves. POST /.fog/leaves with a
// BCS SignedLeafQuery (executor/leaf_query.h) gives what the Host keeps of requests, to those who
// may have it.
#pragma once

#include <string>

#include "market/types/voucher.h"

namespace fog::market {

using LinkKey = FixedBytes<32>;
LinkKey make_link_key(const SecretKey& mine, const PublicKey& theirs, const LeaseId& lease,
                      std::uint32_t term);

// What identifies a request: SHA-256 over BCS(RequestHead) || SHA-256(body). Headers are those that
// reach the workload: lower-case names, sorted by name then value order kept, no hop-by-hop and no
// fog-* ones.
struct HttpField {
  BoundedText<256> name;
  BoundedText<16384> value;
  static constexpr auto kFields = std::make_tuple(&HttpField::name, &HttpField::value);
  bool operator==(const HttpField&) const = default;
};
struct RequestHead {
  BoundedText<32> method;
  BoundedText<16384> target;  // path and query as sent to the Host
  BoundedList<HttpField, 128> fields;
  std::uint64_t time_ms = 0;  // Fog-Time
  static constexpr auto kFields = std::make_tuple(&RequestHead::method, &RequestHead::target,
                                                  &RequestHead::fields, &RequestHead::time_ms);
  bool operator==(const RequestHead&) const = default;
};
Hash32 request_hash(const RequestHead& head, const Hash32& body_sha256);

// A request for another protocol on its connection (RFC 9110 7.8) has it in this field of the head,
// which no HTTP field can be named like (as RFC 8441 has it): "websocket".
constexpr std::string_view kProtocolField = ":protocol";
// Empty where it is none.
std::string_view upgrade_of(const RequestHead& head);

struct ResponseHead {
  std::uint16_t status = 200;
  BoundedList<HttpField, 128>
      fields;  // as the workload wrote them: lower-case names, same order rule
  static constexpr auto kFields = std::make_tuple(&ResponseHead::status, &ResponseHead::fields);
  bool operator==(const ResponseHead&) const = default;
};
// Which fields count, so that both ends hash the same: a request's are all but hop-by-hop ones (RFC
// 9110 7.6.1: connection and what it names, keep-alive, proxy-*, te, trailer, transfer-encoding,
// upgrade) and fog-*; a response's are those less content-length, date and server, which the link's
// ends set.
bool counts_in_request(std::string_view lower_name);
bool counts_in_response(std::string_view lower_name);
// Lower-cases names, drops what does not count and sorts by name, equal names in their order.
void make_canonical(RequestHead& head);
void make_canonical(ResponseHead& head);

Hash32 response_hash(const ResponseHead& head, const Hash32& body_sha256);
// What a response counts as egress: the body plus each field's name and value and 4, plus 16. A
// request's egress is that and its Fog-Outbound.
std::uint64_t response_bytes(const ResponseHead& head, std::uint64_t body_bytes);

// The texts under the MACs. The request's covers all but the body (which may still be streaming):
// its hash is settled by the voucher. The response's covers head and counters, its body is covered
// by the voucher's chain; a streamed one's begins with a MAC over the head alone.
std::string request_mac_text(const LeaseId& lease, std::uint32_t term, std::uint64_t index,
                             const RequestHead& head);
std::string stream_mac_text(const LeaseId& lease, std::uint32_t term, std::uint64_t index,
                            const ResponseHead& head);
std::string response_mac_text(const LeaseId& lease, std::uint32_t term, std::uint64_t index,
                              const ResponseHead& head, std::uint64_t fuel,
                              std::uint64_t outbound_bytes);

// One settled request, as it stands in the log.
struct LogEntry {
  std::uint64_t index = 0;
  Hash32 request;   // zero for a void
  Hash32 response;  // zero for a void
  std::uint64_t request_bytes = 0;
  Counters counters;  // requests is 1, or 0 for a void
  std::uint64_t memory_peak = 0;
  std::uint64_t time_ms = 0;
  // What the Host alone knows of the run: how it ended, and what came from other servers (hash of
  // executor::RunRecord). Zero for a void. The gateway does not see it; the Host's receipt is bound
  // to it.
  Hash32 run;
  static constexpr auto kFields = std::make_tuple(
      &LogEntry::index, &LogEntry::request, &LogEntry::response, &LogEntry::request_bytes,
      &LogEntry::counters, &LogEntry::memory_peak, &LogEntry::time_ms, &LogEntry::run);
  bool operator==(const LogEntry&) const = default;
};
// The leaf of the Merkle-sum log: entry hash = tagged hash "fog/leaf" of BCS(entry).
SumNode log_leaf(const LogEntry& entry);

// POST /.fog/voucher
struct VoucherUpdate {
  SignedVoucher voucher;
  BoundedList<std::uint64_t, 4096>
      voids;  // indexes above the last voucher's count that the gateway calls void
  static constexpr auto kFields = std::make_tuple(&VoucherUpdate::voucher, &VoucherUpdate::voids);
  bool operator==(const VoucherUpdate&) const = default;
};

// The body of a 409.
struct VoucherRefusal {
  BoundedText<512> why;
  BoundedList<std::uint64_t, 4096> missing;  // not served here, or lost: void, at the Host's loss
  static constexpr auto kFields = std::make_tuple(&VoucherRefusal::why, &VoucherRefusal::missing);
  bool operator==(const VoucherRefusal&) const = default;
};

constexpr std::uint64_t kVoucherEveryRequests = 64;
constexpr std::uint64_t kVoucherEveryMs = 100;
// A Host stops serving a gateway with this many requests not covered by a voucher.
constexpr std::uint64_t kUnvoucheredMax = 1'024;

}  // namespace fog::market
