#include "consensus/engine/epoch_chain.h"

#include <algorithm>

namespace fog {
namespace {

constexpr std::size_t kNameDigits = 12;

}  // namespace

bool fits_together(const EpochEnd& end, const ChainId& chain_id, std::uint64_t epoch,
                   std::uint64_t epoch_length) {
  const BlockHeader& last = end.last;
  if (last.chain_id != chain_id || last.epoch != epoch || last.height % epoch_length != 0 ||
      last.height / epoch_length != epoch + 1)
    return false;
  if (!last.next_validators_hash || *last.next_validators_hash != validators_hash(end.next))
    return false;
  if (last.height == 1) return !end.before.has_value();
  return end.before && end.before->height + 1 == last.height &&
         block_id(*end.before) == last.parent;
}

bool verify_epoch_end(const EpochEnd& end, const ChainId& chain_id, std::uint64_t epoch,
                      std::uint64_t epoch_length, const ValidatorSet& set) {
  const Vote& vote = end.certificate.vote;
  return fits_together(end, chain_id, epoch, epoch_length) &&
         end.last.validators_hash == validators_hash(set) && vote.kind == VoteKind::kFinalize &&
         vote.epoch == epoch && vote.block == block_id(end.last) &&
         verify_certificate(chain_id, set, end.certificate);
}

ErrorOr<std::unique_ptr<EpochStore>> EpochStore::open(Env& env, std::string dir) {
  std::unique_ptr<EpochStore> store(new EpochStore(env, std::move(dir)));
  TRY_VOID(env.make_dir(store->dir_));
  TRY(const auto names, env.list_dir(store->dir_));
  for (const std::string& name : names) {
    const bool is_number =
        name.size() >= kNameDigits && name.size() < 20 &&
        std::all_of(name.begin(), name.end(), [](char c) { return c >= '0' && c <= '9'; });
    if (is_number) store->epochs_.insert(std::stoull(name));
  }
  return store;
}

std::string EpochStore::path(std::uint64_t epoch) const {
  std::string digits = std::to_string(epoch);
  if (digits.size() < kNameDigits) digits.insert(0, kNameDigits - digits.size(), '0');
  return dir_ + "/" + digits;
}

ErrorOr<void> EpochStore::put(const EpochEnd& end) {
  TRY_VOID(write_file_atomic(env_, path(end.last.epoch), bcs_encode(end), FileMode::kShared));
  const std::lock_guard lock(mutex_);
  epochs_.insert(end.last.epoch);
  return {};
}

ErrorOr<void> EpochStore::note(const BlockLog& log, std::uint64_t height,
                               const ValidatorSet& next) {
  const auto stored = log.block_at(height);
  if (!stored) return Fail{stored.error()};
  EpochEnd end;
  end.last = stored->proposal.block.header;
  if (has(end.last.epoch)) return {};
  // Nothing follows an epoch's last block in its epoch, so it has a certificate of its own.
  if (!stored->final.certificate)
    return fail(ErrorCode::kCorrupt,
                "block " + std::to_string(height) + ", the last of its epoch, has no certificate");
  end.certificate = *stored->final.certificate;
  end.next = next;
  if (height > 1) {
    // A log that begins with this very block does not have it; others do.
    if (height == log.first_height()) return {};
    const auto before = log.block_at(height - 1);
    if (!before) return Fail{before.error()};
    end.before = before->proposal.block.header;
  }
  return put(end);
}

ErrorOr<EpochEnd> EpochStore::get(std::uint64_t epoch) const {
  if (!has(epoch))
    return fail(ErrorCode::kNotFound,
                "the end of epoch " + std::to_string(epoch) + " is not stored");
  TRY(const Bytes bytes, read_file(env_, path(epoch), kEpochEndBytesMax));
  auto end = bcs_decode<EpochEnd>(bytes);
  if (!end || end->last.epoch != epoch)
    return fail(ErrorCode::kCorrupt,
                path(epoch) + " is damaged: stop the node, remove it and start again");
  return *std::move(end);
}

bool EpochStore::has(std::uint64_t epoch) const {
  const std::lock_guard lock(mutex_);
  return epochs_.contains(epoch);
}

std::optional<std::uint64_t> EpochStore::latest() const {
  const std::lock_guard lock(mutex_);
  if (epochs_.empty()) return std::nullopt;
  return *epochs_.rbegin();
}

}  // namespace fog
