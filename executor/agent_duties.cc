// The agent's second half: what it has to tell the chain, and when.
#include <algorithm>
#include <filesystem>

#include "executor/agent.h"
#include "executor/say.h"

namespace fog::executor {
namespace {

constexpr std::chrono::seconds kTick{1};
constexpr std::uint64_t kMsNs = 1'000'000;
constexpr std::uint64_t kClaimTimeoutMs = 5'000;
constexpr std::uint64_t kHeartbeatPauseNs = 2'000 * kMsNs;
// Vouchers for the last requests may still come when a lease has ended.
constexpr std::uint64_t kLastVouchersNs = 1'500 * kMsNs;
constexpr std::size_t kReceiptBytesMax = 56 * 1024;
constexpr std::size_t kReceiptsMax = 64;
constexpr std::size_t kMessagesMax = 32;

}  // namespace

void Agent::duties() {
  std::uint64_t ticks = 0;
  while (!stopping_) {
    {
      std::unique_lock lock(poke_mutex_);
      poked_.wait_for(lock, kTick, [&] { return poke_ || stopping_; });
      poke_ = false;
    }
    if (stopping_) return;
    do_duties();
    if (++ticks % 600 == 0) trim_caches();
  }
}

void Agent::do_duties() {
  {
    const std::lock_guard lock(mutex_);
    if (!known_) return;
  }
  stop_unsure();
  reap();
  send_acks();
  send_openings();
  send_releases();
  send_receipts();
  send_heartbeat();
  settle_ended();
}

std::vector<bool> Agent::send_each(const std::vector<RawMessage>& messages) {
  std::vector<bool> done(messages.size(), false);
  for (std::size_t at = 0; at < messages.size(); at += kMessagesMax) {
    const std::size_t end = std::min(messages.size(), at + kMessagesMax);
    const std::vector<RawMessage> part(messages.begin() + static_cast<std::ptrdiff_t>(at),
                                       messages.begin() + static_cast<std::ptrdiff_t>(end));
    auto sent = sender_.send(part);
    if (sent) {
      std::fill(done.begin() + static_cast<std::ptrdiff_t>(at),
                done.begin() + static_cast<std::ptrdiff_t>(end), true);
      continue;
    }
    complain("a transaction failed", sent.error());
    if (sent.error().code != ErrorCode::kRejected || part.size() == 1) continue;
    for (std::size_t i = at; i < end; ++i) done[i] = sender_.send({messages[i]}).has_value();
  }
  return done;
}

void Agent::mark_seen(std::uint64_t since_ns) {
  const std::lock_guard lock(mutex_);
  for (auto& [id, held] : held_) {
    if (held.acked) held.seen_ns = std::max(held.seen_ns, since_ns);
  }
}

// A proposed lease whose workload is ready to serve.
void Agent::send_acks() {
  std::vector<ReplicaId> ready;
  std::vector<RawMessage> messages;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [id, held] : held_) {
      const bool wanted = !held.acked && !held.over && held.declined.empty() && held.runner &&
                          held.runner->phase() == ReplicaPhase::kServing &&
                          held.lease.state == market::LeaseState::kProposed;
      if (!wanted) continue;
      ready.push_back(id);
      messages.push_back(make_message(market::AckLease{id.lease, id.term}));
    }
  }
  if (messages.empty()) return;
  const std::uint64_t since_ns = now_ns();
  const std::vector<bool> done = send_each(messages);
  const std::lock_guard lock(mutex_);
  for (std::size_t i = 0; i < ready.size(); ++i) {
    const auto it = held_.find(ready[i]);
    if (it == held_.end() || !done[i]) continue;
    it->second.acked = true;
    it->second.seen_ns = since_ns;
    it->second.claimed_ns = since_ns;
    say(it->second.lease.service + ": the lease is acknowledged and serves");
  }
}

