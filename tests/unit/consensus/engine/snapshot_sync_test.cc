// A node without blocks takes over a state from peers, of which some lie or fall silent; it
// believes what the genesis's validators, or a block that its operator trusts, lead to, and nothing
// else.
#include "consensus/engine/snapshot_sync.h"

#include "tests/support/sync_world.h"

namespace fog {
namespace {

using namespace fog::testing;  // NOLINT(google-build-using-namespace): all of it is this test's

// A node that joins, its disk outliving it, and the peers that answer it.
class SnapshotSyncTest : public ::testing::Test {
 protected:
  // What a peer does with an answer before it leaves; false: nothing leaves.
  using Bend = std::function<bool(std::uint8_t kind, Bytes& answer)>;
  struct Peer {
    std::unique_ptr<PostBox> net;
    std::unique_ptr<StateSyncServer> server;
    Bend bend;
    std::uint64_t served = 0;
  };

  void add_peer(
      std::uint64_t number, Bend bend = [](std::uint8_t, Bytes&) { return true; }) {
    Peer& peer = peers_[node_number(number)];
    peer.net = std::make_unique<PostBox>(node_number(number));
    peer.server =
        std::make_unique<StateSyncServer>(*chain_->bench->app, *chain_->bench->epochs, *peer.net);
    peer.bend = std::move(bend);
  }
  void boot() {
    sync_.reset();
    joiner_.reset();
    joiner_ = std::make_unique<SyncBench>(chain_->genesis, chain_->clock, disk_, state_db_, 0);
    SnapshotSyncOptions options;
    options.epoch_length = MadeChain::kEpochLength;
    options.genesis_set = genesis_set();
    options.trusting_period_ms = chain_->genesis.staking.trusting_period_ms;
    options.trusted = trusted_;
    auto made = SnapshotSync::make(
        {chain_->chain, joiner_->app.get(), joiner_->epochs.get(), &net_, &chain_->clock,
         &progress_, [this](std::string_view line) { log_ += line; }},
        std::move(options));
    ASSERT_TRUE(made) << made.error().context;
    sync_ = *std::move(made);
    for (auto& [id, peer] : peers_) {
      sync_->on_up(id);
      sync_->on_status(id, wire::Status{chain_->height(), 1, {}});
    }
  }
  ValidatorSet genesis_set() const {
    ValidatorSet set;
    set.validators.push_back({chain_->key.secret.x_only_key(), 1'000 * kDropletsPerFog});
    return set;
  }
  // Carries one letter there and the answers back.
  ErrorOr<void> deliver() {
    const PostBox::Letter letter = net_.letters.front();
    net_.letters.pop_front();
    const auto peer = peers_.find(letter.to);
    if (peer == peers_.end() || net_.reports[letter.to] == std::vector{Offence::kBroken}) return {};
    peer->second.server->on_message(node_number(0), letter.kind, letter.message);
    while (!peer->second.net->letters.empty()) {
      PostBox::Letter answer = std::move(peer->second.net->letters.front());
      peer->second.net->letters.pop_front();
      if (!peer->second.bend(answer.kind, answer.message)) continue;
      ++peer->second.served;
      TRY_VOID(sync_->on_message(letter.to, answer.kind, answer.message));
    }
    return {};
  }
  // Until it is done, or time is up.
  ErrorOr<SyncPhase> run(std::uint64_t seconds = 120) {
    for (std::uint64_t tick = 0; tick < seconds * 10; ++tick) {
      if (on_tick_) on_tick_();
      TRY_VOID(sync_->poll());
      while (!net_.letters.empty()) TRY_VOID(deliver());
      if (sync_->phase() == SyncPhase::kInstalled || sync_->phase() == SyncPhase::kGivenUp) break;
      chain_->clock.advance(100);
    }
    return sync_->phase();
  }
  void expect_state_at(std::uint64_t height) {
    EXPECT_EQ(joiner_->app->info().height, height);
    EXPECT_EQ(joiner_->app->info().block, block_id(chain_->headers[height - 1]));
    EXPECT_EQ(joiner_->app->info().time_ms, chain_->headers[height - 1].time_ms);
    EXPECT_EQ(joiner_->app->info().app_hash, chain_->headers[height].app_hash);
    EXPECT_EQ(joiner_->store->meta()->height, height);
  }
  static bool is(std::uint8_t kind, wire::Kind wanted) {
    return kind == static_cast<std::uint8_t>(wanted);
  }
  bool is_banned(std::uint64_t number) {
    const auto& reports = net_.reports[node_number(number)];
    return std::count(reports.begin(), reports.end(), Offence::kBroken) > 0;
  }

  std::unique_ptr<MadeChain> chain_ = std::make_unique<MadeChain>(5);
  FaultEnv disk_;
  FaultKv state_db_;
  PostBox net_{node_number(0)};
  std::map<NodeId, Peer> peers_;
  std::optional<TrustedBlock> trusted_;
  SyncProgress progress_;
  std::string log_;
  std::function<void()> on_tick_;
  std::unique_ptr<SyncBench> joiner_;
  std::unique_ptr<SnapshotSync> sync_;
};

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
