#include "consensus/engine/snapshot_sync.h"

#include <algorithm>

namespace fog {
namespace {

constexpr std::uint64_t kMs = 1'000'000;
constexpr std::uint64_t kTickNs = 200 * kMs;
constexpr std::uint64_t kEpochsAnswerNs = 10'000 * kMs;
constexpr std::uint64_t kPauseNs = 1'000 * kMs;
constexpr std::uint64_t kPauseDoublings = 5;
// For peers to say what they have, before going on without the others.
constexpr std::uint64_t kSettleMs = 1'000;
// With nobody left to ask but those who have another block where the trusted one should be.
constexpr std::uint64_t kMistrustMs = 5'000;
constexpr std::size_t kEndsKept = 8;

}  // namespace

SnapshotSync::SnapshotSync(SnapshotSyncParts parts, SnapshotSyncOptions options)
    : parts_(std::move(parts)), options_(std::move(options)) {
  CHECK(parts_.app && parts_.epochs && parts_.net && parts_.clock && parts_.progress);
}

ErrorOr<std::unique_ptr<SnapshotSync>> SnapshotSync::make(SnapshotSyncParts parts,
                                                          SnapshotSyncOptions options) {
  const std::uint64_t length = options.epoch_length;
  CHECK(length > 0);
  if (options.trusted && options.trusted->height % length != 0) {
    return fail(ErrorCode::kInvalidInput,
                "with --snapshot, --trusted must name the last block of an epoch, whose height is "
                "a multiple of " +
                    std::to_string(length) +
                    "; \"fogcoin node checkpoint\" prints one on a node that is up to date");
  }
  std::unique_ptr<SnapshotSync> sync(new SnapshotSync(std::move(parts), std::move(options)));
  if (sync->options_.trusted) {
    sync->epoch_ = sync->options_.trusted->height / length - 1;
  } else {
    sync->set_ = sync->options_.genesis_set;
    TRY_VOID(sync->load_known());
  }
  sync->set_phase(SyncPhase::kEpochs);
  return sync;
}

// What an earlier life has verified.
ErrorOr<void> SnapshotSync::load_known() {
  while (parts_.epochs->has(epoch_)) {
    TRY(const EpochEnd end, parts_.epochs->get(epoch_));
    if (!fits_together(end, parts_.chain_id, epoch_, options_.epoch_length) ||
        end.last.validators_hash != validators_hash(*set_))
      break;
    move_past(end);
  }
  return {};
}

void SnapshotSync::set_phase(SyncPhase phase) {
  phase_ = phase;
  parts_.progress->phase = phase;
}

// ---- peers ----

void SnapshotSync::on_up(const NodeId& peer) {
  peers_[peer];
  if (!waiting_since_ns_) waiting_since_ns_ = parts_.clock->monotonic_ns();
}

void SnapshotSync::on_down(const NodeId& peer) {
  peers_.erase(peer);
  if (asked_epochs_ && asked_epochs_->peer == peer) asked_epochs_.reset();
  forget_chunks_of(peer);
}

void SnapshotSync::on_status(const NodeId& peer, const wire::Status& status) {
  if (const auto found = peers_.find(peer); found != peers_.end())
    found->second.height = status.height;
}

void SnapshotSync::forget_chunks_of(const NodeId& id) {
  std::erase_if(asked_chunks_, [&](const auto& asked) { return asked.second.peer == id; });
}

void SnapshotSync::slow(const NodeId& id, const char* what, std::uint64_t now) {
  parts_.net->report(id, Offence::kSlow, std::string("did not send ") + what + " in time");
  const auto found = peers_.find(id);
  if (found == peers_.end()) return;
  Peer& peer = found->second;
  peer.not_before_ns = now + (kPauseNs << std::min(peer.failures, kPauseDoublings));
  ++peer.failures;
}

void SnapshotSync::broken(const NodeId& id, const std::string& why) {
  parts_.log("a peer gave " + why + ": it is banned, and others are asked");
  parts_.net->report(id, Offence::kBroken, why);
  on_down(id);
}

bool SnapshotSync::has_waited(std::uint64_t now, std::uint64_t ms) const {
  return waiting_since_ns_ && now >= *waiting_since_ns_ + ms * kMs;
}

// ---- messages ----

bool SnapshotSync::handles(std::uint8_t kind) {
  const auto wire_kind = static_cast<wire::Kind>(kind);
  return wire_kind == wire::Kind::kEpochs || wire_kind == wire::Kind::kSnapshots ||
         wire_kind == wire::Kind::kChunk;
}

// What nobody asked for is not even decoded.
bool SnapshotSync::owes(const NodeId& id, wire::Kind kind) const {
  const auto peer = peers_.find(id);
  if (peer == peers_.end()) return false;
  if (kind == wire::Kind::kEpochs) return asked_epochs_ && asked_epochs_->peer == id;
  if (kind == wire::Kind::kSnapshots) return peer->second.was_asked && !peer->second.snapshots;
  return std::any_of(asked_chunks_.begin(), asked_chunks_.end(),
                     [&](const auto& asked) { return asked.second.peer == id; });
}

template <class M>
ErrorOr<void> SnapshotSync::receive(const NodeId& from, ByteView message) {
  if (!owes(from, M::kKind)) return {};
  auto decoded = bcs_decode<M>(message);
  if (!decoded) {
    broken(from, "a message that is not canonical");
    return {};
  }
  TRY_VOID(on(from, *std::move(decoded)));
  return poll();
}

ErrorOr<void> SnapshotSync::on_message(const NodeId& from, std::uint8_t kind, ByteView message) {
  CHECK(handles(kind));
  const auto wire_kind = static_cast<wire::Kind>(kind);
  if (wire_kind == wire::Kind::kEpochs) return receive<wire::Epochs>(from, message);
  if (wire_kind == wire::Kind::kSnapshots) return receive<wire::Snapshots>(from, message);
  return receive<wire::Chunk>(from, message);
}

ErrorOr<void> SnapshotSync::poll() {
  const std::uint64_t now = parts_.clock->monotonic_ns();
  next_poll_ns_ = now + kTickNs;
  switch (phase_) {
    case SyncPhase::kEpochs:
      return poll_epochs(now);
    case SyncPhase::kOffers:
      return poll_offers(now);
    case SyncPhase::kChunks:
      return poll_chunks(now);
    case SyncPhase::kNone:
    case SyncPhase::kInstalled:
    case SyncPhase::kGivenUp:
      return {};
  }
  return {};
}

std::optional<std::uint64_t> SnapshotSync::next_ns() const {
  if (phase_ == SyncPhase::kInstalled || phase_ == SyncPhase::kGivenUp) return std::nullopt;
  return next_poll_ns_;
}

// ---- the ends of epochs ----

void SnapshotSync::move_past(const EpochEnd& end) {
  ends_.insert_or_assign(end.last.height, end);
  if (ends_.size() > kEndsKept) ends_.erase(ends_.begin());
  set_ = end.next;
  epoch_ = end.last.epoch + 1;
  parts_.progress->epochs = epoch_;
}

ErrorOr<bool> SnapshotSync::take_end(const NodeId& from, const EpochEnd& end) {
  const std::uint64_t length = options_.epoch_length;
  if (set_) {
    if (!verify_epoch_end(end, parts_.chain_id, epoch_, length, *set_)) {
      broken(from, "the end of an epoch without the votes that make it so");
      return false;
    }
    TRY_VOID(parts_.epochs->put(end));
    move_past(end);
    return true;
  }
  if (!fits_together(end, parts_.chain_id, epoch_, length)) {
    broken(from, "the end of an epoch whose parts do not belong together");
    return false;
  }
  const TrustedBlock found{end.last.height, block_id(end.last)};
  if (found != *options_.trusted) {
    parts_.log("a peer has " + to_text(found) + " where --trusted says " +
               to_text(*options_.trusted));
    peers_[from].has_other_trusted = true;
    return false;
  }
  if (!is_within_trust(end.last.time_ms, parts_.clock->wall_ms(), options_.trusting_period_ms))
    return checkpoint_too_old(*options_.trusted);
  move_past(end);
  TRY_VOID(load_known());
  return true;
}

ErrorOr<void> SnapshotSync::on(const NodeId& from, wire::Epochs&& message) {
  asked_epochs_.reset();
  if (message.from != epoch_ || message.ends.empty()) {
    peers_[from].no_epochs_from = epoch_;
    return {};
  }
  for (const EpochEnd& end : message.ends) {
    if (end.last.epoch < epoch_) continue;  // known from an earlier life
    TRY(const bool taken, take_end(from, end));
    if (!taken) return {};
    waiting_since_ns_ = parts_.clock->monotonic_ns();
    peers_[from].failures = 0;
  }
  return {};
}

// Whether somebody is asked, or can be when a pause is over.
bool SnapshotSync::ask_for_epochs(std::uint64_t now) {
  if (asked_epochs_ && now >= asked_epochs_->deadline_ns) {
    const NodeId late = asked_epochs_->peer;
    asked_epochs_.reset();
    slow(late, "the ends of epochs", now);
  }
  if (asked_epochs_) return true;
  const std::pair<const NodeId, Peer>* best = nullptr;
  bool may_ask_later = false;
  for (const auto& candidate : peers_) {
    const Peer& peer = candidate.second;
    if (peer.height < (epoch_ + 1) * options_.epoch_length || peer.has_other_trusted ||
        peer.no_epochs_from == epoch_)
      continue;
    if (peer.not_before_ns > now) {
      may_ask_later = true;
    } else if (best == nullptr || peer.failures < best->second.failures) {
      best = &candidate;
    }
  }
  if (best == nullptr) return may_ask_later;
  asked_epochs_ = Asked{best->first, now + kEpochsAnswerNs};
  wire::send(*parts_.net, best->first, wire::GetEpochs{epoch_});
  return true;
}

ErrorOr<void> SnapshotSync::poll_epochs(std::uint64_t now) {
  const bool is_asking = ask_for_epochs(now);
  const std::uint64_t patience = (is_asking ? kAskingPatience : 1) * options_.patience_ms;
  // Whoever only claims to know of more holds this up once: the network goes on meanwhile, and what
  // has been learned here is of use only while peers have snapshots of it.
  const bool waits = asked_epochs_ && peers_[asked_epochs_->peer].failures == 0;
  if (!has_waited(now, waits ? patience : kSettleMs)) return {};
  if (!ends_.empty()) {
    offers_since_ns_ = now;
    set_phase(SyncPhase::kOffers);
    return poll_offers(now);
  }
  const bool is_mistrusted = std::any_of(
      peers_.begin(), peers_.end(), [](const auto& peer) { return peer.second.has_other_trusted; });
  if (is_mistrusted && has_waited(now, kMistrustMs)) {
    return fail(ErrorCode::kRejected,
                "no peer has the block that --trusted names, " + to_text(*options_.trusted) +
                    ": either it was copied wrongly or is of another chain, or the peers are on a "
                    "forgery: ask whom you have it from, and other peers");
  }
  if (!has_waited(now, patience)) return {};
  // Later epochs may be known to others by then.
  for (auto& [id, peer] : peers_) peer.no_epochs_from.reset();
  if (options_.trusted) {
    waiting_since_ns_ = now;
    return {};
  }
  parts_.log("no epoch is over as far as the peers know: taking over the blocks instead");
  set_phase(SyncPhase::kGivenUp);
  return {};
}

}  // namespace fog
