// What holds for all methods: binding of parameters, the list, the OpenRPC document.
#include "rpc/server/method.h"

namespace fog::rpc {
namespace {

RpcError bad_params(const Method& method, const std::string& why) {
  std::string expected;
  for (const Param& param : method.params) {
    expected += (expected.empty() ? "" : ", ") + std::string(param.name);
    if (!param.required) expected += "?";
  }
  return {kInvalidParams,
          "Invalid params: " + why + "; " + method.name + " takes (" + expected + ")",
          {{"error", "invalid_input"}}};
}

Result<Json, RpcError> by_name(const Method& method, const Json& params) {
  if (params.is_object()) {
    for (const auto& [name, value] : params.items()) {
      bool known = false;
      for (const Param& param : method.params) known = known || name == param.name;
      if (!known) return Fail{bad_params(method, "there is no parameter \"" + name + "\"")};
    }
    return params;
  }
  Json named = Json::object();
  if (params.is_null()) return named;
  if (params.size() > method.params.size()) return Fail{bad_params(method, "too many parameters")};
  for (std::size_t i = 0; i < params.size(); ++i) named[method.params[i].name] = params[i];
  return named;
}

Json method_json(const Method& method) {
  Json out{{"name", method.name},
           {"summary", method.summary},
           {"paramStructure", "either"},
           {"params", Json::array()},
           {"result", {{"name", "result"}, {"schema", method.result}}},
           {"errors", Json::array()},
           {"examples", Json::array()}};
  for (const Param& param : method.params) {
    out["params"].push_back({{"name", param.name},
                             {"summary", param.summary},
                             {"required", param.required},
                             {"schema", param.schema}});
  }
  for (const int code : method.errors) {
    out["errors"].push_back({{"code", code}, {"message", error_meaning(code)}});
  }
  if (method.access == Access::kOperator) {
    out["description"] = "For the node's operator: needs the bearer token, or a loopback address.";
  }
  if (method.run_on_socket) {
    out["description"] = "Over a WebSocket only: ws:// at the same address.";
    if (!method.notification.is_null()) out["x-notification"] = method.notification;
  }
  Json example{{"name", method.name + " example"},
               {"summary", "The result is shortened to its telling members."},
               {"params", Json::array()}};
  const Json params = Json::parse(method.example_params);
  for (const auto& [name, value] : params.items()) {
    example["params"].push_back({{"name", name}, {"value", value}});
  }
  example["result"] = {{"name", "result"}, {"value", Json::parse(method.example_result)}};
  out["examples"].push_back(std::move(example));
  return out;
}

}  // namespace

const char* error_meaning(int code) {
  switch (code) {
    case kNotFound:
      return "What was asked for does not exist; check the id.";
    case kTxRefused:
      return "The transaction was refused; data.fault or data.refused says why and what to do.";
    case kUnavailable:
      return "The node cannot answer now; try again in a moment.";
    case kTimedOut:
      return "No answer in time; try again.";
    case kLimitReached:
      return "A bound of the node was reached; ask for less, or later.";
    case kPermissionDenied:
      return "For the node's operator only; send its bearer token.";
    case kNodeFailed:
      return "The node itself failed; its log says more.";
  }
  return "The call failed.";
}

std::vector<Method> all_methods() {
  std::vector<Method> out;
  add_chain_methods(out);
  add_tx_methods(out);
  add_history_methods(out);
  add_statistics_methods(out);
  add_state_methods(out);
  add_market_methods(out);
  add_preview_methods(out);
  add_event_methods(out);
  add_staking_methods(out);
  add_subscription_methods(out);
  return out;
}

Result<Args, RpcError> bind_args(const Method& method, const Json& params) {
  auto named = by_name(method, params);
  if (!named) return Fail{named.error()};
  for (const Param& param : method.params) {
    if (param.required && !named->contains(param.name)) {
      return Fail{
          bad_params(method, "the parameter \"" + std::string(param.name) + "\" is missing")};
    }
  }
  return Args(*std::move(named));
}

Json openrpc_document(const std::vector<Method>& methods) {
  Json out{{"openrpc", "1.2.6"},
           {"info",
            {{"title", "FogCoin node"},
             {"version", "1.0.0"},
             {"description",
              "JSON-RPC 2.0 over HTTP POST /, or a WebSocket at /, one message a body. 64-bit "
              "numbers and amounts (droplets, 10^-9 FOG) are "
              "decimal strings, bytes are 0x-hex, addresses are Bech32. Answers concern final "
              "blocks only. Writes are signed transactions: no key ever crosses this interface."}}},
           {"methods", Json::array()}};
  for (const Method& method : methods) out["methods"].push_back(method_json(method));
  return out;
}

}  // namespace fog::rpc
