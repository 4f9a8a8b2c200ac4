// Replica: one node's part in the consensus, driven by events and by nothing else: it has no
// thread, no socket and no clock of its own, so the simulator runs the same object as a validator.
//
//   messages, timers, wake ──> core (pure) ──> effects: append, sync, sign, send, build, verify ...
//
// One turn handles an event with all that follows from it. What must be on disk before a vote is
// appended first; one sync serves all votes of a turn; then each is signed, sent and counted here
// as well. Whoever has no signer takes part without a vote; votes that a signer was not there for
// are cast when it is back, as long as they matter.
//
// One thread at a time. An error means that the node cannot go on.
#pragma once

#include <array>
#include <atomic>
#include <deque>
#include <set>

#include "chain/base/clock.h"
#include "chain/net/rate_limit.h"
#include "chain/store/block_log.h"
#include "consensus/core/simplex.h"
#include "consensus/engine/block_shelf.h"
#include "consensus/engine/block_sync.h"
#include "consensus/engine/engine.h"
#include "consensus/engine/open_questions.h"
#include "consensus/engine/signer.h"
#include "consensus/engine/snapshot_sync.h"

namespace fog {

struct ReplicaOptions {
  // Small enough that the fee market's target is not exceeded by transfers alone, and that nobody
  // waits long for his block; the next one follows at once.
  std::size_t block_txs_max = 6'000;
  // With this set, an empty block is made when none was for so long.
  std::optional<std::uint64_t> idle_interval_ms;
  // Go on although the vote record says that blocks were voted final which a log of a chain with
  // one validator has lost.
  bool accept_lost_blocks = false;
  // Blocks without transactions follow each other no faster.
  std::uint64_t due_spacing_ms = 10;
  // D: how long a message may take before its sender is thought to be away.
  std::uint64_t delay_ms = 500;
  // Final blocks that are asked for at once by a node that is behind.
  std::uint32_t sync_blocks_max = wire::kFinalBlocksMax;
  // Without any block: take over a snapshot's state first.
  bool take_snapshot = false;
  // How long to wait for one before syncing all blocks, while there are peers.
  std::uint64_t snapshot_patience_ms = SnapshotSyncOptions().patience_ms;
  // A block that must be in the chain, and how old it may be when it comes.
  std::optional<TrustedBlock> trusted;
  std::uint64_t trusting_period_ms = 0;
  // At an epoch's end older blocks than so many go, by whole files; 0: all stay. Far above what the
  // databases may lag behind the log.
  std::uint64_t keep_blocks = 0;
};

struct ReplicaParts {
  ChainId chain_id;
  Application* app = nullptr;
  BlockLog* log = nullptr;
  const Mempool* pool = nullptr;
  Clock* clock = nullptr;
  Network* net = nullptr;            // null: a node alone
  EpochStore* epochs = nullptr;      // null: keeps no ends of epochs
  SyncProgress* progress = nullptr;  // null: takes no snapshot over
};

// What the core is told of a block.
inline BlockRef ref_of(const BlockId& id, const BlockHeader& header) {
  return {id, header.parent, header.height};
}

class Replica {
 public:
  // `signer`: null in a node that only follows.
  Replica(ReplicaParts parts, std::unique_ptr<Signer> signer, ReplicaOptions options,
          EngineEvents events);
  ~Replica();

  // Goes on from where the log ends. Errors say why this node must not run: damage, votes that the
  // log has lost.
  ErrorOr<void> start();

  ErrorOr<void> on_up(const NodeId& peer);
  void on_down(const NodeId& peer);
  ErrorOr<void> on_message(const NodeId& from, std::uint8_t kind, ByteView message);
  // Whatever is due by now: timers, work. Call at next_ns() or after a transaction is ready.
  ErrorOr<void> poll();
  // When poll() has something to do without a new event (monotonic); nothing when it rests.
  std::optional<std::uint64_t> next_ns();
  // Whether a transaction that is ready would change anything before the next view.
  bool looks_for_work() const { return !told_of_work_; }
  // Before a rest, and before the end: everything final is on disk afterwards.
  ErrorOr<void> flush();

