#include "rpc/client/http_node.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <thread>

#include <nlohmann/json.hpp>

#include "rpc/client/http_client.h"
#include "rpc/json/codec.h"
#include "rpc/json/rpc_error.h"

namespace fog::rpc {
namespace {

using Json = nlohmann::json;

constexpr std::uint64_t kWaitMsMax = 60'000;

Json hex_list(const std::vector<Bytes>& list) {
  Json out = Json::array();
  for (const Bytes& one : list) out.push_back(to_hex0x(one));
  return out;
}

bool worth_another_try(const Error& error) {
  return error.code == ErrorCode::kNetwork || error.code == ErrorCode::kUnavailable;
}

template <class T>
ErrorOr<T> as(ErrorOr<Json> result, std::string_view what) {
  if (!result) return Fail{result.error()};
  auto value = from_json<T>(*result, what, UnknownFields::kIgnore);
  if (!value) {
    return fail(ErrorCode::kProtocol,
                "the node's answer cannot be read (another version?): " + value.error().context);
  }
  return value;
}

}  // namespace

struct HttpNode::Impl {
  struct Door {
    std::string url;
    ErrorOr<HttpUrl> parsed;
    std::unique_ptr<HttpClient> client;
  };
  HttpNodeOptions options;
  std::vector<Door> doors;
  // The door that answered last.
  std::atomic<std::size_t> current{0};
  std::atomic<std::uint64_t> next_id{1};

