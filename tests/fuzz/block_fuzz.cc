// A block of foreign messages: whatever an account signs, the rules include it or refuse it without
// a trace, and no money appears or vanishes.
//
// The input is read twice: as a Block (decoder), and as groups of messages, each signed as one
// transaction of one of three funded accounts and executed.
#include "tests/support/test_ledger.h"

namespace {

using fog::testing::TestKey;
using fog::testing::TestLedger;

struct Group {
  std::uint8_t sender = 0;
  fog::BoundedList<fog::RawMessage, 8> messages;
  static constexpr auto kFields = std::make_tuple(&Group::sender, &Group::messages);
};
using Groups = fog::BoundedList<fog::BoundedList<Group, 8>, 8>;  // one inner list a block

const std::vector<TestKey>& keys() {
  static const std::vector<TestKey> kKeys{TestKey{1}, TestKey{2}, TestKey{3}};
  return kKeys;
}

void execute(const Groups& blocks) {
  static const fog::Genesis kGenesis = fog::testing::test_genesis(keys(), 1'000'000'000'000'000);
  TestLedger ledger(kGenesis);
  for (const auto& groups : blocks) {
    const fog::BlockHeader header = ledger.next_header(10'000);
    auto execution = fog::BlockExecution::begin(ledger.state, ledger.parent_time_ms, header);
    CHECK(execution.has_value());
    for (const Group& group : groups) {
      const TestKey& sender = keys()[group.sender % keys().size()];
      fog::TxBody body = ledger.body(sender, group.messages);
      body.lane = static_cast<std::uint8_t>(&group - groups.data());
      body.sequence = 0;
      const auto account = fog::load<fog::Account>(ledger.state, fog::account_key(sender.address));
      body.sequence = account->next_sequence(body.lane);
      const auto checked =
          fog::check_form(fog::bcs_encode(fog::testing::sign_tx(body, sender)), ledger.chain_id);
      if (checked) (void)execution->apply(*checked).has_value();
    }
    if (!execution->has_content()) continue;
    ledger.commit(header, std::move(*execution).finish().changes);
    CHECK(ledger.supply().conserved());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const fog::ByteView bytes(data, size);
  if (const auto block = fog::bcs_decode<fog::Block>(bytes)) {
    CHECK(fog::bcs_encode(*block) == fog::to_bytes(bytes));
    (void)fog::tx_root(*block);
  }
  if (const auto groups = fog::bcs_decode<Groups>(bytes)) execute(*groups);
  return 0;
}
