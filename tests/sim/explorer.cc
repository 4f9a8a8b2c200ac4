#include "tests/sim/explorer.h"

#include <algorithm>

#include "chain/crypto/hash.h"
#include "tests/sim/core_world.h"

namespace fog::sim {

// 128-bit fingerprints of the states seen: with 10^8 states two share one with probability 10^-23.
struct Explorer::Visited {
  using Key = std::pair<std::uint64_t, std::uint64_t>;
  std::vector<Key> slots{std::size_t{1} << 16};
  std::size_t used = 0;

  static std::uint64_t mix(std::uint64_t a, std::uint64_t b) {
    const u128 product = static_cast<u128>(a ^ 0x9E3779B97F4A7C15U) * (b ^ 0xD1B54A32D192ED03U);
    return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
  }
  static Key key_of(const State& state) {
    Key key{0x243F6A8885A308D3U, 0x13198A2E03707344U};
    const auto add = [&](std::uint64_t word) {
      key.first = mix(key.first + 0xA4093822299F31D0U, word);
      key.second = mix(key.second ^ 0x082EFA98EC4E6C89U, word + key.first);
    };
    for (const LocalId local : state.locals) add(local);
    const VoteSet low(~std::uint64_t{0});
    for (const VoteSet& said : state.said) {
      for (std::size_t shift = 0; shift < kVotesMax; shift += 64)
        add((said >> shift & low).to_ullong());
    }
    add(state.restarts << 8 | state.decided);
    if (key == Key{}) key.first = 1;
    return key;
  }
  bool insert(const Key& key) {
    if (2 * used >= slots.size()) grow();
    if (!place(slots, key)) return false;
    ++used;
    return true;
  }

