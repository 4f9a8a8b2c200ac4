// A tunnel's hello and the place in a path come from anybody: any bytes are what they say, or
// refused. The first byte says which.
#include "chain/base/check.h"
#include "market/types/tunnel.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace fog;
  using namespace fog::market;
  if (size == 0) return 0;
  const ByteView bytes(data + 1, size - 1);
  if (data[0] % 2 == 0) {
    const auto hello = bcs_decode<SignedTunnelHello>(bytes);
    if (!hello) return 0;
    CHECK(bcs_encode(*hello) == to_bytes(bytes));
    (void)verify_hello(*hello);
    return 0;
  }
  const std::string_view target = as_text(bytes);
  if (const auto place = tunnel_place(target)) {
    CHECK(tunnel_endpoint("", place->operator_key) + std::string(place->rest) == target);
  }
  (void)is_host_endpoint(target);
  return 0;
}
