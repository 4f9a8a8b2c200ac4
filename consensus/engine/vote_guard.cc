#include "consensus/engine/vote_guard.h"

#include "chain/base/crc32c.h"

namespace fog {
namespace {

constexpr std::uint32_t kMagic = 0x32474F46;  // "FOG2"

std::optional<VoteRecord> read_slot(ByteView slot) {
  if (slot.size() != kVoteSlotBytes) return std::nullopt;
  BcsReader tail(slot.last(4));
  BcsReader in(slot.first(kVoteSlotBytes - 4));
  std::uint32_t crc = 0;
  std::uint32_t magic = 0;
  VoteRecord record;
  if (!tail.integer(crc) || crc != crc32c(slot.first(kVoteSlotBytes - 4))) return std::nullopt;
  if (!in.integer(magic) || magic != kMagic || !bcs_read(in, record)) return std::nullopt;
  return record;
}

Fail<Error> forbidden(const VoteRecord& record, const Vote& vote) {
  return fail(ErrorCode::kRejected, "a vote in view " + std::to_string(vote.view) +
                                        " is forbidden by the vote record, which stands at view " +
                                        std::to_string(record.view));
}

VotedBlock voted(const Vote& vote) {
  return {vote.parent_view, vote.block};
}

}  // namespace

std::optional<VoteRecord> read_vote_slots(ByteView file) {
  std::optional<VoteRecord> best;
  for (std::size_t at = 0; at + kVoteSlotBytes <= file.size() && at < 2 * kVoteSlotBytes;
       at += kVoteSlotBytes) {
    auto record = read_slot(file.subspan(at, kVoteSlotBytes));
    if (record && (!best || record->number > best->number)) best = record;
  }
  return best;
}

Bytes make_vote_slot(const VoteRecord& record) {
  BcsWriter out;
  out.integer(kMagic);
  bcs_write(out, record);
  Bytes slot = std::move(out).take();
  CHECK(slot.size() <= kVoteSlotBytes - 4);
  slot.resize(kVoteSlotBytes - 4);
  BcsWriter crc;
  crc.integer(crc32c(slot));
  append(slot, crc.bytes());
  return slot;
}

bool may_vote(const VoteRecord& record, const Vote& vote) {
  if (std::pair(vote.epoch, vote.view) < std::pair(record.epoch, record.view)) return false;
  if (std::pair(vote.epoch, vote.view) > std::pair(record.epoch, record.view)) return true;
  switch (vote.kind) {
    case VoteKind::kNotarize:
      // One block a view, ever, on one parent.
      return !record.notarized || *record.notarized == voted(vote);
    case VoteKind::kNullify:
      return !record.finalized;
    case VoteKind::kFinalize:
      return !record.nullified && (!record.finalized || *record.finalized == voted(vote));
  }
  return false;
}

VoteRecord record_after(const VoteRecord& record, const Vote& vote) {
  VoteRecord next = record;
  ++next.number;
  if (std::pair(vote.epoch, vote.view) > std::pair(record.epoch, record.view)) {
    next.epoch = vote.epoch;
    next.view = vote.view;
    next.notarized.reset();
    next.finalized.reset();
    next.nullified = false;
  }
  switch (vote.kind) {
    case VoteKind::kNotarize:
      next.notarized = voted(vote);
      break;
    case VoteKind::kNullify:
      next.nullified = true;
      break;
    case VoteKind::kFinalize:
      next.finalized = voted(vote);
      next.view_finalized = vote.view;
      next.block_finalized = vote.block;
      break;
  }
  return next;
}

ErrorOr<void> VoteGuard::create(Env& env, const std::string& path, const ChainId& chain_id,
                                const XOnlyKey& key) {
  VoteRecord record;
  record.key = key;
  record.chain_id = chain_id;
  Bytes file = make_vote_slot(record);
  append(file, Bytes(file));
  TRY_VOID(env.create_file(path, file, FileMode::kPrivate));
  return env.sync_dir(parent_dir(path));
}

ErrorOr<VoteRecord> read_vote_record(Env& env, const std::string& path) {
  TRY(const bool there, env.exists(path));
  if (!there) {
    return fail(ErrorCode::kNotFound,
                "the vote record " + path +
                    " is missing. Without it this validator could vote against itself and be "
                    "slashed. If the key has never voted anywhere, initialize a new directory with "
                    "it; otherwise make a new key");
  }
  TRY(const Bytes bytes, read_file(env, path, 64ULL * 1024));
  const auto record = read_vote_slots(bytes);
  if (!record) {
    return fail(ErrorCode::kCorrupt,
                "the vote record " + path +
                    " is damaged in both of its slots, which a crash cannot cause: check the disk. "
                    "What this key has voted is not known any more: make a new key");
  }
  return *record;
}

ErrorOr<VoteGuard> VoteGuard::open(Env& env, const std::string& path, const ChainId& chain_id,
                                   const SecretKey& key) {
  TRY(const VoteRecord record, read_vote_record(env, path));
  if (record.chain_id != chain_id || record.key != key.x_only_key()) {
    return fail(ErrorCode::kInvalidInput,
                "the vote record " + path + " belongs to another key or chain");
  }
  TRY(auto file, env.open_slots(path));
  return VoteGuard(std::move(file), key, record);
}

ErrorOr<ValidatorSignature> VoteGuard::sign(const Vote& vote, std::uint8_t index) {
  if (broken_) return Fail{*broken_};
  if (!may_vote(record_, vote)) return forbidden(record_, vote);
  const VoteRecord next = record_after(record_, vote);
  const std::uint64_t offset = next.number % 2 * kVoteSlotBytes;
  auto written = file_->write_at(offset, make_vote_slot(next));
  if (written) written = file_->sync();
  if (!written) {
    // Perhaps it is on disk, perhaps not: nothing may be signed before a restart has looked.
    broken_ = written.error().within("the vote record cannot be written any more");
    return Fail{*broken_};
  }
  record_ = next;
  ValidatorSignature signature;
  signature.index = index;
  // BIP-340 allows no auxiliary randomness; then a repeated vote is the same bytes.
  signature.signature = key_.sign_schnorr(vote_digest(record_.chain_id, vote), Hash32{});
  return signature;
}

}  // namespace fog
