// Genesis files: whatever is accepted means the same after it has been written again.
#include "consensus/engine/genesis_file.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto parsed = fog::parse_genesis(fog::as_text({data, size}));
  if (!parsed) return 0;
  const auto again = fog::parse_genesis(fog::format_genesis(*parsed));
  CHECK(again.has_value() && *again == *parsed);
  return 0;
}
