// Transactions from a peer: the form gate and the message decoder take any bytes, and what they
// accept is the one encoding of what they understood.
#include "chain/ledger/check.h"
#include "consensus/rules/messages.h"
#include "tests/support/test_chain.h"

namespace {

void try_message(const fog::RawMessage& raw) {
  const auto message = fog::decode_message(raw);
  if (!message) return;
  const fog::Bytes again =
      std::visit([](const auto& kind) { return fog::bcs_encode(kind); }, *message);
  CHECK(again == static_cast<const fog::Bytes&>(raw.payload));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const fog::ByteView bytes(data, size);
  auto decoded = fog::decode_tx(bytes, fog::testing::test_chain_id());
  if (!decoded) {
    CHECK(fog::is_form_fault(decoded.error()));
    return 0;
  }
  CHECK(fog::bcs_encode(decoded->tx()) == fog::to_bytes(bytes));
  CHECK(decoded->id() == fog::tx_id(decoded->tx().body));
  for (const fog::RawMessage& raw : decoded->tx().body.messages) try_message(raw);
  const auto checked = fog::check_signature(*std::move(decoded));
  CHECK(checked.has_value() || fog::is_form_fault(checked.error()));
  return 0;
}
