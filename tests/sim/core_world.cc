#include "tests/sim/core_world.h"

#include "chain/crypto/hash.h"

namespace fog::sim {

ValidatorSet made_up_set(const std::vector<std::uint64_t>& stakes) {
  ValidatorSet set;
  for (std::size_t i = 0; i < stakes.size(); ++i) {
    Validator validator;
    validator.key.data[0] = static_cast<std::uint8_t>(i + 1);
    validator.stake = stakes[i];
    set.validators.push_back(validator);
  }
  return set;
}

Hash32 seed_with_leaders(const ValidatorSet& set, std::uint64_t epoch,
                         const std::vector<std::size_t>& leaders) {
  for (std::uint64_t number = 0;; ++number) {
    Bytes bytes;
    append_be64(bytes, number);
    const Hash32 seed = sha256(bytes);
    bool fits = true;
    for (std::size_t i = 0; fits && i < leaders.size(); ++i)
      fits = leader_of(set, seed, epoch, epoch_view(epoch) + 1 + i) == leaders[i];
    if (fits) return seed;
  }
}

BlockRef made_up_block(std::uint64_t view, const BlockRef& parent, std::uint8_t variant) {
  Bytes name;
  append_be64(name, view);
  name.push_back(variant);
  return {sha256({name, parent.id}), parent.id, parent.height + 1};
}

SignedVote unsigned_vote(const Vote& vote, std::size_t index) {
  return {vote, {static_cast<std::uint8_t>(index), {}}};
}

Certificate made_up_certificate(const Vote& vote, const std::vector<std::size_t>& signers) {
  Certificate certificate;
  certificate.vote = vote;
  for (const std::size_t signer : signers)
    certificate.signatures.push_back({static_cast<std::uint8_t>(signer), {}});
  return certificate;
}

CoreWorld::CoreWorld(CoreWorldOptions options) : options_(std::move(options)) {
  set_ = made_up_set(options_.stakes);
  seed_ = seed_with_leaders(set_, options_.epoch, options_.leaders);
  genesis_ = BlockRef{sha256(as_bytes("where the epoch starts")), {}, 0};
  know(genesis_);
  members_.resize(options_.stakes.size());
  for (std::size_t i = 0; i < members_.size(); ++i) {
    SimplexConfig& config = members_[i].config;
    config.epoch = options_.epoch;
    config.set = set_;
    config.leader_seed = seed_;
    config.own_index = static_cast<std::uint8_t>(i);
    config.last_height = options_.last_height;
    config.floor = genesis_;
    config.floor_view = epoch_view(options_.epoch);
    config.delay_ms = options_.delay_ms;
    if (!options_.byzantine.contains(i)) boot(i, 0);
  }
}

// ---- what happens ----

void CoreWorld::want_height(std::uint64_t height) {
  wanted_height_ = std::max(wanted_height_, height);
  for (std::size_t i = 0; i < members_.size(); ++i) {
    if (!is_up(i)) continue;
    look_for_work(i);
    turn(i);
  }
}

void CoreWorld::crash(std::size_t member) {
  Member& m = members_[member];
  m.core.reset();
  m.journal.resize(m.journal_synced);
  m.inputs.clear();
  m.signs.clear();
  m.timers = {};
  ++m.life;
}

void CoreWorld::restart(std::size_t member, std::uint64_t signed_view) {
  CHECK(!is_up(member));
  boot(member, signed_view);
}

void CoreWorld::boot(std::size_t member, std::uint64_t signed_view) {
  Member& m = members_[member];
  SimplexConfig config = m.config;
  config.signed_view = signed_view;
  m.core.emplace(config);
  m.held.clear();
  for (const Entry& entry : m.journal) {
    if (const auto* proposal = std::get_if<AppendProposal>(&entry)) {
      m.held.insert(proposal->block);
      m.core->restore_proposal(proposal->view, blocks_.at(proposal->block));
    } else if (const auto* vote = std::get_if<AppendVote>(&entry)) {
      m.core->restore_vote(vote->vote);
    } else if (const auto* certificate = std::get_if<AppendCertificate>(&entry)) {
      m.core->restore_certificate(certificate->certificate);
    }
  }
  for (const Effect& effect : m.core->start()) carry_out(member, effect);
  turn(member);
}

void CoreWorld::send(std::size_t from, const Input& message) {
  for (std::size_t to = 0; to < members_.size(); ++to) {
    if (to != from) deliver(from, to, message, options_.latency_ms);
  }
}

void CoreWorld::hand(std::size_t member, const Input& message) {
  members_[member].inputs.push_back(message);
  turn(member);
}

void CoreWorld::deliver(std::size_t from, std::size_t to, const Input& message,
                        std::uint64_t latency_ms) {
  if (!is_up(to) || (filter_ && !filter_(from, to, message))) return;
  ++messages_sent_;
  if (const auto slower = options_.slower_ms.find(from); slower != options_.slower_ms.end())
    latency_ms += slower->second;
  events_.emplace(std::pair(now_ms_ + latency_ms, ++sequence_),
                  Event{to, members_[to].life, message});
}

// ---- time ----

bool CoreWorld::step_to(std::uint64_t until_ms) {
  std::uint64_t next = until_ms + 1;
  if (!events_.empty()) next = std::min(next, events_.begin()->first.first);
  std::optional<std::pair<std::size_t, std::size_t>> timer;
  for (std::size_t i = 0; i < members_.size(); ++i) {
    for (std::size_t kind = 0; kind < kTimerKinds; ++kind) {
      const std::uint64_t due = members_[i].timers[kind].first;
      if (due == 0 || due >= next) continue;
      next = due;
      timer = {i, kind};
    }
  }
  if (next > until_ms) {
    now_ms_ = until_ms;
    return false;
  }
  now_ms_ = next;
  if (timer) {
    auto& place = members_[timer->first].timers[timer->second];
    const std::uint64_t view = place.second;
    place = {};
    hand(timer->first, TimerInput{static_cast<TimerKind>(timer->second), view});
    return true;
  }
  const Event event = std::move(events_.begin()->second);
  events_.erase(events_.begin());
  if (is_up(event.to) && members_[event.to].life == event.life) hand(event.to, event.input);
  return true;
}

void CoreWorld::run(std::uint64_t ms) {
  const std::uint64_t until = now_ms_ + ms;
  while (step_to(until)) {
  }
}

bool CoreWorld::run_until(const std::function<bool()>& done, std::uint64_t ms_max) {
  const std::uint64_t until = now_ms_ + ms_max;
  while (!done()) {
    if (!step_to(until)) return done();
  }
  return true;
}

bool CoreWorld::run_to_height(std::uint64_t height, std::uint64_t ms_max) {
  want_height(height);
  return run_until(
      [&] {
        for (const Member& member : members_) {
          if (member.core && member.core->floor().height < height) return false;
        }
        return true;
      },
      ms_max);
}

// ---- effects ----

void CoreWorld::turn(std::size_t member) {
  Member& m = members_[member];
  while (!m.inputs.empty() || !m.signs.empty()) {
    while (!m.inputs.empty()) {
      const Input input = m.inputs.front();
      m.inputs.pop_front();
      if (const auto* proposal = std::get_if<ProposalInput>(&input))
        m.held.insert(proposal->block.id);
      if (const auto* block = std::get_if<BlockInput>(&input)) m.held.insert(block->block.id);
      for (const Effect& effect : m.core->step(input)) carry_out(member, effect);
    }
    if (!m.signs.empty()) m.journal_synced = m.journal.size();
    for (const Sign& sign : std::exchange(m.signs, {})) cast(member, sign);
  }
}

void CoreWorld::cast(std::size_t member, const Sign& sign) {
  Member& m = members_[member];
  for (const Vote& before : m.votes) {
    if (is_equivocation(before, sign.vote))
      violations_.push_back("member " + std::to_string(member) + " votes against itself in view " +
                            std::to_string(sign.vote.view));
  }
  m.votes.push_back(sign.vote);
  const SignedVote vote = unsigned_vote(sign.vote, member);
  if (sign.proposal) {
    send(member, ProposalInput{vote, blocks_.at(sign.vote.block)});
  } else {
    send(member, VoteInput{vote});
  }
  m.inputs.push_back(VoteInput{vote});
}

void CoreWorld::verify(std::size_t member, const Verify& effect) {
  Member& m = members_[member];
  // It is executed above its ancestors, so they must be here.
  for (BlockId at = effect.block; at != m.config.floor.id; at = blocks_.at(at).parent) {
    if (m.held.contains(at)) continue;
    violations_.push_back("member " + std::to_string(member) +
                          " verifies a block without all that it stands on");
    break;
  }
  m.inputs.push_back(VerifiedInput{effect.view, effect.block, !invalid_.contains(effect.block)});
}

void CoreWorld::look_for_work(std::size_t member) {
  Member& m = members_[member];
  if (height_of(m.parent) < wanted_height_) m.inputs.push_back(WorkInput{m.core->view()});
}

void CoreWorld::carry_out(std::size_t member, const Effect& effect) {
  Member& m = members_[member];
  if (const auto* proposal = std::get_if<AppendProposal>(&effect)) {
    m.journal.push_back(*proposal);
  } else if (const auto* append = std::get_if<AppendVote>(&effect)) {
    m.journal.push_back(*append);
  } else if (const auto* certified = std::get_if<AppendCertificate>(&effect)) {
    note_certificate(certified->certificate);
    m.journal.push_back(*certified);
  } else if (const auto* sign = std::get_if<Sign>(&effect)) {
    m.signs.push_back(*sign);
  } else if (const auto* certificate = std::get_if<SendCertificate>(&effect)) {
    send(member, CertificateInput{certificate->certificate});
  } else if (const auto* vote = std::get_if<SendVote>(&effect)) {
    if (vote->proposal) {
      send(member, ProposalInput{vote->vote, blocks_.at(vote->vote.vote.block)});
    } else {
      send(member, VoteInput{vote->vote});
    }
  } else if (const auto* timer = std::get_if<SetTimer>(&effect)) {
    m.timers[static_cast<std::size_t>(timer->kind)] = {now_ms_ + timer->delay_ms, timer->view};
  } else if (const auto* build = std::get_if<Build>(&effect)) {
    BuiltInput built{build->view, std::nullopt};
    if (height_of(build->parent) < wanted_height_ || build->allow_empty) {
      built.block = made_up_block(build->view, blocks_.at(build->parent));
      know(*built.block);
      m.held.insert(built.block->id);
    }
    m.inputs.push_back(built);
  } else if (const auto* to_verify = std::get_if<Verify>(&effect)) {
    verify(member, *to_verify);
  } else if (const auto* fetch = std::get_if<FetchCertificates>(&effect)) {
    // There and back.
    for (std::size_t peer = 0; peer < members_.size(); ++peer) {
      if (peer == member || !is_up(peer)) continue;
      for (const Certificate& found : core(peer).certificates(fetch->from, fetch->to, 64))
        deliver(peer, member, CertificateInput{found}, 2 * options_.latency_ms);
    }
  } else if (const auto* block = std::get_if<FetchBlock>(&effect)) {
    const BlockInput answer{blocks_.at(block->block)};
    if (options_.fetch_ms == 0) {
      m.inputs.push_back(answer);
    } else {
      events_.emplace(std::pair(now_ms_ + options_.fetch_ms, ++sequence_),
                      Event{member, m.life, answer});
    }
  } else if (const auto* entered = std::get_if<Entered>(&effect)) {
    for (const TimerKind kind : {TimerKind::kLeader, TimerKind::kAdvance, TimerKind::kRetry})
      m.timers[static_cast<std::size_t>(kind)] = {};
    m.parent = entered->parent;
    look_for_work(member);
  } else if (const auto* finalized = std::get_if<Finalized>(&effect)) {
    note_final(member, *finalized);
  } else if (const auto* proof = std::get_if<Evidence>(&effect)) {
    evidence_.push_back(*proof);
    if (!options_.byzantine.contains(proof->first.signature.index))
      violations_.push_back("honest member " + std::to_string(proof->first.signature.index) +
                            " is framed");
  }
}

// ---- what must never happen ----

void CoreWorld::note_certificate(const Certificate& certificate) {
  const Vote& vote = certificate.vote;
  std::set<VoteKind>& kinds = certified_[vote.view];
  kinds.insert(vote.kind);
  if (kinds.contains(VoteKind::kNullify) && kinds.contains(VoteKind::kFinalize))
    violations_.push_back("view " + std::to_string(vote.view) + " is nullified and final");
  if (vote.kind == VoteKind::kNullify) return;
  const auto [place, first] = notarized_.emplace(vote.view, vote.block);
  if (!first && place->second != vote.block)
    violations_.push_back("two blocks are certified in view " + std::to_string(vote.view));
}

void CoreWorld::note_final(std::size_t member, const Finalized& finalized) {
  note_certificate(finalized.certificate);
  Member& m = members_[member];
  for (const FinalizedBlock& entry : finalized.blocks) {
    const BlockRef& block = blocks_.at(entry.block);
    if (block.parent != m.config.floor.id || block.height != m.config.floor.height + 1)
      violations_.push_back("member " + std::to_string(member) + " finalizes out of order");
    m.config.floor = block;
    const auto [place, first] = final_.emplace(block.height, block.id);
    if (!first && place->second != block.id)
      violations_.push_back("two blocks are final at height " + std::to_string(block.height));
  }
  m.config.floor_view = finalized.certificate.vote.view;
}

bool CoreWorld::has_signed(std::size_t member, VoteKind kind, std::uint64_t view) const {
  for (const Vote& vote : members_[member].votes) {
    if (vote.kind == kind && vote.view == view) return true;
  }
  return false;
}

}  // namespace fog::sim
