// A node without blocks takes over a state from peers, of which some lie or fall silent; it
// believes what the genesis's validators, or a block that its operator trusts, lead to, and nothing
// else.
#include "tests/support/snapshot_world.h"

namespace fog {
namespace {

using namespace fog::testing;  // NOLINT(google-build-using-namespace): all of it is this test's

TEST_F(SnapshotSyncTest, FromTheGenesisToTheNewestSnapshot) {
  add_peer(1);
  add_peer(2);
  boot();
  const auto phase = run();
  ASSERT_TRUE(phase) << phase.error().context;
  EXPECT_EQ(*phase, SyncPhase::kInstalled) << log_;
  expect_state_at(19);
  EXPECT_EQ(progress_.chunks, progress_.chunks_total);
  EXPECT_EQ(progress_.height, 19U);
  EXPECT_EQ(joiner_->epochs->latest(), 4U) << "the next who joins may ask this node";
  EXPECT_TRUE(net_.reports.empty() || !is_banned(1));
}

TEST_F(SnapshotSyncTest, APeerWhoseChunkIsFalseIsBannedAndTheOthersGoOn) {
  // The one that is asked first lies.
  const std::uint64_t liar = node_number(1) < node_number(2) ? 1 : 2;
  add_peer(liar, [](std::uint8_t kind, Bytes& answer) {
    if (is(kind, wire::Kind::kChunk)) answer.back() ^= 1;
    return true;
  });
  add_peer(3 - liar);
  boot();
  EXPECT_EQ(*run(), SyncPhase::kInstalled) << log_;
  expect_state_at(19);
  EXPECT_TRUE(is_banned(liar));
  EXPECT_FALSE(is_banned(3 - liar));
}

TEST_F(SnapshotSyncTest, ChunksComeFromAllWhoHaveThem) {
  // Enough accounts for several chunks.
  chain_ = std::make_unique<MadeChain>(1, 90'000);
  std::array<std::uint64_t, 3> chunks{};
  for (std::uint64_t number = 0; number < 3; ++number) {
    add_peer(1 + number, [&chunks, number](std::uint8_t kind, Bytes& answer) {
      if (!is(kind, wire::Kind::kChunk)) return true;
      if (number == 2) answer.back() ^= 1;
      ++chunks[number];
      return true;
    });
  }
  boot();
  const auto phase = run();
  ASSERT_TRUE(phase) << phase.error().context;
  EXPECT_EQ(*phase, SyncPhase::kInstalled) << log_;
  expect_state_at(3);
  EXPECT_GE(progress_.chunks_total, 2U);
  EXPECT_GT(chunks[0] + chunks[1], 1U);
  EXPECT_EQ(is_banned(3), chunks[2] > 0);
  EXPECT_FALSE(is_banned(1) || is_banned(2));
}

TEST_F(SnapshotSyncTest, WithLiarsOnlyNothingIsTakenOver) {
  add_peer(1, [](std::uint8_t kind, Bytes& answer) {
    if (is(kind, wire::Kind::kChunk)) answer.back() ^= 1;
    return true;
  });
  boot();
  const auto phase = run(30);
  ASSERT_TRUE(phase);
  EXPECT_NE(*phase, SyncPhase::kInstalled);
  EXPECT_TRUE(is_banned(1));
  EXPECT_EQ(joiner_->app->info().height, 0U) << "the old state is untouched";
}

TEST_F(SnapshotSyncTest, ForgedEpochsAreRefused) {
  // Another key signs the same headers; the sets are left as they are.
  add_peer(1, [this](std::uint8_t kind, Bytes& answer) {
    if (!is(kind, wire::Kind::kEpochs)) return true;
    auto message = *bcs_decode<wire::Epochs>(answer);
    for (EpochEnd& end : message.ends) {
      end.certificate.signatures[0].signature = TestKey(1).secret.sign_schnorr(
          vote_digest(chain_->chain, end.certificate.vote), Hash32{});
    }
    answer = bcs_encode(message);
    return true;
  });
  // A set of his own, not the one that the header names.
  add_peer(2, [](std::uint8_t kind, Bytes& answer) {
    if (!is(kind, wire::Kind::kEpochs)) return true;
    auto message = *bcs_decode<wire::Epochs>(answer);
    for (EpochEnd& end : message.ends) end.next.validators[0].key = TestKey(1).secret.x_only_key();
    answer = bcs_encode(message);
    return true;
  });
  // One that is honest, but starts in the middle.
  add_peer(3, [this](std::uint8_t kind, Bytes& answer) {
    if (!is(kind, wire::Kind::kEpochs)) return true;
    wire::Epochs message{0, {}};
    message.ends.push_back(*chain_->bench->epochs->get(2));
    answer = bcs_encode(message);
    return true;
  });
  boot();
  EXPECT_NE(*run(30), SyncPhase::kInstalled);
  EXPECT_TRUE(is_banned(1) && is_banned(2) && is_banned(3));
  EXPECT_EQ(joiner_->epochs->latest(), std::nullopt);
  add_peer(4);
  boot();
  EXPECT_EQ(*run(), SyncPhase::kInstalled);
  expect_state_at(19);
}

TEST_F(SnapshotSyncTest, ASnapshotWithAnotherRootThanTheHeadersNameIsPassedOver) {
  add_peer(1, [](std::uint8_t kind, Bytes& answer) {
    if (!is(kind, wire::Kind::kSnapshots)) return true;
    auto message = *bcs_decode<wire::Snapshots>(answer);
    for (SnapshotInfo& info : message.snapshots) info.root.data[0] ^= 1;
    answer = bcs_encode(message);
    return true;
  });
  add_peer(2, [](std::uint8_t kind, Bytes& answer) {
    if (!is(kind, wire::Kind::kSnapshots)) return true;
    auto message = *bcs_decode<wire::Snapshots>(answer);
    // The ranges leave a gap; and one of an epoch that nobody has verified.
    for (SnapshotInfo& info : message.snapshots) info.depths.assign({1});
    message.snapshots[0].height = 1'003;
    answer = bcs_encode(message);
    return true;
  });
  boot();
  EXPECT_NE(*run(15), SyncPhase::kInstalled);
  add_peer(3);
  boot();
  EXPECT_EQ(*run(), SyncPhase::kInstalled);
  expect_state_at(19);
}

TEST_F(SnapshotSyncTest, APeerThatFallsSilentIsLeftForAnother) {
  add_peer(1, [](std::uint8_t kind, Bytes&) { return !is(kind, wire::Kind::kChunk); });
  add_peer(2, [](std::uint8_t kind, Bytes&) { return !is(kind, wire::Kind::kEpochs); });
  add_peer(3);
  boot();
  EXPECT_EQ(*run(300), SyncPhase::kInstalled) << log_;
  expect_state_at(19);
  EXPECT_FALSE(is_banned(1) || is_banned(2));
}

TEST_F(SnapshotSyncTest, StoppedAtAnyByteItGoesOnOrBeginsAnew) {
  add_peer(1);
  boot();
  ASSERT_EQ(*run(), SyncPhase::kInstalled);
  const std::uint64_t bytes = disk_.bytes_written();
  SeededRng rng(3);
  for (std::uint64_t at = 0; at < bytes; at += 1 + rng.below(40)) {
    sync_.reset();
    joiner_.reset();
    disk_ = FaultEnv();
    state_db_.rows().clear();
    boot();
    disk_.crash_after(at);
    const auto stopped = run(20);
    sync_.reset();
    joiner_.reset();
    disk_.reboot(static_cast<Unsynced>(rng.below(3)), rng);
    if (stopped && *stopped == SyncPhase::kInstalled) continue;
    // Nothing has told a block log of the new state yet: what the database has beyond it, a start
    // throws away.
    state_db_.rows().clear();
    boot();
    ASSERT_EQ(*run(), SyncPhase::kInstalled) << "stopped at byte " << at;
    expect_state_at(19);
  }
}

TEST_F(SnapshotSyncTest, ATrustedBlockStandsInForAllEpochsBefore) {
  trusted_ = chain_->end_block(2);
  // Nothing before it is needed: this peer has none of it.
  add_peer(1, [](std::uint8_t kind, Bytes& answer) {
    if (!is(kind, wire::Kind::kEpochs)) return true;
    const auto message = *bcs_decode<wire::Epochs>(answer);
    EXPECT_GE(message.from, 2U);
    return true;
  });
  boot();
  const auto phase = run();
  ASSERT_TRUE(phase) << phase.error().context;
  EXPECT_EQ(*phase, SyncPhase::kInstalled);
  expect_state_at(19);
}

TEST_F(SnapshotSyncTest, ATrustedBlockThatNobodyHasStopsTheNode) {
  trusted_ = chain_->end_block(2);
  trusted_->block.data[0] ^= 1;
  add_peer(1);
  boot();
  const auto phase = run();
  ASSERT_FALSE(phase);
  EXPECT_EQ(phase.error().code, ErrorCode::kRejected);
  EXPECT_NE(phase.error().context.find("--trusted"), std::string::npos);
  EXPECT_FALSE(is_banned(1)) << "it may be the operator who is wrong";
  EXPECT_EQ(joiner_->app->info().height, 0U);
}

TEST_F(SnapshotSyncTest, ATrustedBlockThatIsTooOldStopsTheNode) {
  trusted_ = chain_->end_block(2);
  chain_->clock.advance(chain_->genesis.staking.trusting_period_ms + 60'000);
  add_peer(1);
  boot();
  const auto phase = run();
  ASSERT_FALSE(phase);
  EXPECT_EQ(phase.error().code, ErrorCode::kRejected);
  EXPECT_NE(phase.error().context.find("older than the trusting period"), std::string::npos);
}

TEST_F(SnapshotSyncTest, AHeightThatEndsNoEpochCannotBeTrustedHere) {
  const auto made = SnapshotSync::make(
      {chain_->chain, chain_->bench->app.get(), chain_->bench->epochs.get(), &net_, &chain_->clock,
       &progress_, [](std::string_view) {}},
      {MadeChain::kEpochLength, genesis_set(), 1'000, TrustedBlock{7, chain_->chain}, 1'000});
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code, ErrorCode::kInvalidInput);
}

TEST_F(SnapshotSyncTest, WhoeverOnlyClaimsToKnowOfMoreHoldsNothingUp) {
  add_peer(1);
  add_peer(2, [](std::uint8_t kind, Bytes&) { return !is(kind, wire::Kind::kEpochs); });
  boot();
  sync_->on_status(node_number(2), wire::Status{1'000'000, 1, {}});
  EXPECT_EQ(*run(), SyncPhase::kInstalled);
}

// The network makes an epoch in two seconds and keeps two snapshots; one peer claims to know of
// more epochs and never says what.
TEST_F(SnapshotSyncTest, SnapshotsThatChangeWhilePeersAreAskedAreCaughtUpWith) {
  add_peer(1);
  add_peer(2, [](std::uint8_t kind, Bytes&) { return !is(kind, wire::Kind::kEpochs); });
  const std::uint64_t begun_ms = chain_->clock.wall_ms();
  on_tick_ = [&] {
    const std::uint64_t epochs = 5 + (chain_->clock.wall_ms() - begun_ms) / 2'000;
    while (chain_->height() < epochs * MadeChain::kEpochLength) chain_->make_block();
    sync_->on_status(node_number(1), wire::Status{chain_->height(), 1, {}});
  };
  boot();
  sync_->on_status(node_number(2), wire::Status{1'000'000, 1, {}});
  EXPECT_EQ(*run(60), SyncPhase::kInstalled) << log_;
}

TEST_F(SnapshotSyncTest, WithoutAnySnapshotTheBlocksAreTakenOver) {
  add_peer(1, [](std::uint8_t kind, Bytes& answer) {
    if (is(kind, wire::Kind::kSnapshots)) answer = bcs_encode(wire::Snapshots{});
    return true;
  });
  boot();
  EXPECT_EQ(*run(), SyncPhase::kGivenUp);
  EXPECT_EQ(joiner_->app->info().height, 0U);
}

}  // namespace
}  // namespace fog
