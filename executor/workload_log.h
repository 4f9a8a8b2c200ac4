// WorkloadLog: what one replica writes to standard error, in a file that is turned over at a bound:
// FILE holds the newest, FILE.1 what came before. Not thread safe.
#pragma once

#include <string>

#include "chain/base/bytes.h"
#include "chain/base/error.h"
#include "executor/fd.h"

namespace fog::executor {

constexpr std::uint64_t kWorkloadLogBytes = 1024 * 1024;

class WorkloadLog {
 public:
  explicit WorkloadLog(std::string path, std::uint64_t bytes_max = kWorkloadLogBytes)
      : path_(std::move(path)), bytes_max_(bytes_max) {}
  // Appends; a log that cannot be written loses lines and nothing else.
  void append(ByteView text);

  // The last `bytes_max` bytes of both files, from the start of a line. kNotFound without a log.
  static ErrorOr<std::string> tail(const std::string& path, std::size_t bytes_max);

 private:
  std::string path_;
  std::uint64_t bytes_max_;
};

// Reads on as a log grows, over its turns. What two turns between two calls took away is lost. Not
// thread safe.
class WorkloadLogReader {
 public:
  // Begins behind what stands there now.
  explicit WorkloadLogReader(std::string path);
  // What has come since the last call.
  std::string more();

 private:
  void read_on(std::string& out);

  std::string path_;
  UniqueFd file_;
};

}  // namespace fog::executor
