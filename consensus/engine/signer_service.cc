#include "consensus/engine/signer_service.h"

#include <algorithm>

#include "consensus/core/messages.h"

namespace fog {
namespace {

using signer_wire::Answer;
using signer_wire::Refusal;
using signer_wire::refuse;
using signer_wire::Refused;

constexpr std::size_t kGivenMax = 16;

// What an honest validator could say in some state of the chain.
bool is_vote(const Vote& vote) {
  // The epoch's views, see epoch_view; its first number is no view.
  if (vote.view >> 32 != vote.epoch || vote.view == epoch_view(vote.epoch)) return false;
  switch (vote.kind) {
    case VoteKind::kNotarize:
    case VoteKind::kFinalize:
      return vote.parent_view < vote.view && !vote.block.is_zero();
    case VoteKind::kNullify:
      return vote.parent_view == 0 && vote.block.is_zero();
  }
  return false;
}

}  // namespace

SignerService::SignerService(Signer& signer)
    : signer_(signer), chain_id_(signer.record().value().chain_id) {}

Answer SignerService::answer(const signer_wire::Request& request) {
  return std::visit([this](const auto& kind) { return on(kind); }, request);
}

Refused SignerService::wrong_chain(const ChainId& asked) const {
  return refuse(Refusal::kWrongChain, "this signer is of chain " + to_hex0x(chain_id_) +
                                          ", the node of chain " + to_hex0x(asked));
}

Answer SignerService::on(const signer_wire::Hello& hello) {
  if (hello.version != signer_wire::kVersion) {
    return refuse(Refusal::kWrongChain,
                  "this signer speaks version " + std::to_string(signer_wire::kVersion) +
                      " of the protocol, the node version " + std::to_string(hello.version) +
                      ": use the same release of both");
  }
  if (hello.chain_id != chain_id_) return wrong_chain(hello.chain_id);
  return signer_wire::Welcome{signer_.record().value()};
}

Answer SignerService::on(const signer_wire::SignVote& request) {
  if (request.chain_id != chain_id_) return wrong_chain(request.chain_id);
  const Vote& vote = request.vote;
  if (!is_vote(vote)) {
    return refuse(Refusal::kNoVote, "no validator casts such a vote: epoch " +
                                        std::to_string(vote.epoch) + ", view " +
                                        std::to_string(vote.view) + ", parent view " +
                                        std::to_string(vote.parent_view));
  }
  const VoteRecord before = signer_.record().value();
  const auto signature = signer_.sign(vote, 0);
  if (signature) {
    // A repeated one is no news.
    if (vote.kind == VoteKind::kNotarize && (vote.view > before.view || !before.notarized))
      new_link_due_ = true;
    return signer_wire::Signed{signature->signature};
  }
  if (signature.error().code == ErrorCode::kRejected)
    return refuse(Refusal::kForbidden, signature.error().context);
  failure_ = signature.error();
  return refuse(Refusal::kBroken, failure_->context);
}

Answer SignerService::on(const signer_wire::RevealLink& request) {
  if (request.chain_id != chain_id_) return wrong_chain(request.chain_id);
  const bool again = std::find(given_.begin(), given_.end(), request.beacon_tip) != given_.end();
  if (!again && !new_link_due_) {
    return refuse(Refusal::kNotYet,
                  "the next beacon link is due after this validator has voted again");
  }
  // Before all chains are tried.
  if (request.beacon_remaining == 0 || request.beacon_remaining > kBeaconChainLength)
    return refuse(Refusal::kWrongSecret, "a beacon chain has no such link");
  ValidatorRecord record;
  record.beacon_tip = request.beacon_tip;
  record.beacon_remaining = request.beacon_remaining;
  const auto reveal = signer_.reveal(record);
  if (!reveal) return refuse(Refusal::kWrongSecret, reveal.error().context);
  if (!again) {
    given_.push_back(request.beacon_tip);
    if (given_.size() > kGivenMax) given_.pop_front();
    new_link_due_ = false;
  }
  return signer_wire::Revealed{*reveal};
}

}  // namespace fog
