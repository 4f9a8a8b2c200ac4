// Simplex: the consensus of one epoch, as a pure function of what comes in. No clock, no socket, no
// disk, no randomness: the same inputs give the same effects, in a validator, in the simulator and
// under exhaustive exploration.
//
// After Chan and Pass, "Simplex Consensus" (eprint 2023/463), section 3.1, with these readings:
//   - iteration h is view v; votes weigh by stake; a quorum is more than two thirds of it
//   - the leader proposes on the newest notarized block it holds, every view between nullified
//   - vote notarize (3.1, "vote for the proposal") at most once a view, ever
//   - on the timer, or an invalid proposal: vote nullify (the paper's vote for the dummy block)
//   - on a notarization: pass it on, enter the next view, and vote finalize unless the timer has
//     fired for this validator in that view or its leader is known to equivocate
//   - any certificate of view w >= v ends v: validators that lag behind catch up at once
// and these additions, none of which touches what may be voted:
//   - timers start when there is something to do, so that an idle network does not vote its honest
//     leaders down
//   - a leader that let a view pass and has not been heard since gets no time; one that may have
//   been
//     taken for that gives up its next view at once, which makes it heard
//   - a leader's own nullify vote, without a proposal, ends the wait for it
//
// Views count up from epoch_view(epoch), which stands for the block that the epoch starts from, the
// last of the epoch before. After the epoch's last block, leaders propose that block again (its own
// id as parent) until it is final.
//
// One owner; copyable, which is how the explorer branches.
#pragma once

#include <map>
#include <set>

#include "consensus/core/vote_keeper.h"

namespace fog {

// Votes for views further ahead are not kept; certificates are, and bring a node there.
constexpr std::uint64_t kViewsAhead = 32;
// Proposals, which hold whole blocks, not so far; later ones are fetched when they are notarized.
constexpr std::uint64_t kProposalsAhead = 4;

struct SimplexConfig {
  std::uint64_t epoch = 0;
  ValidatorSet set;
  Hash32 leader_seed;
  std::optional<std::uint8_t> own_index;  // nothing: follows without a vote
  std::uint64_t last_height = 0;          // of the epoch
  // The last final block, and the view of its proposal; epoch_view(epoch) at the
  // epoch's start.
  BlockRef floor;
  std::uint64_t floor_view = 0;
  // What the signer has voted beyond the journal: no notarize or finalize vote up to that view, and
  // no nullify vote below it.
  std::uint64_t signed_view = 0;
  std::uint64_t delay_ms = 0;  // D: what a message takes, and a margin
};

class Simplex {
 public:
  explicit Simplex(SimplexConfig config);

  // ---- after a restart, before start(): what the journal holds above the floor, in its order ----
  void restore_proposal(std::uint64_t view, const BlockRef& block);
  void restore_vote(const Vote& own);
  void restore_certificate(const Certificate& certificate);

  // Enters the first view; own votes that were restored are cast again.
  Effects start();
  Effects step(const Input& input);

  // ---- what others ask ----
  std::uint64_t view() const { return view_; }
  std::uint64_t floor_view() const { return floor_view_; }
  const BlockRef& floor() const { return floor_; }
  bool epoch_is_over() const { return floor_.height == config_.last_height; }
  std::size_t leader(std::uint64_t view) const;
  bool leads(std::uint64_t view) const;
  // The certificates of views from..to, and the last finalization when it covers any of them.
  std::vector<Certificate> certificates(std::uint64_t from, std::uint64_t to,
                                        std::size_t max) const;
  // Whether a vote could change anything, so that its signature is worth checking.
  bool wants(const Vote& vote, std::uint8_t index) const;
  bool wants(const Certificate& certificate) const;
  // What a block proposed in this view would stand on, as far as it is known here.
  BlockId head() const;
  // The leader's proposal of a view, if it was seen.
  std::optional<BlockRef> proposal(std::uint64_t view) const;
  // A quorum's notarization of the block, in the view in which it stands.
  const Certificate* notarization(std::uint64_t view) const;
  const SimplexConfig& config() const { return config_; }
  // What later steps depend on, in a canonical order; less what only spares repeated requests.
  // `with_votes`: single votes too.
  Bytes state_bytes(bool with_votes) const;

