// The address book's and a backup's text: read or refused, and written again as it was read.
#include "chain/base/check.h"
#include "wallet/backup.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto book = fog::wallet::Book::read("x", text)) {
    const auto again = fog::wallet::Book::read("x", book->encode());
    CHECK(again && again->entries() == book->entries() && again->encode() == book->encode());
  }
  const fog::ByteView bytes(data, size);
  if (const auto contents = fog::bcs_decode<fog::wallet::BackupContents>(bytes)) {
    CHECK(fog::bcs_encode(*contents) == fog::to_bytes(bytes));
  }
  return 0;
}
