#include "rpc/json/rpc_error.h"

#include <array>

#include "rpc/json/codec.h"

namespace fog::rpc {
namespace {

constexpr std::array kCodes{
    ErrorCode::kInvalidInput, ErrorCode::kNotFound,  ErrorCode::kAlreadyExists,
    ErrorCode::kPermission,   ErrorCode::kCorrupt,   ErrorCode::kIo,
    ErrorCode::kNetwork,      ErrorCode::kTimeout,   ErrorCode::kProtocol,
    ErrorCode::kRejected,     ErrorCode::kExhausted, ErrorCode::kUnavailable};

int code_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInvalidInput:
      return kInvalidParams;
    case ErrorCode::kNotFound:
      return kNotFound;
    case ErrorCode::kAlreadyExists:
    case ErrorCode::kRejected:
      return kTxRefused;
    case ErrorCode::kPermission:
      return kPermissionDenied;
    case ErrorCode::kTimeout:
      return kTimedOut;
    case ErrorCode::kExhausted:
      return kLimitReached;
    case ErrorCode::kUnavailable:
      return kUnavailable;
    case ErrorCode::kCorrupt:
    case ErrorCode::kIo:
    case ErrorCode::kNetwork:
    case ErrorCode::kProtocol:
      return kNodeFailed;
  }
  return kInternalError;
}

ErrorCode from_code(int code) {
  switch (code) {
    case kInvalidParams:
      return ErrorCode::kInvalidInput;
    case kNotFound:
      return ErrorCode::kNotFound;
    case kTxRefused:
      return ErrorCode::kRejected;
    case kUnavailable:
      return ErrorCode::kUnavailable;
    case kTimedOut:
      return ErrorCode::kTimeout;
    case kLimitReached:
      return ErrorCode::kExhausted;
    case kPermissionDenied:
      return ErrorCode::kPermission;
    case kNodeFailed:
      return ErrorCode::kIo;
  }
  return ErrorCode::kProtocol;
}

}  // namespace

std::string_view error_slug(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInvalidInput:
      return "invalid_input";
    case ErrorCode::kNotFound:
      return "not_found";
    case ErrorCode::kAlreadyExists:
      return "already_exists";
    case ErrorCode::kPermission:
      return "permission";
    case ErrorCode::kCorrupt:
      return "corrupt";
    case ErrorCode::kIo:
      return "io";
    case ErrorCode::kNetwork:
      return "network";
    case ErrorCode::kTimeout:
      return "timeout";
    case ErrorCode::kProtocol:
      return "protocol";
    case ErrorCode::kRejected:
      return "rejected";
    case ErrorCode::kExhausted:
      return "exhausted";
    case ErrorCode::kUnavailable:
      return "unavailable";
  }
  return "unknown";
}

RpcError rpc_error(const Error& error) {
  return {code_of(error.code), error.context, {{"error", error_slug(error.code)}}};
}

RpcError refused_tx(Fault fault, const std::string& refused) {
  RpcError out{kTxRefused, refused, {{"error", "rejected"}}};
  if (fault != Fault::kNone) {
    out.data["fault"] = to_json(fault);
    if (out.message.empty()) out.message = fault_help(fault);
  }
  if (!refused.empty()) out.data["refused"] = refused;
  return out;
}

Error error_of(const nlohmann::json& error) {
  if (!error.is_object()) {
    return {ErrorCode::kProtocol, "the node answered an error that is not one of JSON-RPC"};
  }
  const auto code = error.find("code");
  const auto message = error.find("message");
  Error out;
  out.code = from_code(code != error.end() && code->is_number_integer() ? code->get<int>() : 0);
  out.context = message != error.end() && message->is_string() ? message->get<std::string>()
                                                               : "the node gave no reason";
  const auto data = error.find("data");
  if (data == error.end() || !data->is_object()) return out;
  const auto slug = data->find("error");
  if (slug == data->end() || !slug->is_string()) return out;
  for (const ErrorCode candidate : kCodes) {
    if (*slug == error_slug(candidate)) out.code = candidate;
  }
  return out;
}

}  // namespace fog::rpc
