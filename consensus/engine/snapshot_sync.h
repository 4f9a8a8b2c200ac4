// SnapshotSync: how a node without blocks takes over a state instead of all blocks before it.
//
//   epochs     the ends of all epochs from the genesis, or from a trusted block: each verified with
//              the set that the one before names
//   offers     which peers have which snapshots; the newest whose root a verified header names
//   chunks     from all who have it at once, each verified on its own: a peer whose chunk does not
//              verify is banned, and the others go on
//   installed  the application stands at the snapshot's height; who drives this moves the log there
//              and then tells (SyncProgress)
//
// The peers may all lie: what they can do is to give nothing. Driven by events like the replica, on
// its thread.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <set>

#include "chain/base/clock.h"
#include "consensus/engine/application.h"
#include "consensus/engine/trust.h"
#include "consensus/engine/wire_snapshot.h"

namespace fog {

// How far it is; any thread may read.
struct SyncProgress {
  std::atomic<SyncPhase> phase{SyncPhase::kNone};
  std::atomic<std::uint64_t> epochs{0};  // whose ends are verified
  std::atomic<std::uint64_t> height{0};  // of the snapshot
  std::atomic<std::uint64_t> chunks{0};  // that are here
  std::atomic<std::uint64_t> chunks_total{0};
};

struct SnapshotSyncParts {
  ChainId chain_id;
  Application* app = nullptr;
  EpochStore* epochs = nullptr;
  Network* net = nullptr;
  Clock* clock = nullptr;
  SyncProgress* progress = nullptr;
  std::function<void(std::string_view)> log = [](std::string_view) {};
};

struct SnapshotSyncOptions {
  std::uint64_t epoch_length = 0;
  ValidatorSet genesis_set;
  std::uint64_t trusting_period_ms = 0;
  // The end of an epoch, to start from instead of the genesis.
  std::optional<TrustedBlock> trusted;
  // How long to wait for a snapshot before giving up, while there are peers.
  std::uint64_t patience_ms = 20'000;
};

class SnapshotSync {
 public:
  // `trusted` must be the height of an epoch's end: kInvalidInput otherwise.
  static ErrorOr<std::unique_ptr<SnapshotSync>> make(SnapshotSyncParts parts,
                                                     SnapshotSyncOptions options);

  static bool handles(std::uint8_t kind);
  void on_up(const NodeId& peer);
  void on_down(const NodeId& peer);
  void on_status(const NodeId& peer, const wire::Status& status);
  ErrorOr<void> on_message(const NodeId& from, std::uint8_t kind, ByteView message);
  // Asks for what is wanted next. An error means that the node cannot go on: no peer has the
  // trusted block, or it is too old; a disk failed.
  ErrorOr<void> poll();
  // When poll() has something to do without an event (monotonic).
  std::optional<std::uint64_t> next_ns() const;

  SyncPhase phase() const { return phase_; }

 private:
  // While somebody is left to be asked, patience lasts so many times as long: one after another may
  // not answer.
  static constexpr std::uint64_t kAskingPatience = 4;

  struct Peer {
    std::uint64_t height = 0;                     // that it claims
    std::optional<std::uint64_t> no_epochs_from;  // answered that it has none from there
    bool has_other_trusted = false;               // has another block where the trusted one stands
    bool was_asked = false;                       // for its snapshots
    std::optional<std::vector<SnapshotInfo>> snapshots;
    bool has_no_chunk = false;  // of the chosen snapshot
    std::uint64_t not_before_ns = 0;
    std::uint64_t failures = 0;
  };
  struct Asked {
    NodeId peer;
    std::uint64_t deadline_ns = 0;
  };

  SnapshotSync(SnapshotSyncParts parts, SnapshotSyncOptions options);
  ErrorOr<void> load_known();
  bool owes(const NodeId& id, wire::Kind kind) const;
  template <class M>
  ErrorOr<void> receive(const NodeId& from, ByteView message);
  ErrorOr<void> on(const NodeId& from, wire::Epochs&& message);
  ErrorOr<void> on(const NodeId& from, wire::Snapshots&& message);
  ErrorOr<void> on(const NodeId& from, wire::Chunk&& message);

  // Whether the end is taken; epoch_ is the one after then.
  ErrorOr<bool> take_end(const NodeId& from, const EpochEnd& end);
  void move_past(const EpochEnd& end);
  ErrorOr<void> poll_epochs(std::uint64_t now);
  bool ask_for_epochs(std::uint64_t now);
  ErrorOr<void> poll_offers(std::uint64_t now);
  const SnapshotInfo* best_offer() const;
  ErrorOr<void> poll_chunks(std::uint64_t now);
  ErrorOr<void> install();
  bool has_chosen(const Peer& peer) const;
  // From the epochs on: the network goes on, and snapshots go with time.
  void begin_anew();
  void forget_chunks_of(const NodeId& id);
  void slow(const NodeId& id, const char* what, std::uint64_t now);
  void broken(const NodeId& id, const std::string& why);
  bool has_waited(std::uint64_t now, std::uint64_t ms) const;
  void set_phase(SyncPhase phase);

  const SnapshotSyncParts parts_;
  const SnapshotSyncOptions options_;
  SyncPhase phase_ = SyncPhase::kEpochs;
  std::map<NodeId, Peer> peers_;

  // Of the epoch whose end is wanted next. No set: the trusted block is to come first.
  std::uint64_t epoch_ = 0;
  std::optional<ValidatorSet> set_;
  std::optional<Asked> asked_epochs_;
  std::map<std::uint64_t, EpochEnd> ends_;  // the newest, by height

  std::uint64_t offers_since_ns_ = 0;
  // When the last thing came that helps; the first peer, at the beginning.
  std::optional<std::uint64_t> waiting_since_ns_;
  std::uint64_t next_poll_ns_ = 0;
  std::optional<SnapshotInfo> chosen_;
  std::set<std::uint32_t> missing_;
  std::map<std::uint32_t, Asked> asked_chunks_;
};

}  // namespace fog
