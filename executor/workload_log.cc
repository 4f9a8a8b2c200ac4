#include "executor/workload_log.h"

#include <algorithm>
#include <array>
#include <fcntl.h>
#include <unistd.h>

#include <sys/stat.h>

#include "chain/base/file.h"

namespace fog::executor {

void WorkloadLog::append(ByteView text) {
  const std::string older = path_ + ".1";
  UniqueFd file(::open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
  if (!file) return;
  const off_t size = ::lseek(file.get(), 0, SEEK_END);
  if (size >= 0 && static_cast<std::uint64_t>(size) + text.size() > bytes_max_) {
    ::rename(path_.c_str(), older.c_str());
    file.reset(::open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
    if (!file) return;
  }
  (void)write_all(file.get(), text.size() > bytes_max_ ? text.last(bytes_max_) : text);
}

ErrorOr<std::string> WorkloadLog::tail(const std::string& path, std::size_t bytes_max) {
  constexpr std::size_t kReadMax = 64ULL * 1024 * 1024;
  std::string text;
  for (const std::string& file : {path + ".1", path}) {
    const auto content = read_file(file, kReadMax);
    if (content) text += as_text(*content);
    if (!content && file == path) return Fail{content.error()};
  }
  if (text.size() <= bytes_max) return text;
  text.erase(0, text.size() - bytes_max);
  const std::size_t line = text.find('\n');
  return line == std::string::npos ? text : text.substr(line + 1);
}

namespace {

constexpr std::size_t kWholeMax = 64ULL * 1024 * 1024;

// The number of a file on its disk; 0 when there is none.
std::uint64_t file_number(const std::string& path) {
  struct stat found = {};
  return ::stat(path.c_str(), &found) == 0 ? found.st_ino : 0;
}

// Where the last `lines` lines begin, of which those that are not in the text are taken off.
std::size_t last_lines(std::string_view text, std::uint32_t& lines) {
  std::size_t at = text.size();
  while (lines > 0 && at > 0) {
    // The end of a line belongs to it.
    const std::size_t end = at >= 2 ? text.rfind('\n', at - 2) : std::string_view::npos;
    at = end == std::string_view::npos ? 0 : end + 1;
    --lines;
  }
  return at;
}

}  // namespace

WorkloadLogReader::WorkloadLogReader(std::string path)
    : path_(std::move(path)), older_(path_ + ".1") {
  open(path_, UINT64_MAX);
}

// `at` beyond the end: the end.
void WorkloadLogReader::open(const std::string& path, std::uint64_t at) {
  file_.reset(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat mine = {};
  if (!file_ || ::fstat(file_.get(), &mine) != 0) {
    place_ = {};
    return;
  }
  const auto size = static_cast<std::uint64_t>(mine.st_size);
  place_ = {mine.st_ino, std::min(at, size)};
  ::lseek(file_.get(), static_cast<off_t>(place_.at), SEEK_SET);
}

void WorkloadLogReader::go_to_last(std::uint32_t lines) {
  const auto newest = read_file(path_, kWholeMax);
  const std::size_t at = newest ? last_lines(as_text(*newest), lines) : 0;
  if (const auto before = lines > 0 ? read_file(older_, kWholeMax) : ErrorOr<Bytes>(Bytes{});
      before && !before->empty())
    return open(older_, last_lines(as_text(*before), lines));
  open(path_, at);
}

void WorkloadLogReader::go_to(const LogPlace& place) {
  if (place.file != 0 && place.file == file_number(path_)) return open(path_, place.at);
  const std::uint64_t older = file_number(older_);
  if (older != 0) return open(older_, older == place.file ? place.at : 0);
  open(path_, 0);
}

void WorkloadLogReader::read_on(std::string& out, std::size_t bytes_max) {
  std::array<char, 16'384> part;
  while (file_ && out.size() < bytes_max) {
    const ssize_t count =
        ::read(file_.get(), part.data(), std::min(part.size(), bytes_max - out.size()));
    if (count <= 0) return;
    out.append(part.data(), static_cast<std::size_t>(count));
    place_.at += static_cast<std::uint64_t>(count);
  }
}

// Goes to the file that follows; false when this is the newest, or there is none.
bool WorkloadLogReader::turn() {
  const std::uint64_t newest = file_number(path_);
  if (newest == 0 || newest == place_.file) return false;
  const std::uint64_t older = file_number(older_);
  const bool two_turns = file_ && older != 0 && older != place_.file;
  open(two_turns ? older_ : path_, 0);
  return true;
}

std::string WorkloadLogReader::more(std::size_t bytes_max) {
  std::string out;
  for (;;) {
    read_on(out, bytes_max);
    if (out.size() >= bytes_max) return out;
    const std::uint64_t newest = file_number(path_);
    if (newest == 0 || newest == place_.file) return out;
    // What came before the turn and after the read.
    read_on(out, bytes_max);
    if (out.size() >= bytes_max || !turn()) return out;
  }
}

}  // namespace fog::executor
