// Staking's messages: bytes that are accepted are the one encoding of their message, and whatever a
// message says, applying it, settling what is due and ending the epoch neither stops the node nor
// loses a droplet. The first byte chooses the message, the second who sends it and how much later.
#include "chain/base/check.h"
#include "consensus/rules/messages.h"
#include "consensus/rules/staking_due.h"
#include "consensus/staking/delegation.h"
#include "tests/support/test_ledger.h"

namespace {

using namespace fog;
using fog::testing::TestKey;
using fog::testing::TestLedger;

// Two validators; account 1 owns the second and has stake with both, on its way out and moved.
TestLedger staked_ledger() {
  Genesis genesis = fog::testing::test_genesis({TestKey{1}, TestKey{2}}, 10'000 * kDropletsPerFog);
  genesis.params.epoch_length = 4;
  TestLedger ledger(genesis);
  const TestKey owner(1);
  const TestKey key(910);
  CreateValidator create;
  create.key = key.secret.x_only_key();
  create.possession =
      key.secret.sign_schnorr(possession_digest(ledger.chain_id, owner.address), Hash32{});
  create.payout = owner.address;
  create.beacon_commitment = sha256(create.key);
  create.bond = Amount{500 * kDropletsPerFog};
  const XOnlyKey first = genesis.validators[0].key;
  for (const RawMessage& message :
       {make_message(create), make_message(Delegate{first, Amount{1'000'000'007}}),
        make_message(Redelegate{first, create.key, Amount{300'000'000}}),
        make_message(Undelegate{first, Amount{200'000'001}})}) {
    const auto result = ledger.run({ledger.tx(owner, {message})});
    CHECK(result.has_value() && result->outcomes[0].fault == 0);
  }
  return ledger;
}

void try_message(std::uint16_t kind, ByteView payload, std::uint8_t how) {
  static const TestLedger kLedger = staked_ledger();
  RawMessage raw;
  raw.kind = kind;
  raw.payload = to_bytes(payload);
  const auto message = decode_message(raw);
  if (!message) return;
  std::visit([&](const auto& one) { CHECK(bcs_encode(one) == to_bytes(payload)); }, *message);

  Overlay block_state(kLedger.state);
  BlockContext block;
  block.chain_id = kLedger.chain_id;
  block.height = kLedger.height + 1;
  block.time_ms = kLedger.parent_time_ms + 1 + std::uint64_t{how} / 3 * 30'000'000;
  {
    Overlay overlay(block_state);
    const Address senders[] = {TestKey{1}.address, TestKey{2}.address, TestKey{901}.address};
    const TxContext tx{TxId{}, senders[how % 3], 0};
    if (apply_message(overlay, block, tx, *message) == Fault::kNone)
      block_state.merge(std::move(overlay).take_changes());
  }
  // Twice: stake that has left is released only after its last epoch.
  for (int epoch = 0; epoch < 2; ++epoch) {
    settle_staking_due(block_state, block);
    close_epoch(block_state, block);
    block.time_ms += 22ULL * 24 * 3'600 * 1'000;
  }
  settle_staking_due(block_state, block);
  CHECK(conserves_supply(kLedger.state, block_state.changes()));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const auto kind = static_cast<std::uint16_t>(60 + data[0] % 10);
  try_message(kind, ByteView(data + 2, size - 2), data[1]);
  return 0;
}
