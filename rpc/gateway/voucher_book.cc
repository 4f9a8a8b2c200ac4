#include "rpc/gateway/voucher_book.h"

#include <utility>

#include "chain/base/file.h"
#include "chain/crypto/hash.h"
#include "chain/types/address.h"

namespace fog::gateway {
namespace {

// Each reservation costs one disk sync, each crash voids at most this many indexes.
constexpr std::uint64_t kReserveIndexes = 256;

// What stands in the file.
struct BookRecord {
  market::Voucher base;
  std::uint64_t reserved = 0;
  // The ends of the indexes from base.count on that a voucher has been given out for.
  BoundedList<std::optional<Settlement>, 4096> given;
  Hash32 checksum;  // tagged hash of the fields above
  static constexpr auto kFields = std::make_tuple(&BookRecord::base, &BookRecord::reserved,
                                                  &BookRecord::given, &BookRecord::checksum);
};

Hash32 checksum_of(BookRecord record) {
  record.checksum = {};
  return tagged_hash("fog/voucher-book", bcs_encode(record));
}

}  // namespace

VoucherBook::VoucherBook(std::string path, market::Voucher base, SecretKey key)
    : path_(std::move(path)), key_(std::move(key)), base_(std::move(base)) {}

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
  auto record = bcs_decode<BookRecord>(*bytes);
  if (!record || record->checksum != checksum_of(*record) || record->base.lease != lease ||
      record->base.term != term || record->base.gateway != first.gateway ||
      record->reserved < record->base.count + record->given.size()) {
    return fail(ErrorCode::kCorrupt,
                "the voucher file " + path +
                    " is damaged. Move it away: the requests that it covers and no receipt has yet "
                    "billed are lost to the Host, nothing else is");
  }
  book->base_ = record->base;
  book->made_ = record->base.count + record->given.size();
  book->next_ = record->reserved;
  book->reserved_ = record->reserved;
  std::uint64_t index = record->base.count;
  for (auto& end : record->given) book->ended_.emplace(index++, std::move(end));
  for (; index < record->reserved; ++index) book->ended_.emplace(index, std::nullopt);
  return book;
}

ErrorOr<void> VoucherBook::save() const {
  BookRecord record;
  record.base = base_;
  record.reserved = reserved_;
  for (std::uint64_t index = base_.count; index < made_; ++index) {
    record.given.push_back(ended_.at(index));
  }
  record.checksum = checksum_of(record);
  return write_file_atomically(path_, bcs_encode(record), FileMode::kPrivate);
}

ErrorOr<std::uint64_t> VoucherBook::next_index() {
  const std::lock_guard lock(mutex_);
  if (next_ - base_.count >= market::kUnvoucheredMax) {
    return fail(ErrorCode::kExhausted, "the Host has not taken a voucher for " +
                                           std::to_string(next_ - base_.count) + " requests");
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
  if (ended_.emplace(index, std::nullopt).second) ++void_count_;
}

std::uint64_t VoucherBook::ended_up_to(std::uint64_t from) const {
  auto it = ended_.find(from);
  while (it != ended_.end() && it->first == from) {
    ++it;
    ++from;
  }
  return from;
}

market::Voucher VoucherBook::voucher_at(std::uint64_t count,
                                        std::vector<std::uint64_t>& voids) const {
  market::Voucher out = base_;
  for (; out.count < count; ++out.count) {
    if (const std::optional<Settlement>& end = ended_.at(out.count)) {
      out.request_bytes += end->request_bytes;
      out.response_bytes += end->response_bytes;
      out.chain = market::extend_chain(out.chain, end->request, end->response);
    } else {
      voids.push_back(out.count);
      out.chain = market::extend_chain(out.chain, {}, {});
    }
  }
  return out;
}

ErrorOr<std::optional<market::VoucherUpdate>> VoucherBook::update(bool force) {
  const std::lock_guard lock(mutex_);
  const std::uint64_t ready = ended_up_to(made_);
  const std::uint64_t fresh = ready - made_;
  if (fresh >= market::kVoucherEveryRequests || (force && fresh > 0)) {
    const std::uint64_t before = std::exchange(made_, ready);
    if (auto saved = save(); !saved) {
      made_ = before;
      return Fail{saved.error()};
    }
  }
  if (made_ == base_.count) return std::optional<market::VoucherUpdate>();
  std::vector<std::uint64_t> voids;
  market::VoucherUpdate out;
  out.voucher = market::sign_voucher(voucher_at(made_, voids), key_);
  out.voids.assign(voids.begin(), voids.end());
  return std::optional<market::VoucherUpdate>(std::move(out));
}

void VoucherBook::confirmed(std::uint64_t count) {
  const std::lock_guard lock(mutex_);
  if (count <= base_.count || count > made_) return;
  std::vector<std::uint64_t> voids;
  // The file follows with its next write: told twice, the Host answers as if it were news.
  base_ = voucher_at(count, voids);
  ended_.erase(ended_.begin(), ended_.lower_bound(count));
}

ErrorOr<bool> VoucherBook::void_missing(const std::vector<std::uint64_t>& indexes) {
  const std::lock_guard lock(mutex_);
  bool changed = false;
  for (const std::uint64_t index : indexes) {
    const auto end = ended_.find(index);
    if (index >= made_ || end == ended_.end() || !end->second) continue;
    end->second.reset();
    ++void_count_;
    changed = true;
  }
  if (changed) TRY_VOID(save());
  return changed;
}

Address VoucherBook::gateway() const {
  const std::lock_guard lock(mutex_);
  return base_.gateway;
}

std::uint64_t VoucherBook::indexes_given() const {
  const std::lock_guard lock(mutex_);
  return next_;
}

std::uint64_t VoucherBook::vouched() const {
  const std::lock_guard lock(mutex_);
  return made_;
}

std::uint64_t VoucherBook::confirmed_count() const {
  const std::lock_guard lock(mutex_);
  return base_.count;
}

std::uint64_t VoucherBook::voids() const {
  const std::lock_guard lock(mutex_);
  return void_count_;
}

}  // namespace fog::gateway
