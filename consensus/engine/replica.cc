// What a replica does when something happens.
#include "consensus/engine/replica.h"

#include <algorithm>

namespace fog {
namespace {

constexpr std::uint64_t kMs = 1'000'000;
constexpr std::uint64_t kStatusNs = 200 * kMs;
constexpr std::size_t kEvidenceMax = 256;
constexpr std::size_t kTellBytes = 16 * 1024;
constexpr std::size_t kRoundsPerTurn = 16;
// Votes that wait for it: those of some views that are not final.
constexpr std::size_t kUnsignedMax = 64;

}  // namespace

Replica::Replica(ReplicaParts parts, std::unique_ptr<Signer> signer, ReplicaOptions options,
                 EngineEvents events)
    : parts_(parts),
      signer_(std::move(signer)),
      options_(options),
      events_(std::move(events)),
      shelf_(*parts.pool),
      block_sync_(options.sync_blocks_max, 4 * options.delay_ms * kMs) {
  CHECK(parts.app && parts.log && parts.pool && parts.clock);
}

Replica::~Replica() = default;

// ---- start ----

ErrorOr<void> Replica::start() {
  height_synced_ = floor_height_ = parts_.log->height();
  TRY_VOID(start_epoch(parts_.log->take_tail()));
  TRY_VOID(begin_join());
  if (joining_) return {};
  TRY_VOID(drain());
  return replay_later();
}

ErrorOr<void> Replica::start_epoch(std::vector<LogEntry>&& tail) {
  const AppInfo last = parts_.app->info();
  const EpochInfo epoch = parts_.app->epoch();
  SimplexConfig config;
  config.epoch = epoch.epoch;
  config.set = epoch.set;
  config.leader_seed = epoch.leader_seed;
  config.last_height = epoch.last_height;
  config.floor = {last.block, {}, last.height};
  config.floor_view = epoch_view(epoch.epoch);
  config.delay_ms = options_.delay_ms;
  if (signer_) {
    if (const auto place = place_of(epoch.set, signer_->key()))
      config.own_index = static_cast<std::uint8_t>(*place);
  }
  if (last.height > 0 && last.height >= parts_.log->first_height()) {
    TRY(const FinalEntry entry, parts_.log->final_at(last.height));
    config.floor_view = std::max(config.floor_view, entry.view);
  }
  if (config.own_index) {
    // What the key has voted and the log does not know.
    std::uint64_t journal_view = config.floor_view;
    for (const LogEntry& entry : tail) {
      if (const auto* vote = std::get_if<VoteEntry>(&entry))
        journal_view = std::max(journal_view, vote->vote.view);
    }
    // Of a signer that is not there yet nothing is known: what its record forbids, it refuses.
    const std::optional<VoteRecord> record = signer_->record();
    if (record && record->view > journal_view) config.signed_view = record->view;
    const bool alone =
        quorum(epoch.set.validators[*config.own_index].stake, total_stake(epoch.set));
    if (alone) {
      if (!record) {
        return fail(ErrorCode::kUnavailable,
                    "the only validator's signer has not been reached: nothing could be made final "
                    "without it, and what it has voted must be compared with the log. Start the "
                    "signer first");
      }
      TRY_VOID(check_guard(config.floor_view, last.block, tail));
      // Nobody else can end the views that the log has lost.
      if (options_.accept_lost_blocks)
        config.floor_view = std::max(config.floor_view, config.signed_view);
    }
  }
  core_ = std::make_unique<Simplex>(std::move(config));
  timers_ = {};
  delayed_.clear();
  TRY_VOID(restore(std::move(tail)));
  for (Effect& effect : core_->start())
    TRY_VOID(std::visit([&](const auto& kind) { return carry_out(kind); }, effect));
  return {};
}

ErrorOr<void> Replica::restore(std::vector<LogEntry>&& tail) {
  const std::uint64_t epoch = core_->config().epoch;
  for (LogEntry& entry : tail) {
    if (auto* proposal = std::get_if<ProposalEntry>(&entry)) {
      const BlockHeader& header = proposal->block.header;
      if (header.epoch != epoch || header.height <= floor_height_) continue;
      const BlockId id = block_id(header);
      logged_.insert(id);
      core_->restore_proposal(proposal->view, ref_of(id, header));
      shelf_.put(id, std::make_shared<const Block>(std::move(proposal->block)));
    } else if (const auto* vote = std::get_if<VoteEntry>(&entry)) {
      if (vote->vote.epoch == epoch) core_->restore_vote(vote->vote);
    } else if (const auto* certified = std::get_if<CertificateEntry>(&entry)) {
      if (certified->certificate.vote.epoch == epoch)
        core_->restore_certificate(certified->certificate);
    }
  }
  return {};
}

// In a chain with one validator: the vote record must not know of final votes that the log has
// lost. Among many, the others have the blocks.
ErrorOr<void> Replica::check_guard(std::uint64_t view_final, const BlockId& block_final,
                                   const std::vector<LogEntry>& tail) {
  const VoteRecord record = signer_->record().value();
  if (record.view_finalized < view_final) return {};
  if (record.view_finalized == view_final) {
    if (record.number == 0 || record.view_finalized == 0 || record.block_finalized == block_final)
      return {};
    return fail(ErrorCode::kCorrupt, "the vote record voted another block final in view " +
                                         std::to_string(view_final) +
                                         " than the block log has: they do not belong together");
  }
  // The log has the vote, and the finalization that follows from it is made again.
  for (const LogEntry& entry : tail) {
    const auto* vote = std::get_if<VoteEntry>(&entry);
    if (vote != nullptr && vote->vote.kind == VoteKind::kFinalize &&
        vote->vote.view == record.view_finalized && vote->vote.block == record.block_finalized)
      return {};
  }
  const std::string what = "the vote record says that block " + to_hex0x(record.block_finalized) +
                           " was voted final in view " + std::to_string(record.view_finalized) +
                           ", but the block log ends at height " +
                           std::to_string(parts_.log->height()) + ", view " +
                           std::to_string(view_final) + " (" + parts_.log->end_place() + "; " +
                           std::to_string(parts_.log->torn_bytes()) +
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

// ---- turns ----

ErrorOr<void> Replica::turn(Input input) {
  inputs_.push_back(std::move(input));
  return drain();
}

ErrorOr<void> Replica::drain() {
  // A validator alone makes one block after another as long as there is work; others wait too.
  for (std::size_t round = 0; round < kRoundsPerTurn; ++round) {
    TRY_VOID(take_inputs());
    if (core_->epoch_is_over()) {
      logged_.clear();
      TRY_VOID(start_epoch({}));
      TRY_VOID(replay_later());
      continue;
    }
    TRY_VOID(look_for_work());
    if (inputs_.empty()) return {};
  }
  return {};
}

ErrorOr<void> Replica::take_inputs() {
  while (!inputs_.empty() || !signs_.empty()) {
    while (!inputs_.empty()) {
      const Input input = std::move(inputs_.front());
      inputs_.pop_front();
      for (const Effect& effect : core_->step(input))
        TRY_VOID(std::visit([&](const auto& kind) { return carry_out(kind); }, effect));
    }
    if (signs_.empty()) break;
    if (log_dirty_) TRY_VOID(sync());
    TRY_VOID(cast_all());
  }
  return {};
}

// In the order in which they were decided: a vote of a later view forbids those before.
ErrorOr<void> Replica::cast_all() {
  while (!unsigned_.empty()) {
    const Vote& vote = unsigned_.front().vote;
    if (vote.epoch == core_->config().epoch && vote.view > core_->floor_view()) {
      TRY(const bool asked, cast(unsigned_.front()));
      if (!asked) break;
    }
    unsigned_.pop_front();
  }
  for (const Sign& sign : std::exchange(signs_, {})) {
    bool asked = false;
    if (unsigned_.empty()) {
      TRY(asked, cast(sign));
    }
    if (!asked) unsigned_.push_back(sign);
  }
  if (unsigned_.size() > kUnsignedMax) unsigned_.pop_front();
  if (!unsigned_.empty()) sign_again_ns_ = parts_.clock->monotonic_ns() + kSignAgainMs * kMs;
  return {};
}

// The journal is on disk: the signer's own record, the signature, and out. False when the signer is
// not there.
ErrorOr<bool> Replica::cast(const Sign& sign) {
  const std::uint64_t start = parts_.clock->monotonic_ns();
  auto signature = signer_->sign(sign.vote, *core_->config().own_index);
  sync_ns_ += parts_.clock->monotonic_ns() - start;
  if (!signature) {
    if (signature.error().code == ErrorCode::kUnavailable) return false;
    if (signature.error().code != ErrorCode::kRejected) return Fail{signature.error()};
    return true;  // it has voted beyond: this vote is forgone
  }
  ++votes_signed_;
  const SignedVote vote{sign.vote, *signature};
  inputs_.push_back(VoteInput{vote});
  TRY_VOID(carry_out(SendVote{vote, sign.proposal}));
  return true;
}

ErrorOr<void> Replica::sync() {
  const std::uint64_t start = parts_.clock->monotonic_ns();
  const std::uint64_t height = parts_.log->height();
  TRY_VOID(parts_.log->sync());
  sync_ns_ += parts_.clock->monotonic_ns() - start;
  log_dirty_ = false;
  if (height > height_synced_) {
    height_synced_ = height;
    parts_.app->on_durable(height);
  }
  return {};
}

ErrorOr<void> Replica::flush() {
  return log_dirty_ ? sync() : ErrorOr<void>();
}

ErrorOr<void> Replica::log_block(std::uint64_t view, std::uint64_t parent_view, const BlockId& id,
                                 const Block& block) {
  if (!logged_.insert(id).second) return {};
  log_dirty_ = true;
  return parts_.log->append_proposal(view, parent_view, block);
}

ErrorOr<void> Replica::carry_out(const AppendProposal& effect) {
  const SharedBlock block = shelf_.find(effect.block);
  CHECK(block != nullptr);
  return log_block(effect.view, effect.parent_view, effect.block, *block);
}

ErrorOr<void> Replica::carry_out(const AppendVote& effect) {
  log_dirty_ = true;
  return parts_.log->append_vote(effect.vote);
}

ErrorOr<void> Replica::carry_out(const AppendCertificate& effect) {
  log_dirty_ = true;
  return parts_.log->append_certificate(effect.certificate);
}

ErrorOr<void> Replica::carry_out(const Sign& effect) {
  signs_.push_back(effect);
  return {};
}

ErrorOr<void> Replica::carry_out(const SendCertificate& effect) {
  if (parts_.net != nullptr)
    wire::broadcast(*parts_.net, wire::CertificateMessage{effect.certificate});
  return {};
}

ErrorOr<void> Replica::carry_out(const SendVote& effect) {
  if (effect.proposal) {
    send_proposal(effect.vote);
  } else if (parts_.net != nullptr) {
    wire::broadcast(*parts_.net, wire::VoteMessage{effect.vote});
  }
  return {};
}

ErrorOr<void> Replica::carry_out(const SetTimer& effect) {
  const std::uint64_t now = parts_.clock->monotonic_ns();
  timers_[static_cast<std::size_t>(effect.kind)] = Timer{effect.view, now + effect.delay_ms * kMs};
  if (effect.kind == TimerKind::kLeader) tell_ns_ = now + options_.delay_ms * kMs / 2;
  return {};
}

ErrorOr<void> Replica::carry_out(const Entered&) {
  for (const TimerKind kind : {TimerKind::kLeader, TimerKind::kAdvance, TimerKind::kRetry})
    timers_[static_cast<std::size_t>(kind)].reset();
  told_of_work_ = false;
  look_again_ = true;
  work_ms_.reset();
  tell_ns_.reset();
  delayed_.clear();
  return {};
}

ErrorOr<void> Replica::carry_out(const Evidence& effect) {
  const auto same = [&](const Evidence& known) {
    return known.first.signature.index == effect.first.signature.index &&
           known.first.vote.epoch == effect.first.vote.epoch;
  };
  // One proof a validator and epoch is enough: it is out after the first.
  if (evidence_.size() >= kEvidenceMax || std::any_of(evidence_.begin(), evidence_.end(), same))
    return {};
  evidence_.push_back(effect);
  const XOnlyKey& validator = core_->config().set.validators[effect.first.signature.index].key;
  events_.log("validator " + to_hex0x(validator) + " has voted against itself in view " +
              std::to_string(effect.first.vote.view));
  events_.on_evidence(validator, effect);
  return {};
}

// ---- work ----

// Tells the core once a view when a block in it would have something to do.
ErrorOr<void> Replica::look_for_work() {
  if (told_of_work_ || !look_again_) return {};
  look_again_ = false;
  const BlockId parent = core_->head();
  if (!has_all_below(parent) || !execute(parent)) return {};
  const std::uint64_t parent_ms = parts_.app->time_of(parent).value_or(0);
  const std::uint64_t now = std::max(parts_.clock->wall_ms(), parent_ms + 1);
  Application::Work work = parts_.app->work_at(parent, now);
  if (work.now && !work.has_txs && now < parent_ms + options_.due_spacing_ms) {
    work = {false, false, parent_ms + options_.due_spacing_ms};
  }
  if (!work.now && options_.idle_interval_ms) {
    const std::uint64_t idle = parent_ms + *options_.idle_interval_ms;
    if (idle <= now) work.now = true;
    work.next_ms = std::min(work.next_ms.value_or(idle), idle);
  }
  if (!work.now) {
    work_ms_ = work.next_ms;
    return {};
  }
  work_ms_.reset();
  told_of_work_ = true;
  inputs_.push_back(WorkInput{core_->view()});
  return {};
}

ErrorOr<void> Replica::poll() {
  if (joining_) return poll_join();
  const std::uint64_t now_ns = parts_.clock->monotonic_ns();
  for (std::size_t kind = 0; kind < timers_.size(); ++kind) {
    if (!timers_[kind] || timers_[kind]->due_ns > now_ns) continue;
    const Timer timer = *std::exchange(timers_[kind], std::nullopt);
    TRY_VOID(turn(TimerInput{static_cast<TimerKind>(kind), timer.view}));
  }
  if (!delayed_.empty()) TRY_VOID(verify_delayed());
  if (tell_ns_ && *tell_ns_ <= now_ns) tell_leader();
  if (!unsigned_.empty() && sign_again_ns_ <= now_ns) TRY_VOID(cast_all());
  look_again_ = true;
  TRY_VOID(drain());
  if (parts_.net == nullptr) return {};
  TRY_VOID(execute_synced());
  if (floor_height_ != status_sent_height_ && now_ns >= status_sent_ns_ + kStatusNs) {
    status_sent_height_ = floor_height_;
    status_sent_ns_ = now_ns;
    wire::broadcast(*parts_.net, status());
  }
  return ask_for_blocks();
}

// The leader's time runs since there was something to do here. Perhaps it does not know of it: an
// announcement was lost, or what was announced.
void Replica::tell_leader() {
  tell_ns_.reset();
  const std::uint64_t view = core_->view();
  if (parts_.net == nullptr || core_->leads(view) || core_->proposal(view)) return;
  const BlockId parent = core_->head();
  const auto parent_ms = parts_.app->time_of(parent);
  if (!parent_ms) return;
  wire::Txs message;
  for (Bytes& tx :
       parts_.app->next_txs(parent, std::max(parts_.clock->wall_ms(), *parent_ms + 1), kTellBytes))
    message.txs.emplace_back(std::move(tx));
  // To everybody: who passed on the leader's last vote may be a liar.
  if (!message.txs.empty()) wire::broadcast(*parts_.net, message);
}

std::optional<std::uint64_t> Replica::next_ns() {
  if (joining_) return joining_->next_ns();
  const std::uint64_t now_ns = parts_.clock->monotonic_ns();
  std::optional<std::uint64_t> next;
  const auto at = [&](std::uint64_t ns) { next = std::min(next.value_or(ns), ns); };
  if (!inputs_.empty()) at(now_ns);
  if (!unsigned_.empty()) at(sign_again_ns_);
  for (const auto& timer : timers_) {
    if (timer) at(timer->due_ns);
  }
  if (tell_ns_) at(*tell_ns_);
  const std::uint64_t wall = parts_.clock->wall_ms();
  // At most a minute at a time: the wall clock may be set.
  const auto at_wall = [&](std::uint64_t ms) {
    at(now_ns + (ms > wall ? std::min<std::uint64_t>(ms - wall, 60'000) * kMs : 0));
  };
  if (work_ms_ && !told_of_work_) at_wall(*work_ms_);
  for (const auto& [verify, wall_ms] : delayed_) at_wall(wall_ms);
  if (parts_.net == nullptr) return next;
  if (floor_height_ != status_sent_height_) at(status_sent_ns_ + kStatusNs);
  if (!synced_.empty()) at(synced_.front().wait_ns);
  if (const auto deadline = block_sync_.deadline_ns()) {
    at(*deadline);
  } else if (const auto chance = block_sync_.next_chance_ns(height_at_hand())) {
    at(std::max(*chance, progress_ns_ + 2 * options_.delay_ms * kMs + kMs));
  }
  return next;
}

}  // namespace fog
