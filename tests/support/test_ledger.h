// A chain in memory for tests: a genesis with one validator and some funded accounts, and blocks
// executed one after another by the real rules.
#pragma once

#include <algorithm>

#include "chain/state/sparse_merkle.h"
#include "consensus/rules/execute.h"
#include "consensus/rules/genesis.h"
#include "consensus/rules/supply.h"
#include "consensus/staking/beacon_chain.h"
#include "consensus/staking/epochs.h"
#include "market/types/price.h"
#include "tests/support/memory_state.h"
#include "tests/support/test_chain.h"

namespace fog::testing {

constexpr std::uint64_t kGenesisTimeMs = 1'000'000;
constexpr std::uint64_t kTestStake = 1'000'000'000'000;

// The test validator's beacon chain: one for all tests, since computing it takes 0.1 s.
inline const BeaconChain& test_beacon_chain() {
  static const BeaconChain kChain(beacon_seed(sha256(as_bytes("test validator")), 0));
  return kChain;
}

inline market::MarketParams test_market_params() {
  market::MarketParams params;
  market::PriceClass standard;
  standard.name = std::string("standard");
  standard.prices.cpu_core_hour = 10'000'000;
  standard.prices.memory_gib_hour = 2'000'000;
  standard.prices.storage_gib_month = 20'000'000;
  standard.prices.gpu_hour = 500'000'000;
  standard.prices.gfuel = 1'000'000;
  standard.prices.egress_gib = 10'000'000;
  standard.prices.million_requests = 100'000'000;
  params.classes.push_back(standard);
  return params;
}

// A genesis in which each of the keys holds `droplets`; the validator is TestKey(900), paid to
// TestKey(901).
inline Genesis test_genesis(const std::vector<TestKey>& keys, std::uint64_t droplets) {
  Genesis genesis;
  genesis.chain_name = std::string("test");
  genesis.time_ms = kGenesisTimeMs;
  genesis.market = test_market_params();
  const TestKey validator(900);
  genesis.validators.push_back({validator.secret.x_only_key(), TestKey(901).address,
                                Amount{kTestStake}, test_beacon_chain().commitment()});
  for (const TestKey& key : keys) genesis.accounts.push_back({key.address, Amount{droplets}});
  std::sort(genesis.accounts.begin(), genesis.accounts.end(),
            [](const auto& a, const auto& b) { return a.address < b.address; });
  return genesis;
}

class TestLedger {
 public:
  explicit TestLedger(const Genesis& genesis) : genesis_(genesis) {
    chain_id = chain_id_of(genesis);
    Overlay first(state);
    apply_genesis(genesis, first);
    state.apply(first.changes());
    parent_time_ms = genesis.time_ms;
    parent = chain_id;
  }

  // The header of the next block, `after_ms` after its parent; `reveal` says whether it writes.
  BlockHeader next_header(std::uint64_t after_ms = 100, bool reveal = true) const {
    BlockHeader header;
    header.chain_id = chain_id;
    header.height = height + 1;
    const std::uint64_t epoch_length = genesis_.params.epoch_length;
    header.epoch = epoch_of(header.height, epoch_length);
    if (is_last_of_epoch(header.height, epoch_length))
      header.next_validators_hash = fog::validators_hash(load_next_validators(state));
    header.time_ms = parent_time_ms + after_ms;
    header.parent = parent;
    header.app_hash = root();
    header.tx_root = tx_root(std::vector<ByteView>{});
    header.validators_hash = fog::validators_hash(*load<ValidatorSet>(state, validators_key()));
    header.proposer = genesis_.validators[0].key;
    if (reveal) {
      header.beacon = next_reveal(*load<ValidatorRecord>(state, validator_key(header.proposer)),
                                  test_beacon_chain(), nullptr);
    }
    return header;
  }

  Block make_block(const std::vector<SignedTx>& txs, std::uint64_t after_ms = 100) const {
    Block block;
    block.header = next_header(after_ms);
    for (const SignedTx& tx : txs) block.txs.push_back(bcs_encode(tx));
    block.header.tx_root = tx_root(block);
    return block;
  }

  // The verdict on a block; the state stays as it is.
  Result<BlockResult, Fault> execute(const Block& block) const {
    std::vector<CheckedTx> checked;
    for (const auto& bytes : block.txs) {
      auto tx = check_form(bytes, chain_id);
      if (!tx) return Fail{tx.error()};
      checked.push_back(*std::move(tx));
    }
    std::vector<const CheckedTx*> pointers;
    for (const CheckedTx& tx : checked) pointers.push_back(&tx);
    return execute_block(state, parent_time_ms, block, pointers);
  }

  // Executes a block of the transactions and makes it final.
  Result<BlockResult, Fault> run(const std::vector<SignedTx>& txs, std::uint64_t after_ms = 100) {
    const Block block = make_block(txs, after_ms);
    auto result = execute(block);
    if (result) commit(block.header, result->changes);
    return result;
  }
  void commit(const BlockHeader& header, const Changes& changes) {
    state.apply(changes);
    height = header.height;
    parent_time_ms = header.time_ms;
    parent = block_id(header);
  }

  // A body by the key on this chain, its lane's next, valid for a while.
  TxBody body(const TestKey& sender, std::vector<RawMessage> messages) const {
    const auto account = load<Account>(state, account_key(sender.address));
    TxBody out = make_body(sender.address, account ? account->next_sequence(0) : 0,
                           std::move(messages), parent_time_ms + 60'000);
    out.chain_id = chain_id;
    return out;
  }
  SignedTx tx(const TestKey& sender, std::vector<RawMessage> messages) const {
    return sign_tx(body(sender, std::move(messages)), sender);
  }

  std::uint64_t balance(const Address& address) const {
    const auto account = load<Account>(state, account_key(address));
    return account ? account->balance.droplets : 0;
  }
  SupplySums supply() const {
    return add_up_supply([&](const StateVisitor& visit) {
      for (const auto& [key, value] : state.records()) visit(key, value);
    });
  }
  Hash32 root() const {
    Changes all;
    for (const auto& [key, value] : state.records()) all.emplace(key, value);
    SparseMerkleTree tree;
    return tree.root_hash(tree.apply(TreeRoot::kEmpty, leaf_changes(all)).root);
  }

  MemoryState state;
  ChainId chain_id;
  std::uint64_t height = 0;
  std::uint64_t parent_time_ms = 0;
  BlockId parent;

 private:
  Genesis genesis_;
};

}  // namespace fog::testing
