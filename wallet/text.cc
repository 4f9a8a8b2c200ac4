#include "wallet/text.h"

#include <cstdlib>
#include <string>
#include <utf8proc.h>

#include "chain/base/bcs.h"

namespace fog::wallet {

ErrorOr<SecretText> nfkd(std::string_view text) {
  // Also refuses what utf8proc would let pass or cut: surrogates are refused, and a zero byte
  // inside is kept because the length is given.
  if (!is_utf8(text)) return fail(ErrorCode::kInvalidInput, "the text is not valid UTF-8");
  utf8proc_uint8_t* mapped = nullptr;
  const utf8proc_ssize_t size = utf8proc_map(
      reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
      static_cast<utf8proc_ssize_t>(text.size()), &mapped,
      static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT));
  if (size < 0) {
    return fail(ErrorCode::kInvalidInput,
                std::string("the text cannot be normalized: ") + utf8proc_errmsg(size));
  }
  const auto length = static_cast<std::size_t>(size);
  SecretText out(std::string(reinterpret_cast<const char*>(mapped), length));
  secure_wipe(mapped, length);
  std::free(mapped);  // NOLINT(cppcoreguidelines-no-malloc): utf8proc_map allocates with malloc.
  return out;
}

}  // namespace fog::wallet