  std::uint64_t height() const { return floor_height_; }
  std::uint64_t view() const { return core_->view(); }
  // Whom a transaction should reach first: who leads this view and the next, as far as it is known
  // where they are. From the thread that drives the replica.
  std::vector<NodeId> next_leaders() const;
  const std::vector<Evidence>& evidence() const { return evidence_; }
  std::uint64_t sync_ns() const { return sync_ns_; }
  std::uint64_t blocks_made() const { return blocks_made_; }
  std::uint64_t votes_signed() const { return votes_signed_; }
  const Simplex& core() const { return *core_; }

 private:
  // A signer that was not there is asked again so often.
  static constexpr std::uint64_t kSignAgainMs = 200;

  struct Timer {
    std::uint64_t view = 0;
    std::uint64_t due_ns = 0;
  };
  struct Later {
    NodeId from;
    std::uint8_t kind = 0;
    Bytes message;
  };
  struct LaterShare {
    std::size_t messages = 0;
    std::size_t bytes = 0;
  };

  // Start.
  ErrorOr<void> start_epoch(std::vector<LogEntry>&& tail);
  ErrorOr<void> restore(std::vector<LogEntry>&& tail);
  ErrorOr<void> check_guard(std::uint64_t view_final, const BlockId& block_final,
                            const std::vector<LogEntry>& tail);

  // Joining by a snapshot.
  ErrorOr<void> begin_join();
  ErrorOr<void> join_message(const NodeId& from, std::uint8_t kind, ByteView message);
  ErrorOr<void> poll_join();
  ErrorOr<void> finish_join();
  ErrorOr<void> end_epoch(std::uint64_t height);
  ErrorOr<void> check_trusted(const BlockId& id, const BlockHeader& header) const;

  // Turns.
  ErrorOr<void> turn(Input input);
  ErrorOr<void> drain();
  ErrorOr<void> take_inputs();
  ErrorOr<void> carry_out(const AppendProposal& effect);
  ErrorOr<void> carry_out(const AppendVote& effect);
  ErrorOr<void> carry_out(const AppendCertificate& effect);
  ErrorOr<void> carry_out(const Sign& effect);
  ErrorOr<void> carry_out(const SendCertificate& effect);
  ErrorOr<void> carry_out(const SendVote& effect);
  ErrorOr<void> carry_out(const SetTimer& effect);
  ErrorOr<void> carry_out(const Build& effect);
  ErrorOr<void> carry_out(const Verify& effect);
  ErrorOr<void> carry_out(const FetchCertificates& effect);
  ErrorOr<void> carry_out(const FetchBlock& effect);
  ErrorOr<void> carry_out(const Entered& effect);
  ErrorOr<void> carry_out(const Finalized& effect);
  ErrorOr<void> carry_out(const Evidence& effect);
  ErrorOr<void> cast_all();
  ErrorOr<bool> cast(const Sign& sign);
  ErrorOr<void> sync();
  ErrorOr<void> look_for_work();
  ErrorOr<void> verify_delayed();
  void tell_leader();
  bool has_all_below(BlockId at) const;
  bool execute(const BlockId& id);
  ErrorOr<void> make_final(const BlockId& id, const Block& block, std::uint64_t view,
                           std::uint64_t parent_view,
                           const std::optional<Certificate>& certificate);
  ErrorOr<void> log_block(std::uint64_t view, std::uint64_t parent_view, const BlockId& id,
                          const Block& block);
  void send_proposal(const SignedVote& notarize);
  void ask(std::uint64_t view, const std::function<void(const NodeId&)>& send);
  // A question whose answer is awaited.
  template <class Question>
  void put(const NodeId& to, const Question& question) {
    questions_.asked(to, Question::kAnswer);
    wire::send(*parts_.net, to, question);
  }

  // Messages.
  ErrorOr<void> on(const NodeId& from, wire::Proposal&& message);
  ErrorOr<void> on(const NodeId& from, wire::VoteMessage&& message);
  ErrorOr<void> on(const NodeId& from, wire::CertificateMessage&& message);
  ErrorOr<void> on(const NodeId& from, wire::GetCertificates&& message);
  ErrorOr<void> on(const NodeId& from, wire::GetBlock&& message);
  ErrorOr<void> on(const NodeId& from, wire::BlockMessage&& message);
  ErrorOr<void> on(const NodeId& from, wire::GetBlockTxs&& message);
  ErrorOr<void> on(const NodeId& from, wire::BlockTxs&& message);
  ErrorOr<void> on(const NodeId& from, wire::Status&& message);
  ErrorOr<void> on(const NodeId& from, wire::FinalBlocks&& message);
  template <class M>
  ErrorOr<void> receive(const NodeId& from, ByteView message);