  // One exchange through the current door, which changes when nobody is there. The answer's
  // "result", or its error as the Error that the node had.
  ErrorOr<Json> call_once(const char* method, const Json& params, std::uint64_t wait_ms);
  ErrorOr<Json> call_through(const Door& door, const char* method, const Json& params,
                             std::uint64_t wait_ms);
  ErrorOr<Json> read(const char* method, const Json& params, std::uint64_t wait_ms = 0);
};

ErrorOr<Json> HttpNode::Impl::call_once(const char* method, const Json& params,
                                        std::uint64_t wait_ms) {
  std::size_t at = current;
  auto result = call_through(doors[at], method, params, wait_ms);
  if (!result && worth_another_try(result.error()))
    current.compare_exchange_strong(at, (at + 1) % doors.size());
  return result;
}

ErrorOr<Json> HttpNode::Impl::call_through(const Door& door, const char* method, const Json& params,
                                           std::uint64_t wait_ms) {
  if (!door.parsed) return Fail{door.parsed.error()};
  const Json call{{"jsonrpc", "2.0"}, {"id", next_id++}, {"method", method}, {"params", params}};
  const std::string body = compact(call);
  HttpRequest request;
  request.method = "POST";
  request.target = door.parsed->path;
  request.content_type = "application/json";
  request.bearer_token = options.bearer_token;
  request.body = body;
  request.timeout_ms = options.timeout_ms + wait_ms;
  auto answer = door.client->exchange(request);
  if (!answer) {
    return Fail{Error{answer.error().code,
                      "the node at " + door.url + " is not reachable: " + answer.error().context +
                          ". Is fogcoind running there? Another is named with --node"}};
  }
  const Json json = Json::parse(answer->body, nullptr, false);
  const bool failed = json.is_object() && json.contains("error") && !json["error"].is_null();
  if (!json.is_object() || (!failed && !json.contains("result"))) {
    const ErrorCode code = answer->status == 503 ? ErrorCode::kUnavailable : ErrorCode::kProtocol;
    return fail(code, "what answers at " + door.url + " is no FogCoin node (HTTP status " +
                          std::to_string(answer->status) + ")");
  }
  if (failed) return Fail{error_of(json["error"])};
  return json["result"];
}

// All doors are tried before a pause.
ErrorOr<Json> HttpNode::Impl::read(const char* method, const Json& params, std::uint64_t wait_ms) {
  for (unsigned attempt = 1;; ++attempt) {
    auto result = call_once(method, params, wait_ms);
    if (result || attempt >= options.read_tries * doors.size() ||
        !worth_another_try(result.error()))
      return result;
    const auto round = static_cast<unsigned>(attempt / doors.size());
    if (attempt % doors.size() == 0)
      std::this_thread::sleep_for(std::chrono::milliseconds(100) * round);
  }
}

HttpNode::HttpNode(std::string url, HttpNodeOptions options) : impl_(std::make_unique<Impl>()) {
  impl_->options = std::move(options);
  for (std::size_t from = 0; from <= url.size();) {
    const std::size_t to = std::min(url.find(',', from), url.size());
    Impl::Door door{url.substr(from, to - from), parse_http_url(url.substr(from, to - from)), {}};
    if (door.parsed) door.client = std::make_unique<HttpClient>(*door.parsed);
    impl_->doors.push_back(std::move(door));
    from = to + 1;
  }
}
HttpNode::~HttpNode() = default;

ErrorOr<ChainStatus> HttpNode::status() {
  return as<ChainStatus>(impl_->read("chain_status", Json::object()), "status");
}

ErrorOr<std::vector<SubmitReply>> HttpNode::submit(const std::vector<Bytes>& txs) {
  TRY(auto replies, as<std::vector<SubmitReply>>(
                        impl_->call_once("tx_submit", {{"txs", hex_list(txs)}}, 0), "replies"));
  if (replies.size() != txs.size())
    return fail(ErrorCode::kProtocol, "the node answered another number of replies");
  return replies;
}

ErrorOr<TxStatus> HttpNode::transaction(const TxId& id) {
  return as<TxStatus>(impl_->read("tx_get", {{"id", to_hex0x(id)}}), "transaction");
}

ErrorOr<TxStatus> HttpNode::wait_transaction(const TxId& id, std::uint64_t timeout_ms) {
  const std::uint64_t wait = std::min(timeout_ms, kWaitMsMax);
  return as<TxStatus>(
      impl_->read("tx_wait", {{"id", to_hex0x(id)}, {"timeout_ms", std::to_string(wait)}}, wait),
      "transaction");
}

ErrorOr<ChainStatus> HttpNode::wait_height(std::uint64_t height, std::uint64_t timeout_ms) {
  const std::uint64_t wait = std::min(timeout_ms, kWaitMsMax);
  const Json params{{"height", std::to_string(height)}, {"timeout_ms", std::to_string(wait)}};
  return as<ChainStatus>(impl_->read("chain_wait_height", params, wait), "status");
}

ErrorOr<BlockInfo> HttpNode::block(std::uint64_t height) {
  return as<BlockInfo>(impl_->read("chain_block", {{"height", std::to_string(height)}}), "block");
}

ErrorOr<std::uint64_t> HttpNode::block_height(const BlockId& id) {
  TRY(const auto block, as<BlockInfo>(impl_->read("chain_block", {{"id", to_hex0x(id)}}), "block"));
  return block.block.header.height;
}

ErrorOr<HistoryPage> HttpNode::history(const Address& address, HistoryOrder order,
                                       std::optional<TxPosition> from, std::uint32_t limit) {
  Json params{{"address", to_text(address)}, {"limit", limit}, {"order", to_json(order)}};
  if (from) params["cursor"] = to_json(*from);
  return as<HistoryPage>(impl_->read("account_history", params), "history");
}

ErrorOr<Simulation> HttpNode::simulate(ByteView tx) {
  return as<Simulation>(impl_->read("tx_simulate", {{"tx", to_hex0x(tx)}}), "simulation");
}

ErrorOr<std::vector<std::optional<Bytes>>> HttpNode::state_get(const std::vector<StateKey>& keys) {
  if (keys.empty()) return std::vector<std::optional<Bytes>>();
  TRY(const auto result, impl_->read("state_get", {{"keys", hex_list(keys)}}));
  if (!result.is_object() || !result.contains("values")) {
    return fail(ErrorCode::kProtocol, "the node's answer to state_get has no values");
  }
  return as<std::vector<std::optional<Bytes>>>(result["values"], "values");
}

ErrorOr<StatePage> HttpNode::state_scan(const StateKey& from, const StateKey& to,
                                        std::uint32_t limit) {
  const Json params{{"from", to_hex0x(from)}, {"to", to_hex0x(to)}, {"limit", limit}};
  return as<StatePage>(impl_->read("state_scan", params), "page");
}

ErrorOr<StateProof> HttpNode::state_proof(const StateKey& key) {
  return as<StateProof>(impl_->read("state_proof", {{"key", to_hex0x(key)}}), "proof");
}

ErrorOr<std::vector<SubmitEvidence>> HttpNode::evidence() {
  TRY(const auto result, impl_->read("staking_evidence", Json::object()));
  if (!result.is_object() || !result.contains("items"))
    return fail(ErrorCode::kProtocol, "the node's answer to staking_evidence has no items");
  return as<std::vector<SubmitEvidence>>(result["items"], "evidence");
}

ErrorOr<SyncReport> HttpNode::sync_report() {
  return as<SyncReport>(impl_->read("chain_sync", Json::object()), "report");
}

ErrorOr<Checkpoint> HttpNode::checkpoint() {
  return as<Checkpoint>(impl_->read("chain_checkpoint", Json::object()), "checkpoint");
}

ErrorOr<SupplyReport> HttpNode::verify_supply() {
  return as<SupplyReport>(impl_->read("supply_verify", Json::object()), "report");
}

ErrorOr<Bytes> HttpNode::market_preview(ByteView request) {
  const auto decoded = bcs_decode<market::PreviewRequest>(request);
  if (!decoded) return fail(ErrorCode::kInvalidInput, "not a preview's request");
  const Json params{{"terms", to_json(decoded->terms)},
                    {"runtime", to_json(decoded->runtime)},
                    {"matches_max", decoded->matches_max}};
  TRY(const auto report,
      as<market::PreviewReport>(impl_->read("market_preview", params), "preview"));
  return bcs_encode(report);
}

}  // namespace fog::rpc
