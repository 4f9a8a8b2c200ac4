// WorkloadLog: what one replica writes to standard error, in a file that is turned over at a bound:
// FILE holds the newest, FILE.1 what came before. Not thread safe.
#pragma once

#include <string>
#include <tuple>

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

// A place in a log: which file of it (its number on this disk), and how far.
struct LogPlace {
  std::uint64_t file = 0;
  std::uint64_t at = 0;
  static constexpr auto kFields = std::make_tuple(&LogPlace::file, &LogPlace::at);
  bool operator==(const LogPlace&) const = default;
};

// Reads on as a log grows, over its turns. What two turns between two calls took away is lost. Not
// thread safe.
class WorkloadLogReader {
 public:
  // Begins behind what stands there now.
  explicit WorkloadLogReader(std::string path);
  // Goes to the beginning of the last lines, or behind a place; one that is no longer there: to the
  // beginning of what is.
  void go_to_last(std::uint32_t lines);
  void go_to(const LogPlace& place);
  // What follows, at most so much; empty: no more is there yet.
  std::string more(std::size_t bytes_max = 1 << 20);
  // Where that ended.
  LogPlace place() const { return place_; }

 private:
  void open(const std::string& path, std::uint64_t at);
  void read_on(std::string& out, std::size_t bytes_max);
  bool turn();

  const std::string path_, older_;
  UniqueFd file_;
  LogPlace place_;
};

}  // namespace fog::executor