// Reservations that gateways have opened: the ticket is the evidence, and counts until its expiry.
void Agent::send_openings() {
  std::vector<std::pair<ReplicaId, std::uint64_t>> open;  // with the ticket's number
  std::vector<RawMessage> messages;
  {
    const std::lock_guard lock(mutex_);
    for (auto& [id, held] : held_) {
      if (!held.opened) continue;
      if (held.lease.state == market::LeaseState::kReserved) {
        open.emplace_back(id, held.opened->ticket.number);
        messages.push_back(make_message(market::OpenLease{id.lease, id.term, *held.opened}));
      } else {
        held.opened.reset();
      }
    }
  }
  if (messages.empty()) return;
  const std::vector<bool> done = send_each(messages);
  const std::lock_guard lock(mutex_);
  for (std::size_t i = 0; i < open.size(); ++i) {
    const auto& [id, number] = open[i];
    const auto it = held_.find(id);
    if (it == held_.end()) continue;
    it->second.opened.reset();
    if (done[i]) {
      say(it->second.lease.service + ": a gateway has opened the reservation");
    } else if (it->second.lease.state == market::LeaseState::kReserved) {
      // What the chain does not count, nobody pays.
      front_.reserve(ReserveFrame{id, true, number});
    }
  }
}

// What cannot run here, so that it can run elsewhere.
void Agent::send_releases() {
  std::vector<ReplicaId> failed;
  std::vector<RawMessage> messages;
  {
    const std::lock_guard lock(mutex_);
    for (auto& [id, held] : held_) {
      if (held.over || held.released) continue;
      if (held.declined.empty() && held.runner && held.runner->phase() == ReplicaPhase::kFailed) {
        held.declined = held.runner->why();
      }
      if (held.declined.empty()) continue;
      market::ReleaseLease release{id.lease, id.term, clean_text<128>(held.declined)};
      failed.push_back(id);
      messages.push_back(make_message(release));
    }
  }
  if (messages.empty()) return;
  const std::vector<bool> done = send_each(messages);
  const std::lock_guard lock(mutex_);
  for (std::size_t i = 0; i < failed.size(); ++i) {
    const auto it = held_.find(failed[i]);
    if (it == held_.end() || !done[i]) continue;
    it->second.released = true;
    if (it->second.runner) it->second.runner->stop(true);
  }
}

ErrorOr<market::Receipt> Agent::make_receipt(const ReplicaId& replica, const market::Lease& lease) {
  std::vector<ClaimFrom> from;
  for (const market::LogState& log : lease.logs) from.push_back({log.gateway, log.count});
  TRY(auto claims, front_.claims(replica, from, kClaimTimeoutMs));
  market::Receipt receipt;
  receipt.lease = replica.lease;
  receipt.term = replica.term;
  receipt.logs.assign(claims.begin(), claims.end());
  return receipt;
}

// Many leases in one transaction, as far as they fit. Those that were included.
std::vector<ReplicaId> Agent::submit_receipts(
    std::vector<std::pair<ReplicaId, market::Receipt>> receipts) {
  std::vector<ReplicaId> included;
  const auto submit = [&](std::span<const std::pair<ReplicaId, market::Receipt>> part) {
    market::SubmitReceipts message;
    message.host = options_.host;
    for (const auto& [id, receipt] : part) message.receipts.push_back(receipt);
    const std::uint64_t since_ns = now_ns();
    auto sent = sender_.send({make_message(message)});
    if (!sent) return sent;
    mark_seen(since_ns);
    for (const auto& [id, receipt] : part) included.push_back(id);
    return sent;
  };
  std::size_t at = 0;
  while (at < receipts.size()) {
    std::size_t end = at;
    std::size_t bytes = 0;
    do {
      bytes += bcs_encode(receipts[end].second).size();
      ++end;
    } while (end < receipts.size() && end - at < kReceiptsMax &&
             bytes + bcs_encode(receipts[end].second).size() < kReceiptBytesMax);
    const std::span part(receipts.data() + at, end - at);
    at = end;
    const auto sent = submit(part);
    if (sent) continue;
    complain("receipts were not taken", sent.error());
    if (sent.error().code != ErrorCode::kRejected || part.size() == 1) continue;
    // One of them is wrong; the others are owed.
    for (std::size_t i = 0; i < part.size(); ++i) {
      if (const auto alone = submit(part.subspan(i, 1)); !alone) {
        complain("the receipt of lease " + to_text(part[i].first), alone.error());
      }
    }
  }
  return included;
}

