#include "wallet/outbox.h"

#include <algorithm>
#include <filesystem>

#include <fmt/format.h>
#include <sys/stat.h>

#include "chain/base/file.h"
#include "wallet/private_file.h"

namespace fog::wallet {

std::string outbox_path(const std::string& keystore_path) {
  constexpr std::string_view kEnd = ".json";
  const bool has_end = keystore_path.ends_with(kEnd);
  return keystore_path.substr(0, keystore_path.size() - (has_end ? kEnd.size() : 0)) + ".sent";
}

std::string Outbox::path_of(const TxId& id) const {
  return folder_ + "/" + to_hex(id) + ".json";
}

ErrorOr<void> Outbox::put(const TxFile& file) {
  TRY_VOID(make_folder(folder_));
  // Another program may have made it with other rights.
  if (::chmod(folder_.c_str(), S_IRWXU) != 0) {
    return fail(ErrorCode::kPermission, folder_ + " is not this user's");
  }
  if (list().size() >= kOutboxMax) {
    return fail(ErrorCode::kExhausted,
                fmt::format("{} holds {} transactions; look at them with: fogcoin tx pending",
                            folder_, kOutboxMax));
  }
  auto made = create_private_file(path_of(tx_id(file.body)), as_bytes(encode_tx_file(file)));
  if (!made && made.error().code == ErrorCode::kAlreadyExists) return {};
  return made;
}

void Outbox::remove(const TxId& id) {
  std::error_code ignored;
  std::filesystem::remove(path_of(id), ignored);
}

ErrorOr<TxFile> Outbox::get(const TxId& id) const {
  TRY(const Bytes bytes, read_file(path_of(id), kTxFileBytesMax));
  auto file = decode_tx_file(as_text(bytes));
  if (!file) return Fail{file.error().within(path_of(id))};
  if (tx_id(file->body) != id) {
    return fail(ErrorCode::kInvalidInput, path_of(id) + " holds another transaction");
  }
  return file;
}

std::vector<TxId> Outbox::list() const {
  std::vector<TxId> out;
  std::error_code error;
  for (std::filesystem::directory_iterator at(folder_, error), end; !error && at != end;
       at.increment(error)) {
    if (at->path().extension() != ".json") continue;
    if (const auto id = fixed_from_hex<32>(at->path().stem().string())) out.push_back(*id);
  }
  std::sort(out.begin(), out.end());
  return out;
}

}  // namespace fog::wallet
