// Explorer: every state that the real consensus core can get into, of four validators with one that
// lies, up to a view. README.md says what is left out and why.
#pragma once

#include <bitset>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "consensus/core/simplex.h"

namespace fog::sim {

struct ExplorerOptions {
  std::uint64_t views = 3;
  std::vector<std::size_t> leaders = {3, 0, 3};  // validator 3 is the liar
  bool full = false;                             // without the reductions that README.md argues for
  bool single_votes = false;  // each vote by itself, beside whole certificates; full alone
  std::uint64_t restarts = 0;
  std::uint64_t states_max = 100'000'000;
};

struct ExplorerReport {
  std::uint64_t states = 0;
  std::uint64_t steps = 0;
  std::uint64_t local_states = 0;  // of the three cores
  bool complete = true;
  std::vector<std::string> violation;  // what happened, step by step; empty when all is well
};

class Explorer {
 public:
  explicit Explorer(ExplorerOptions options);
  ~Explorer();
  ExplorerReport run();

 private:
  static constexpr std::size_t kHonest = 3;
  static constexpr std::size_t kLiar = 3;
  static constexpr std::size_t kVotesMax = 256;
  static constexpr std::uint16_t kStart = 0xFFFF;  // in place of a vote: where the epoch starts
  using VoteSet = std::bitset<kVotesMax>;
  using VoteId = std::uint16_t;
  using LocalId = std::uint32_t;

  // What an honest validator can be told.
  enum class Kind : std::uint8_t {
    kTimer,
    kWork,
    kCertificate,
    kProposal,
    kVote,
    kRestart,
    kPass,  // its timer does not fire in this view
  };
  struct Move {
    std::uint8_t member = 0;
    Kind kind = Kind::kTimer;
    std::uint8_t from = 0;
    VoteId vote = 0;
  };
  // An honest validator by itself. What its journal holds follows from its core.
  struct Local {
    Simplex core;
    std::vector<Effect> journal;
  };
  struct Outcome {
    LocalId local = 0;
    std::vector<VoteId> votes;
  };
  // All of it: three validators, and what they have ever said. The network keeps everything for
  // ever and delivers it in any order, again and again or never.
  struct State {
    std::array<LocalId, kHonest> locals{};
    std::array<VoteSet, kHonest> said;
    std::uint64_t restarts = 0;
    std::uint64_t decided = 0;  // reduced: of so many it is known whether their timer fires
  };
  struct Visited;

  VoteId id_of(const Vote& vote);
  LocalId intern(std::size_t member, Local&& local);
  const Outcome& take(const State& state, const Move& move);
  Outcome step(std::size_t member, const Local& from, const Move& move);
  void drive(std::size_t member, Local& local, std::deque<Input>& inputs, Outcome& outcome);
  Local restarted(std::size_t member, const Local& from, Outcome& outcome);
  SimplexConfig config(std::size_t member) const;

  std::vector<Move> moves(const State& state);
  void full_moves(const State& state, std::size_t member, std::vector<Move>& out);
  void reduced_moves(const State& state, std::vector<Move>& out);
  std::uint64_t view_of(const State& state, std::size_t member) const;
  std::uint64_t lowest_view(const State& state) const;
  void work_moves(const State& state, std::size_t member, std::vector<Move>& out);
  // Calls use(vote) with what notarizes each block that a proposal of the view can stand on.
  void for_each_head(const State& state, std::uint64_t view,
                     const std::function<void(VoteId head)>& use);
  void show(const Simplex& core, VoteId head, std::deque<Input>& inputs) const;
  BlockRef head_block(VoteId head) const;
  std::uint64_t head_view(VoteId head) const;
  bool has_notarized(const State& state, std::size_t member, std::uint64_t view) const;
  std::size_t table_of(std::size_t member) const;
  void sort_followers(State& state) const;
  void certificate_moves(const State& state, std::size_t member, std::vector<Move>& out);
  void proposal_moves(const State& state, std::size_t member, std::vector<Move>& out);
  void vote_moves(const State& state, std::size_t member, std::vector<Move>& out);
  // Whether the honest who said so and the liar are a quorum.
  bool can_be_certified(const State& state, VoteId vote) const;
  bool can_be_nullified(const State& state, std::uint64_t view) const;
  bool is_below(const BlockId& ancestor, BlockId block) const;
  std::optional<std::string> wrong(const State& state) const;
  std::string describe(const Move& move) const;
  std::uint64_t base() const { return epoch_view(1); }

  const ExplorerOptions options_;
  ValidatorSet set_;
  Hash32 seed_;
  std::vector<std::size_t> leaders_;  // of views 1..
  BlockRef genesis_;
  std::map<BlockId, BlockRef> blocks_;
  std::vector<Vote> votes_;
  std::map<Bytes, VoteId> vote_ids_;
  std::array<std::vector<std::unique_ptr<Local>>, kHonest> locals_;
  std::array<std::map<Bytes, LocalId>, kHonest> local_ids_;
  std::array<std::unordered_map<std::uint64_t, Outcome>, kHonest> taken_;
  std::unique_ptr<Visited> visited_;
  std::optional<std::string> framed_;
};

}  // namespace fog::sim
