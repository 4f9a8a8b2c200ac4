// Consensus types in BCS: bytes that are accepted are the one encoding of their value. The first
// byte chooses the type.
#include "chain/base/check.h"
#include "chain/types/records.h"
#include "chain/types/vote.h"

namespace {

template <class T>
void try_as(fog::ByteView bytes) {
  const auto decoded = fog::bcs_decode<T>(bytes);
  if (decoded) {
    CHECK(fog::bcs_encode(*decoded) == fog::to_bytes(bytes));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const fog::ByteView bytes(data + 1, size - 1);
  switch (data[0] % 6) {
    case 0:
      try_as<fog::SignedTx>(bytes);
      break;
    case 1:
      try_as<fog::Transfer>(bytes);
      break;
    case 2:
      try_as<fog::Block>(bytes);
      break;
    case 3:
      try_as<fog::Certificate>(bytes);
      break;
    case 4:
      try_as<fog::Account>(bytes);
      break;
    default:
      try_as<fog::ValidatorSet>(bytes);
      break;
  }
  return 0;
}
