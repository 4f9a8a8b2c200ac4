// Agent: the Host's will. It follows the chain, runs exactly what the chain has leased to this
// Host, acknowledges, reports, claims, and stops by itself when it no longer knows that a lease is
// its own.
//
// Threads: `follow` waits for blocks and compares what runs with what is leased (reconcile);
// `duties` sends transactions when they are due; each replica has a runner; the front client and
// worker pool have one each. One mutex guards what the agent holds; nothing blocks while it is
// held.
#pragma once

#include <atomic>
#include <set>

#include "chain/base/clock.h"
#include "executor/earnings_book.h"
#include "executor/front.h"
#include "executor/host_view.h"
#include "executor/message_sender.h"
#include "executor/replica_runner.h"
#include "executor/service_views.h"
#include "executor/tunnel_holder.h"

namespace fog::executor {

struct AgentOptions {
  std::string folder;   // holds artifacts/, code/, logs/, replicas/, volumes/, front/
  std::string program;  // path of foghost
  market::HostId host;
  market::RuntimeProfile runtime;  // that the workers run
  std::uint64_t artifact_quota_bytes = 4ULL << 30;
  std::uint64_t code_quota_bytes = 2ULL << 30;
  bool namespaces = true;
  std::optional<ContainerTools> containers = {};  // nothing: this Host runs none
  RegistryPolicy registries = {};                 // from which it pulls images
  OutboundSettings outbound = {};
  std::uint64_t leaves_quota_bytes = kLeavesQuotaBytes;
  bool programs = true;     // owners may run programs in their containers
  std::string tunnel = {};  // a gateway's endpoint, to which connections are held; empty: none
};

// What `foghost status` shows of a replica.
struct ReplicaStatus {
  ReplicaId replica;
  std::string service;
  market::LeaseState state = market::LeaseState::kProposed;
  std::string phase;  // of the runner; "settling" after the end
  std::string why;
  std::uint64_t worker_starts = 0;
  CgroupUse computer_use;  // of this computer; shown, not billed
  UseFrame use;
};

class Agent {
 public:
  // All outlive the agent. `listener` is bound and listening. kPermission, kIo from the folders.
  static ErrorOr<std::unique_ptr<Agent>> create(AgentOptions options, NodeApi& node,
                                                MessageSender& sender,
                                                const SecretKey& operator_key, Clock& clock,
                                                UniqueFd listener);
  // Stops every workload; leases stay, so that a start soon after goes on with them.
  ~Agent();

  // Runs until stop(): a signal, say. Returns why it ended otherwise: the Host is unknown
  // (kNotFound) or its operator is another key (kPermission).
  ErrorOr<void> run();
  void stop();

  ErrorOr<std::uint16_t> wait_listening(std::uint64_t timeout_ms);
  std::vector<ReplicaStatus> replicas() const;
  // Nothing without a tunnel.
  std::optional<TunnelState> tunnel() const;

 private:
  // A replica that this Host holds, from its proposal until its last receipt is settled.
  struct Held {
    market::Lease lease;  // as last read
    std::unique_ptr<ReplicaRunner> runner;
    bool acked = false;                          // the chain knows that it runs
    bool over = false;                           // closed, or another's
    std::string declined;                        // why it is given back; empty: it is not
    bool released = false;                       // ReleaseLease was sent
    std::optional<market::SignedTicket> opened;  // by a gateway; the chain is to be told
    std::uint64_t seen_ns = 0;     // monotonic: no later than the chain last saw it alive
    std::uint64_t over_ns = 0;     // monotonic: when `over` was found
    std::uint64_t claimed_ns = 0;  // monotonic: of the last receipt
    UseFrame use;
  };
  using HeldMap = std::map<ReplicaId, Held>;

  Agent(AgentOptions options, NodeApi& node, MessageSender& sender, const SecretKey& operator_key,
        Clock& clock, ArtifactStore artifacts, CodeCache code, std::unique_ptr<ImageStore> images,
        std::unique_ptr<EarningsBook> earnings, UniqueFd listener);

  // agent_follow.cc
  ErrorOr<void> follow();
  ErrorOr<void> reconcile();
  void check_runtime(const market::Host& host) const;
  void adopt_leftovers(const HostView& view);
  void compare(const HostView& view, const market::Lease& lease);
  void adopt(const HostView& view, const market::Lease& lease);
  ErrorOr<ReplicaTerms> terms_of(const HostView& view, const market::Lease& lease);
  ErrorOr<market::Manifest> manifest_of(const ReplicaId& replica, const market::Lease& lease,
                                        const market::Service& service);
  void decline(const ReplicaId& replica, const std::string& why);
  bool may_run(const Held& held);
  bool runs_containers() const { return images_ != nullptr && cgroups_.limits_memory(); }
  void end_unlisted(const HostView& view);
  void wipe_kept(const ReplicaId& replica) const;
  void stop_unsure();
  void reap();
  void trim_caches();

  static std::string phase_of(const Held& held);
  static std::string why_of(const Held& held);

  // agent_views.cc
  ViewSource view_source();
  ErrorOr<ViewRights> view_rights(const ChainId& chain, const ReplicaId& replica);
  ErrorOr<MeterFrame> view_meter(const ReplicaId& replica) const;
  ErrorOr<std::shared_ptr<ContainerControl>> view_container(const ReplicaId& replica) const;

  // agent_duties.cc
  void duties();
  void do_duties();
  void send_acks();
  void send_openings();
  void send_releases();
  void send_receipts();
  void send_heartbeat();
  void settle_ended();
  ErrorOr<market::Receipt> make_receipt(const ReplicaId& replica, const market::Lease& lease);
  std::vector<ReplicaId> submit_receipts(
      std::vector<std::pair<ReplicaId, market::Receipt>> receipts);
  // Sends each message in one transaction, or alone where that is refused; true for each that
  // succeeded.
  std::vector<bool> send_each(const std::vector<RawMessage>& messages);
  void mark_seen(std::uint64_t since_ns);

  std::uint64_t now_ns() { return clock_.monotonic_ns(); }
  // Silence after which a workload is stopped although the chain may still wait.
  std::uint64_t silence_ns_max() const;
  std::string terms_path(const ReplicaId& replica) const;
  void poke();
  // Says what went wrong, but the same thing only once a minute.
  void complain(const std::string& doing, const Error& error);

  const AgentOptions options_;
  NodeApi& node_;
  MessageSender& sender_;
  const SecretKey operator_key_;
  Clock& clock_;
  const ArtifactStore artifacts_;
  const CodeCache code_;
  const std::unique_ptr<ImageStore> images_;  // null: no containers
  const std::unique_ptr<EarningsBook> earnings_;
  const CgroupRoot cgroups_;

  std::mutex poke_mutex_;
  std::condition_variable poked_;
  bool poke_ = false;
  std::map<std::string, std::pair<std::string, std::uint64_t>> complaints_;

  mutable std::mutex mutex_;
  std::atomic<bool> stopping_ = false;
  market::MarketParams params_;
  market::Host host_;
  ChainStatus status_;
  bool known_ = false;  // the three above have been read
  HeldMap held_;
  std::uint64_t heartbeat_ns_ = 0;  // monotonic: of the last try

  WorkerPool workers_;
  Compiler compiler_;
  ServiceViews views_;
  FrontClient front_;
  std::optional<TunnelHolder> tunnel_;
};

}  // namespace fog::executor
