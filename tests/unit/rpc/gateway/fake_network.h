// A chain in memory and Hosts on loopback, for the gateway's tests.
#pragma once

#include <condition_variable>
#include <mutex>
#include <thread>

#include "chain/api/node_api.h"
#include "chain/crypto/hash.h"
#include "market/types/host_link.h"
#include "rpc/gateway/http.h"
#include "tests/support/memory_state.h"

namespace fog::gateway::testing {

// NodeApi over records that the test writes. Blocks never come: the gateway reads once at its
// start.
class MemoryNode final : public NodeApi {
 public:
  fog::testing::MemoryState state;
  std::mutex mutex;

  ErrorOr<ChainStatus> status() override {
    ChainStatus out;
    out.chain_id = sha256(as_bytes("test chain"));
    return out;
  }
  ErrorOr<ChainStatus> wait_height(std::uint64_t, std::uint64_t) override {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    return status();
  }
  ErrorOr<std::vector<std::optional<Bytes>>> state_get(const std::vector<StateKey>& keys) override {
    const std::lock_guard lock(mutex);
    std::vector<std::optional<Bytes>> out;
    for (const StateKey& key : keys) out.push_back(state.get(key));
    return out;
  }
  ErrorOr<StatePage> state_scan(const StateKey& from, const StateKey& to, std::uint32_t) override {
    const std::lock_guard lock(mutex);
    StatePage page;
    state.scan(from, to, [&](const StateKey& key, const Bytes& value) {
      page.records.push_back({key, value});
      return true;
    });
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

 private:
  static Fail<Error> unused() { return fail(ErrorCode::kUnavailable, "not part of this test"); }
};

// A Host that answers each linked request with the request's own body, keeps the log as a real one
// would, and checks every voucher against it.
class EchoHost {
 public:
  enum class Mode { kEcho, kNoMac, kHangUp, kWorkloadFails };

  explicit EchoHost(std::uint64_t key_number);
  ~EchoHost();

  SecretKey key;
  PublicKey gateway_key{};
  market::LeaseId lease{};
  std::atomic<Mode> mode{Mode::kEcho};
  std::uint16_t port = 0;

  // Waits until a voucher with this count has been accepted, at most five seconds.
  bool wait_vouched(std::uint64_t count);
  std::optional<market::SignedVoucher> voucher();
  std::vector<std::string> disagreements();
  std::uint64_t requests_seen();
  // Forgets one request that it served, as a Host does whose disk lost the tail of its log.
  void forget(std::uint64_t index);

 private:
  void serve(tcp::socket socket);
  bool answer(tcp::socket& socket, const http::request<http::string_body>& request);
  bool answer_voucher(tcp::socket& socket, const http::request<http::string_body>& request);

  net::io_context context_;
  tcp::acceptor acceptor_;
  std::thread accepting_;
  std::vector<std::thread> serving_;
  std::vector<tcp::socket*> open_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::uint64_t, std::pair<Hash32, Hash32>> log_;
  std::optional<market::SignedVoucher> voucher_;
  std::vector<std::string> disagreements_;
  std::uint64_t seen_ = 0;
  std::optional<std::uint64_t> forget_;
  bool stopping_ = false;
};

}  // namespace fog::gateway::testing
