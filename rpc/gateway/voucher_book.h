// VoucherBook: the gateway's account of what it forwarded to one lease in one term.
//
// It hands out request indexes without gaps, takes each request's end (settled or void), and makes
// the next voucher over the contiguous settled prefix. Nothing is given that is not on disk first:
// an index is handed out only below a reserved mark that was synced, a voucher is synced before it
// is returned. After a crash every reserved index that no voucher covers counts as void, so a Host
// is never billed twice for one index, and never for a request that the gateway cannot vouch for.
//
// Safe from any thread.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "chain/base/error.h"
#include "market/types/host_link.h"

namespace fog::gateway {

// The end of one forwarded request.
struct Settlement {
  Hash32 request;
  Hash32 response;
  std::uint64_t request_bytes = 0;
  std::uint64_t response_bytes = 0;
  static constexpr auto kFields =
      std::make_tuple(&Settlement::request, &Settlement::response, &Settlement::request_bytes,
                      &Settlement::response_bytes);
};

class VoucherBook {
 public:
  // Opens or creates the book's file `path`. kCorrupt if it is damaged; it names the file then.
  static ErrorOr<std::unique_ptr<VoucherBook>> open(const std::string& path, const ChainId& chain,
                                                    const market::LeaseId& lease,
                                                    std::uint32_t term,
                                                    const SecretKey& gateway_key);

  // The index for the next request. kExhausted while too many requests await a voucher that the
  // Host has taken.
  ErrorOr<std::uint64_t> next_index();
  void settle(std::uint64_t index, const Settlement& settlement);
  void settle_void(std::uint64_t index);

  // The update to send now: the one that the Host has not confirmed, or a new one if `force` or
  // enough requests have settled since the last. Nothing when there is nothing to say.
  ErrorOr<std::optional<market::VoucherUpdate>> update(bool force);
  // The Host has taken the voucher with this count.
  void confirmed(std::uint64_t count);
  // The Host refused the last voucher because it did not serve these, or lost them: they become
  // void. True if that changed anything, so that another voucher is worth a try.
  ErrorOr<bool> void_missing(const std::vector<std::uint64_t>& indexes);

  Address gateway() const;
  std::uint64_t indexes_given() const;
  std::uint64_t vouched() const;
  std::uint64_t confirmed_count() const;
  std::uint64_t voids() const;

 private:
  VoucherBook(std::string path, market::Voucher base, SecretKey key);
  ErrorOr<void> save() const;
  // The first index at or after `from` that has not ended.
  std::uint64_t ended_up_to(std::uint64_t from) const;
  // The voucher over everything up to `count`, with what is void above the base.
  market::Voucher voucher_at(std::uint64_t count, std::vector<std::uint64_t>& voids) const;

  const std::string path_;
  const SecretKey key_;
  mutable std::mutex mutex_;
  market::Voucher base_;    // the last that the Host took
  std::uint64_t made_ = 0;  // count of the last voucher given out
  std::uint64_t next_ = 0;
  std::uint64_t reserved_ = 0;  // indexes below may have been given out
  std::uint64_t void_count_ = 0;
  std::map<std::uint64_t, std::optional<Settlement>> ended_;  // from base_.count on; nothing: void
};

}  // namespace fog::gateway
