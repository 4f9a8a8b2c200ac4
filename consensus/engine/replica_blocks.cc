// A replica's blocks: built, executed, made final.
#include <algorithm>

#include "consensus/engine/replica.h"

namespace fog {
namespace {

// Blocks further ahead of this node's clock are not voted for until it gets there.
constexpr std::uint64_t kAheadMs = 500;

}  // namespace

// Whether it could be executed as far as blocks go.
bool Replica::has_all_below(BlockId at) const {
  while (!parts_.app->time_of(at)) {
    const SharedBlock block = shelf_.find(at);
    if (block == nullptr || block->header.height <= floor_height_) return false;
    at = block->header.parent;
  }
  return true;
}

// With what it stands on. False when something is missing or invalid.
bool Replica::execute(const BlockId& id) {
  std::vector<std::pair<BlockId, SharedBlock>> path;
  BlockId at = id;
  while (!parts_.app->time_of(at)) {
    SharedBlock block = shelf_.find(at);
    if (block == nullptr || block->header.height <= floor_height_) {
      events_.log("block " + to_hex0x(id) + " stands on " + to_hex0x(at) + ", which is " +
                  (block == nullptr ? "not at hand" : "beside what is final"));
      return false;
    }
    const BlockId parent = block->header.parent;
    path.emplace_back(at, std::move(block));
    at = parent;
  }
  for (auto step = path.rbegin(); step != path.rend(); ++step) {
    const auto& [block, body] = *step;
    const Fault fault = parts_.app->process_proposal(block, body->header.parent, *body);
    if (fault != Fault::kNone) {
      events_.log("block " + std::to_string(body->header.height) + " " + to_hex0x(block) +
                  " is invalid: " + std::string(fault_help(fault)));
      return false;
    }
  }
  return true;
}

ErrorOr<void> Replica::carry_out(const Verify& effect) {
  const SharedBlock block = shelf_.find(effect.block);
  CHECK(block != nullptr);
  const std::uint64_t now = parts_.clock->wall_ms();
  if (block->header.time_ms > now + kAheadMs) {
    delayed_.emplace_back(effect, block->header.time_ms - kAheadMs);
    return {};
  }
  inputs_.push_back(VerifiedInput{effect.view, effect.block, execute(effect.block)});
  return {};
}

ErrorOr<void> Replica::verify_delayed() {
  const std::uint64_t now = parts_.clock->wall_ms();
  for (const auto& [verify, wall_ms] : std::exchange(delayed_, {})) {
    if (wall_ms > now) {
      delayed_.emplace_back(verify, wall_ms);
    } else {
      TRY_VOID(carry_out(verify));
    }
  }
  return drain();
}

ErrorOr<void> Replica::carry_out(const Build& effect) {
  BuiltInput built{effect.view, std::nullopt};
  // Votes that wait for the signer come first: one of them may end this view.
  if (!unsigned_.empty() || !execute(effect.parent)) {
    told_of_work_ = false;
    inputs_.push_back(built);
    return {};
  }
  ProposalRequest request;
  request.parent = effect.parent;
  const std::uint64_t parent_ms = parts_.app->time_of(effect.parent).value_or(0);
  request.time_ms = std::max(parts_.clock->wall_ms(), parent_ms + 1);
  request.proposer = signer_->key();
  request.txs_max = options_.block_txs_max;
  request.allow_empty =
      effect.allow_empty ||
      (options_.idle_interval_ms && parent_ms + *options_.idle_interval_ms <= request.time_ms);
  // What shows who is present: of a parent that is final already, its finalization.
  for (const Certificate& certificate :
       core_->certificates(effect.parent_view, effect.parent_view, 1)) {
    if (certificate.vote.block == effect.parent) request.certificate = certificate;
  }
  std::optional<Error> no_link;
  request.reveal = [&](const ValidatorRecord& record) -> std::optional<BeaconReveal> {
    const auto link = signer_->reveal(record);
    if (link) return *link;
    no_link = link.error();
    return std::nullopt;
  };
  std::optional<Block> block = parts_.app->prepare_proposal(request);
  if (no_link && no_link->code != ErrorCode::kUnavailable && no_link->code != ErrorCode::kRejected)
    return Fail{*no_link};
  if (block) {
    const BlockId id = block_id(block->header);
    built.block = ref_of(id, block->header);
    shelf_.put(id, std::make_shared<const Block>(*std::move(block)));
    ++blocks_made_;
  } else {
    // What looked like work was none, or the signer was not there for it.
    told_of_work_ = false;
    work_ms_ = parts_.clock->wall_ms() + (no_link ? kSignAgainMs : options_.due_spacing_ms);
  }
  inputs_.push_back(built);
  return {};
}

void Replica::send_proposal(const SignedVote& notarize) {
  if (parts_.net == nullptr) return;
  wire::Proposal proposal;
  proposal.notarize = notarize;
  const SharedBlock block = shelf_.find(notarize.vote.block);
  const Certificate* below = core_->notarization(notarize.vote.parent_view);
  const bool again = below != nullptr && below->vote.block == notarize.vote.block;
  if (block != nullptr && !again) {
    std::size_t bytes = 0;
    for (const auto& tx : block->txs) bytes += tx.size();
    const auto ids =
        bytes > wire::kWholeBlockBytes ? parts_.app->ids_of(notarize.vote.block) : std::nullopt;
    if (ids) {
      proposal.compact = compact(*block, *ids);
    } else {
      proposal.whole = *block;
    }
  }
  wire::broadcast(*parts_.net, proposal);
}

ErrorOr<void> Replica::carry_out(const Finalized& effect) {
  for (const FinalizedBlock& entry : effect.blocks) {
    const SharedBlock block = shelf_.find(entry.block);
    CHECK(block != nullptr);
    const bool last = &entry == &effect.blocks.back();
    TRY_VOID(make_final(entry.block, *block, last ? effect.certificate.vote.view : entry.view,
                        entry.parent_view,
                        last ? std::optional(effect.certificate) : std::nullopt));
  }
  return {};
}

ErrorOr<void> Replica::make_final(const BlockId& id, const Block& block, std::uint64_t view,
                                  std::uint64_t parent_view,
                                  const std::optional<Certificate>& certificate) {
  TRY_VOID(check_trusted(id, block.header));
  const auto result = parts_.app->finalize_block(id, block.header.parent, block);
  if (!result) {
    return fail(ErrorCode::kCorrupt,
                "block " + std::to_string(block.header.height) + " " + to_hex0x(id) +
                    " was made final by a quorum and is invalid here (" +
                    std::string(fault_name(result.error())) +
                    "): this program has other rules than the network, or its state is damaged");
  }
  TRY_VOID(log_block(view, parent_view, id, block));
  FinalEntry entry;
  entry.height = block.header.height;
  entry.view = view;
  entry.block = id;
  entry.certificate = certificate;
  entry.app_hash = result->app_hash;
  entry.outcomes.assign(result->outcomes.begin(), result->outcomes.end());
  TRY_VOID(parts_.log->append_final(entry));
  log_dirty_ = true;
  TRY_VOID(parts_.app->commit(id));
  if (block.header.next_validators_hash) TRY_VOID(end_epoch(entry.height));
  floor_height_ = entry.height;
  logged_.erase(id);
  shelf_.on_final(id, entry.height);
  look_again_ = true;
  events_.on_final(FinalBlock{entry.height, block.header.time_ms, id, &*result});
  return {};
}

}  // namespace fog
