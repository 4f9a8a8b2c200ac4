// A transaction's file from anybody: read or refused with a reason, written again as it was read,
// and put into words that a terminal cannot be moved by.
#include "chain/base/check.h"
#include "wallet/describe.h"
#include "wallet/tx_file.h"

namespace {

void check_words(const fog::TxBody& body) {
  const auto said = fog::wallet::describe(
      body.messages, [](const fog::Address& address) { return fog::to_text(address); });
  if (!said) return;
  for (const std::string& line : said->lines) CHECK(fog::wallet::printable(line) == line);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto file = fog::wallet::decode_tx_file(text)) {
    const auto again = fog::wallet::decode_tx_file(fog::wallet::encode_tx_file(*file));
    CHECK(again && *again == *file);
    check_words(file->body);
  } else {
    CHECK(file.error().code == fog::ErrorCode::kInvalidInput && !file.error().context.empty());
  }
  // The same bytes as a body and as text, which a file's checks would mostly keep away.
  if (const auto body = fog::bcs_decode<fog::TxBody>(fog::ByteView(data, size))) check_words(*body);
  const std::string shown = fog::wallet::printable(text);
  CHECK(fog::wallet::printable(shown) == shown);
  return 0;
}
