#include "chain/base/file.h"

namespace fog {

ErrorOr<Bytes> read_file(const std::string& path, std::size_t max_bytes) {
  return read_file(system_env(), path, max_bytes);
}

ErrorOr<void> write_file_atomically(const std::string& path, ByteView content, FileMode mode) {
  return write_file_atomic(system_env(), path, content, mode);
}

ErrorOr<void> make_folder(const std::string& path) {
  return system_env().make_dir(path);
}

}  // namespace fog
