// A node that joins by a snapshot, and the peers that serve it.
#pragma once

#include "consensus/engine/snapshot_sync.h"
#include "tests/support/sync_world.h"

namespace fog::testing {

// The node, its disk outliving it, and the peers that answer it.
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

}  // namespace fog::testing
