// JSON-RPC 2.0 envelope: parses a request body into calls and writes responses, exactly as the
// specification has it. For .cc files only (it brings in the JSON library).
//
// Bounds are checked before the parser allocates: depth by a scan of the text, the length of a
// batch right after. A duplicate member of an object is a parse error: two readers could understand
// two different calls.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "chain/base/result.h"

namespace fog::rpc {

// Codes of the specification, section 5.1; those of the application stand in rpc/json/rpc_error.h.
constexpr int kParseError = -32700;
constexpr int kInvalidRequest = -32600;
constexpr int kMethodNotFound = -32601;
constexpr int kInvalidParams = -32602;
constexpr int kInternalError = -32603;

struct RpcError {
  int code = kInternalError;
  std::string message;            // a sentence that says what to do
  nlohmann::json data = nullptr;  // left out when null
};

struct RpcCall {
  std::string method;
  nlohmann::json params;             // an array, an object, or null when absent
  std::optional<nlohmann::json> id;  // nothing: a notification, which is never answered
};
// An element that is not a call; the id is the element's where it has a usable one, else null.
struct BadCall {
  RpcError error;
  nlohmann::json id;
};

struct EnvelopeLimits {
  std::size_t depth_max = 64;
  std::size_t batch_max = 5'000;
};

struct Envelope {
  bool batch = false;
  std::vector<Result<RpcCall, BadCall>> calls;  // one when not a batch
};

// The error is answered alone, with id null.
Result<Envelope, RpcError> parse_envelope(std::string_view body, const EnvelopeLimits& limits);

nlohmann::json response_of(const nlohmann::json& id, nlohmann::json result);
nlohmann::json response_of(const nlohmann::json& id, const RpcError& error);
nlohmann::json error_json(const RpcError& error);

// JSON text as a value: the bounds of parse_envelope, for other callers.
Result<nlohmann::json, std::string> parse_bounded(std::string_view text, std::size_t depth_max);

}  // namespace fog::rpc
