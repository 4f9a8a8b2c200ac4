// What peers say to a replica. Everything is hostile until it has been checked: sizes by the
// network, form by decoding, then signatures, and only then it reaches the core.
#include <algorithm>

#include "chain/crypto/known_signatures.h"
#include "consensus/engine/replica.h"

namespace fog {
namespace {

// Of messages for the next epoch, from one peer and from how many: nobody takes another's place.
constexpr std::size_t kLaterMax = 256;
constexpr std::size_t kLaterBytesMax = 1024 * 1024;
constexpr std::size_t kLaterPeersMax = 128;
constexpr std::size_t kWantedMax = 256;
constexpr std::size_t kWaitingMax = 16;
constexpr std::size_t kCertificatesMax = 64;
// Fewer are checked in less time than it takes to wake another thread.
constexpr std::size_t kAheadTxs = 64;

}  // namespace

// ---- peers ----

ErrorOr<void> Replica::on_up(const NodeId& peer) {
  peers_.insert(peer);
  if (joining_) joining_->on_up(peer);
  wire::send(*parts_.net, peer, status());
  return {};
}

void Replica::on_down(const NodeId& peer) {
  peers_.erase(peer);
  if (joining_) joining_->on_down(peer);
  block_sync_.on_down(peer);
  answers_.erase(peer);
  if (later_of_.erase(peer) > 0)
    std::erase_if(later_, [&](const Later& later) { return later.from == peer; });
  std::erase_if(routes_, [&](const auto& route) { return route.second == peer; });
}

wire::Status Replica::status() const {
  return {floor_height_, parts_.log->first_height(), core_->floor().id};
}

void Replica::broken(const NodeId& peer, const std::string& why) {
  parts_.net->report(peer, Offence::kBroken, why);
}

// The peer that leads the view, if it is known which, and one more, another each time.
void Replica::ask(std::uint64_t view, const std::function<void(const NodeId&)>& send) {
  if (parts_.net == nullptr || peers_.empty()) return;
  const auto route = routes_.find(static_cast<std::uint8_t>(core_->leader(view)));
  if (route != routes_.end()) send(route->second);
  auto other = peers_.begin();
  std::advance(other, static_cast<std::ptrdiff_t>(rotation_++ % peers_.size()));
  if (route == routes_.end() || *other != route->second) send(*other);
}

ErrorOr<void> Replica::carry_out(const FetchCertificates& effect) {
  const wire::GetCertificates message{core_->config().epoch, effect.from, effect.to};
  ask(effect.view, [&](const NodeId& peer) { wire::send(*parts_.net, peer, message); });
  return {};
}

ErrorOr<void> Replica::carry_out(const FetchBlock& effect) {
  if (const SharedBlock block = shelf_.find(effect.block)) {
    inputs_.push_back(BlockInput{ref_of(effect.block, block->header)});
    return {};
  }
  ask(core_->view(), [&](const NodeId& peer) { want_block(peer, effect.block); });
  return {};
}

std::vector<NodeId> Replica::next_leaders() const {
  std::vector<NodeId> out;
  for (std::uint64_t view = core_->view(); view < core_->view() + 2; ++view) {
    if (core_->leads(view)) continue;
    const auto route = routes_.find(static_cast<std::uint8_t>(core_->leader(view)));
    if (route != routes_.end() && std::find(out.begin(), out.end(), route->second) == out.end())
      out.push_back(route->second);
  }
  return out;
}

// ---- receiving ----

template <class M>
ErrorOr<void> Replica::receive(const NodeId& from, ByteView message) {
  auto decoded = bcs_decode<M>(message);
  if (!decoded) {
    broken(from,
           "a message that is not canonical: " + std::string(bcs_error_text(decoded.error())));
    return {};
  }
  return on(from, *std::move(decoded));
}

ErrorOr<void> Replica::on_message(const NodeId& from, std::uint8_t kind, ByteView message) {
  if (joining_) return join_message(from, kind, message);
  if (!questions_.take(from, static_cast<wire::Kind>(kind))) {
    parts_.net->report(from, Offence::kSlow, "an answer to nothing that was asked");
    return {};
  }
  switch (static_cast<wire::Kind>(kind)) {
    case wire::Kind::kProposal:
      return receive<wire::Proposal>(from, message);
    case wire::Kind::kVote:
      return receive<wire::VoteMessage>(from, message);
    case wire::Kind::kCertificate:
      return receive<wire::CertificateMessage>(from, message);
    case wire::Kind::kGetCertificates:
      return receive<wire::GetCertificates>(from, message);
    case wire::Kind::kGetBlock:
      return receive<wire::GetBlock>(from, message);
    case wire::Kind::kBlock:
      return receive<wire::BlockMessage>(from, message);
    case wire::Kind::kGetBlockTxs:
      return receive<wire::GetBlockTxs>(from, message);
    case wire::Kind::kBlockTxs:
      return receive<wire::BlockTxs>(from, message);
    case wire::Kind::kStatus:
      return receive<wire::Status>(from, message);
    case wire::Kind::kFinal:
      return receive<wire::FinalBlocks>(from, message);
    case wire::Kind::kGetFinal:
    case wire::Kind::kAnnounce:
    case wire::Kind::kGetTxs:
    case wire::Kind::kTxs:
    case wire::Kind::kGetEpochs:
    case wire::Kind::kGetSnapshots:
    case wire::Kind::kGetChunk:
      return {};  // the relay's
    case wire::Kind::kEpochs:
    case wire::Kind::kSnapshots:
    case wire::Kind::kChunk:
      return {};  // of one that joins, too late
  }
  return {};
}

// Others enter the next epoch a moment earlier.
bool Replica::wait_for_epoch(const NodeId& from, std::uint64_t epoch, wire::Kind kind,
                             ByteView message) {
  if (epoch == core_->config().epoch) return false;
  if (epoch != core_->config().epoch + 1) return true;
  if (later_of_.size() >= kLaterPeersMax && !later_of_.contains(from)) return true;
  LaterShare& share = later_of_[from];
  if (share.messages == kLaterMax || share.bytes + message.size() > kLaterBytesMax) return true;
  ++share.messages;
  share.bytes += message.size();
  later_.push_back({from, static_cast<std::uint8_t>(kind), Bytes(message.begin(), message.end())});
  return true;
}

ErrorOr<void> Replica::replay_later() {
  later_of_.clear();
  for (const Later& later : std::exchange(later_, {}))
    TRY_VOID(on_message(later.from, later.kind, later.message));
  return {};
}

bool Replica::check_vote(const SignedVote& vote) const {
  const auto& validators = core_->config().set.validators;
  return verify_schnorr_again(validators[vote.signature.index].key,
                              vote_digest(parts_.chain_id, vote.vote), vote.signature.signature);
}

ErrorOr<void> Replica::on(const NodeId& from, wire::VoteMessage&& message) {
  const SignedVote& vote = message.vote;
  if (wait_for_epoch(from, vote.vote.epoch, wire::Kind::kVote, bcs_encode(message))) return {};
  if (core_->wants(vote.vote, vote.signature.index)) {
    if (!check_vote(vote)) {
      broken(from, "a vote with a wrong signature");
      return {};
    }
    routes_[vote.signature.index] = from;
    TRY_VOID(turn(VoteInput{vote}));
  }
  ask_for_proposal(from, vote);
  return {};
}

// A leader's vote that somebody passed on, and its proposal has not come: whoever retries passes on
// votes, not blocks, so the block is asked for.
void Replica::ask_for_proposal(const NodeId& from, const SignedVote& vote) {
  const Vote& said = vote.vote;
  if (said.kind != VoteKind::kNotarize || said.epoch != core_->config().epoch ||
      said.view <= core_->floor_view() || said.view > core_->view() + kProposalsAhead ||
      vote.signature.index != core_->leader(said.view) || core_->proposal(said.view) ||
      shelf_.find(said.block) != nullptr)
    return;
  wait_for_block(vote);
  want_block(from, said.block);
}

void Replica::want_block(const NodeId& from, const BlockId& id) {
  if (wanted_.size() >= kWantedMax) wanted_.clear();
  wanted_.insert(id);
  put(from, wire::GetBlock{id});
}

void Replica::wait_for_block(const SignedVote& proposal) {
  if (waiting_.size() >= kWaitingMax) waiting_.clear();
  waiting_[proposal.vote.block] = proposal;
}

ErrorOr<void> Replica::on(const NodeId& from, wire::CertificateMessage&& message) {
  const Certificate& certificate = message.certificate;
  if (wait_for_epoch(from, certificate.vote.epoch, wire::Kind::kCertificate, bcs_encode(message)))
    return {};
  return take_carried(from, certificate);
}

ErrorOr<void> Replica::take_carried(const NodeId& from,
                                    const std::optional<Certificate>& certificate) {
  if (!certificate || !core_->wants(*certificate)) return {};
  if (!verify_certificate(parts_.chain_id, core_->config().set, *certificate)) {
    broken(from, "a certificate that does not hold");
    return {};
  }
  return turn(CertificateInput{*certificate});
}

// ---- proposals and their blocks ----

ErrorOr<void> Replica::on(const NodeId& from, wire::Proposal&& message) {
  const SignedVote& notarize = message.notarize;
  const Vote& vote = notarize.vote;
  if (vote.epoch != core_->config().epoch) {
    wait_for_epoch(from, vote.epoch, wire::Kind::kProposal, bcs_encode(message));
    return {};
  }
  const bool has_block = shelf_.find(vote.block) != nullptr;
  if (vote.kind != VoteKind::kNotarize || vote.view > core_->view() + kProposalsAhead ||
      (!core_->wants(vote, notarize.signature.index) && has_block))
    return {};
  if (vote.view <= core_->floor_view()) return {};
  if (notarize.signature.index != core_->leader(vote.view) || !check_vote(notarize)) {
    broken(from, "a proposal that its view's leader has not signed");
    return {};
  }
  routes_[notarize.signature.index] = from;
  // A leader's second proposal is evidence; its block is none of our business.
  if (const auto first = core_->proposal(vote.view); first && first->id != vote.block)
    return turn(VoteInput{notarize});
  if (has_block)
    return turn(ProposalInput{notarize, ref_of(vote.block, shelf_.find(vote.block)->header)});

  wait_for_block(notarize);
  if (message.whole) {
    if (block_id(message.whole->header) != vote.block || !is_whole(*message.whole)) {
      broken(from, "a proposal with another block than it names");
      return {};
    }
    return take_block(from, vote.block, std::make_shared<const Block>(*std::move(message.whole)));
  }
  if (message.compact) {
    const wire::CompactBlock& compact = *message.compact;
    if (block_id(compact.header) != vote.block ||
        certificate_hash(compact.certificate) != compact.header.certificate_hash) {
      broken(from, "a proposal with another block than it names");
      return {};
    }
    return take_filled(from, vote.block,
                       shelf_.take_compact(vote.block, *std::move(message.compact)));
  }
  want_block(from, vote.block);
  return {};
}

ErrorOr<void> Replica::take_filled(const NodeId& from, const BlockId& id,
                                   BlockShelf::Filled&& filled) {
  if (filled.block != nullptr) return take_block(from, id, std::move(filled.block));
  if (filled.mismatch) {
    want_block(from, id);
    return {};
  }
  wire::GetBlockTxs ask;
  ask.id = id;
  ask.places.assign(filled.missing.begin(), filled.missing.end());
  put(from, ask);
  return {};
}

ErrorOr<void> Replica::take_block(const NodeId& from, const BlockId& id, SharedBlock block) {
  const BlockRef ref = ref_of(id, block->header);
  shelf_.put(id, block);
  if (block->txs.size() >= kAheadTxs) parts_.app->check_ahead(id, block);
  wanted_.erase(id);
  look_again_ = true;
  // What made the parent certain may be news.
  TRY_VOID(take_carried(from, block->certificate));
  const auto waiting = waiting_.find(id);
  if (waiting == waiting_.end()) return turn(BlockInput{ref});
  const SignedVote notarize = waiting->second;
  waiting_.erase(waiting);
  return turn(ProposalInput{notarize, ref});
}

ErrorOr<void> Replica::on(const NodeId& from, wire::BlockMessage&& message) {
  const BlockId id = block_id(message.block.header);
  if (!wanted_.contains(id) && !waiting_.contains(id)) return {};
  if (!is_whole(message.block)) {
    broken(from, "a block with other content than its header names");
    return {};
  }
  return take_block(from, id, std::make_shared<const Block>(std::move(message.block)));
}

ErrorOr<void> Replica::on(const NodeId& from, wire::BlockTxs&& message) {
  auto filled = shelf_.fill(message.id, std::move(message.txs));
  if (!filled) return {};
  return take_filled(from, message.id, std::move(*filled));
}

// ---- questions ----

ErrorOr<void> Replica::on(const NodeId& from, wire::GetCertificates&& message) {
  if (message.epoch != core_->config().epoch) {
    wire::send(*parts_.net, from, status());
    return {};
  }
  for (const Certificate& certificate :
       core_->certificates(message.from, message.to, kCertificatesMax))
    wire::send(*parts_.net, from, wire::CertificateMessage{certificate});
  return {};
}

ErrorOr<void> Replica::on(const NodeId& from, wire::GetBlock&& message) {
  const SharedBlock block = shelf_.find(message.id);
  if (block == nullptr) return {};
  std::size_t bytes = 0;
  for (const auto& tx : block->txs) bytes += tx.size();
  if (may_answer(from, bytes)) wire::send(*parts_.net, from, wire::BlockMessage{*block});
  return {};
}

// A question is small and its answer may be a whole block, which is encoded on the engine's thread:
// whoever asks for more than anybody could need waits.
bool Replica::may_answer(const NodeId& to, std::size_t bytes) {
  constexpr std::uint64_t kKiBPerSecond = 16 * 1'024;
  constexpr std::uint64_t kKiBAtOnce = 4 * kBlockBytesMax / 1'024;
  const std::uint64_t now_ms = parts_.clock->monotonic_ns() / 1'000'000;
  const auto [budget, is_new] =
      answers_.try_emplace(to, TokenBucket(kKiBPerSecond, kKiBAtOnce, now_ms));
  return budget->second.take(now_ms, bytes / 1'024 + 1);
}

ErrorOr<void> Replica::on(const NodeId& from, wire::GetBlockTxs&& message) {
  const SharedBlock block = shelf_.find(message.id);
  if (block == nullptr) return {};
  wire::BlockTxs answer;
  answer.id = message.id;
  std::size_t bytes = 0;
  std::optional<std::uint32_t> before;
  for (const std::uint32_t place : message.places) {
    if (place >= block->txs.size() || (before && place <= *before)) {
      broken(from, "asks for transactions that the block does not have");
      return {};
    }
    answer.txs.push_back(block->txs[place]);
    bytes += block->txs[place].size();
    before = place;
  }
  if (may_answer(from, bytes)) wire::send(*parts_.net, from, answer);
  return {};
}

}  // namespace fog
