// Service manifests: what is accepted holds every bound, so it can be written into a transaction;
// what is refused says where.
#include "chain/base/check.h"
#include "market/types/messages.h"
#include "rpc/json/manifest.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto file = fog::rpc::parse_service_file(fog::as_text({data, size}), "service.yaml");
  if (!file) {
    CHECK(file.error().code == fog::ErrorCode::kInvalidInput);
    CHECK(file.error().context.starts_with("service.yaml:"));
    return 0;
  }
  using fog::market::PublishService;
  const PublishService publish{file->name, file->manifest};
  const auto again = fog::bcs_decode<PublishService>(fog::bcs_encode(publish));
  CHECK(again.has_value() && *again == publish);
  if (!file->bid) return 0;
  const auto terms = fog::bcs_decode<fog::market::BidTerms>(fog::bcs_encode(file->bid->terms));
  CHECK(terms.has_value() && *terms == file->bid->terms);
  CHECK(terms->replicas_min <= terms->replicas_max && terms->resources.within_bounds());
  return 0;
}
