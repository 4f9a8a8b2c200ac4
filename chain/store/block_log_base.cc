// Where a log begins that does not begin at the genesis.
#include "chain/base/crc32c.h"
#include "chain/store/block_log.h"

namespace fog {
namespace {

constexpr const char* kBaseName = "base";

struct LogBase {
  std::uint16_t version = 1;
  ChainId chain_id;
  std::uint64_t height = 0;
  std::uint32_t check = 0;  // CRC-32C of the fields above
  static constexpr auto kFields =
      std::make_tuple(&LogBase::version, &LogBase::chain_id, &LogBase::height, &LogBase::check);
};
std::uint32_t check_of(LogBase base) {
  base.check = 0;
  return crc32c(bcs_encode(base));
}

Fail<Error> corrupt(const std::string& what) {
  return fail(ErrorCode::kCorrupt, what +
                                       ": restore the blocks folder from a backup of this node, or "
                                       "remove blocks, state and index and join again");
}

}  // namespace

ErrorOr<void> BlockLog::load_base() {
  const std::string path = dir_ + "/" + kBaseName;
  TRY(const bool there, env_.exists(path));
  if (!there) return {};
  TRY(const Bytes bytes, read_file(env_, path, 256));
  const auto base = bcs_decode<LogBase>(bytes);
  if (!base || base->version != 1 || base->check != check_of(*base))
    return corrupt(path + " is damaged");
  if (base->chain_id != chain_id_) return corrupt(path + " is of another chain");
  height_ = base->height;
  first_height_ = base->height + 1;
  return {};
}

ErrorOr<void> BlockLog::start_after(std::uint64_t height) {
  CHECK(height_ == 0);
  LogBase base{1, chain_id_, height, 0};
  base.check = check_of(base);
  TRY_VOID(write_file_atomic(env_, dir_ + "/" + kBaseName, bcs_encode(base), FileMode::kShared));
  const std::lock_guard lock(mutex_);
  height_ = height;
  first_height_ = height + 1;
  return {};
}

}  // namespace fog
