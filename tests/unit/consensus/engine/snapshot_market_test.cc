// A node that joins by a snapshot matches like those that have executed every block.
#include "market/types/messages.h"
#include "tests/support/snapshot_world.h"

namespace fog {
namespace {

using namespace fog::testing;  // NOLINT(google-build-using-namespace): all of it is this test's
using namespace market;        // NOLINT(google-build-using-namespace)

using SnapshotMarketTest = SnapshotSyncTest;

// What the node has executed before the snapshot has filled its index of Offers; from the snapshot
// on it matches by those of the snapshot, as everybody does.
TEST_F(SnapshotMarketTest, ItMatchesByTheOffersOfTheSnapshot) {
  chain_ = std::make_unique<MadeChain>(0, 12);
  const TestKey publisher(8);
  const Resources room{4'000, 8'192, 10'000, 100, std::nullopt};
  const auto add_host = [&](const TestKey& owner, Scale scale) {
    RegisterHost host;
    host.operator_key = owner.public_key;
    host.endpoint = std::string("http://127.0.0.1:8000");
    host.location.country = std::string("CH");
    host.capacity = room;
    host.runtimes.push_back(sha256(as_bytes("profile")));
    host.bond = Amount{200 * kDropletsPerFog};
    chain_->make_block(owner, 0, host);
    const auto tx = bcs_decode<SignedTx>(chain_->blocks.back().txs[0]);
    const HostId id = make_host_id(tx_id(tx->body), 0);
    chain_->make_block(owner, 1, SetOffer{id, 0, scale, room});
    return id;
  };
  const auto add_bid = [&](std::uint64_t sequence) {
    CreateBid bid;
    bid.terms.service = std::string("thing");
    bid.terms.resources = {1'000, 1'024, 0, 0, std::nullopt};
    bid.terms.cap_step = 60;
    bid.terms.spend_per_hour_max = Amount{kDropletsPerFog};
    bid.deposit = Amount{20 * kDropletsPerFog};
    chain_->make_block(publisher, sequence, bid);
    chain_->make_block();  // clears it
  };
  const auto execute = [&](std::size_t number) {
    const Block& block = chain_->blocks[number];
    const auto result =
        joiner_->app->finalize_block(block_id(block.header), block.header.parent, block);
    EXPECT_TRUE(result) << fault_name(result.error());
    return result ? result->app_hash : Hash32{};
  };

  Manifest manifest;
  manifest.artifact = sha256(as_bytes("artifact"));
  manifest.artifact_bytes = 8;
  manifest.fuel_per_request = 1'000;
  manifest.request_bytes_max = manifest.response_bytes_max = 1'000;
  chain_->make_block(publisher, 0, PublishService{std::string("thing"), manifest});
  add_host(TestKey(9), 20'000);
  add_bid(1);
  const std::size_t executed = chain_->height();
  const HostId cheap = add_host(TestKey(10), 10'000);
  while (chain_->height() < 20) chain_->make_block();
  add_peer(1);
  boot();
  for (std::size_t n = 0; n < executed; ++n)
    EXPECT_EQ(execute(n), chain_->headers[n + 1].app_hash) << "block " << n + 1;
  const auto phase = run();
  ASSERT_TRUE(phase) << phase.error().context;
  ASSERT_EQ(*phase, SyncPhase::kInstalled) << log_;

  add_bid(2);
  chain_->make_block();
  for (std::size_t n = joiner_->app->info().height; n + 1 < chain_->height(); ++n) {
    EXPECT_EQ(execute(n), chain_->headers[n + 1].app_hash) << "block " << n + 1;
    ASSERT_TRUE(joiner_->app->commit(block_id(chain_->headers[n])));
  }
  joiner_->app->with_state([&](const ReadView& state, const AppInfo&) {
    EXPECT_EQ(load<Offer>(state, offer_key(cheap))->free.cpu_milli, 3'000U)
        << "the second Bid's replica runs there";
  });
}

}  // namespace
}  // namespace fog
