// The application executes competing blocks side by side, makes one road final and drops the
// others, and agrees with a plain execution at every step.
#include "consensus/engine/ledger_app.h"

#include <gtest/gtest.h>

#include "consensus/staking/beacon_chain.h"
#include "market/types/messages.h"
#include "tests/support/fault_kv.h"
#include "tests/support/naive_state.h"
#include "tests/support/test_node.h"

namespace fog {
namespace {

using testing::FaultKv;
using testing::NaiveChain;
using testing::NaiveTree;
using testing::SeededRng;
using testing::signed_transfer;
using testing::TestKey;

const BeaconChain& beacon() {
  static const BeaconChain kChain(beacon_seed(testing::test_validator_key().beacon_secret, 0));
  return kChain;
}

// An application with everything around it.
struct Bench {
  explicit Bench(const Genesis& genesis, unsigned threads = 1) : workers(threads) {
    store = *StateStore::open(state_db);
    index = *IndexStore::open(index_db, chain_id_of(genesis));
    app = std::make_unique<LedgerApp>(LedgerApp::Parts{chain_id_of(genesis), &pool, store.get(),
                                                       index.get(), &workers, &system_clock(),
                                                       &system_rng()});
    EXPECT_TRUE(app->init_chain(genesis));
  }
  FaultKv state_db;
  FaultKv index_db;
  Mempool pool;
  WorkerPool workers;
  std::unique_ptr<StateStore> store;
  std::unique_ptr<IndexStore> index;
  std::unique_ptr<LedgerApp> app;
};

class LedgerAppTest : public ::testing::Test {
 protected:
  // A block on `parent` with one transfer by the account of that number, its `sequence`th.
  Block propose(const BlockId& parent, std::uint64_t from, std::uint64_t sequence = 0) {
    return propose_tx(parent, signed_transfer(chain_, TestKey(from), sequence,
                                              TestKey(70 + from).address, 500'000));
  }
  // With one message of it.
  template <class M>
  Block propose(const BlockId& parent, std::uint64_t from, std::uint64_t sequence,
                const M& message) {
    TxBody body = testing::make_body(TestKey(from).address, sequence, {make_message(message)},
                                     system_clock().wall_ms() + 3'600'000);
    body.chain_id = chain_;
    body.price_max = 1'000;
    return propose_tx(parent, testing::sign_tx(body, TestKey(from)));
  }
  Block propose_tx(const BlockId& parent, const SignedTx& tx) {
    // The pool judges by the last final state: a later sequence waits there and is not chosen, so
    // one transaction of each account is all that these blocks carry.
    const SubmitReply reply = bench_.app->check_tx(bcs_encode(tx));
    EXPECT_EQ(reply.fault, Fault::kNone) << fault_name(reply.fault);
    EXPECT_EQ(reply.refused, "");
    const auto block = bench_.app->prepare_proposal(request(parent));
    CHECK(block.has_value());
    EXPECT_EQ(block->txs.size(), 1U);
    bench_.pool.drop(reply.id);
    return *block;
  }
  ProposalRequest request(const BlockId& parent) {
    ProposalRequest request;
    request.parent = parent;
    request.time_ms = ++time_ms_;
    request.proposer = key_.secret.x_only_key();
    request.reveal = [](const ValidatorRecord& record) {
      return next_reveal(record, beacon(), nullptr);
    };
    return request;
  }
  static BlockId id_of(const Block& block) { return block_id(block.header); }
  Hash32 app_hash(const Block& block) {
    const auto result = bench_.app->finalize_block(id_of(block), block.header.parent, block);
    EXPECT_TRUE(result) << fault_name(result.error());
    return result->app_hash;
  }

  ValidatorKey key_ = testing::test_validator_key();
  Genesis genesis_ = testing::test_genesis(key_, 8);
  ChainId chain_ = chain_id_of(genesis_);
  std::uint64_t time_ms_ = system_clock().wall_ms();
  Bench bench_{genesis_};
};

TEST_F(LedgerAppTest, ExecutesCompetingBlocksAndMakesOneRoadFinal) {
  //   genesis - A - C - E
  //           \   \ D
  //            B - F
  const Block a = propose(chain_, 0);
  const Block b = propose(chain_, 1);
  const Block c = propose(id_of(a), 2);
  const Block d = propose(id_of(a), 3);
  const Block f = propose(id_of(b), 0);
  const Block e = propose(id_of(c), 4);
  for (const auto& road : {std::vector{a, c, e}, std::vector{a, d}, std::vector{b, f}}) {
    NaiveChain naive(genesis_);
    for (const Block& block : road) {
      EXPECT_EQ(naive.execute(block), "");
      EXPECT_EQ(app_hash(block), naive.root());
    }
  }
  EXPECT_EQ(bench_.app->info().height, 0U) << "nothing is final yet";

  NaiveChain naive(genesis_);
  naive.execute(a);
  ASSERT_TRUE(bench_.app->commit(id_of(a)));
  EXPECT_EQ(bench_.app->info().block, id_of(a));
  EXPECT_EQ(bench_.app->info().app_hash, naive.root());
  for (const Block& gone : {b, f}) {
    EXPECT_EQ(bench_.app->finalize_block(id_of(gone), gone.header.parent, gone).error(),
              Fault::kBlockBadParent);
  }
  // What stands on A goes on, on the live state now.
  naive.execute(c);
  EXPECT_EQ(app_hash(c), naive.root());
  const Block g = propose(id_of(d), 5);
  ASSERT_TRUE(bench_.app->commit(id_of(c)));
  EXPECT_EQ(bench_.app->finalize_block(id_of(g), id_of(d), g).error(), Fault::kBlockBadParent);
  naive.execute(e);
  EXPECT_EQ(app_hash(e), naive.root());
  ASSERT_TRUE(bench_.app->commit(id_of(e)));
  EXPECT_EQ(bench_.app->info().app_hash, naive.root());
  bench_.app->with_state([&](const ReadView& state, const AppInfo& info) {
    EXPECT_EQ(info.height, 3U);
    for (const auto& [key, value] : naive.state().records()) EXPECT_EQ(state.get(key), value);
  });
  EXPECT_EQ(bench_.app->records(), naive.state().records().size());

  // The databases follow when the log is on disk, and load to the same state.
  bench_.app->on_durable(3);
  ASSERT_TRUE(bench_.store->drain());
  EXPECT_EQ(bench_.store->meta()->height, 3U);
  LedgerApp loaded(LedgerApp::Parts{chain_, &bench_.pool, bench_.store.get(), bench_.index.get(),
                                    &bench_.workers, &system_clock(), &system_rng()});
  ASSERT_TRUE(loaded.load());
  EXPECT_EQ(loaded.info().app_hash, naive.root());
  EXPECT_EQ(loaded.info().block, id_of(e));
}

// Two Hosts become cheap on two branches; each branch clears its Bid by its own Offers, whichever
// was executed last, and so does what stands on the branch that becomes final.
TEST_F(LedgerAppTest, EachBranchMatchesByItsOwnOffers) {
  using namespace market;
  NaiveChain final_chain(genesis_);
  BlockId tip = chain_;
  std::vector<std::uint64_t> sequences(4, 0);
  const auto add = [&](std::uint64_t from, const auto& message) {
    const Block block = propose(tip, from, sequences[from]++, message);
    EXPECT_EQ(final_chain.execute(block), "");
    EXPECT_EQ(app_hash(block), final_chain.root());
    EXPECT_TRUE(bench_.app->commit(id_of(block)));
    tip = id_of(block);
    return block;
  };
  std::vector<HostId> hosts;
  for (const std::uint64_t owner : {0U, 1U}) {
    RegisterHost host;
    host.operator_key = TestKey(owner).public_key;
    host.endpoint = std::string("http://127.0.0.1:8000");
    host.location.country = std::string("CH");
    host.capacity = {4'000, 8'192, 10'000, 100, std::nullopt};
    host.runtimes.push_back(sha256(as_bytes("profile")));
    host.bond = Amount{200 * kDropletsPerFog};
    const Block block = add(owner, host);
    const auto tx = bcs_decode<SignedTx>(block.txs[0]);
    ASSERT_TRUE(tx.has_value());
    hosts.push_back(make_host_id(tx_id(tx->body), 0));
    add(owner, SetOffer{hosts.back(), 0, 20'000, host.capacity});
  }
  RegisterGateway gateway;
  gateway.key = TestKey(2).public_key;
  gateway.endpoint = std::string("http://127.0.0.1:8080");
  gateway.location.country = std::string("CH");
  add(2, gateway);
  Manifest manifest;
  manifest.artifact = sha256(as_bytes("artifact"));
  manifest.artifact_bytes = 8;
  manifest.fuel_per_request = 1'000;
  manifest.request_bytes_max = manifest.response_bytes_max = 1'000;
  add(2, PublishService{std::string("thing"), manifest});

  CreateBid bid;
  bid.terms.service = std::string("thing");
  bid.terms.resources = {1'000, 1'024, 0, 0, std::nullopt};
  bid.terms.cap_step = 60;
  bid.terms.spend_per_hour_max = Amount{kDropletsPerFog};
  bid.deposit = Amount{20 * kDropletsPerFog};
  const Resources room{4'000, 8'192, 10'000, 100, std::nullopt};
  // On each branch: a price, then a Bid; the block after that clears it.
  std::array<std::vector<Block>, 2> branches;
  for (const std::uint64_t cheap : {0U, 1U})
    branches[cheap].push_back(
        propose(tip, cheap, sequences[cheap], SetOffer{hosts[cheap], 0, 10'000, room}));
  for (const std::uint64_t cheap : {0U, 1U})
    branches[cheap].push_back(propose(id_of(branches[cheap].back()), 2, sequences[2], bid));
  for (const std::uint64_t cheap : {1U, 0U})
    branches[cheap].push_back(propose(id_of(branches[cheap].back()), 3));
  for (const std::uint64_t cheap : {0U, 1U}) {
    NaiveChain naive = final_chain;
    for (const Block& block : branches[cheap]) {
      EXPECT_EQ(naive.execute(block), "");
      EXPECT_EQ(app_hash(block), naive.root());
    }
    EXPECT_EQ(load<Offer>(naive.state(), offer_key(hosts[cheap]))->free.cpu_milli, 3'000U)
        << "its replica runs there";
  }
  for (const Block& block : branches[1]) {
    EXPECT_EQ(final_chain.execute(block), "");
    ASSERT_TRUE(bench_.app->commit(id_of(block)));
    tip = id_of(block);
  }
  ++sequences[1];
  ++sequences[2];
  ++sequences[3];
  // Another Bid goes to the same Host, as it stands on this branch.
  add(2, bid);
  add(0, Heartbeat{hosts[0]});
  EXPECT_EQ(load<Offer>(final_chain.state(), offer_key(hosts[1]))->free.cpu_milli, 2'000U);
}

// More records than are handed from thread to thread at once.
TEST(LedgerAppStart, AStateOfManyRecordsIsReadBackToItsRoot) {
  const Genesis genesis = testing::test_genesis(testing::test_validator_key(), 9'000);
  Bench bench(genesis);
  const Hash32 root = bench.app->info().app_hash;
  const auto load = [&] {
    LedgerApp app(LedgerApp::Parts{chain_id_of(genesis), &bench.pool, bench.store.get(),
                                   bench.index.get(), &bench.workers, &system_clock(),
                                   &system_rng()});
    const auto loaded = app.load();
    EXPECT_TRUE(!loaded || app.info().app_hash == root);
    EXPECT_TRUE(!loaded || app.records() == bench.app->records());
    return loaded;
  };
  EXPECT_TRUE(load());
  // One record that another has taken the place of, early and late in the order.
  for (const char where : {'\x01', '\xF0'}) {
    Bytes key, value, before;
    EXPECT_TRUE(bench.state_db.scan(Bytes{'r', static_cast<std::uint8_t>(where)}, Bytes{'s'},
                                    [&](ByteView k, ByteView v) {
                                      key = to_bytes(k);
                                      before = value = to_bytes(v);
                                      return false;
                                    }));
    value.back() ^= 1U;
    KvBatch batch;
    batch.put(key, value);
    EXPECT_TRUE(bench.state_db.write(batch, true));
    EXPECT_EQ(load().error().code, ErrorCode::kCorrupt);
    batch.clear();
    batch.put(key, before);
    EXPECT_TRUE(bench.state_db.write(batch, true));
  }
  EXPECT_TRUE(load());
}

TEST_F(LedgerAppTest, AnotherNodeComesToTheSameState) {
  Bench other(genesis_, 2);
  BlockId parent = chain_;
  for (std::uint64_t from = 0; from < 8; ++from) {
    const Block block = propose(parent, from);
    parent = id_of(block);
    ASSERT_EQ(other.app->process_proposal(parent, block.header.parent, block), Fault::kNone);
    EXPECT_EQ(other.app->finalize_block(parent, block.header.parent, block)->app_hash,
              app_hash(block));
    ASSERT_TRUE(bench_.app->commit(parent));
    ASSERT_TRUE(other.app->commit(parent));
    EXPECT_EQ(other.app->info().app_hash, bench_.app->info().app_hash);
  }
}

TEST_F(LedgerAppTest, WhatIsCheckedAheadComesToTheSameStateAndIsNotCheckedAgain) {
  std::vector<Block> blocks;
  for (std::uint64_t from = 0; from < 6; ++from) {
    blocks.push_back(propose(bench_.app->info().block, from));
    ASSERT_TRUE(bench_.app->commit(id_of(blocks.back())));
  }
  Block bad = blocks[2];
  bad.txs[0].back() ^= 1U;
  bad.header.tx_root = tx_root(bad);
  for (const unsigned threads : {0U, 2U}) {
    Bench other(genesis_, threads);
    const auto ahead = [&](const Block& block) {
      other.app->check_ahead(id_of(block), std::make_shared<const Block>(block));
    };
    for (const Block& block : blocks) ahead(block);
    ahead(bad);
    ahead(blocks[0]);  // again
    for (const Block& block : blocks) {
      if (block.header.height == bad.header.height) {
        EXPECT_EQ(other.app->process_proposal(id_of(bad), bad.header.parent, bad),
                  Fault::kBlockBadTransaction);
      }
      const auto result = other.app->finalize_block(id_of(block), block.header.parent, block);
      ASSERT_TRUE(result) << fault_name(result.error());
      ASSERT_TRUE(other.app->commit(id_of(block)));
    }
    EXPECT_EQ(other.app->info().app_hash, bench_.app->info().app_hash);
    EXPECT_EQ(other.app->times().signatures, blocks.size() + 1);
    // One that nobody executes goes with the application.
    ahead(propose(bench_.app->info().block, 6));
  }
}

TEST_F(LedgerAppTest, RefusesInvalidBlocksWithTheirFault) {
  const Block good = propose(chain_, 0);
  Bench other(genesis_);
  const auto fault = [&](const std::function<void(Block&)>& change, const BlockId& parent) {
    Block bad = good;
    change(bad);
    return other.app->process_proposal(id_of(bad), parent, bad);
  };
  EXPECT_EQ(fault([](Block& b) { b.header.chain_id.data[0] ^= 1U; }, chain_),
            Fault::kBlockBadChain);
  EXPECT_EQ(fault([](Block& b) { b.header.parent.data[0] ^= 1U; }, chain_), Fault::kBlockBadParent);
  EXPECT_EQ(fault([](Block&) {}, Hash32{}), Fault::kBlockBadParent) << "unknown";
  EXPECT_EQ(fault([](Block& b) { b.header.height = 2; }, chain_), Fault::kBlockBadHeight);
  EXPECT_EQ(fault([](Block& b) { b.header.epoch = 1; }, chain_), Fault::kBlockBadEpoch);
  EXPECT_EQ(fault([](Block& b) { b.header.app_hash.data[0] ^= 1U; }, chain_),
            Fault::kBlockBadAppHash);
  EXPECT_EQ(fault([](Block& b) { b.header.time_ms = 1; }, chain_), Fault::kBlockBadTime);
  EXPECT_EQ(fault([](Block& b) { b.header.tx_root.data[0] ^= 1U; }, chain_),
            Fault::kBlockBadTxRoot);
  EXPECT_EQ(fault([](Block& b) { b.header.proposer.data[0] ^= 1U; }, chain_),
            Fault::kBlockBadProposer);
  EXPECT_EQ(fault([](Block& b) { b.header.beacon->link.data[0] ^= 1U; }, chain_),
            Fault::kBlockBadBeacon);
  EXPECT_EQ(fault(
                [](Block& b) {
                  b.txs[0].back() ^= 1U;
                  b.header.tx_root = tx_root(b);
                },
                chain_),
            Fault::kBlockBadTransaction);
  EXPECT_EQ(fault([](Block&) {}, chain_), Fault::kNone) << "the edge between";
}

TEST_F(LedgerAppTest, BuildsNothingOutOfNothing) {
  EXPECT_FALSE(bench_.app->work_at(bench_.app->info().block, time_ms_).now);
  EXPECT_EQ(bench_.app->prepare_proposal(request(chain_)), std::nullopt);
  ProposalRequest empty = request(chain_);
  empty.allow_empty = true;
  const auto block = bench_.app->prepare_proposal(empty);
  ASSERT_TRUE(block);
  EXPECT_FALSE(block->header.beacon.has_value());
  EXPECT_EQ(app_hash(*block), bench_.app->info().app_hash);
}

TEST_F(LedgerAppTest, DropsWhatABlockCannotInclude) {
  // Two transfers by one account whose balance pays the fee of both, but not after the first has
  // moved it away.
  const TestKey anna(0);
  const std::uint64_t all = 999'999 * kDropletsPerFog;
  const Bytes first =
      bcs_encode(signed_transfer(chain_, anna, 0, TestKey(1).address, all, 100'000));
  const Bytes second =
      bcs_encode(signed_transfer(chain_, anna, 1, TestKey(1).address, 5, 200'000'000));
  const TxId first_id = bench_.app->check_tx(first).id;
  const SubmitReply reply = bench_.app->check_tx(second);
  ASSERT_EQ(reply.fault, Fault::kNone);
  ASSERT_TRUE(bench_.pool.contains(reply.id));
  const auto block = bench_.app->prepare_proposal(request(chain_));
  ASSERT_TRUE(block);
  EXPECT_EQ(block->txs.size(), 1U);
  EXPECT_FALSE(bench_.pool.contains(reply.id));
  ASSERT_TRUE(bench_.app->commit(id_of(*block)));
  EXPECT_FALSE(bench_.pool.contains(first_id));
  const auto found = bench_.index->find(first_id);
  EXPECT_TRUE(found && found->has_value());
}

}  // namespace
}  // namespace fog
