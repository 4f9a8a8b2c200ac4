// Transactions as JSON: what is accepted is the same transaction after it has been written again,
// and fits into its own encoding.
#include <nlohmann/json.hpp>

#include "chain/base/check.h"
#include "rpc/json/codec.h"
#include "rpc/json/envelope.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto json = fog::rpc::parse_bounded(fog::as_text({data, size}), 32);
  if (!json) return 0;
  const auto tx = fog::rpc::from_json<fog::SignedTx>(*json, "tx");
  if (!tx) {
    CHECK(tx.error().context.starts_with("tx"));
    return 0;
  }
  const auto again = fog::rpc::from_json<fog::SignedTx>(fog::rpc::to_json(*tx), "tx");
  CHECK(again.has_value() && *again == *tx);
  const auto decoded = fog::bcs_decode<fog::SignedTx>(fog::bcs_encode(*tx));
  CHECK(decoded.has_value() && *decoded == *tx);
  return 0;
}
