#include "executor/workload_log.h"

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

WorkloadLogReader::WorkloadLogReader(std::string path)
    : path_(std::move(path)), file_(::open(path_.c_str(), O_RDONLY | O_CLOEXEC)) {
  if (file_) ::lseek(file_.get(), 0, SEEK_END);
}

void WorkloadLogReader::read_on(std::string& out) {
  std::array<char, 16'384> part;
  for (;;) {
    const ssize_t count = ::read(file_.get(), part.data(), part.size());
    if (count <= 0) return;
    out.append(part.data(), static_cast<std::size_t>(count));
  }
}

std::string WorkloadLogReader::more() {
  std::string out;
  struct stat now = {};
  struct stat mine = {};
  const bool exists = ::stat(path_.c_str(), &now) == 0;
  if (file_) read_on(out);
  const bool same = file_ && ::fstat(file_.get(), &mine) == 0 && mine.st_ino == now.st_ino &&
                    mine.st_dev == now.st_dev;
  if (!exists || same) return out;
  file_.reset(::open(path_.c_str(), O_RDONLY | O_CLOEXEC));
  if (file_) read_on(out);
  return out;
}

}  // namespace fog::executor
