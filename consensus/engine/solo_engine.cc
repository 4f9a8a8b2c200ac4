#include "consensus/engine/solo_engine.h"

#include <chrono>

namespace fog {
namespace {

constexpr std::uint8_t kOwnIndex = 0;  // in a set of one

}  // namespace

SoloEngine::SoloEngine(Application& app, BlockLog& log, VoteGuard guard, const ValidatorKey& key,
                       const ChainId& chain_id, const ValidatorSet& set, Clock& clock,
                       SoloOptions options, EngineEvents events)
    : app_(app),
      log_(log),
      guard_(std::move(guard)),
      key_(key),
      chain_id_(chain_id),
      set_(set),
      clock_(clock),
      options_(options),
      events_(std::move(events)) {}

SoloEngine::~SoloEngine() {
  stop();
}

ErrorOr<void> SoloEngine::start() {
  if (set_.validators.size() != 1) {
    return fail(ErrorCode::kInvalidInput, "this engine has a quorum of one, and the chain has " +
                                              std::to_string(set_.validators.size()) +
                                              " validators");
  }
  if (set_.validators[0].key != key_.secret.x_only_key()) {
    return fail(ErrorCode::kInvalidInput,
                "the validator key " + to_hex0x(key_.secret.x_only_key()) +
                    " is not the chain's validator " + to_hex0x(set_.validators[0].key));
  }
  TRY_VOID(recover());
  thread_ = std::thread([this] { run(); });
  return {};
}

void SoloEngine::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void SoloEngine::wake() {
  {
    const std::lock_guard lock(mutex_);
    if (woken_) return;
    woken_ = true;
  }
  wake_.notify_all();
}

// ---- after a restart ----

ErrorOr<void> SoloEngine::recover() {
  BlockId block_final = chain_id_;
  if (log_.height() > 0) {
    TRY(const FinalEntry last, log_.final_at(log_.height()));
    view_final_ = last.view;
    block_final = last.block;
  }
  height_synced_ = log_.height();
  // The last proposal on top of the last final block was begun and not finished.
  std::optional<ProposalEntry> begun;
  for (LogEntry& entry : log_.take_tail()) {
    auto* proposal = std::get_if<ProposalEntry>(&entry);
    if (proposal != nullptr && proposal->block.header.parent == block_final)
      begun = std::move(*proposal);
  }
  view_ = view_final_;
  if (begun) {
    const BlockId id = block_id(begun->block.header);
    const Fault fault = app_.process_proposal(id, block_final, begun->block);
    if (fault != Fault::kNone) {
      return fail(ErrorCode::kCorrupt,
                  "block " + std::to_string(begun->block.header.height) +
                      " in the block log, which this validator proposed, is invalid (" +
                      std::string(fault_name(fault)) + "): " + std::string(fault_help(fault)));
    }
    view_ = begun->view;
    if (guard_.record().view <= view_) {
      events_.log("finishing block " + std::to_string(begun->block.header.height) +
                  ", begun before the restart");
      TRY_VOID(propose(begun->view, begun->block));
      TRY_VOID(finish(begun->view, begun->parent_view, id, begun->block));
      view_final_ = begun->view;
      block_final = id;
      TRY_VOID(sync());
    }
  }
  TRY_VOID(check_guard(view_final_, block_final));
  view_ = std::max(view_, guard_.record().view);
  return {};
}

// The vote record must not know of final votes that the log has lost.
ErrorOr<void> SoloEngine::check_guard(std::uint64_t view_final, const BlockId& block_final) {
  const VoteRecord& record = guard_.record();
  if (record.view_finalized < view_final) return {};
  if (record.view_finalized == view_final) {
    if (view_final == 0 || record.block_finalized == block_final) return {};
    return fail(ErrorCode::kCorrupt, "the vote record voted another block final in view " +
                                         std::to_string(view_final) +
                                         " than the block log has: they do not belong together");
  }
  const std::string what = "the vote record says that block " + to_hex0x(record.block_finalized) +
                           " was voted final in view " + std::to_string(record.view_finalized) +
                           ", but the block log ends at height " + std::to_string(log_.height()) +
                           ", view " + std::to_string(view_final) + " (" + log_.end_place() + "; " +
                           std::to_string(log_.torn_bytes()) +
                           " bytes of torn tail were cut off): the end of the log has been lost";
  if (options_.accept_lost_blocks) {
    events_.log(what + "; going on without it, as told");
    return {};
  }
  return fail(ErrorCode::kCorrupt,
              what +
                  ". Restore the blocks folder from a backup that has it; or, if nobody relies "
                  "on the lost blocks, start once with --accept-lost-blocks");
}

// ---- the story of a block ----

void SoloEngine::run() {
  // Takes a tenth of a second, which the first block need not wait for.
  if (!chain_) chain_ = std::make_unique<BeaconChain>(beacon_seed(key_.beacon_secret, 0));
  while (true) {
    ErrorOr<bool> work = wait_for_work();
    ErrorOr<void> done;
    if (!work) {
      done = Fail{work.error()};
    } else if (!*work) {
      return;
    } else {
      done = make_block();
    }
    if (!done) {
      events_.log("the engine has stopped: " + done.error().context);
      events_.on_failure(done.error());
      return;
    }
  }
}

ErrorOr<bool> SoloEngine::wait_for_work() {
  while (true) {
    {
      const std::lock_guard lock(mutex_);
      if (stopping_) break;
      woken_ = false;
    }
    const AppInfo last = app_.info();
    const std::uint64_t now = std::max(clock_.wall_ms(), last.time_ms + 1);
    Application::Work work = app_.work_at(now);
    if (work.now) return true;
    if (options_.idle_interval_ms) {
      const std::uint64_t idle = last.time_ms + *options_.idle_interval_ms;
      if (idle <= now) return true;
      work.next_ms = std::min(work.next_ms.value_or(idle), idle);
    }
    // Before resting: the last final entry, so that the databases can follow.
    if (height_synced_ < last.height) {
      TRY_VOID(sync());
      continue;
    }
    sleep_until(work.next_ms);
  }
  if (height_synced_ < app_.info().height) TRY_VOID(sync());
  return false;
}

void SoloEngine::sleep_until(std::optional<std::uint64_t> wall_ms) {
  std::unique_lock lock(mutex_);
  const auto has_reason = [&] { return stopping_ || woken_; };
  if (!wall_ms) {
    wake_.wait(lock, has_reason);
    return;
  }
  const std::uint64_t now = clock_.wall_ms();
  // At most a minute at a time: the wall clock may be set.
  const std::uint64_t wait = *wall_ms > now ? std::min<std::uint64_t>(*wall_ms - now, 60'000) : 1;
  wake_.wait_for(lock, std::chrono::milliseconds(wait), has_reason);
}

ErrorOr<void> SoloEngine::make_block() {
  const AppInfo parent = app_.info();
  ProposalRequest request;
  request.parent = parent.block;
  request.time_ms = std::max(clock_.wall_ms(), parent.time_ms + 1);
  request.proposer = key_.secret.x_only_key();
  request.txs_max = options_.block_txs_max;
  bool has_link = true;
  request.reveal = [&](const ValidatorRecord& record) {
    auto link = reveal(record);
    has_link = link.has_value();
    return link;
  };
  request.allow_empty = options_.idle_interval_ms.has_value() &&
                        parent.time_ms + *options_.idle_interval_ms <= request.time_ms;
  const std::optional<Block> block = app_.prepare_proposal(request);
  if (!has_link) {
    return fail(ErrorCode::kInvalidInput,
                "the beacon secret in the validator key does not fit the commitment that the chain "
                "has: no block with content can be proposed with this key");
  }
  if (!block) return {};
  const std::uint64_t view = view_ + 1;
  const BlockId id = block_id(block->header);
  TRY_VOID(log_.append_proposal(view, view_final_, *block));
  TRY_VOID(propose(view, *block));
  TRY_VOID(finish(view, view_final_, id, *block));
  if (block->txs.empty()) sleep_until(clock_.wall_ms() + options_.due_spacing_ms);
  return {};
}

// The notarize turn. The proposal is in the log.
ErrorOr<void> SoloEngine::propose(std::uint64_t view, const Block& block) {
  Vote notarize;
  notarize.epoch = block.header.epoch;
  notarize.view = view;
  notarize.kind = VoteKind::kNotarize;
  notarize.parent_view = view_final_;
  notarize.block = block_id(block.header);
  TRY_VOID(log_.append_vote(notarize));
  TRY_VOID(sync());
  view_ = view;
  return {};
}

// From the notarize vote to the commit.
ErrorOr<void> SoloEngine::finish(std::uint64_t view, std::uint64_t parent_view, const BlockId& id,
                                 const Block& block) {
  const std::uint64_t epoch = block.header.epoch;
  TRY(const Certificate notarization, vote(VoteKind::kNotarize, view, parent_view, id, epoch));
  TRY_VOID(log_.append_certificate(notarization));
  Vote finalize = notarization.vote;
  finalize.kind = VoteKind::kFinalize;
  TRY_VOID(log_.append_vote(finalize));
  TRY_VOID(sync());
  TRY(Certificate finalization, vote(VoteKind::kFinalize, view, parent_view, id, epoch));

  const auto result = app_.finalize_block(id, block.header.parent, block);
  CHECK(result.has_value());
  FinalEntry entry;
  entry.height = block.header.height;
  entry.view = view;
  entry.block = id;
  entry.certificate = std::move(finalization);
  entry.app_hash = result->app_hash;
  entry.outcomes.assign(result->outcomes.begin(), result->outcomes.end());
  TRY_VOID(log_.append_final(entry));
  TRY_VOID(app_.commit(id));
  view_final_ = view;
  ++blocks_made_;
  events_.on_final(FinalBlock{entry.height, block.header.time_ms, id, &*result});
  return {};
}

ErrorOr<Certificate> SoloEngine::vote(VoteKind kind, std::uint64_t view, std::uint64_t parent_view,
                                      const BlockId& id, std::uint64_t epoch) {
  Certificate certificate;
  certificate.vote = Vote{epoch, view, kind, parent_view, id};
  const std::uint64_t start = clock_.monotonic_ns();
  TRY(auto signature, guard_.sign(certificate.vote, kOwnIndex));
  sync_ns_ += clock_.monotonic_ns() - start;
  certificate.signatures.push_back(signature);
  CHECK(verify_certificate(chain_id_, set_, certificate));
  return certificate;
}

ErrorOr<void> SoloEngine::sync() {
  const std::uint64_t start = clock_.monotonic_ns();
  const std::uint64_t height = log_.height();
  TRY_VOID(log_.sync());
  sync_ns_ += clock_.monotonic_ns() - start;
  if (height > height_synced_) {
    height_synced_ = height;
    app_.on_durable(height);
  }
  return {};
}

// The next link, from the chain that the record is at. Chains are numbered from 0; the record does
// not say which it is at, so the first try goes to the one at hand.
std::optional<BeaconReveal> SoloEngine::reveal(const ValidatorRecord& record) {
  for (std::uint64_t number = chain_number_; number < chain_number_ + 64; ++number) {
    if (!chain_ || number != chain_number_) {
      chain_ = std::make_unique<BeaconChain>(beacon_seed(key_.beacon_secret, number));
      chain_number_ = number;
    }
    std::unique_ptr<BeaconChain> next;
    if (record.beacon_remaining == 1)
      next = std::make_unique<BeaconChain>(beacon_seed(key_.beacon_secret, number + 1));
    if (auto reveal = next_reveal(record, *chain_, next.get())) return reveal;
  }
  return std::nullopt;
}

}  // namespace fog
