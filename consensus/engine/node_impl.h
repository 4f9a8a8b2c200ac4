// NodeImpl: the parts of a running node and how they hang together. See README.md for the drawing
// of its threads and queues.
#pragma once

#include <condition_variable>
#include <map>
#include <mutex>
#include <unordered_map>

#include "consensus/engine/genesis_file.h"
#include "consensus/engine/ledger_app.h"
#include "consensus/engine/node.h"
#include "consensus/engine/remote_signer.h"
#include "consensus/engine/simplex_engine.h"
#include "consensus/engine/snapshot_maker.h"

namespace fog {

class NodeImpl final : public Node {
 public:
  explicit NodeImpl(NodeOptions options);
  ~NodeImpl() override;
  ErrorOr<void> open();

  ErrorOr<void> close() override;
  std::optional<Error> failure() const override;
  NodeMetrics metrics() const override;
  NodeId node_id() const override { return node_id_; }
  std::uint16_t listen_port() const override { return net_ ? net_->listen_port() : 0; }
  std::vector<PeerInfo> peers() const override;

  ErrorOr<ChainStatus> status() override;
  ErrorOr<std::vector<SubmitReply>> submit(const std::vector<Bytes>& txs) override;
  ErrorOr<TxStatus> transaction(const TxId& id) override;
  ErrorOr<TxStatus> wait_transaction(const TxId& id, std::uint64_t timeout_ms) override;
  ErrorOr<ChainStatus> wait_height(std::uint64_t height, std::uint64_t timeout_ms) override;
  ErrorOr<BlockInfo> block(std::uint64_t height) override;
  ErrorOr<std::uint64_t> block_height(const BlockId& id) override;
  ErrorOr<HistoryPage> history(const Address& address, HistoryOrder order,
                               std::optional<TxPosition> from, std::uint32_t limit) override;
  ErrorOr<Simulation> simulate(ByteView tx) override;
  ErrorOr<std::vector<std::optional<Bytes>>> state_get(const std::vector<StateKey>& keys) override;
  ErrorOr<StatePage> state_scan(const StateKey& from, const StateKey& to,
                                std::uint32_t limit) override;
  ErrorOr<StateProof> state_proof(const StateKey& key) override;
  ErrorOr<std::vector<SubmitEvidence>> evidence() override;
  ErrorOr<SyncReport> sync_report() override;
  ErrorOr<Checkpoint> checkpoint() override;
  ErrorOr<SupplyReport> verify_supply() override;
  ErrorOr<Bytes> market_preview(ByteView request) override;

 private:
  // Somebody who waits for a transaction or a height.
  struct Waiter {
    std::condition_variable wake;
    bool done = false;
  };

  std::string path(const char* name) const { return options_.directory + "/" + name; }
  ErrorOr<void> open_log();
  ErrorOr<void> open_index();
  ErrorOr<void> open_state();
  ErrorOr<void> try_open_state();
  ErrorOr<std::unique_ptr<Signer>> open_signer();
  ErrorOr<std::unique_ptr<Signer>> open_remote_signer();
  ErrorOr<void> open_network();
  ErrorOr<void> open_snapshots();
  // Whether this node may take blocks from others. The signer: null of a node that only follows.
  ErrorOr<void> check_trust_now(const Signer* signer) const;
  StakingParams staking_params() const;
  ErrorOr<void> start_engine(std::unique_ptr<Signer> signer);
  std::vector<SubmitReply> check_all(const std::vector<Bytes>& txs);
  void on_final(const FinalBlock& block);
  void on_installed(std::uint64_t height);
  void on_failure(const Error& error);
  void on_evidence(const XOnlyKey& validator, const Evidence& evidence);
  void wait(Waiter& waiter, std::unique_lock<std::mutex>& lock, std::uint64_t timeout_ms);

  const NodeOptions options_;
  GenesisHead genesis_;
  ChainId chain_id_;

  // In the order in which they are made; the last goes first.
  std::unique_ptr<FileLock> lock_;
  std::unique_ptr<BlockLog> log_;
  std::unique_ptr<KvStore> index_db_;
  std::unique_ptr<IndexStore> index_;
  std::unique_ptr<KvStore> state_db_;
  std::unique_ptr<SnapshotStore> snapshots_;
  std::unique_ptr<SnapshotInbox> inbox_;
  std::unique_ptr<EpochStore> epochs_;
  std::unique_ptr<SnapshotMaker> maker_;
  std::unique_ptr<StateStore> state_;
  SyncProgress progress_;
  Mempool pool_;
  WorkerPool workers_;
  std::unique_ptr<LedgerApp> app_;
  NodeId node_id_;
  const RemoteSigner* remote_signer_ = nullptr;  // the engine's, if its signer is one
  std::unique_ptr<SimplexEngine> engine_;
  NetworkEvents net_events_;         // the engine's
  std::unique_ptr<TcpNetwork> net_;  // null: a node alone

  mutable std::mutex mutex_;  // guards what follows
  std::optional<Error> failure_;
  bool closing_ = false;
  std::uint64_t height_ = 0;
  std::uint64_t transactions_final_ = 0;
  std::vector<SubmitEvidence> evidence_;
  std::unordered_multimap<TxId, Waiter*, SeededHash> tx_waiters_;
  std::multimap<std::uint64_t, Waiter*> height_waiters_;
};

}  // namespace fog
