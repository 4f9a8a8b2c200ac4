// Attestations: whom a Host's owner admits, what auditors say of the Host, and revoking it.
#include <set>

#include "market/rules/fresh_offers.h"
#include "market/rules/rules.h"

namespace fog::market {
namespace {

// What may decide an auction has changed, so the Host's Offer counts as recorded now.
void renew_offer(Overlay& state, const BlockContext& block, const HostId& host) {
  std::optional<Offer> offer = load<Offer>(state, offer_key(host));
  if (!offer) return;
  offer->since_height = block.height;
  keep(state, *offer);
  note_offer_changed(state, block, host);
}

bool is_attestation(const BlockContext& block, const AttestHost& message) {
  const bool has_names = std::none_of(message.attributes.begin(), message.attributes.end(),
                                      [](const auto& entry) { return entry.first.empty(); });
  return !message.attributes.empty() && has_names && message.expires_ms > block.time_ms &&
         message.expires_ms - block.time_ms <= kAttestationMsMax;
}

// The sender's place in what is attested of a Host in service.
struct OwnPlace {
  HostAudit audit;
  std::size_t place = 0;
};
Result<OwnPlace, Fault> find_own(const ReadView& state, const TxContext& tx, const HostId& id) {
  const std::optional<Host> host = load<Host>(state, host_key(id));
  if (!host) return Fail{Fault::kHostNotFound};
  if (host->retired_at_ms != 0) return Fail{Fault::kHostRetired};
  std::optional<HostAudit> audit = load<HostAudit>(state, host_audit_key(id));
  if (!audit) return Fail{Fault::kAuditorNotAdmitted};
  const auto& all = audit->attestations;
  const auto found = std::find_if(all.begin(), all.end(),
                                  [&](const Attestation& one) { return one.auditor == tx.sender; });
  if (found == all.end()) return Fail{Fault::kAuditorNotAdmitted};
  const auto place = static_cast<std::size_t>(found - all.begin());
  return OwnPlace{*std::move(audit), place};
}

void keep(Overlay& state, const HostAudit& audit) {
  store(state, host_audit_key(audit.host), audit);
}

}  // namespace

Fault apply(Overlay& state, const BlockContext& block, const TxContext& tx,
            const AdmitAuditors& message) {
  std::optional<Host> host = load<Host>(state, host_key(message.host));
  if (!host) return Fault::kHostNotFound;
  if (host->owner != tx.sender) return Fault::kNotHostOwner;
  if (host->retired_at_ms != 0) return Fault::kHostRetired;
  const std::set<Address> distinct(message.auditors.begin(), message.auditors.end());
  if (distinct.size() != message.auditors.size()) return Fault::kBadAuditors;

  const HostAudit before =
      load<HostAudit>(state, host_audit_key(message.host)).value_or(HostAudit{});
  HostAudit audit;
  audit.host = message.host;
  for (const Address& auditor : message.auditors) {
    Attestation one;
    one.auditor = auditor;
    for (const Attestation& old : before.attestations) {
      if (old.auditor == auditor) one = old;
    }
    audit.attestations.push_back(one);
  }
  host->auditors = static_cast<std::uint8_t>(audit.attestations.size());
  keep(state, *host);
  if (audit.attestations.empty()) {
    state.erase(host_audit_key(message.host));
  } else {
    keep(state, audit);
  }
  renew_offer(state, block, message.host);
  return Fault::kNone;
}

Fault apply(Overlay& state, const BlockContext& block, const TxContext& tx,
            const AttestHost& message) {
  auto own = find_own(state, tx, message.host);
  if (!own) return own.error();
  if (!is_attestation(block, message)) return Fault::kBadAttestation;

  own->audit.attestations[own->place] = {tx.sender, message.attributes, block.time_ms,
                                         message.expires_ms};
  keep(state, own->audit);
  renew_offer(state, block, message.host);
  return Fault::kNone;
}

Fault apply(Overlay& state, const BlockContext& block, const TxContext& tx,
            const RevokeAttestation& message) {
  auto own = find_own(state, tx, message.host);
  if (!own) return own.error();
  Attestation& attestation = own->audit.attestations[own->place];
  if (attestation.attributes.empty()) return Fault::kAttestationNotFound;

  attestation = {tx.sender, {}, 0, 0};
  keep(state, own->audit);
  renew_offer(state, block, message.host);
  return Fault::kNone;
}

}  // namespace fog::market