void Agent::send_receipts() {
  std::vector<ReplicaId> due;
  {
    const std::lock_guard lock(mutex_);
    const std::uint64_t interval_ns = params_.receipt_interval_ms * kMsNs / 4 * 3;
    for (auto& [id, held] : held_) {
      if (!held.acked || held.over || now_ns() - held.claimed_ns < interval_ns) continue;
      // Whatever comes of it: not again before the next interval.
      held.claimed_ns = now_ns();
      due.push_back(id);
    }
  }
  std::vector<std::pair<ReplicaId, market::Receipt>> receipts;
  for (const ReplicaId& id : due) {
    const auto lease = read_term(node_, id);
    if (!lease || !*lease || (*lease)->active_since_ms == 0) continue;
    auto receipt = make_receipt(id, **lease);
    if (receipt) {
      receipts.emplace_back(id, *std::move(receipt));
    } else {
      complain("no receipt for lease " + to_text(id), receipt.error());
    }
  }
  if (!receipts.empty()) (void)submit_receipts(std::move(receipts));
}

// Between receipts, and when the chain holds us for dead.
void Agent::send_heartbeat() {
  {
    const std::lock_guard lock(mutex_);
    bool due = host_.down_since_ms != 0 && host_.retired_at_ms == 0;
    for (const auto& [id, held] : held_) {
      const std::uint64_t third_ns = params_.lease_timeout_ms * kMsNs / 3;
      due = due || (held.acked && !held.over && now_ns() - held.seen_ns > third_ns);
    }
    if (!due || now_ns() - heartbeat_ns_ < kHeartbeatPauseNs) return;
    heartbeat_ns_ = now_ns();
  }
  const std::uint64_t since_ns = now_ns();
  if (send_each({make_message(market::Heartbeat{options_.host})})[0]) mark_seen(since_ns);
}

// The last receipt of what has ended; then its logs are let go of.
void Agent::settle_ended() {
  std::vector<ReplicaId> ended;
  std::uint64_t window_ms = 0;
  std::uint64_t keep_ms = 0;
  std::uint64_t now_ms = 0;
  {
    const std::lock_guard lock(mutex_);
    window_ms = params_.final_receipt_window_ms;
    keep_ms = leaves_keep_ms(params_);
    now_ms = std::max(clock_.wall_ms(), status_.time_ms);
    for (auto& [id, held] : held_) {
      if (!held.over || held.runner || now_ns() - held.over_ns < kLastVouchersNs) continue;
      const std::uint64_t pause_ns = std::min<std::uint64_t>(window_ms / 8 + 500, 10'000) * kMsNs;
      if (now_ns() - held.claimed_ns < pause_ns) continue;
      held.claimed_ns = now_ns();
      ended.push_back(id);
    }
  }
  std::vector<std::pair<ReplicaId, market::Receipt>> receipts;
  std::vector<ReplicaId> over;
  for (const ReplicaId& id : ended) {
    const auto lease = read_term(node_, id);
    if (!lease) return complain("the chain cannot be asked", lease.error());
    const bool ours = *lease && (*lease)->host == options_.host;
    if (ours) earnings_->note(id, **lease, now_ms);
    const bool closed = ours && (*lease)->state == market::LeaseState::kClosed;
    // Its leaves can be asked for as long as its receipts can be doubted.
    if (!ours ||
        (closed && ((*lease)->active_since_ms == 0 || now_ms > (*lease)->closed_ms + keep_ms))) {
      over.push_back(id);
      continue;
    }
    if (closed && now_ms > (*lease)->closed_ms + window_ms) continue;
    auto receipt = make_receipt(id, **lease);
    if (!receipt) continue;
    const bool rent = (*lease)->billed_until_ms < (*lease)->closing_at_ms;
    if (rent || !receipt->logs.empty()) receipts.emplace_back(id, *std::move(receipt));
  }
  if (!receipts.empty()) (void)submit_receipts(std::move(receipts));
  for (const ReplicaId& id : over) {
    front_.forget(id);
    wipe_kept(id);
    std::error_code ignored;
    std::filesystem::remove(terms_path(id), ignored);
    const std::lock_guard lock(mutex_);
    held_.erase(id);
  }
}

}  // namespace fog::executor