  // Catching up.
  // Final blocks that follow each other, from a peer, held against their finalization.
  struct Synced {
    std::vector<SharedBlock> blocks;
    std::vector<BlockId> ids;
    Certificate finalization;
    std::uint64_t wait_ns = 0;  // until then, for what follows them
  };
  bool follow_each_other(const std::vector<Block>& blocks, const BlockRef& end,
                         std::vector<BlockId>& ids) const;
  ErrorOr<void> execute_synced();
  ErrorOr<void> execute_next();
  ErrorOr<void> ask_for_blocks();
  ErrorOr<void> meet_gap(std::uint64_t height, std::uint64_t first, std::uint64_t now_ns);
  BlockRef end_at_hand() const;
  std::uint64_t height_at_hand() const { return end_at_hand().height; }
  ErrorOr<void> take_block(const NodeId& from, const BlockId& id, SharedBlock block);
  ErrorOr<void> take_filled(const NodeId& from, const BlockId& id, BlockShelf::Filled&& filled);
  bool check_vote(const SignedVote& vote) const;
  void ask_for_proposal(const NodeId& from, const SignedVote& vote);
  void want_block(const NodeId& from, const BlockId& id);
  void wait_for_block(const SignedVote& proposal);
  bool may_answer(const NodeId& to, std::size_t bytes);
  ErrorOr<void> take_carried(const NodeId& from, const std::optional<Certificate>& certificate);
  ErrorOr<void> replay_later();
  void broken(const NodeId& peer, const std::string& why);
  bool wait_for_epoch(const NodeId& from, std::uint64_t epoch, wire::Kind kind, ByteView message);
  wire::Status status() const;

  const ReplicaParts parts_;
  const std::unique_ptr<Signer> signer_;
  const ReplicaOptions options_;
  const EngineEvents events_;

  // While this is there, the core rests.
  std::unique_ptr<SnapshotSync> joining_;
  std::unique_ptr<Simplex> core_;
  std::deque<Input> inputs_;
  std::vector<Sign> signs_;
  std::deque<Sign> unsigned_;  // the signer was not there
  std::uint64_t sign_again_ns_ = 0;
  std::array<std::optional<Timer>, kTimerKinds> timers_;  // by TimerKind
  bool log_dirty_ = false;
  std::uint64_t floor_height_ = 0;
  std::uint64_t height_synced_ = 0;

  // Of the current view.
  bool told_of_work_ = false;
  bool look_again_ = false;               // something has changed since the last look
  std::optional<std::uint64_t> work_ms_;  // wall clock: when to look again
  std::optional<std::uint64_t> tell_ns_;  // when to tell the leader what there is to do
  std::vector<std::pair<Verify, std::uint64_t>> delayed_;  // until the wall clock gets there

  BlockShelf shelf_;
  std::set<BlockId> logged_;               // in the log, not final
  std::map<BlockId, SignedVote> waiting_;  // proposals whose transactions are being fetched
  std::set<BlockId> wanted_;               // blocks that were asked for
  std::map<std::uint8_t, NodeId> routes_;  // validator -> the peer its last vote came from
  std::set<NodeId> peers_;
  std::size_t rotation_ = 0;
  BlockSync block_sync_;
  OpenQuestions questions_;
  std::map<NodeId, TokenBucket> answers_;  // KiB that a peer may still be answered
  std::deque<Synced> synced_;              // not executed; at most two
  std::deque<Later> later_;                // of the next epoch
  std::map<NodeId, LaterShare> later_of_;
  std::uint64_t progress_height_ = 0;
  std::uint64_t progress_ns_ = 0;
  std::optional<std::uint64_t> gap_told_ns_;
  std::uint64_t status_sent_height_ = 0;
  std::uint64_t status_sent_ns_ = 0;
  std::vector<Evidence> evidence_;
  std::atomic<std::uint64_t> sync_ns_{0};
  std::atomic<std::uint64_t> blocks_made_{0};
  std::atomic<std::uint64_t> votes_signed_{0};
};

}  // namespace fog
