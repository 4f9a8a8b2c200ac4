// One validator in the explorer: a core, what it was given, and what it answers.
#include "tests/sim/core_world.h"
#include "tests/sim/explorer.h"

namespace fog::sim {

void Explorer::drive(std::size_t member, Local& local, std::deque<Input>& inputs,
                     Outcome& outcome) {
  const auto carry_out = [&](const Effect& effect) {
    if (const auto* sign = std::get_if<Sign>(&effect)) {
      outcome.votes.push_back(id_of(sign->vote));
      inputs.push_back(VoteInput{unsigned_vote(sign->vote, member)});
    } else if (const auto* build = std::get_if<Build>(&effect)) {
      const BlockRef block = made_up_block(build->view, blocks_.at(build->parent));
      blocks_.emplace(block.id, block);
      inputs.push_back(BuiltInput{build->view, block});
    } else if (const auto* verify = std::get_if<Verify>(&effect)) {
      inputs.push_back(VerifiedInput{verify->view, verify->block, true});
    } else if (const auto* fetch = std::get_if<FetchBlock>(&effect)) {
      inputs.push_back(BlockInput{blocks_.at(fetch->block)});
    } else if (const auto* proof = std::get_if<Evidence>(&effect)) {
      if (proof->first.signature.index != kLiar) framed_ = "an honest validator is framed";
    } else if (std::holds_alternative<AppendProposal>(effect) ||
               std::holds_alternative<AppendVote>(effect) ||
               std::holds_alternative<AppendCertificate>(effect)) {
      local.journal.push_back(effect);
    }
  };
  while (!inputs.empty()) {
    const Input input = std::move(inputs.front());
    inputs.pop_front();
    for (const Effect& effect : local.core.step(input)) carry_out(effect);
  }
}

Explorer::Local Explorer::restarted(std::size_t member, const Local& from, Outcome& outcome) {
  SimplexConfig again = config(member);
  again.floor = from.core.floor();
  again.floor_view = from.core.floor_view();
  Local out{Simplex(again), from.journal};
  for (const Effect& entry : from.journal) {
    if (const auto* proposal = std::get_if<AppendProposal>(&entry)) {
      out.core.restore_proposal(proposal->view, blocks_.at(proposal->block));
    } else if (const auto* vote = std::get_if<AppendVote>(&entry)) {
      out.core.restore_vote(vote->vote);
    } else if (const auto* certificate = std::get_if<AppendCertificate>(&entry)) {
      out.core.restore_certificate(certificate->certificate);
    }
  }
  std::deque<Input> inputs;
  for (const Effect& effect : out.core.start()) {
    if (const auto* sign = std::get_if<Sign>(&effect)) {
      outcome.votes.push_back(id_of(sign->vote));
      inputs.push_back(VoteInput{unsigned_vote(sign->vote, member)});
    }
  }
  drive(member, out, inputs, outcome);
  return out;
}

Explorer::Outcome Explorer::step(std::size_t member, const Local& from, const Move& move) {
  Outcome outcome;
  if (move.kind == Kind::kRestart) {
    outcome.local = intern(member, restarted(member, from, outcome));
    return outcome;
  }
  Local to = from;
  std::deque<Input> inputs;
  const Vote vote = move.vote == kStart ? Vote{} : votes_[move.vote];
  const std::uint64_t view = from.core.view();
  switch (move.kind) {
    case Kind::kTimer:
      inputs.push_back(TimerInput{TimerKind::kAdvance, view});
      break;
    case Kind::kWork:
      if (!options_.full) show(from.core, move.vote, inputs);
      inputs.push_back(WorkInput{view});
      break;
    case Kind::kCertificate:
      inputs.push_back(CertificateInput{made_up_certificate(vote, {0, 1, 3})});
      break;
    case Kind::kProposal:
      if (!options_.full) {
        VoteId head = kStart;
        for (VoteId other = 0; other < votes_.size(); ++other) {
          if (votes_[other].kind == VoteKind::kNotarize && votes_[other].view == vote.parent_view &&
              votes_[other].block == blocks_.at(vote.block).parent)
            head = other;
        }
        show(from.core, head, inputs);
      }
      inputs.push_back(ProposalInput{unsigned_vote(vote, move.from), blocks_.at(vote.block)});
      break;
    case Kind::kVote:
      inputs.push_back(VoteInput{unsigned_vote(vote, move.from)});
      break;
    case Kind::kRestart:
    case Kind::kPass:
      break;
  }
  drive(member, to, inputs, outcome);
  outcome.local = intern(member, std::move(to));
  return outcome;
}

// A core's answer depends on nothing but itself and what it is told, so each is asked once.
const Explorer::Outcome& Explorer::take(const State& state, const Move& move) {
  const LocalId local = state.locals[move.member];
  const std::uint64_t key = static_cast<std::uint64_t>(local) << 32 |
                            static_cast<std::uint64_t>(move.kind) << 24 |
                            static_cast<std::uint64_t>(move.from) << 16 | move.vote;
  auto& taken = taken_[table_of(move.member)];
  if (const auto known = taken.find(key); known != taken.end()) return known->second;
  Outcome outcome = step(move.member, *locals_[table_of(move.member)][local], move);
  return taken.emplace(key, std::move(outcome)).first->second;
}

}  // namespace fog::sim