 private:
  enum class Check : std::uint8_t { kNone, kPending, kValid, kInvalid };
  struct View {
    VoteKeeper votes;
    std::optional<Certificate> notarization, nullification, finalization;
    // The leader's first proposal whose block is at hand.
    std::optional<SignedVote> proposal;
    Check check = Check::kNone;
    bool leader_equivocated = false;
    // Own votes, from the moment that they are journalled.
    std::optional<Vote> notarized;
    bool nullified = false;
    bool finalized = false;
  };
  struct Head {
    std::uint64_t view = 0;
    BlockId block;
  };

  // Inputs.
  void on(const ProposalInput& input);
  void on(const VoteInput& input);
  void on(const CertificateInput& input);
  void on(const BlockInput& input);
  void on(const VerifiedInput& input);
  void on(const BuiltInput& input);
  void on(const WorkInput& input);
  void on(const TimerInput& input);
  void on(const FloorInput& input);

  // The story of a view.
  void enter(std::uint64_t view);
  void want_final(const Head& head);
  void want_block(bool be_it_empty);
  void start_timers();
  void try_propose();
  void try_vote();
  void vote_notarize(std::uint64_t view, const Vote& vote, bool as_leader);
  void vote_nullify(std::uint64_t view);
  void vote_finalize(const Certificate& notarization);
  void take_certificate(const Certificate& certificate, bool formed_here);
  void end_view(const Certificate& certificate);
  void try_finalize();
  void settle(BlockRef block, const Certificate& certificate);
  void take_block(const BlockRef& block);
  void leave_behind(const BlockId& block);
  void retry();
  void look_again();

  // What is known.
  bool is_open(std::uint64_t view) const;
  bool has_certificate(const Vote& vote) const;
  // The block that stands in a view: notarized there, or the floor.
  std::optional<BlockId> notarized_in(std::uint64_t view) const;
  // The newest notarized block below the view; nothing while a nullification between is missing.
  std::optional<Head> head_below(std::uint64_t view) const;
  // Of the block and what it stands on above the floor, the highest that is not at hand.
  std::optional<BlockId> missing_below(BlockId block) const;
  bool skipped(std::uint64_t from, std::uint64_t to) const;  // every view between is nullified
  // Whether it made no proposal when it led, and nothing was heard of it since: it gets no time.
  bool is_silent(std::size_t validator) const;
  // The last view that this validator has led since a certificate showed that it is heard: others
  // may think it silent, and a proposal would come too late. It gives up one view then, and its
  // nullify vote is the sign of life.
  std::optional<std::uint64_t> led_unheard() const;
  void note_missed(std::uint64_t view);
  void note_signers(const Certificate& certificate, bool formed_here);
  bool has_unfinal_block() const;
  std::uint64_t delay(std::uint64_t units) const;  // units of D, with back-off
  std::uint64_t retry_ms() const { return 2 * config_.delay_ms; }
  View* find(std::uint64_t view);
  const View* find(std::uint64_t view) const;
  void fetch_certificates(std::uint64_t view, std::uint64_t from, std::uint64_t to);
  void fetch_block(const BlockId& block);
  void fetch_head();
  void set_fetch_timer();
  void forget_fetches();

  SimplexConfig config_;
  u128 total_stake_ = 0;
  std::map<std::uint64_t, View> views_;  // above the floor's
  std::map<BlockId, BlockRef> blocks_;   // at hand, above the floor
  BlockRef floor_;
  std::uint64_t floor_view_ = 0;
  std::optional<Certificate> finalization_;          // of the floor
  std::optional<Certificate> finalization_pending_;  // newer, but a block below is missing

  std::uint64_t view_ = 0;
  std::uint64_t nullified_in_a_row_ = 0;
  std::map<std::uint8_t, std::uint64_t> last_heard_;  // validator -> view
  std::map<std::uint8_t, std::uint64_t>
      missed_;                      // validator -> view that it led and did not propose in
  std::uint64_t acknowledged_ = 0;  // the highest view in which others have heard an own vote
  std::uint64_t given_up_ = 0;      // the last view that led_unheard() has cost
  // Of the current view.
  bool timers_started_ = false;
  bool build_wanted_ = false;
  bool empty_wanted_ = false;
  bool proposed_ = false;
  std::optional<Head> building_;  // on this
  std::set<BlockId> fetching_;
  std::pair<std::uint64_t, std::uint64_t> asked_;  // certificates, of these views

  Effects effects_;
};

}  // namespace fog
