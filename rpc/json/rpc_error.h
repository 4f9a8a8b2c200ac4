// Application error codes of the RPC, fixed for ever, and their way to and from Error. For .cc
// files only (it brings in the JSON library).
//
// Each carries `data.error`, the stable name of the reason; a refused transaction also `data.fault`
// {number, name, help}.
#pragma once

#include "chain/base/error.h"
#include "chain/types/fault.h"
#include "rpc/json/envelope.h"

namespace fog::rpc {

constexpr int kNotFound = -32001;          // what was asked for does not exist
constexpr int kTxRefused = -32002;         // a transaction was refused; data.fault or data.refused
constexpr int kUnavailable = -32003;       // the node starts, stops or synchronizes: try again
constexpr int kTimedOut = -32004;          // no answer in time
constexpr int kLimitReached = -32005;      // a bound of the node: ask for less, or later
constexpr int kPermissionDenied = -32006;  // needs the node's bearer token
constexpr int kNodeFailed = -32010;        // the node's own disk, data or system

// "not_found", "invalid_input", ...
std::string_view error_slug(ErrorCode code);

RpcError rpc_error(const Error& error);
RpcError refused_tx(Fault fault, const std::string& refused);

// The error that a JSON-RPC answer's "error" member stands for.
Error error_of(const nlohmann::json& error);

}  // namespace fog::rpc
