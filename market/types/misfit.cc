#include "market/types/misfit.h"

namespace fog::market {
namespace {

struct Words {
  std::string_view name;
  std::string_view text;
};

Words words_of(Misfit misfit) {
  switch (misfit) {
    case Misfit::kNone:
      return {"none", "can serve it"};
    case Misfit::kTooNew:
      return {"too_new", "have changed their Offer in this block and take part from the next"};
    case Misfit::kRuntimeKind:
      return {"runtime_kind", "do not run services of this kind"};
    case Misfit::kRuntimeProfile:
      return {"runtime_profile", "do not have the runtime profile that the bid names"};
    case Misfit::kCountry:
      return {"country", "are in a country that the bid does not accept"};
    case Misfit::kCell:
      return {"cell", "lie in none of the cells"};
    case Misfit::kDistance:
      return {"distance", "are too far away"};
    case Misfit::kLatency:
      return {"latency", "are too far away for the latency"};
    case Misfit::kGpu:
      return {"gpu", "have no such GPU, or too little of it free"};
    case Misfit::kCpu:
      return {"cpu", "have too little CPU free"};
    case Misfit::kMemory:
      return {"memory", "have too little memory free"};
    case Misfit::kStorage:
      return {"storage", "have too little storage free"};
    case Misfit::kEgress:
      return {"egress", "have too little egress free"};
    case Misfit::kAttribute:
      return {"attribute", "do not have the attributes that the bid demands"};
    case Misfit::kAttestation:
      return {"attestation", "have no attestation by a trusted auditor that says so"};
    case Misfit::kHostUnlisted:
      return {"host_unlisted", "are not among the Hosts that the bid names"};
    case Misfit::kHostDenied:
      return {"host_denied", "are Hosts that the bid excludes"};
    case Misfit::kOwnerUnlisted:
      return {"owner_unlisted", "do not belong to the owners that the bid names"};
    case Misfit::kOwnerDenied:
      return {"owner_denied", "belong to owners that the bid excludes"};
    case Misfit::kFailedBefore:
      return {"failed_before", "failed or left this bid a moment ago"};
    case Misfit::kStanding:
      return {"standing", "have a lower standing than the least that the bid accepts"};
    case Misfit::kPriceCap:
      return {"price_cap", "ask more an hour than the price cap"};
    case Misfit::kUnitCap:
      return {"unit_cap", "ask more for a unit than its cap"};
  }
  return {"unknown", "cannot serve it"};
}

}  // namespace

std::string_view misfit_name(Misfit misfit) {
  return words_of(misfit).name;
}

std::string_view misfit_text(Misfit misfit) {
  return words_of(misfit).text;
}

}  // namespace fog::market
