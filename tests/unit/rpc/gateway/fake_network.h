// A chain in memory and Hosts on loopback, for the gateway's tests.
#pragma once

#include <condition_variable>
#include <mutex>
#include <thread>

#include "chain/api/node_api.h"
#include "chain/crypto/hash.h"
#include "market/types/host_link.h"
#include "market/types/preview.h"
#include "rpc/gateway/http.h"
#include "tests/support/memory_state.h"

namespace fog::gateway::testing {

// NodeApi over records that the test writes. Blocks come when the test says so.
class MemoryNode final : public NodeApi {
 public:
  fog::testing::MemoryState state;
  std::mutex mutex;
  std::uint64_t height = 0;
  std::uint64_t calls = 0;  // that read state

  ErrorOr<ChainStatus> status() override {
    const std::lock_guard lock(mutex);
    ChainStatus out;
    out.height = height;
    out.chain_id = sha256(as_bytes("test chain"));
    return out;
  }
  ErrorOr<ChainStatus> wait_height(std::uint64_t, std::uint64_t) override {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    return status();
  }
  ErrorOr<std::vector<std::optional<Bytes>>> state_get(const std::vector<StateKey>& keys) override {
    const std::lock_guard lock(mutex);
    ++calls;
    std::vector<std::optional<Bytes>> out;
    for (const StateKey& key : keys) out.push_back(state.get(key));
    return out;
  }
  ErrorOr<StatePage> state_scan(const StateKey& from, const StateKey& to, std::uint32_t) override {
    const std::lock_guard lock(mutex);
    ++calls;
    StatePage page;
    page.height = height;
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
  ErrorOr<Bytes> market_preview(ByteView request) override {
    const std::lock_guard lock(mutex);
    if (!preview) return unused();
    const auto asked = bcs_decode<market::PreviewRequest>(request);
    if (!asked) return fail(ErrorCode::kInvalidInput, "no request");
    return bcs_encode(preview(*asked));
  }
  std::function<market::PreviewReport(const market::PreviewRequest&)> preview;

 private:
  static Fail<Error> unused() { return fail(ErrorCode::kUnavailable, "not part of this test"); }
};

// A Host that answers each linked request with the request's own body, keeps the log as a real one
// would, and checks every voucher against it.
class EchoHost {
 public:
  // kHold: answers when release() is called.
  enum class Mode { kEcho, kNoMac, kHangUp, kWorkloadFails, kHold };

  explicit EchoHost(std::uint64_t key_number);
  ~EchoHost();

  SecretKey key;
  PublicKey gateway_key{};
  market::LeaseId lease{};
  std::atomic<Mode> mode{Mode::kEcho};
  std::atomic<std::uint64_t> busy_ms{0};  // before it reads the next request
  std::uint16_t port = 0;

  // Waits until a voucher with this count has been accepted, at most five seconds.
  bool wait_vouched(std::uint64_t count);
  std::optional<market::SignedVoucher> voucher();
  std::vector<std::string> disagreements();
  std::uint64_t requests_seen();
  // Waits until so many requests have come, at most five seconds.
  bool wait_seen(std::uint64_t count);
  // Instead of the request's own body.
  void answer_with(std::string body);
  // From kHold to kEcho.
  void release();
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
  std::optional<std::string> body_;
  std::optional<std::uint64_t> forget_;
  bool stopping_ = false;
};

}  // namespace fog::gateway::testing