 private:
  static bool place(std::vector<Key>& table, const Key& key) {
    for (std::size_t at = key.first % table.size();; at = (at + 1) % table.size()) {
      if (table[at] == key) return false;
      if (table[at] != Key{}) continue;
      table[at] = key;
      return true;
    }
  }
  void grow() {
    std::vector<Key> larger(slots.size() * 2);
    for (const Key& key : slots) {
      if (key != Key{}) place(larger, key);
    }
    slots.swap(larger);
  }
};

Explorer::Explorer(ExplorerOptions options)
    : options_(std::move(options)), visited_(std::make_unique<Visited>()) {
  set_ = made_up_set({1, 1, 1, 1});
  seed_ = seed_with_leaders(set_, 1, options_.leaders);
  for (std::uint64_t view = 1; view <= options_.views; ++view)
    leaders_.push_back(leader_of(set_, seed_, 1, base() + view));
  genesis_ = BlockRef{sha256(as_bytes("where the epoch starts")), {}, 0};
  blocks_.emplace(genesis_.id, genesis_);
  // The votes of the liar about nothing.
  for (std::uint64_t view = 1; view <= options_.views; ++view)
    id_of(Vote{1, base() + view, VoteKind::kNullify, 0, {}});
}

Explorer::~Explorer() = default;

SimplexConfig Explorer::config(std::size_t member) const {
  SimplexConfig config;
  config.epoch = 1;
  config.set = set_;
  config.leader_seed = seed_;
  config.own_index = static_cast<std::uint8_t>(member);
  config.last_height = 1'000;
  config.floor = genesis_;
  config.floor_view = base();
  config.delay_ms = 1;
  return config;
}

Explorer::VoteId Explorer::id_of(const Vote& vote) {
  const auto [place, is_new] =
      vote_ids_.emplace(bcs_encode(vote), static_cast<VoteId>(votes_.size()));
  if (is_new) {
    CHECK(votes_.size() < kVotesMax);
    votes_.push_back(vote);
  }
  return place->second;
}

Explorer::LocalId Explorer::intern(std::size_t member, Local&& local) {
  const std::size_t table = table_of(member);
  const auto [place, is_new] = local_ids_[table].emplace(
      local.core.state_bytes(options_.full), static_cast<LocalId>(locals_[table].size()));
  if (is_new) locals_[table].push_back(std::make_unique<Local>(std::move(local)));
  return place->second;
}

// Validators that lead no view behave alike, so they share a table, and it does not matter which of
// them is where.
std::size_t Explorer::table_of(std::size_t member) const {
  if (options_.full) return member;
  const auto leads = [&](std::size_t one) {
    return std::find(leaders_.begin(), leaders_.end(), one) != leaders_.end();
  };
  if (leads(member)) return member;
  for (std::size_t other = 0;; ++other) {
    if (!leads(other)) return other;
  }
}

void Explorer::sort_followers(State& state) const {
  const auto less = [&](std::size_t a, std::size_t b) {
    if (state.locals[a] != state.locals[b]) return state.locals[a] < state.locals[b];
    return state.said[a].to_string() < state.said[b].to_string();
  };
  for (std::size_t a = 0; a < kHonest; ++a) {
    for (std::size_t b = a + 1; b < kHonest; ++b) {
      if (table_of(a) != table_of(b) || !less(b, a)) continue;
      std::swap(state.locals[a], state.locals[b]);
      std::swap(state.said[a], state.said[b]);
    }
  }
}

// ---- what can happen ----

bool Explorer::can_be_certified(const State& state, VoteId vote) const {
  std::uint64_t stake = 1;  // the liar says anything
  for (const VoteSet& said : state.said) stake += said[vote] ? 1U : 0U;
  return quorum(stake, 4);
}

bool Explorer::can_be_nullified(const State& state, std::uint64_t view) const {
  // In the order of the constructor.
  return can_be_certified(state, static_cast<VoteId>(view - base() - 1));
}

void Explorer::certificate_moves(const State& state, std::size_t member, std::vector<Move>& out) {
  const Simplex& core = locals_[table_of(member)][state.locals[member]]->core;
  for (VoteId vote = 0; vote < votes_.size(); ++vote) {
    if (!can_be_certified(state, vote)) continue;
    Certificate certificate;
    certificate.vote = votes_[vote];
    if (core.wants(certificate))
      out.push_back({static_cast<std::uint8_t>(member), Kind::kCertificate, 0, vote});
  }
}

// Proposals of the current view, once what they stand on can be shown: told earlier, a validator
// keeps them until then.
void Explorer::proposal_moves(const State& state, std::size_t member, std::vector<Move>& out) {
  const Simplex& core = locals_[table_of(member)][state.locals[member]]->core;
  const std::uint64_t view = core.view();
  const std::size_t leader = leaders_[view - base() - 1];
  const auto add = [&](Kind kind, VoteId vote) {
    out.push_back(
        {static_cast<std::uint8_t>(member), kind, static_cast<std::uint8_t>(leader), vote});
  };
  const auto told = core.proposal(view);
  if (leader != kLiar) {
    if (leader == member || told) return;
    for (VoteId vote = 0; vote < votes_.size(); ++vote) {
      if (state.said[leader][vote] && votes_[vote].view == view &&
          votes_[vote].kind == VoteKind::kNotarize)
        add(Kind::kProposal, vote);
    }
    return;
  }
  // Two blocks on everything that can be notarized below.
  for_each_head(state, view, [&](VoteId head) {
    const BlockRef parent = head_block(head);
    for (std::uint8_t variant = 0; variant < 2; ++variant) {
      const BlockRef block = made_up_block(view, parent, variant);
      blocks_.emplace(block.id, block);
      const VoteId vote = id_of(Vote{1, view, VoteKind::kNotarize, head_view(head), block.id});
      if (!told) {
        add(Kind::kProposal, vote);
      } else if (told->id != block.id) {
        add(Kind::kVote, vote);  // shows that the leader has said two things
      }
    }
  });
}

BlockRef Explorer::head_block(VoteId head) const {
  return head == kStart ? genesis_ : blocks_.at(votes_[head].block);
}

std::uint64_t Explorer::head_view(VoteId head) const {
  return head == kStart ? base() : votes_[head].view;
}

void Explorer::for_each_head(const State& state, std::uint64_t view,
                             const std::function<void(VoteId head)>& use) {
  const auto skipped = [&](VoteId head) {
    for (std::uint64_t between = head_view(head) + 1; between < view; ++between) {
      if (!can_be_nullified(state, between)) return false;
    }
    return true;
  };
  if (skipped(kStart)) use(kStart);
  const std::size_t known = votes_.size();
  for (VoteId vote = 0; vote < known; ++vote) {
    if (votes_[vote].kind == VoteKind::kNotarize && votes_[vote].view < view &&
        can_be_certified(state, vote) && skipped(vote))
      use(vote);
  }
}

// The certificates that a proposal of the core's view on this head needs.
void Explorer::show(const Simplex& core, VoteId head, std::deque<Input>& inputs) const {
  const auto tell = [&](const Vote& vote) {
    Certificate certificate = made_up_certificate(vote, {0, 1, 3});
    if (core.wants(certificate)) inputs.push_back(CertificateInput{std::move(certificate)});
  };
  if (head != kStart) tell(votes_[head]);
  for (std::uint64_t between = head_view(head) + 1; between < core.view(); ++between)
    tell(Vote{1, between, VoteKind::kNullify, 0, {}});
}

void Explorer::vote_moves(const State& state, std::size_t member, std::vector<Move>& out) {
  const Simplex& core = locals_[table_of(member)][state.locals[member]]->core;
  for (VoteId vote = 0; vote < votes_.size(); ++vote) {
    bool said = votes_[vote].kind == VoteKind::kNullify;
    for (std::size_t from = 0; from < kHonest; ++from) {
      said = said || state.said[from][vote];
      if (from == member || !state.said[from][vote]) continue;
      if (core.wants(votes_[vote], static_cast<std::uint8_t>(from)))
        out.push_back({static_cast<std::uint8_t>(member), Kind::kVote,
                       static_cast<std::uint8_t>(from), vote});
    }
    if (said && core.wants(votes_[vote], kLiar))
      out.push_back({static_cast<std::uint8_t>(member), Kind::kVote, kLiar, vote});
  }
}

void Explorer::full_moves(const State& state, std::size_t member, std::vector<Move>& out) {
  const Simplex& core = locals_[table_of(member)][state.locals[member]]->core;
  const auto own = static_cast<std::uint8_t>(member);
  proposal_moves(state, member, out);
  certificate_moves(state, member, out);
  if (options_.single_votes) vote_moves(state, member, out);
  if (core.leads(core.view())) out.push_back({own, Kind::kWork, 0, 0});
  out.push_back({own, Kind::kTimer, 0, 0});
}

bool Explorer::has_notarized(const State& state, std::size_t member, std::uint64_t view) const {
  for (VoteId vote = 0; vote < votes_.size(); ++vote) {
    if (state.said[member][vote] && votes_[vote].view == view &&
        votes_[vote].kind == VoteKind::kNotarize)
      return true;
  }
  return false;
}

void Explorer::work_moves(const State& state, std::size_t member, std::vector<Move>& out) {
  const Simplex& core = locals_[table_of(member)][state.locals[member]]->core;
  for_each_head(state, core.view(), [&](VoteId head) {
    out.push_back({static_cast<std::uint8_t>(member), Kind::kWork, 0, head});
  });
}

std::uint64_t Explorer::view_of(const State& state, std::size_t member) const {
  return locals_[table_of(member)][state.locals[member]]->core.view();
}

std::uint64_t Explorer::lowest_view(const State& state) const {
  return std::min({view_of(state, 0), view_of(state, 1), view_of(state, 2)});
}

// Less than all, and still whatever can go wrong: README.md says why. In each view all vote for a
// proposal, then timers fire or do not, then all leave it.
void Explorer::reduced_moves(const State& state, std::vector<Move>& out) {
  const std::uint64_t view = lowest_view(state);
  if (view > base() + options_.views) return;
  const std::size_t leader = leaders_[view - base() - 1];
  const auto is_here = [&](std::size_t member) { return view_of(state, member) == view; };
  if (leader != kLiar && is_here(leader) && !has_notarized(state, leader, view))
    work_moves(state, leader, out);
  for (std::size_t member = 0; member < kHonest && out.empty(); ++member) {
    if (member != leader && is_here(member) && !has_notarized(state, member, view))
      proposal_moves(state, member, out);
  }
  if (!out.empty()) return;
  const auto nullify = static_cast<VoteId>(view - base() - 1);
  if (state.decided < kHonest) {
    const auto next = static_cast<std::uint8_t>(state.decided);
    if (is_here(next) && !state.said[next][nullify]) out.push_back({next, Kind::kTimer, 0, 0});
    out.push_back({next, Kind::kPass, 0, 0});
    return;
  }
  std::size_t member = 0;
  while (!is_here(member)) ++member;
  for (VoteId vote = 0; vote < votes_.size(); ++vote) {
    if (votes_[vote].view != view || votes_[vote].kind == VoteKind::kFinalize ||
        (vote == nullify && !state.said[member][nullify]) || !can_be_certified(state, vote))
      continue;
    out.push_back({static_cast<std::uint8_t>(member), Kind::kCertificate, 0, vote});
  }
}

std::vector<Explorer::Move> Explorer::moves(const State& state) {
  std::vector<Move> out;
  if (!options_.full) reduced_moves(state, out);
  for (std::size_t member = 0; member < kHonest; ++member) {
    if (view_of(state, member) > base() + options_.views) continue;
    if (options_.full) full_moves(state, member, out);
    if (state.restarts < options_.restarts)
      out.push_back({static_cast<std::uint8_t>(member), Kind::kRestart, 0, 0});
  }
  return out;
}

// ---- all of it ----

ExplorerReport Explorer::run() {
  struct Frame {
    State state;
    std::vector<Move> moves;
    std::size_t next = 0;
  };
  ExplorerReport report;
  State first;
  for (std::size_t member = 0; member < kHonest; ++member) {
    Local local{Simplex(config(member)), {}};
    local.core.start();
    first.locals[member] = intern(member, std::move(local));
  }
  std::vector<Frame> path;
  const auto enter = [&](const State& state) {
    if (!visited_->insert(Visited::key_of(state))) return;
    ++report.states;
    if (const auto sentence = wrong(state)) {
      for (const Frame& frame : path)
        report.violation.push_back(describe(frame.moves[frame.next - 1]));
      report.violation.push_back(*sentence);
      return;
    }
    path.push_back({state, moves(state), 0});
  };
  enter(first);
  while (!path.empty() && report.violation.empty()) {
    if (report.states >= options_.states_max) {
      report.complete = false;
      break;
    }
    Frame& frame = path.back();
    if (frame.next == frame.moves.size()) {
      path.pop_back();
      continue;
    }
    const Move move = frame.moves[frame.next++];
    ++report.steps;
    const Outcome& outcome = take(frame.state, move);
    State state = frame.state;
    const std::uint64_t lowest = lowest_view(state);
    state.locals[move.member] = outcome.local;
    for (const VoteId vote : outcome.votes) state.said[move.member].set(vote);
    if (move.kind == Kind::kRestart) ++state.restarts;
    if (!options_.full) {
      if (move.kind == Kind::kTimer || move.kind == Kind::kPass) ++state.decided;
      if (lowest_view(state) != lowest) state.decided = 0;
      if (state.decided == 0) sort_followers(state);
    }
    enter(state);
  }
  for (const auto& locals : locals_) report.local_states += locals.size();
  return report;
}

}  // namespace fog::sim
