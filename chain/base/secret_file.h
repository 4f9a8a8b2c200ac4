// Secrets in files of one line: keys, tokens.
#pragma once

#include <string>
#include <string_view>

#include "chain/base/env.h"

namespace fog {

// The text without one line end ("\n", "\r\n" or "\r"), as editors and `echo` put there.
std::string_view without_line_end(std::string_view text);

// Refuses a file that others than its owner may read or write: kPermission, with the remedy.
ErrorOr<void> check_private(Env& env, const std::string& path);

// The one line of a private file. kPermission as above; kNotFound; kExhausted above `size_max`
// bytes; kInvalidInput when there is more than one line.
ErrorOr<std::string> read_secret_line(Env& env, const std::string& path, std::size_t size_max);

}  // namespace fog
