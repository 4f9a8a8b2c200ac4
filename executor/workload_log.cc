#include "executor/workload_log.h"

#include <fcntl.h>
#include <unistd.h>

#include "chain/base/file.h"
#include "executor/fd.h"

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

}  // namespace fog::executor
