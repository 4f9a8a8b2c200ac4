#include "rpc/gateway/voucher_book.h"

#include "chain/base/file.h"
#include "chain/crypto/hash.h"
#include "chain/types/address.h"

namespace fog::gateway {
namespace {

// Each reservation costs one disk sync, each crash voids at most this many indexes.
constexpr std::uint64_t kReserveIndexes = 256;

// What stands in the file.
struct BookRecord {
  market::Voucher voucher;
  std::uint64_t confirmed = 0;
  std::uint64_t reserved = 0;
  BoundedList<std::uint64_t, 4096> voids;  // since the confirmed voucher
  Hash32 checksum;                         // tagged hash of the fields above
  static constexpr auto kFields =
      std::make_tuple(&BookRecord::voucher, &BookRecord::confirmed, &BookRecord::reserved,
                      &BookRecord::voids, &BookRecord::checksum);
};

Hash32 checksum_of(BookRecord record) {
  record.checksum = {};
  return tagged_hash("fog/voucher-book", bcs_encode(record));
}

}  // namespace

VoucherBook::VoucherBook(std::string path, market::Voucher voucher, SecretKey key)
    : path_(std::move(path)), key_(std::move(key)), voucher_(std::move(voucher)) {}

ErrorOr<std::unique_ptr<VoucherBook>> VoucherBook::open(const std::string& path,
                                                        const ChainId& chain,
                                                        const market::LeaseId& lease,
                                                        std::uint32_t term,
                                                        const SecretKey& gateway_key) {
  market::Voucher first;
  first.chain_id = chain;
  first.lease = lease;
  first.term = term;
  first.gateway = address_of(gateway_key.public_key());
  std::unique_ptr<VoucherBook> book(new VoucherBook(path, first, gateway_key));
  auto bytes = read_file(path, 1 << 20);
  if (!bytes && bytes.error().code == ErrorCode::kNotFound) return book;
  if (!bytes) return Fail{bytes.error()};
  const auto record = bcs_decode<BookRecord>(*bytes);
  if (!record || record->checksum != checksum_of(*record) || record->voucher.lease != lease ||
      record->voucher.term != term || record->voucher.gateway != first.gateway) {
    return fail(ErrorCode::kCorrupt,
                "the voucher file " + path +
                    " is damaged. Move it away: the requests that it covers and no receipt has yet "
                    "billed are lost to the Host, nothing else is");
  }
  book->voucher_ = record->voucher;
  book->confirmed_ = record->confirmed;
  for (const std::uint64_t index : record->voids) book->voids_since_confirmed_.insert(index);
  book->next_ = record->reserved;
  book->reserved_ = record->reserved;
  for (std::uint64_t index = record->voucher.count; index < record->reserved; ++index) {
    book->ended_.emplace(index, std::nullopt);
  }
  return book;
}

ErrorOr<void> VoucherBook::save() const {
  BookRecord record;
  record.voucher = voucher_;
  record.confirmed = confirmed_;
  record.reserved = reserved_;
  for (const std::uint64_t index : voids_since_confirmed_) record.voids.push_back(index);
  record.checksum = checksum_of(record);
  return write_file_atomically(path_, bcs_encode(record), FileMode::kPrivate);
}

ErrorOr<std::uint64_t> VoucherBook::next_index() {
  const std::lock_guard lock(mutex_);
  if (next_ - confirmed_ >= market::kUnvoucheredMax) {
    return fail(ErrorCode::kExhausted, "the Host has not taken a voucher for " +
                                           std::to_string(next_ - confirmed_) + " requests");
  }
  if (next_ == reserved_) {
    reserved_ += kReserveIndexes;
    if (auto saved = save(); !saved) {
      reserved_ -= kReserveIndexes;
      return Fail{saved.error()};
    }
  }
  return next_++;
}

void VoucherBook::settle(std::uint64_t index, const Settlement& settlement) {
  const std::lock_guard lock(mutex_);
  ended_.emplace(index, settlement);
}

void VoucherBook::settle_void(std::uint64_t index) {
  const std::lock_guard lock(mutex_);
  ended_.emplace(index, std::nullopt);
}

ErrorOr<std::optional<market::VoucherUpdate>> VoucherBook::update(bool force) {
  const std::lock_guard lock(mutex_);
  market::Voucher next = voucher_;
  std::set<std::uint64_t> voids = voids_since_confirmed_;
  for (auto it = ended_.find(next.count); it != ended_.end() && it->first == next.count; ++it) {
    if (const std::optional<Settlement>& end = it->second) {
      next.request_bytes += end->request_bytes;
      next.response_bytes += end->response_bytes;
      next.chain = market::extend_chain(next.chain, end->request, end->response);
    } else {
      voids.insert(next.count);
      next.chain = market::extend_chain(next.chain, {}, {});
    }
    ++next.count;
  }
  const std::uint64_t fresh = next.count - voucher_.count;
  const bool unsent = voucher_.count > confirmed_;
  if (fresh == 0 && !unsent) return std::optional<market::VoucherUpdate>();
  if (fresh > 0 && (force || fresh >= market::kVoucherEveryRequests)) {
    const market::Voucher previous = voucher_;
    voucher_ = next;
    std::swap(voids_since_confirmed_, voids);
    if (auto saved = save(); !saved) {
      voucher_ = previous;
      std::swap(voids_since_confirmed_, voids);
      return Fail{saved.error()};
    }
    void_count_ += voids_since_confirmed_.size() - voids.size();
    ended_.erase(ended_.begin(), ended_.lower_bound(voucher_.count));
  } else if (!unsent) {
    return std::optional<market::VoucherUpdate>();
  }
  market::VoucherUpdate out;
  out.voucher = market::sign_voucher(voucher_, key_);
  for (const std::uint64_t index : voids_since_confirmed_) out.voids.push_back(index);
  return std::optional<market::VoucherUpdate>(std::move(out));
}

void VoucherBook::confirmed(std::uint64_t count) {
  const std::lock_guard lock(mutex_);
  if (count <= confirmed_) return;
  confirmed_ = count;
  // What was void below the confirmed count has been told; the file forgets it with its next write.
  voids_since_confirmed_.erase(voids_since_confirmed_.begin(),
                               voids_since_confirmed_.lower_bound(count));
}

Address VoucherBook::gateway() const {
  const std::lock_guard lock(mutex_);
  return voucher_.gateway;
}

std::uint64_t VoucherBook::indexes_given() const {
  const std::lock_guard lock(mutex_);
  return next_;
}

std::uint64_t VoucherBook::vouched() const {
  const std::lock_guard lock(mutex_);
  return voucher_.count;
}

std::uint64_t VoucherBook::confirmed_count() const {
  const std::lock_guard lock(mutex_);
  return confirmed_;
}

std::uint64_t VoucherBook::voids() const {
  const std::lock_guard lock(mutex_);
  return void_count_;
}

}  // namespace fog::gateway
