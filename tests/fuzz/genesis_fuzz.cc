// A genesis in BCS: decoding and checking take any bytes; one that passes makes a state that adds
// up.
#include "consensus/rules/genesis.h"
#include "consensus/rules/supply.h"
#include "tests/support/memory_state.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const fog::ByteView bytes(data, size);
  const auto genesis = fog::bcs_decode<fog::Genesis>(bytes);
  if (!genesis) return 0;
  CHECK(fog::bcs_encode(*genesis) == fog::to_bytes(bytes));
  const auto verdict = fog::check_genesis(*genesis);
  if (!verdict) {
    CHECK(!verdict.error().empty());
    return 0;
  }
  const fog::testing::MemoryState nothing;
  fog::Overlay state(nothing);
  fog::apply_genesis(*genesis, state);
  const fog::SupplySums sums = fog::add_up_supply([&](const fog::StateVisitor& visit) {
    for (const auto& [key, value] : state.changes()) visit(key, *value);
  });
  CHECK(sums.conserved());
  return 0;
}
