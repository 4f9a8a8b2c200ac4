#include "market/types/host_link.h"

#include <algorithm>

#include "chain/crypto/hash.h"

namespace fog::market {
namespace {

// One line a value, so that no two different values give one text.
std::string mac_text(std::string_view kind, const LeaseId& lease, std::uint32_t term,
                     std::uint64_t index, const Hash32& head) {
  std::string text(kind);
  text += '\n';
  text += to_hex(lease) + '.' + std::to_string(term) + '\n';
  text += std::to_string(index) + '\n';
  text += to_hex(head) + '\n';
  return text;
}

}  // namespace

LinkKey make_link_key(const SecretKey& mine, const PublicKey& theirs, const LeaseId& lease,
                      std::uint32_t term) {
  const std::optional<Hash32> shared = ecdh(mine, theirs);
  CHECK(shared.has_value());
  Bytes info = to_bytes(as_bytes("fog/link"));
  append_be64(info, term);
  const auto key = fixed_from<32>(hkdf_sha256(*shared, lease, info, LinkKey::kSize));
  CHECK(key.has_value());
  return *key;
}

Hash32 request_hash(const RequestHead& head, const Hash32& body_sha256) {
  return sha256({bcs_encode(head), body_sha256});
}

Hash32 response_hash(const ResponseHead& head, const Hash32& body_sha256) {
  return sha256({bcs_encode(head), body_sha256});
}

std::uint64_t response_bytes(const ResponseHead& head, std::uint64_t body_bytes) {
  std::uint64_t bytes = body_bytes + 16;
  for (const HttpField& field : head.fields) bytes += field.name.size() + field.value.size() + 4;
  return bytes;
}

std::string request_mac_text(const LeaseId& lease, std::uint32_t term, std::uint64_t index,
                             const RequestHead& head) {
  return mac_text("fog/request", lease, term, index, sha256(bcs_encode(head)));
}

std::string_view upgrade_of(const RequestHead& head) {
  const auto it = std::find_if(head.fields.begin(), head.fields.end(),
                               [](const HttpField& field) { return field.name == kProtocolField; });
  return it == head.fields.end() ? std::string_view() : std::string_view(it->value);
}

std::string stream_mac_text(const LeaseId& lease, std::uint32_t term, std::uint64_t index,
                            const ResponseHead& head) {
  return mac_text("fog/stream", lease, term, index, sha256(bcs_encode(head)));
}

std::string response_mac_text(const LeaseId& lease, std::uint32_t term, std::uint64_t index,
                              const ResponseHead& head, std::uint64_t fuel,
                              std::uint64_t outbound_bytes) {
  return mac_text("fog/response", lease, term, index, sha256(bcs_encode(head))) +
         std::to_string(fuel) + '\n' + std::to_string(outbound_bytes) + '\n';
}

SumNode log_leaf(const LogEntry& entry) {
  static const HashTag kTag("fog/leaf");
  return sum_leaf(tagged_hash(kTag, {bcs_encode(entry)}), entry.counters);
}

}  // namespace fog::market
