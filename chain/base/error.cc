#include "chain/base/error.h"

namespace fog {

std::string_view error_code_name(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInvalidInput:
      return "invalid input";
    case ErrorCode::kNotFound:
      return "not found";
    case ErrorCode::kAlreadyExists:
      return "already exists";
    case ErrorCode::kPermission:
      return "permission denied";
    case ErrorCode::kCorrupt:
      return "corrupt data";
    case ErrorCode::kIo:
      return "input/output error";
    case ErrorCode::kNetwork:
      return "network error";
    case ErrorCode::kTimeout:
      return "timed out";
    case ErrorCode::kProtocol:
      return "protocol error";
    case ErrorCode::kRejected:
      return "rejected";
    case ErrorCode::kExhausted:
      return "limit reached";
    case ErrorCode::kUnavailable:
      return "unavailable";
  }
  return "unknown";
}

}  // namespace fog
