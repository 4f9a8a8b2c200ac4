// CoreWorld: consensus cores that talk over a simulated network, for tests that read as stories.
// Signatures are not made and blocks are only names; time is virtual, a message takes the same time
// each way, and nothing is random. What must never happen is looked for at every step.
//
// A member of `byzantine` has no core: the test says what it sends. A crash loses all but the
// journal as of the last vote.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "consensus/core/simplex.h"

namespace fog::sim {

struct CoreWorldOptions {
  std::vector<std::uint64_t> stakes = {1, 1, 1, 1};
  std::set<std::size_t> byzantine = {};
  std::vector<std::size_t> leaders = {};  // of the epoch's first views; then as drawn
  std::uint64_t epoch = 1;
  std::uint64_t last_height = 1'000;
  std::uint64_t delay_ms = 100;  // D
  std::uint64_t latency_ms = 10;
  std::uint64_t fetch_ms = 0;                           // until a block that was asked for is there
  std::map<std::size_t, std::uint64_t> slower_ms = {};  // what these send takes so much longer
};

// A validator set with made-up keys, and a seed with which these lead an epoch's first views.
ValidatorSet made_up_set(const std::vector<std::uint64_t>& stakes);
Hash32 seed_with_leaders(const ValidatorSet& set, std::uint64_t epoch,
                         const std::vector<std::size_t>& leaders);
// The block that an honest leader makes: it follows from where it stands. Others by `variant`.
BlockRef made_up_block(std::uint64_t view, const BlockRef& parent, std::uint8_t variant = 0);
SignedVote unsigned_vote(const Vote& vote, std::size_t index);
Certificate made_up_certificate(const Vote& vote, const std::vector<std::size_t>& signers);

class CoreWorld {
 public:
  // Whether a message arrives.
  using Filter = std::function<bool(std::size_t from, std::size_t to, const Input& message)>;

  explicit CoreWorld(CoreWorldOptions options);

  // ---- what happens ----
  // There is something to put into blocks up to this height.
  void want_height(std::uint64_t height);
  void set_filter(Filter filter) { filter_ = std::move(filter); }
  void crash(std::size_t member);
  // `signed_view`: what the signer has voted beyond the journal.
  void restart(std::size_t member, std::uint64_t signed_view = 0);
  // Whoever is up gets it, after the latency; or one, at once.
  void send(std::size_t from, const Input& message);
  void hand(std::size_t member, const Input& message);
  void refuse(const BlockId& block) { invalid_.insert(block); }
  void know(const BlockRef& block) { blocks_.emplace(block.id, block); }

  // ---- time ----
  void run(std::uint64_t ms);
  // False when it does not come true within that time.
  bool run_until(const std::function<bool()>& done, std::uint64_t ms_max);
  bool run_to_height(std::uint64_t height, std::uint64_t ms_max);
  std::uint64_t now_ms() const { return now_ms_; }

  // ---- what is seen ----
  const Simplex& core(std::size_t member) const { return *members_[member].core; }
  bool is_up(std::size_t member) const { return members_[member].core.has_value(); }
  std::size_t size() const { return members_.size(); }
  const BlockRef& floor(std::size_t member) const { return members_[member].core->floor(); }
  std::uint64_t first_view() const { return epoch_view(options_.epoch) + 1; }
  BlockRef genesis() const { return genesis_; }
  // Everything that a member has signed, oldest first.
  const std::vector<Vote>& signed_by(std::size_t member) const { return members_[member].votes; }
  bool has_signed(std::size_t member, VoteKind kind, std::uint64_t view) const;
  std::size_t journal_size(std::size_t member) const { return members_[member].journal.size(); }
  const std::vector<Evidence>& evidence() const { return evidence_; }
  // Sentences; none when all is well.
  const std::vector<std::string>& violations() const { return violations_; }
  std::size_t messages_sent() const { return messages_sent_; }

 private:
  using Entry = std::variant<AppendProposal, AppendVote, AppendCertificate>;
  struct Member {
    std::optional<Simplex> core;
    SimplexConfig config;  // as it would restart
    std::vector<Entry> journal;
    std::size_t journal_synced = 0;
    std::vector<Vote> votes;
    std::deque<Input> inputs;
    std::set<BlockId> held;  // blocks at hand
    std::vector<Sign> signs;
    std::array<std::pair<std::uint64_t, std::uint64_t>, kTimerKinds>
        timers;  // due, view; due 0: none
    BlockId parent;
    std::uint64_t life = 0;  // messages on the way die in a crash
  };
  struct Event {
    std::size_t to = 0;
    std::uint64_t life = 0;
    Input input;
  };

  void boot(std::size_t member, std::uint64_t signed_view);
  void turn(std::size_t member);
  void carry_out(std::size_t member, const Effect& effect);
  void cast(std::size_t member, const Sign& sign);
  void look_for_work(std::size_t member);
  void verify(std::size_t member, const Verify& effect);
  void deliver(std::size_t from, std::size_t to, const Input& message, std::uint64_t latency_ms);
  void note_certificate(const Certificate& certificate);
  void note_final(std::size_t member, const Finalized& finalized);
  bool step_to(std::uint64_t until_ms);
  std::uint64_t height_of(const BlockId& block) const { return blocks_.at(block).height; }

  const CoreWorldOptions options_;
  ValidatorSet set_;
  Hash32 seed_;
  BlockRef genesis_;
  std::vector<Member> members_;
  std::map<BlockId, BlockRef> blocks_;
  std::set<BlockId> invalid_;
  std::uint64_t wanted_height_ = 0;
  std::uint64_t now_ms_ = 0;
  std::uint64_t sequence_ = 0;
  std::map<std::pair<std::uint64_t, std::uint64_t>, Event> events_;  // by time, then order
  Filter filter_;
  std::map<std::uint64_t, BlockId> final_;                 // by height
  std::map<std::uint64_t, std::set<VoteKind>> certified_;  // by view
  std::map<std::uint64_t, BlockId> notarized_;             // by view
  std::vector<Evidence> evidence_;
  std::vector<std::string> violations_;
  std::size_t messages_sent_ = 0;
};

}  // namespace fog::sim
