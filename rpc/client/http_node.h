// HttpNode: a node at the other end of JSON-RPC over HTTP, as NodeApi. What the command line, the
// Host's agent and the gateway use.
//
// Reads are tried again for a moment when the node cannot be reached; a submission is not: who
// submits must know that it may have arrived. Safe from any thread.
#pragma once

#include <memory>
#include <string>

#include "chain/api/node_api.h"

namespace fog::rpc {

struct HttpNodeOptions {
  std::uint64_t timeout_ms = 30'000;  // of one exchange, beyond what a call itself waits
  unsigned read_tries = 3;            // with a growing pause between them
  std::string bearer_token;           // for operator methods
};

class HttpNode final : public NodeApi {
 public:
  // `url` as "http://HOST:PORT", or several of one chain, separated by commas: when nobody answers
  // at one, the next is asked. A wrong one is reported by the first call that comes to it.
  explicit HttpNode(std::string url, HttpNodeOptions options = {});
  ~HttpNode() override;

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
  struct Impl;
  const std::unique_ptr<Impl> impl_;
};

}  // namespace fog::rpc
