// Shows the checkers what happens, and the reader of a verbose run.
#include <cstdio>

#include "chain/base/crc32c.h"
#include "tests/sim/world.h"

namespace fog::sim {

void World::on_sent(std::size_t from, std::uint8_t kind, ByteView message) {
  if (!honest(from)) return;
  const auto set_of = [&](std::uint64_t epoch) { return state_->set_of(epoch); };
  const auto see = [&](const SignedVote& vote) {
    if (options_.verbose) say_vote(from, vote);
    if (const ValidatorSet* set = set_of(vote.vote.epoch)) votes_->on_vote(*set, vote);
  };
  switch (static_cast<wire::Kind>(kind)) {
    case wire::Kind::kVote:
      if (const auto said = bcs_decode<wire::VoteMessage>(message)) see(said->vote);
      return;
    case wire::Kind::kCertificate:
      if (const auto said = bcs_decode<wire::CertificateMessage>(message)) {
        if (const ValidatorSet* set = set_of(said->certificate.vote.epoch))
          certificates_->on_certificate(*set, said->certificate);
      }
      return;
    case wire::Kind::kProposal:
      if (const auto said = bcs_decode<wire::Proposal>(message)) {
        see(said->notarize);
        liveness_->on_proposal(said->notarize.vote.view, said->notarize.vote.block);
      }
      return;
    case wire::Kind::kGetCertificates:
    case wire::Kind::kGetBlock:
    case wire::Kind::kBlock:
    case wire::Kind::kGetBlockTxs:
    case wire::Kind::kBlockTxs:
    case wire::Kind::kStatus:
    case wire::Kind::kGetFinal:
    case wire::Kind::kFinal:
    case wire::Kind::kAnnounce:
    case wire::Kind::kGetTxs:
    case wire::Kind::kTxs:
    case wire::Kind::kGetEpochs:
    case wire::Kind::kEpochs:
    case wire::Kind::kGetSnapshots:
    case wire::Kind::kSnapshots:
    case wire::Kind::kGetChunk:
    case wire::Kind::kChunk:
      return;
  }
}

void World::on_final(std::size_t number, const StoredBlock& stored) {
  trace({8, number, stored.final.height}, stored.final.block);
  if (!honest(number)) return;
  if (chain_->on_final(number, stored)) {
    state_->execute(stored);
    if (stored.final.height % 10 == 0)
      say("height " + std::to_string(stored.final.height) + " is final");
  }
  state_->on_final(number, stored);
  liveness_->on_final(number, stored.final.block);
  if (const auto& certificate = stored.final.certificate) {
    if (const ValidatorSet* set = state_->set_of(certificate->vote.epoch))
      certificates_->on_certificate(*set, *certificate);
    if (certificate->vote.kind != VoteKind::kFinalize ||
        certificate->vote.block != stored.final.block)
      findings_.add("node " + std::to_string(number) + " holds a block final by another's votes");
  }
}

void World::on_report(std::size_t by, std::size_t about, Offence offence, const std::string& why) {
  if (offence != Offence::kBroken) return;
  say("node " + std::to_string(by) + " bans " + std::to_string(about) + ": " + why);
  if (honest(by) && honest(about))
    findings_.add("node " + std::to_string(by) + " bans honest node " + std::to_string(about) +
                  ": " + why);
  at(time_.now_ns, [this, by, about] {
    if (network_->connected(by, about)) link_down(by, about);
  });
  at(time_.now_ns + 1'000 * kMs + around(3'000), [this, by, about] { link_up(by, about); });
}

void World::trace(std::initializer_list<std::uint64_t> words, ByteView bytes) {
  const auto mix = [&](std::uint64_t word) {
    std::uint64_t z = result_.trace ^ word;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9U;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBU;
    result_.trace = (z ^ (z >> 31)) + 0x9E3779B97F4A7C15U;
  };
  mix(time_.now_ns);
  for (const std::uint64_t word : words) mix(word);
  mix(crc32c(bytes));
}

void World::say(const std::string& what) const {
  if (options_.verbose)
    std::fprintf(stderr, "%9.3f s  %s\n", static_cast<double>(time_.now_ns) / 1e9, what.c_str());
}

void World::say_vote(std::size_t from, const SignedVote& vote) const {
  static constexpr const char* kKinds[] = {"notarize", "nullify", "finalize"};
  const bool own = members_[from].node->is_up() &&
                   members_[from].node->core().config().own_index == vote.signature.index;
  say("node " + std::to_string(from) + (own ? ": " : " passes on: ") +
      kKinds[static_cast<std::size_t>(vote.vote.kind)] + " in view " +
      VoteChecker::view_text(vote.vote) + " of " + to_hex0x(vote.vote.block).substr(0, 10) +
      (own ? "" : " by validator " + std::to_string(vote.signature.index)));
}

void World::say_plan() const {
  say("D " + std::to_string(plan_.delay_ms) + " ms, epochs of " +
      std::to_string(plan_.epoch_length) + ", a transaction every " +
      std::to_string(plan_.load_ms) + " ms");
  for (std::size_t i = 0; i < plan_.nodes.size(); ++i) {
    const PlannedNode& node = plan_.nodes[i];
    std::string line = "node " + std::to_string(i);
    if (node.validator)
      line += ": validator " + std::to_string(*node.validator) + ", stake " +
              std::to_string(node.stake_fog);
    if (node.lies) line += ", lies";
    if (node.liar.twin) line += ", a twin";
    if (node.liar.withholds) line += ", withholds";
    if (node.liar.garbles) line += ", garbles";
    if (node.liar.replays) line += ", replays";
    if (node.liar.lies_in_sync) line += ", lies in sync";
    say(line);
  }
}

}  // namespace fog::sim
