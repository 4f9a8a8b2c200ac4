// Mnemonics and normalization: an accepted text means what its canonical form means, a refusal is a
// short readable sentence, and normalizing twice changes nothing.
#include "chain/base/bcs.h"
#include "chain/base/check.h"
#include "wallet/mnemonic.h"
#include "wallet/text.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto entropy = fog::wallet::entropy_from_mnemonic(text);
  if (entropy) {
    const auto words = fog::wallet::mnemonic_from_entropy(entropy->get());
    CHECK(words.has_value());
    const auto again = fog::wallet::entropy_from_mnemonic(words->get());
    CHECK(again && again->get() == entropy->get());
  } else {
    const std::string& message = entropy.error().context;
    CHECK(fog::is_utf8(message) && message.size() < 300);
    for (const char c : message) CHECK(static_cast<std::uint8_t>(c) >= 0x20 && c != 0x7F);
  }
  const auto normal = fog::wallet::nfkd(text);
  CHECK(normal.has_value() == fog::is_utf8(text));
  if (normal) {
    CHECK(fog::wallet::nfkd(normal->get())->get() == normal->get());
  }
  return 0;
}
