// FakeChain: one Host's corner of a chain in memory, for tests of the agent: it answers state
// reads, takes the agent's messages as the market's rules do where the agent can see it, and can be
// cut off.
#pragma once

#include <condition_variable>
#include <map>
#include <mutex>

#include <gtest/gtest.h>

#include "chain/api/node_api.h"
#include "chain/base/clock.h"
#include "executor/message_sender.h"
#include "market/types/messages.h"

namespace fog::testing {

class FakeChain final : public NodeApi, public executor::MessageSender {
 public:
  template <class T>
  void put(const StateKey& key, const T& value) {
    const std::lock_guard lock(mutex_);
    put_locked(key, bcs_encode(value));
    ++height_;
    changed_.notify_all();
  }
  void put_index(StateKey prefix, ByteView tail) {
    append(prefix, tail);
    const std::lock_guard lock(mutex_);
    put_locked(prefix, {});
  }
  template <class T>
  T get(const StateKey& key) {
    const std::lock_guard lock(mutex_);
    return get_locked<T>(key);
  }
  void set_reachable(bool reachable) {
    const std::lock_guard lock(mutex_);
    reachable_ = reachable;
  }
  // How many messages of a kind were taken.
  std::size_t taken(MessageKind kind) {
    const std::lock_guard lock(mutex_);
    return taken_[static_cast<std::uint16_t>(kind)];
  }

  // ---- NodeApi ----
  ErrorOr<ChainStatus> status() override {
    const std::lock_guard lock(mutex_);
    if (!reachable_) return cut_off();
    return status_locked();
  }
  ErrorOr<ChainStatus> wait_height(std::uint64_t height, std::uint64_t timeout_ms) override {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, std::chrono::milliseconds(std::min<std::uint64_t>(timeout_ms, 100)),
                      [&] { return height_ >= height || !reachable_; });
    if (!reachable_) return cut_off();
    return status_locked();
  }
  ErrorOr<std::vector<std::optional<Bytes>>> state_get(const std::vector<StateKey>& keys) override {
    const std::lock_guard lock(mutex_);
    if (!reachable_) return cut_off();
    std::vector<std::optional<Bytes>> out;
    for (const StateKey& key : keys) {
      const auto it = records_.find(key);
      out.push_back(it == records_.end() ? std::nullopt : std::optional(it->second));
    }
    return out;
  }
  ErrorOr<StatePage> state_scan(const StateKey& from, const StateKey& to, std::uint32_t) override {
    const std::lock_guard lock(mutex_);
    if (!reachable_) return cut_off();
    StatePage page;
    for (auto it = records_.lower_bound(from); it != records_.lower_bound(to); ++it) {
      page.records.push_back({it->first, it->second});
    }
    return page;
  }
  ErrorOr<std::vector<SubmitReply>> submit(const std::vector<Bytes>&) override { return unused(); }
  ErrorOr<TxStatus> transaction(const TxId&) override { return unused(); }
  ErrorOr<TxStatus> wait_transaction(const TxId&, std::uint64_t) override { return unused(); }
  ErrorOr<BlockInfo> block(std::uint64_t) override { return unused(); }
  ErrorOr<StateProof> state_proof(const StateKey&) override { return unused(); }
  ErrorOr<std::vector<SubmitEvidence>> evidence() override { return unused(); }
  ErrorOr<SyncReport> sync_report() override { return unused(); }
  ErrorOr<Checkpoint> checkpoint() override { return unused(); }
  ErrorOr<SupplyReport> verify_supply() override { return unused(); }

  // ---- MessageSender: all messages hold, or none ----
  ErrorOr<void> send(const std::vector<RawMessage>& messages) override {
    const std::lock_guard lock(mutex_);
    if (!reachable_) return cut_off();
    const auto before = records_;
    for (const RawMessage& message : messages) {
      if (const std::string refused = apply(message); !refused.empty()) {
        records_ = before;
        return fail(ErrorCode::kRejected, refused);
      }
    }
    for (const RawMessage& message : messages) ++taken_[message.kind];
    ++height_;
    changed_.notify_all();
    return {};
  }

 private:
  static Fail<Error> cut_off() { return fail(ErrorCode::kNetwork, "cut off"); }
  static Fail<Error> unused() { return fail(ErrorCode::kUnavailable, "not for this test"); }
  static std::uint64_t now_ms() { return system_clock().wall_ms(); }

