#include "wallet/describe_market.h"

#include <fmt/format.h>

namespace fog::wallet {
namespace {

std::string milli(std::uint64_t thousandths) {
  std::string text = fmt::format("{}.{:03}", thousandths / 1'000, thousandths % 1'000);
  while (text.ends_with('0')) text.pop_back();
  if (text.ends_with('.')) text.pop_back();
  return text;
}
std::string scale_text(market::Scale scale) {
  return milli(std::uint64_t{scale} * 1'000 / market::kScaleOne);
}

std::string resources_text(const market::Resources& resources) {
  std::string out =
      fmt::format("{} cores, {} MiB of memory", milli(resources.cpu_milli), resources.memory_mib);
  if (resources.storage_mib != 0) out += fmt::format(", {} MiB of storage", resources.storage_mib);
  if (resources.egress_mbps != 0) out += fmt::format(", {} Mbit/s out", resources.egress_mbps);
  if (resources.gpu) {
    out += fmt::format(", {} of {}", milli(resources.gpu->milli), printable(resources.gpu->model));
  }
  return out;
}

std::string degrees(std::uint32_t shifted_milli, std::uint32_t zero) {
  const bool below = shifted_milli < zero;
  const std::uint32_t distance = below ? zero - shifted_milli : shifted_milli - zero;
  return (below && distance != 0 ? "-" : "") + milli(distance);
}
std::string place_text(const market::Location& place) {
  return fmt::format("{} ({}, {})", printable(place.country), degrees(place.lat_milli, 90'000),
                     degrees(place.lon_milli, 180'000));
}

std::string hours(std::uint64_t ms) {
  return fmt::format("{} h {} min", ms / 3'600'000, ms / 60'000 % 60);
}

void attributes(Words& words, const market::Attributes& list) {
  for (const auto& [name, value] : list) {
    words.detail(printable(name) + " = " + printable(value));
  }
}

// What a Host says of itself, in a first message or in a later one.
template <class M>
void host(Words& words, const M& message) {
  words.detail("gateways reach it at " + printable(message.endpoint) + ", in " +
               place_text(message.location));
  words.detail("it has " + resources_text(message.capacity));
  words.detail("its operator, who acknowledges and bills, is " +
               words.who(address_of(message.operator_key)));
  attributes(words, message.attributes);
}

void manifest(Words& words, const market::Manifest& of) {
  if (!of.summary.empty()) words.detail("\"" + printable(of.summary) + "\"");
  words.detail(of.image.empty() ? fmt::format("a program of {} bytes with SHA-256 {}",
                                              of.artifact_bytes, to_hex(of.artifact))
                                : fmt::format("the image {}@sha256:{}, which Hosts pull themselves",
                                              printable(of.image), to_hex(of.artifact)));
  words.detail(
      fmt::format("a request may take {} MiB of memory and {} ms", of.memory_mib, of.wall_ms));
  for (const auto& [name, value] : of.env) {
    words.detail("everybody can read its variable " + printable(name) + " = " + printable(value));
  }
  for (const auto& pattern : of.outbound) words.detail("it may ask " + printable(pattern));
  for (const auto& name : of.secrets) words.detail("it is given the secret " + printable(name));
}

void terms(Words& words, const market::BidTerms& of) {
  words.detail(fmt::format("{}..{} replicas, each with {}", of.replicas_min, of.replicas_max,
                           resources_text(of.resources)));
  // A step beyond the ladder is refused by the chain, but not by whoever made the bytes.
  const std::string cap = of.cap_step < market::kCapSteps
                              ? format_fog(Amount{market::cap_of_step(of.cap_step)})
                              : std::string("a cap that is none");
  words.detail(fmt::format("each at most {} an hour at its profile, never more than {} an hour",
                           cap, format_fog(of.spend_per_hour_max)));
  if (of.warm != 0) words.detail(fmt::format("{} more are kept warm and pay rent", of.warm));
  if (of.lease_ms != 0) words.detail("a lease lasts " + hours(of.lease_ms));
  if (of.start_by_ms != 0) {
    words.detail("what nobody is found for by " + time_text(of.start_by_ms) + " is given up");
  }
  for (const Address& gateway : of.gateways) {
    words.detail("the gateway " + words.who(gateway) + " may forward and vouch");
  }
}

}  // namespace

void say(Words& words, const market::RegisterHost& message) {
  words.effect("register a Host");
  host(words, message);
  words.effect("bond " + words.paid(message.bond) + " to it");
}
void say(Words& words, const market::UpdateHost& message) {
  words.effect("change Host " + to_hex0x(message.host));
  host(words, message);
  if (message.bond_added != Amount{}) {
    words.effect("add " + words.paid(message.bond_added) + " to its bond");
  }
}
void say(Words& words, const market::RetireHost& message) {
  words.effect("retire Host " + to_hex0x(message.host));
  words.detail("its leases get notice; its bond returns after the waiting time");
}
void say(Words& words, const market::DrainHost& message) {
  words.effect("Host " + to_hex0x(message.host) + " leaves in " + hours(message.after_ms));
}
void say(Words& words, const market::SetOffer& message) {
  words.effect(fmt::format("offer {} of Host {} at {} times price class {}",
                           resources_text(message.offered), to_hex0x(message.host),
                           scale_text(message.scale), message.price_class));
}
void say(Words& words, const market::WithdrawOffer& message) {
  words.effect("withdraw the offer of Host " + to_hex0x(message.host) + "; leases go on");
}
void say(Words& words, const market::AdmitAuditors& message) {
  words.effect("let these, and nobody else, attest what Host " + to_hex0x(message.host) + " is:");
  for (const Address& auditor : message.auditors) words.detail(words.who(auditor));
}
void say(Words& words, const market::AttestHost& message) {
  words.effect("attest of Host " + to_hex0x(message.host) + " until " +
               time_text(message.expires_ms) + ":");
  attributes(words, message.attributes);
}
void say(Words& words, const market::RevokeAttestation& message) {
  words.effect("revoke what this account attests of Host " + to_hex0x(message.host));
}
void say(Words& words, const market::RegisterGateway& message) {
  words.effect("become a gateway at " + printable(message.endpoint) + " in " +
               place_text(message.location) + "; burns the registration fee");
  words.detail("vouchers are signed by the key " + to_hex0x(message.key));
}
void say(Words& words, const market::UpdateGateway& message) {
  words.effect("change this account's gateway to " + printable(message.endpoint) + " in " +
               place_text(message.location));
  words.detail("vouchers are signed by the key " + to_hex0x(message.key));
}
void say(Words& words, const market::PublishService& message) {
  words.effect("publish the service '" + printable(message.name) + "'; burns the fee for a name");
  manifest(words, message.manifest);
}
void say(Words& words, const market::UpdateService& message) {
  words.effect("publish a new version of '" + printable(message.name) + "'");
  manifest(words, message.manifest);
}
void say(Words& words, const market::RetireService& message) {
  words.effect("retire '" + printable(message.name) + "' and free its name");
}
void say(Words& words, const market::CreateBid& message) {
  words.effect("bid for replicas of '" + printable(message.terms.service) + "'");
  terms(words, message.terms);
  words.effect("deposit " + words.paid(message.deposit) +
               " into escrow; what is not used comes back");
}
void say(Words& words, const market::TopUpBid& message) {
  words.effect("deposit " + words.paid(message.amount) + " into bid " + to_hex0x(message.bid));
}
void say(Words& words, const market::UpdateBid& message) {
  words.effect("change bid " + to_hex0x(message.bid) + " of '" + printable(message.terms.service) +
               "'; leases that run keep their price");
  terms(words, message.terms);
}
void say(Words& words, const market::CloseBid& message) {
  words.effect("close bid " + to_hex0x(message.bid) + "; its replicas stop");
}
void say(Words& words, const market::RaiseDemand& message) {
  words.effect(fmt::format("ask for {} replicas of bid {} for {}; its escrow pays the fee",
                           message.replicas, to_hex0x(message.bid), hours(message.for_ms)));
}
void say(Words& words, const market::AckLease& message) {
  words.effect(fmt::format("acknowledge term {} of lease {}: its replica runs", message.term,
                           to_hex0x(message.lease)));
}
void say(Words& words, const market::OpenLease& message) {
  words.effect(fmt::format("open the reservation of term {} of lease {}", message.term,
                           to_hex0x(message.lease)));
}
void say(Words& words, const market::ReleaseLease& message) {
  words.effect(fmt::format("give up term {} of lease {}: \"{}\"", message.term,
                           to_hex0x(message.lease), printable(message.why)));
}
void say(Words& words, const market::Heartbeat& message) {
  words.effect("say that Host " + to_hex0x(message.host) + " is alive");
}
void say(Words& words, const market::SubmitReceipts& message) {
  words.effect(fmt::format("bill for {} leases of Host {}", message.receipts.size(),
                           to_hex0x(message.host)));
}

}  // namespace fog::wallet
