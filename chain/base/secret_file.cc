#include "chain/base/secret_file.h"

namespace fog {

std::string_view without_line_end(std::string_view text) {
  if (text.ends_with('\n')) text.remove_suffix(1);
  if (text.ends_with('\r')) text.remove_suffix(1);
  return text;
}

ErrorOr<void> check_private(Env& env, const std::string& path) {
  TRY(const bool open_to_others, env.is_open_to_others(path));
  if (!open_to_others) return {};
  return fail(ErrorCode::kPermission,
              path + " can be read by others; mend it with: chmod 600 " + path);
}

ErrorOr<std::string> read_secret_line(Env& env, const std::string& path, std::size_t size_max) {
  TRY_VOID(check_private(env, path));
  TRY(const Bytes bytes, read_file(env, path, size_max));
  const std::string_view line = without_line_end(as_text(bytes));
  if (line.find_first_of("\r\n") != std::string_view::npos)
    return fail(ErrorCode::kInvalidInput, path + " has more than one line");
  return std::string(line);
}

}  // namespace fog
