// The keystore's file and its sealed contents: one text for one keystore, one encoding for one
// content.
#include "chain/base/check.h"
#include "wallet/keystore_file.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto file = fog::wallet::decode_keystore(text)) {
    CHECK(fog::wallet::encode_keystore(*file) == text);
  } else {
    CHECK(file.error().code == fog::ErrorCode::kCorrupt && !file.error().context.empty());
  }
  const fog::ByteView bytes(data, size);
  if (const auto contents = fog::bcs_decode<fog::wallet::KeystoreContents>(bytes)) {
    CHECK(fog::bcs_encode(*contents) == fog::to_bytes(bytes));
  }
  return 0;
}
