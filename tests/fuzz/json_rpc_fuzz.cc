// JSON-RPC bodies from anybody: every one is answered with JSON or not at all, and the fast road of
// tx_submit never takes a body that the general reader understands otherwise.
#include <nlohmann/json.hpp>

#include "chain/base/check.h"
#include "rpc/json/envelope.h"
#include "rpc/server/dispatcher.h"
#include "rpc/server/fast_submit.h"
#include "tests/support/fake_node.h"

namespace {

using fog::rpc::Envelope;

std::size_t count_txs(const Envelope& envelope) {
  std::size_t count = 0;
  for (const auto& call : envelope.calls) {
    CHECK(call.has_value() && call->method == "tx_submit");
    const nlohmann::json& params = call->params;
    const nlohmann::json& txs = params.is_array() ? params.at(0) : params.at("txs");
    count += txs.is_array() ? txs.size() : 1;
  }
  return count;
}

void compare_roads(std::string body) {
  body.reserve(body.size() + fog::rpc::kJsonPadding);
  const auto fast = fog::rpc::read_fast_submit(body, 100, 1'000);
  if (!fast) return;
  const auto envelope = fog::rpc::parse_envelope(body, {.depth_max = 32, .batch_max = 100});
  CHECK(envelope.has_value());
  CHECK(envelope->batch == fast->batch);
  CHECK(envelope->calls.size() == fast->calls.size());
  CHECK(count_txs(*envelope) == fast->txs.size());
  for (std::size_t i = 0; i < fast->calls.size(); ++i) {
    const auto& id = (*envelope->calls[i]).id;
    CHECK(id.has_value() == !fast->calls[i].id.empty());
    CHECK(!id || *id == nlohmann::json::parse(fast->calls[i].id));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static fog::testing::FakeNode node;
  static fog::rpc::Dispatcher dispatcher(node, {.depth_max = 32, .batch_max = 100, .waits_max = 0});
  const std::string body(reinterpret_cast<const char*>(data), size);
  compare_roads(body);
  int answers = 0;
  dispatcher.handle(body, {.is_operator = true}, [&](const std::string& response) {
    ++answers;
    CHECK(response.empty() || nlohmann::json::accept(response));
  });
  CHECK(answers == 1);
  return 0;
}
