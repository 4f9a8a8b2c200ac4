// Attestations: what auditors say of a Host. A Bid that demands audited attributes believes those
// whom it names (Constraints::auditors), whatever the Host says of itself.
//
// The Host's owner admits auditors, each to a place of its own (AdmitAuditors), so nobody can fill
// a Host's record from outside; an attestation only ever helps the Host.
#pragma once

#include "market/types/terms.h"

namespace fog::market {

constexpr std::uint64_t kAttestationMsMax = 366ULL * 86'400'000;

struct Attestation {
  Address auditor;
  Attributes attributes;          // empty: admitted, and has attested nothing or revoked it
  std::uint64_t attested_ms = 0;  // block time
  std::uint64_t expires_ms = 0;   // counts before this block time
  static constexpr auto kFields =
      std::make_tuple(&Attestation::auditor, &Attestation::attributes, &Attestation::attested_ms,
                      &Attestation::expires_ms);
  bool operator==(const Attestation&) const = default;
};

// All that is attested of one Host.
struct HostAudit {
  HostId host;
  BoundedList<Attestation, 8> attestations;  // one an admitted auditor
  static constexpr auto kFields = std::make_tuple(&HostAudit::host, &HostAudit::attestations);
  bool operator==(const HostAudit&) const = default;
};

inline StateKey host_audit_key(const HostId& host) {
  return state_key(Table::kHostAudit, {host});
}

}  // namespace fog::market