  ChainStatus status_locked() const {
    ChainStatus out;
    out.chain_id.data[0] = 5;
    out.height = height_;
    out.time_ms = now_ms();
    return out;
  }
  void put_locked(const StateKey& key, Bytes value) { records_[key] = std::move(value); }
  template <class T>
  T get_locked(const StateKey& key) {
    const auto it = records_.find(key);
    EXPECT_NE(it, records_.end());
    return *bcs_decode<T>(it->second);
  }
  void touch(const market::HostId& id) {
    auto host = get_locked<market::Host>(market::host_key(id));
    host.last_seen_ms = now_ms();
    put_locked(market::host_key(id), bcs_encode(host));
  }

  std::string apply(const RawMessage& message) {
    switch (static_cast<MessageKind>(message.kind)) {
      case MessageKind::kAckLease:
        return apply_ack(*bcs_decode<market::AckLease>(message.payload));
      case MessageKind::kReleaseLease:
        return apply_release(*bcs_decode<market::ReleaseLease>(message.payload));
      case MessageKind::kHeartbeat:
        touch(bcs_decode<market::Heartbeat>(message.payload)->host);
        return "";
      case MessageKind::kSubmitReceipts:
        return apply_receipts(*bcs_decode<market::SubmitReceipts>(message.payload));
      default:
        return "an agent does not send that";
    }
  }
  std::string apply_ack(const market::AckLease& ack) {
    auto lease = get_locked<market::Lease>(market::lease_key(ack.lease));
    if (lease.term != ack.term || lease.state != market::LeaseState::kProposed) return "not open";
    lease.state = market::LeaseState::kActive;
    lease.active_since_ms = lease.billed_until_ms = lease.last_seen_ms = now_ms();
    touch(lease.host);
    put_locked(market::lease_key(ack.lease), bcs_encode(lease));
    return "";
  }
  std::string apply_release(const market::ReleaseLease& release) {
    auto lease = get_locked<market::Lease>(market::lease_key(release.lease));
    if (lease.state == market::LeaseState::kClosed) return "closed";
    lease.state = market::LeaseState::kClosed;
    lease.closed = market::CloseReason::kByHost;
    lease.closed_ms = lease.closing_at_ms = now_ms();
    put_locked(market::lease_key(release.lease), bcs_encode(lease));
    return "";
  }
  std::string apply_receipts(const market::SubmitReceipts& message) {
    for (const market::Receipt& receipt : message.receipts) {
      auto lease = get_locked<market::Lease>(market::lease_key(receipt.lease));
      if (lease.term != receipt.term || lease.active_since_ms == 0) return "no such term";
      for (const market::LogClaim& claim : receipt.logs) {
        if (const std::string refused = take(lease, claim); !refused.empty()) return refused;
      }
      const bool closed = lease.state == market::LeaseState::kClosed;
      lease.billed_until_ms = closed ? lease.closing_at_ms : now_ms();
      lease.last_seen_ms = now_ms();
      ++lease.receipts;
      touch(lease.host);
      put_locked(market::lease_key(receipt.lease), bcs_encode(lease));
    }
    return "";
  }
  std::string take(market::Lease& lease, const market::LogClaim& claim) {
    market::LogState last;
    for (const market::LogState& log : lease.logs) {
      if (log.gateway == claim.gateway) last = log;
    }
    const auto gateway = get_locked<market::Gateway>(market::gateway_key(claim.gateway));
    if (claim.count > claim.voucher.voucher.count) return "not vouchered";
    if (!market::verify_voucher(claim.voucher, gateway.key)) return "bad voucher";
    if (claim.root.sums.egress_bytes > claim.voucher.voucher.response_bytes) return "bad sums";
    if (!market::verify_consistency(last.count, last.root, claim.count, claim.root,
                                    claim.consistency)) {
      return "not extending";
    }
    std::erase_if(lease.logs, [&](const auto& log) { return log.gateway == claim.gateway; });
    lease.logs.push_back({claim.gateway, claim.count, claim.root, claim.voucher.voucher.count,
                          claim.voucher.voucher.response_bytes});
    return "";
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<StateKey, Bytes> records_;
  std::map<std::uint16_t, std::size_t> taken_;
  std::uint64_t height_ = 1;
  bool reachable_ = true;
};

}  // namespace fog::testing
