// AccessLog: one line of JSON a request of an End User's, in a file that others may rotate.
#pragma once

#include <memory>
#include <mutex>
#include <string>

#include "chain/base/error.h"
#include "chain/base/fd.h"
#include "rpc/gateway/server.h"

namespace fog::gateway {

// Safe from any thread.
class AccessLog {
 public:
  // Appends; makes the file with mode 0640 (it has End Users' addresses). "-": standard output.
  static ErrorOr<std::unique_ptr<AccessLog>> open(std::string path);

  // A line that cannot be written (the disk is full) is lost, and the next that can says how many.
  void write(const ServedRequest& request);
  // Another file by the same name: the one there is has been moved away.
  ErrorOr<void> reopen();

 private:
  explicit AccessLog(std::string path) : path_(std::move(path)) {}

  const std::string path_;
  std::mutex mutex_;
  UniqueFd file_;
  std::uint64_t lost_ = 0;
};

}  // namespace fog::gateway
