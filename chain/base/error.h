// Error: why an operation on disk, network or local input failed. Retried or reported; never a
// verdict on a transaction (that is a Fault, chain/types/fault.h) and never a bug of ours (CHECK).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "chain/base/result.h"

namespace fog {

enum class ErrorCode : std::uint8_t {
  kInvalidInput,   // the caller's input is malformed or out of bounds
  kNotFound,       // what was asked for does not exist
  kAlreadyExists,  // it exists and must not
  kPermission,     // not allowed: file mode, token, wrong passphrase
  kCorrupt,        // stored data is damaged
  kIo,             // disk or operating system
  kNetwork,        // cannot reach, or lost, the other side
  kTimeout,        // no answer in time
  kProtocol,       // the other side answered something that breaks the protocol
  kRejected,       // the other side understood and refused
  kExhausted,      // a bound was reached: queue full, quota, too large
  kUnavailable,    // not now: starting, stopping, syncing
};

// "invalid input", "not found", ... for messages.
std::string_view error_code_name(ErrorCode code);

struct Error {
  ErrorCode code = ErrorCode::kIo;
  // A sentence: what happened, why, and where it helps what to do next. No trailing newline.
  std::string context;

  // The same error, told by the caller: "prefix: context".
  Error within(std::string_view prefix) const {
    return {code, std::string(prefix) + ": " + context};
  }
};

template <class T>
using ErrorOr = Result<T, Error>;

inline Fail<Error> fail(ErrorCode code, std::string context) {
  return Fail<Error>{Error{code, std::move(context)}};
}

}  // namespace fog
